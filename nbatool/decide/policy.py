"""The one decision function: what is best for each customer at a moment, in money, and what was ruled out by what.

    net_value = lever · uplift − cost − cost_per_conversion · P(convert)

The steps are those of the funnel: catalogue → dates → stock → channel → eligible → chosen. Worth more than nothing is
no filter: `nothing` competes with net value 0. Everything is elementwise on (n_customers, n_offers) arrays, so one
row gives the bits a million rows give.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbatool.base.expressions import is_true, names_in
from nbatool.decide.catalogue import Catalogue, action_values
from nbatool.decide.expected import Expectation, Expected
from nbatool.features.customer import CustomerFeatures
from nbatool.features.kinds import Floats
from nbatool.models.bundle import Bundle

Bools = NDArray[np.bool_]
Scores = Mapping[str, NDArray[Any]]

STEPS = ("dates", "stock", "channel", "eligible")
"""Steps that remove offers, in order."""


@dataclass(frozen=True)
class Wishes:
    """What a request adds to the decision; the night asks for nothing special.

    Parameters
    ----------
    actions
        Only these actions; None for all.
    channel
        Only what goes out on this channel, alone or with others; None for any.
    context
        Values of ``context.*`` names.
    """

    actions: frozenset[str] | None = None
    channel: str | None = None
    context: Mapping[str, float | str | None] | None = None


@dataclass(frozen=True)
class Decision:
    """The decision for n customers over the offers of the catalogue.

    Parameters
    ----------
    expected, uplift, net_value
        (n, n_offers) in currency.
    nothing
        (n,) expected outcome of doing nothing.
    conversion
        (n, n_offers) P(convert).
    removed
        (n, n_offers) 0 where the offer is possible, else 1 + the index in `STEPS` of what removed it.
    order
        (n, n_offers) offers by net value, best first, impossible ones last; ties by action id, then channel.
    chosen
        (n,) index of the offer chosen, -1 for nothing.
    """

    expected: Floats
    nothing: Floats
    uplift: Floats
    net_value: Floats
    conversion: Floats
    removed: NDArray[np.int8]
    order: NDArray[np.int64]
    chosen: NDArray[np.int64]

    def possible(self, row: int) -> list[int]:
        """Offers that survived every step for one customer, best first."""
        return [int(j) for j in self.order[row] if self.removed[row, j] == 0]


@dataclass(frozen=True)
class Policy:
    """Models, catalogue and levers, bound together; `decide` is used by `score`, `decide`, `explain` and `parity`."""

    bundle: Bundle
    catalogue: Catalogue

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

    @property
    def by_propensity(self) -> bool:
        """Whether no contact was logged: values are then the worth of a response, which is no effect of an action."""
        return self.bundle.outcome is None

    def known_uplift(self, decision: Decision, row: int, offer: int) -> float | None:
        """Effect of an offer in currency; None where values come from propensities."""
        return None if self.by_propensity else float(decision.uplift[row, offer])

    @cached_property
    def names_used(self) -> frozenset[str]:
        """Names the eligibility expressions read."""
        trees = [offer.eligible for offer in self.catalogue.offers if offer.eligible is not None]
        return frozenset(name for tree in trees for name in names_in(tree))

    def decide(
        self, customers: CustomerFeatures, scores: Scores, wishes: Wishes = Wishes(), threads: int = 1
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
        """
        encoded = self.bundle.customer.encode(customers)
        expected = self._expectation.predict(customers, encoded, threads)
        removed = self._removed(customers, scores, wishes)
        return self._arbitrate(expected, removed)

    def _arbitrate(self, expected: Expected, removed: NDArray[np.int8]) -> Decision:
        lever, cost, cost_per_conversion = self._costs
        uplift = expected.outcome - expected.nothing[:, None]
        net_value = lever * uplift - cost - cost_per_conversion * expected.conversion
        n, k = net_value.shape
        ranked = np.where(removed == 0, net_value, -np.inf)
        order = np.argsort(-ranked, axis=1, kind="stable")
        chosen = np.full(n, -1, dtype=np.int64)
        if k:
            best = order[:, 0]
            rows = np.arange(n)
            possible = removed[rows, best] == 0
            worth_it = (
                net_value[rows, best] > 0.0 if self.catalogue.allow_nothing else np.ones(n, dtype=np.bool_)
            )
            chosen = np.where(possible & worth_it, best, -1)
        return Decision(
            expected.outcome, expected.nothing, uplift, net_value, expected.conversion, removed, order, chosen
        )

    def _removed(self, customers: CustomerFeatures, scores: Scores, wishes: Wishes) -> NDArray[np.int8]:
        n, offers = len(customers), self.catalogue.offers
        removed = np.zeros((n, len(offers)), dtype=np.int8)
        columns = self._columns(customers, scores, wishes)
        # From the last step to the first, so that the first one that rules an offer out is what stays.
        for j in self._conditional:
            removed[:, j] = np.where(self._eligible(j, columns, n), 0, 1 + STEPS.index("eligible"))
        if wishes.actions is not None or wishes.channel is not None:
            unwanted = [not _wished(offer.action.id, offer.channel, wishes) for offer in offers]
            removed[:, unwanted] = 1 + STEPS.index("channel")
        for j, offer in enumerate(offers):
            action = offer.action
            if action.stock is not None and action.stock <= 0:
                removed[:, j] = 1 + STEPS.index("stock")
            if action.starts_us is not None or action.ends_us is not None:
                inside = in_dates(action.starts_us, action.ends_us, customers.as_of_us)
                removed[:, j] = np.where(inside, removed[:, j], 1 + STEPS.index("dates"))
        return removed

    @cached_property
    def _conditional(self) -> tuple[int, ...]:
        """Offers not everybody may get."""
        return tuple(j for j, offer in enumerate(self.catalogue.offers) if offer.eligible is not None)

    def _eligible(self, j: int, columns: dict[str, NDArray[Any]], n: int) -> Bools:
        offer = self.catalogue.offers[j]
        if offer.eligible is None:
            return np.ones(n, dtype=np.bool_)
        own = {
            name: _repeat(value, n) for name, value in action_values(offer).items() if name in self.names_used
        }
        return is_true(offer.eligible, {**columns, **own}, n)

    def _columns(
        self, customers: CustomerFeatures, scores: Scores, wishes: Wishes
    ) -> dict[str, NDArray[Any]]:
        """Arrays of the customer and context names the expressions read."""
        n = len(customers)
        plan = self.bundle.features.plan
        columns: dict[str, NDArray[Any]] = {}
        for name in self.names_used:
            if name in plan.names:
                columns[name] = customers.numbers[:, plan.names.index(name)]
            elif name in customers.attributes:
                columns[name] = customers.attributes[name]
            elif name in scores:
                columns[name] = scores[name]
            elif name.startswith("context.") and wishes.context:
                columns[name] = _repeat(wishes.context.get(name.removeprefix("context.")), n)
        return columns


def in_dates(starts_us: int | None, ends_us: int | None, as_of_us: NDArray[np.int64]) -> Bools:
    """Whether the moments lie in ``starts <= as_of < ends``."""
    inside = np.ones(len(as_of_us), dtype=np.bool_)
    if starts_us is not None:
        inside &= as_of_us >= starts_us
    if ends_us is not None:
        inside &= as_of_us < ends_us
    return inside


def _wished(action_id: str, channel: str, wishes: Wishes) -> bool:
    if wishes.actions is not None and action_id not in wishes.actions:
        return False
    return wishes.channel is None or wishes.channel in channel.split("+")


def _repeat(value: float | str | bool | None, n: int) -> NDArray[Any]:
    if isinstance(value, str):
        result = np.empty(n, dtype=object)
        result[:] = value
        return result
    return np.full(n, np.nan if value is None else float(value))
