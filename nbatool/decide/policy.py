"""The one decision function: what is best for each customer at a moment, in money, and what was ruled out by what.

    net_value = lever · uplift − cost − cost_per_conversion · P(convert) − Σ price of a limit · use of it

What is left to choose among is the funnel's (`decide/funnel`); `nothing` competes with net value 0. Everything is elementwise on (n_customers, n_offers) arrays, so one
row gives the bits a million rows give.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbatool.base.records import NOTHING
from nbatool.decide.arm_probabilities import Worth
from nbatool.decide.catalogue import Catalogue
from nbatool.decide.decision import NO_WISHES, Context, Decision, Wishes
from nbatool.decide.expected import Expectation, Expected
from nbatool.decide.exploration import GREEDY, probabilities
from nbatool.decide.funnel import Funnel, columns_of
from nbatool.decide.guardrails import Circumstances, Guardrails
from nbatool.decide.learned import Beliefs, context_of, corrected
from nbatool.decide.selection import GREEDY_PRACTICE, Practice, select
from nbatool.decide.subjects import Subjects
from nbatool.features.customer import CustomerFeatures
from nbatool.features.kinds import Floats
from nbatool.models.bundle import Bundle
from nbatool.models.candidates import Candidate
from nbatool.models.posterior import Posterior

Bools = NDArray[np.bool_]
Scores = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Foreseen:
    """What n choices are made from.

    Parameters
    ----------
    modelled
        What the models expect, without what was learned since.
    removed
        int8[n, n_offers] as `Funnel.removed` gives it.
    phi
        (n, d) the context the fast learner sees.
    """

    modelled: Expected
    removed: NDArray[np.int8]
    phi: Floats


@dataclass(frozen=True)
class Policy:
    """Models, catalogue and levers, bound together; `decide` is used by `score`, `decide`, `explain` and `parity`."""

    bundle: Bundle
    catalogue: Catalogue
    practice: Practice = GREEDY_PRACTICE
    guards: Guardrails | None = None
    """None: nothing but the catalogue's own terms."""

    @cached_property
    def _expectation(self) -> Expectation:
        return Expectation(self.bundle, self.catalogue)

    @cached_property
    def _costs(self) -> tuple[Floats, Floats, Floats]:
        actions = [offer.action for offer in self.catalogue.offers]
        return (
            np.array([a.lever for a in actions]),
            np.array([a.cost for a in actions]),
            np.array([a.cost_per_conversion for a in actions]),
        )

    @cached_property
    def candidates(self) -> list[Candidate]:
        """What a decision chooses among, in the order of every list of the log: the offers, then `nothing`."""
        return [*(offer.candidate for offer in self.catalogue.offers), (NOTHING, None)]

    def expected(
        self,
        customers: CustomerFeatures,
        encoded: Floats,
        threads: int = 1,
        context: Context | Sequence[Context] | None = None,
    ) -> Expected:
        """Return what the models expect, without what was learned since; ``context`` as in `Wishes`."""
        return self._expectation.predict(customers, encoded, threads, context)

    @property
    def by_propensity(self) -> bool:
        """Whether no contact was logged: values are then the worth of a response, which is no effect of an action."""
        return self.bundle.outcome is None

    def known_uplift(self, decision: Decision, row: int, offer: int) -> float | None:
        """Effect of an offer in currency; None where values come from propensities."""
        return None if self.by_propensity else float(decision.uplift[row, offer])

    @cached_property
    def guardrails(self) -> Guardrails:
        """What may be done for whom at all."""
        return Guardrails(self.catalogue) if self.guards is None else self.guards

    @cached_property
    def funnel(self) -> Funnel:
        """What removes offers."""
        return Funnel(self.catalogue, self.bundle.features.plan, self.guardrails)

    @property
    def names_used(self) -> frozenset[str]:
        """Names the expressions of catalogue and guardrails read."""
        return self.funnel.names_used

    def decide(
        self,
        customers: CustomerFeatures,
        scores: Scores,
        wishes: Wishes = NO_WISHES,
        threads: int = 1,
        *,
        subjects: Subjects | None = None,
        posterior: Posterior | None = None,
        told: Circumstances | None = None,
    ) -> Decision:
        """Decide for n customers.

        Parameters
        ----------
        customers
            What is known at their moments.
        scores
            Published scores by name, (n,) each; they serve expressions.
        wishes
            What the request asks for beyond that.
        subjects
            Who the decisions are for: fixes each one's arm and draw. None: the best candidate, for nobody in particular.
        posterior
            What outcomes taught since this version was trained; its arms are the offers in order, then `nothing`.
        told
            What guardrails look at: contacts before, consent, zones. None: of nobody in particular.
        """
        foreseen = self.foresee(customers, scores, wishes, threads, told)
        return self.arbitrate(foreseen, subjects, posterior, None if told is None else told.charge)

    def foresee(
        self,
        customers: CustomerFeatures,
        scores: Scores,
        wishes: Wishes = NO_WISHES,
        threads: int = 1,
        told: Circumstances | None = None,
    ) -> Foreseen:
        """Return what a choice is made from: what models expect, and what the funnel leaves; parameters as `decide`."""
        encoded = self.bundle.customer.encode(customers)
        return Foreseen(
            self.expected(customers, encoded, threads, wishes.context),
            self.funnel.removed(customers, scores, wishes, told),
            context_of(self.bundle, customers, encoded, wishes.context),
        )

    def arbitrate(
        self,
        foreseen: Foreseen,
        subjects: Subjects | None = None,
        posterior: Posterior | None = None,
        charge: Floats | None = None,
    ) -> Decision:
        """Choose among what is left.

        Parameters
        ----------
        subjects, posterior
            As for `decide`.
        charge
            (n, n_offers) what the prices of limits take off; None: nothing is limited.
        """
        modelled, phi = foreseen.modelled, foreseen.phi
        expected = modelled if posterior is None else corrected(modelled, posterior.mean(phi))
        lever, cost, cost_per_conversion = self._costs
        uplift = expected.outcome - expected.nothing[:, None]
        net_value = lever * uplift - cost - cost_per_conversion * expected.conversion
        charged = np.zeros(net_value.shape) if charge is None else charge
        if charge is not None:
            net_value = net_value - charge
        possible = foreseen.removed == 0
        ranked = np.where(possible, net_value, -np.inf)
        order = np.argsort(-ranked, axis=1, kind="stable")
        worth = self._candidates(net_value, uplift, possible)
        made = select(worth, self.practice, subjects, None if posterior is None else Beliefs(posterior, phi))
        chosen = np.where(made.chosen == net_value.shape[1], -1, made.chosen)
        return Decision(
            expected.outcome, expected.nothing, uplift, net_value, expected.conversion, foreseen.removed, order, chosen,
            made.arm, made.in_arm, made.overall, phi, np.column_stack([modelled.outcome, modelled.nothing]), charged,
        )  # fmt: skip

    def distribution(self, decision: Decision, *, exploring: bool = True) -> Floats:
        """Return the chance of every candidate within the policy arm, (n, m), for a decision made for nobody.

        Parameters
        ----------
        exploring
            Whether the policy is taken as it is put into practice; else as it would be if it always took the best.

        Raises
        ------
        ValueError
            Thompson sampling draws from what is believed, which a past moment no longer tells.
        """
        terms = self.practice.terms if exploring else GREEDY
        worth = self.worth(decision)
        return probabilities(worth.net_value, worth.possible, terms)

    def worth(self, decision: Decision) -> Worth:
        """Return what all candidates of a decision were worth, `nothing` last."""
        return self._candidates(decision.net_value, decision.uplift, decision.removed == 0)

    def _candidates(self, net_value: Floats, uplift: Floats, possible: Bools) -> Worth:
        """All candidates, `nothing` last; it is one where the catalogue allows it or nothing else is possible."""
        n = len(net_value)
        silent = np.ones(n, dtype=np.bool_) if self.catalogue.allow_nothing else ~possible.any(axis=1)
        return Worth(
            np.column_stack([net_value, np.zeros(n)]),
            np.column_stack([uplift, np.zeros(n)]),
            np.append(self._costs[0], 0.0),
            np.column_stack([possible, silent]),
        )

    def columns_of(
        self,
        customers: CustomerFeatures,
        scores: Scores,
        wishes: Wishes,
        names: frozenset[str] | None = None,
    ) -> dict[str, NDArray[Any]]:
        """Return arrays (n,) of the customer and context names that expressions read; by default the funnel's."""
        asked = self.names_used if names is None else names
        return columns_of(self.bundle.features.plan, asked, customers, scores, wishes)
