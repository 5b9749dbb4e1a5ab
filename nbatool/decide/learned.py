"""What outcomes taught since the models were trained: each candidate's correction, for customers as the models see them.

    outcome(c, a) = model(c, a) + posterior mean of the residual(φ(c), a)

The correction of `nothing` counts too, so an uplift moves by the difference of both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbatool.decide.best import Bools
from nbatool.decide.decision import Context
from nbatool.decide.expected import Expected
from nbatool.decide.exploration_terms import ExplorationTerms
from nbatool.decide.thompson import CELLS, optimistic_shares, thompson_shares
from nbatool.features.customer import CustomerFeatures
from nbatool.features.kinds import Floats
from nbatool.models.bundle import Bundle
from nbatool.models.context_encoder import as_number, as_text
from nbatool.models.posterior import Posterior

CONTEXT = "context."


def context_of(
    bundle: Bundle,
    customers: CustomerFeatures,
    encoded: Floats,
    context: Context | Sequence[Context] | None,
) -> Floats:
    """Return φ (n, d), what the fast learner sees of customers and request; d = 0 where the version has none.

    Parameters
    ----------
    encoded
        (n, n_columns) the customers as the models see them.
    context
        Values of ``context.*`` names: of one request for all rows, or one of each row.
    """
    n = len(customers)
    if bundle.context is None:
        return np.empty((n, 0))
    if bundle.context.d == 1:
        return np.ones((n, 1))
    columns = bundle.customer.place
    given = [context or {}] * n if context is None or isinstance(context, Mapping) else context
    numbers: dict[str, Floats] = {}
    for name in bundle.context.number_names:
        if name in columns:
            numbers[name] = np.ascontiguousarray(encoded[:, columns[name]])
        else:
            key = name.removeprefix(CONTEXT)
            numbers[name] = np.array([as_number(said.get(key)) for said in given])
    texts: dict[str, Any] = {
        name: customers.attributes[name]
        if name in customers.attributes
        else [as_text(said.get(name.removeprefix(CONTEXT))) for said in given]
        for name in bundle.context.text_names
    }
    return bundle.context.encode(numbers, texts)


@dataclass(frozen=True)
class Beliefs:
    """What is believed about n decisions' candidates: the posterior, and φ (n, d)."""

    posterior: Posterior
    phi: Floats

    def winning_shares(
        self, net_value: Floats, explored: Bools, lever: Floats, terms: ExplorationTerms
    ) -> Floats:
        """Return how often each candidate comes out best, (n, m), where net values vary as far as what is believed is unsure.

        thompson: joint draws, so that a night of decisions is spread over all that may be best. optimistic: the same
        level of every candidate, upwards only: less is wasted where outcomes come before the next decision.

        Parameters
        ----------
        net_value, explored
            (n, m) as expected, `nothing` last; and which candidates take part.
        lever
            (m,) factor on the uplift.
        """
        n, m = net_value.shape
        if m == 1:
            return explored.astype(np.float64)
        shares, factors = np.empty((n, m)), lever[:-1]
        step = max(CELLS // (terms.draws * m), 1)
        for start in range(0, n, step):
            rows = slice(start, start + step)
            phi, worth, able = self.phi[rows], net_value[rows], explored[rows]
            if terms.method == "optimistic":
                sd = self.posterior.sd(phi)
                doubt = factors * (sd[:, :-1] - sd[:, -1:])
                shares[rows] = optimistic_shares(worth, able, doubt, terms.draws)
            else:
                roots = self.posterior.uplift_roots(phi)
                shares[rows] = thompson_shares(worth, able, roots, factors, terms.draws)
        return shares


def corrected(expected: Expected, mean: Floats) -> Expected:
    """Return the models' expectations with what was learned since: ``mean`` (n, m), `nothing` last, in currency."""
    return Expected(expected.nothing + mean[:, -1], expected.outcome + mean[:, :-1], expected.conversion)
