"""The funnel: which offers are left for whom, and the first step that removed each of the others.

The steps, in order: dates and stock of the catalogue, what the request asks for, channels that reach the customer and that
the customer agreed to, conditions of the actions (who may ever have it, then when it makes sense), suppressions, contacts
before (caps, then gaps), quiet hours; live also what a person must look at first. Worth more than nothing is no step:
`nothing` competes. All of it is elementwise over (n_customers, n_offers), one row as many.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbatool.base.expressions import Tree, is_true, names_in
from nbatool.decide.best import Bools
from nbatool.decide.catalogue import ALL_CHANNELS, Catalogue, action_values
from nbatool.decide.decision import STEPS, Context, Wishes
from nbatool.decide.guardrails import Circumstances, Condition, Guardrails
from nbatool.decide.quiet_hours import NEVER
from nbatool.features.customer import CustomerFeatures
from nbatool.features.plan import FeaturePlan

Removed = NDArray[np.int8]
CODE = {step: 1 + place for place, step in enumerate(STEPS)}
"""What stands for a step in `Decision.removed`."""
Columns = dict[str, NDArray[Any]]
About = tuple[Tree, list[int], bool]
"""An expression, the offers it is about, and whether it looks at ``action.*``."""


@dataclass(frozen=True)
class Funnel:
    """The steps over the offers of a catalogue."""

    catalogue: Catalogue
    plan: FeaturePlan
    guards: Guardrails

    @cached_property
    def names_used(self) -> frozenset[str]:
        """Names that expressions of the catalogue and the guardrails read."""
        trees = [tree for own in self._own.values() for tree in own.values()]
        return frozenset(name for tree in trees for name in names_in(tree)) | self.guards.names_used

    def removed(
        self,
        customers: CustomerFeatures,
        scores: Mapping[str, NDArray[Any]],
        wishes: Wishes,
        told: Circumstances | None,
    ) -> Removed:
        """Return int8[n, n_offers]: 0 where an offer is left, else the `CODE` of the first step that removed it.

        Parameters
        ----------
        told
            What guardrails look at beside; None: of nobody in particular, and only conditions are looked at.
        """
        n = len(customers)
        columns = columns_of(self.plan, self.names_used, customers, scores, wishes)
        removed = np.zeros((n, len(self.catalogue.offers)), np.int8)
        # From the last step to the first, so that the first one that rules an offer out is what stays.
        if told is not None and told.live:
            removed[self._reviewed(columns, n) > 0] = CODE["review"]
        if told is not None:
            self._of_circumstances(removed, customers, told)
        self._suppressed(removed, columns, told, n)
        self._conditions("applicable", removed, columns, n)
        for step, own in self._own.items():
            for j, tree in own.items():
                self._put(removed, j, ~self._true(tree, j, columns, n), step)
        if told is not None:
            removed[self.guards.disagreed(told)] = CODE["consent"]
        self._conditions("reach", removed, columns, n)
        self._of_catalogue(removed, customers, wishes)
        return removed

    def review(
        self, customers: CustomerFeatures, scores: Mapping[str, NDArray[Any]], wishes: Wishes
    ) -> NDArray[np.int16]:
        """Return int16[n, n_offers]: 0, or 1 + the place of the first review rule that matches the offer."""
        names = self.guards.names_of_review
        return self._reviewed(columns_of(self.plan, names, customers, scores, wishes), len(customers))

    def _reviewed(self, columns: Columns, n: int) -> NDArray[np.int16]:
        found = np.zeros((n, len(self.catalogue.offers)), np.int16)
        for place in range(len(self.guards.review) - 1, -1, -1):
            for j, true in self._where(*self._review[place], columns, n):
                found[true, j] = place + 1
        return found

    def _of_circumstances(self, removed: Removed, customers: CustomerFeatures, told: Circumstances) -> None:
        if told.full is not None:
            removed[:, told.full > 0] = CODE["limit"]
        if not self.guards.quiet.is_empty:
            goes = self.guards.send_at_us(customers.as_of_us, told)
            late = goes > customers.as_of_us[:, None] if told.live else goes == NEVER
            removed[late] = CODE["quiet"]
        if self.guards.contacts.rules:
            capped, near = self.guards.of_contacts(customers.as_of_us, told)
            removed[near], removed[capped] = CODE["gap"], CODE["cap"]

    def _suppressed(self, removed: Removed, columns: Columns, told: Circumstances | None, n: int) -> None:
        if told is not None and told.suppressed is not None:
            removed[told.suppressed] = CODE["suppressed"]
        self._conditions("suppressed", removed, columns, n)

    def _conditions(self, step: str, removed: Removed, columns: Columns, n: int) -> None:
        for condition, about in zip(self.guards.conditions, self._about, strict=True):
            if condition.step == step:
                for j, true in self._where(*about, columns, n):
                    self._put(removed, j, true if condition.removes else ~true, step)

    def _of_catalogue(self, removed: Removed, customers: CustomerFeatures, wishes: Wishes) -> None:
        if wishes.actions is not None or wishes.channel is not None:
            unwanted = [not _wished(o.action.id, o.channel, wishes) for o in self.catalogue.offers]
            removed[:, unwanted] = CODE["channel"]
        for j, offer in enumerate(self.catalogue.offers):
            action = offer.action
            if action.stock is not None and action.stock <= 0:
                removed[:, j] = CODE["stock"]
            if action.starts_us is not None or action.ends_us is not None:
                outside = ~in_dates(action.starts_us, action.ends_us, customers.as_of_us)
                self._put(removed, j, outside, "dates")

    def _put(self, removed: Removed, j: int, where: Bools, step: str) -> None:
        removed[:, j] = np.where(where, CODE[step], removed[:, j])

    @cached_property
    def _own(self) -> dict[str, dict[int, Tree]]:
        """Conditions of the actions by step, last step first, and by offer."""
        offers = list(enumerate(self.catalogue.offers))
        return {
            "applicable": {j: offer.applicable for j, offer in offers if offer.applicable is not None},
            "eligible": {j: offer.eligible for j, offer in offers if offer.eligible is not None},
        }

    @cached_property
    def _about(self) -> list[About]:
        return self._of(self.guards.conditions)

    @cached_property
    def _review(self) -> list[About]:
        return self._of(self.guards.review)

    def _of(self, conditions: Sequence[Condition]) -> list[About]:
        """Conditions with the offers they are about."""
        return [
            (c.when, c.offers(self.catalogue), any(name.startswith("action.") for name in names_in(c.when)))
            for c in conditions
        ]

    def _where(
        self, tree: Tree, offers: Sequence[int], of_action: bool, columns: Columns, n: int
    ) -> Iterator[tuple[int, Bools]]:
        """Yield each offer and where an expression is true of it; one that does not look at the action is run once."""
        if of_action:
            yield from ((j, self._true(tree, j, columns, n)) for j in offers)
        else:
            true = is_true(tree, columns, n)
            yield from ((j, true) for j in offers)

    def _true(self, tree: Tree, j: int, columns: Columns, n: int) -> Bools:
        values = action_values(self.catalogue.offers[j])
        own = {name: repeated(value, n) for name, value in values.items() if name in self.names_used}
        return is_true(tree, {**columns, **own}, n)


def columns_of(
    plan: FeaturePlan,
    names: frozenset[str],
    customers: CustomerFeatures,
    scores: Mapping[str, NDArray[Any]],
    wishes: Wishes,
) -> Columns:
    """Return arrays (n,) of the customer and context names that expressions read."""
    n = len(customers)
    columns: Columns = {}
    for name in names:
        if name in plan.names:
            columns[name] = customers.numbers[:, plan.names.index(name)]
        elif name in customers.attributes:
            columns[name] = customers.attributes[name]
        elif name in scores:
            columns[name] = scores[name]
        elif name.startswith("context.") and wishes.context:
            columns[name] = _said(wishes.context, name.removeprefix("context."), n)
    return columns


def in_dates(starts_us: int | None, ends_us: int | None, as_of_us: NDArray[np.int64]) -> Bools:
    """Whether the moments lie in ``starts <= as_of < ends``."""
    inside = np.ones(len(as_of_us), dtype=np.bool_)
    if starts_us is not None:
        inside &= as_of_us >= starts_us
    if ends_us is not None:
        inside &= as_of_us < ends_us
    return inside


def repeated(value: float | str | bool | None, n: int) -> NDArray[Any]:
    """Return a column (n,) of one value."""
    if isinstance(value, str):
        result = np.empty(n, dtype=object)
        result[:] = value
        return result
    return np.full(n, np.nan if value is None else float(value))


def _wished(action_id: str, channel: str, wishes: Wishes) -> bool:
    if wishes.actions is not None and action_id not in wishes.actions:
        return False
    return wishes.channel is None or wishes.channel in channel.split(ALL_CHANNELS)


def _said(context: Context | Sequence[Context], key: str, n: int) -> NDArray[Any]:
    """What requests said under a key: one for all rows, or each its own; a column of texts or of numbers."""
    if isinstance(context, Mapping):
        return repeated(context.get(key), n)
    values = [one.get(key) for one in context]
    if any(isinstance(value, str) for value in values):
        result = np.empty(n, dtype=object)
        result[:] = [value if isinstance(value, str) else None for value in values]
        return result
    return np.array([np.nan if value is None else float(value) for value in values])
