"""The funnel: which offers are left for whom, and the first step that removed each of the others.

The steps, in order: dates and stock of the catalogue, what the request asks for, channels that reach the customer and that
the customer agreed to, conditions of the actions (who may ever have it, then when it makes sense), suppressions, contacts
before (caps, then gaps), quiet hours; live also what a person must look at first. Worth more than nothing is no step:
`nothing` competes. All of it is elementwise over (n_customers, n_offers), one row as many.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbatool.base.expressions import Tree, names_in
from nbatool.decide.best import Bools, Indices
from nbatool.decide.catalogue import ALL_CHANNELS, Catalogue
from nbatool.decide.decision import STEPS, Context, Wishes
from nbatool.decide.guardrails import Circumstances, Guardrails
from nbatool.decide.over_offers import OverOffers
from nbatool.decide.quiet_hours import NEVER
from nbatool.features.customer import CustomerFeatures
from nbatool.features.plan import FeaturePlan

Removed = NDArray[np.int8]
CODE = {step: 1 + place for place, step in enumerate(STEPS)}
"""What stands for a step in `Decision.removed`."""
FEW_ROWS = 64
"""So few customers are looked up one by one; arrays cost more than they save."""
Columns = dict[str, NDArray[Any]]
Places = dict[str, int | None]
"""Name that expressions read → its column of the feature matrix; None of what is no feature."""


@dataclass(frozen=True)
class Funnel:
    """The steps over the offers of a catalogue."""

    catalogue: Catalogue
    plan: FeaturePlan
    guards: Guardrails

    @cached_property
    def names_used(self) -> frozenset[str]:
        """Names that expressions of the catalogue and the guardrails read."""
        own = [rule.tree for rules in self._own.values() for rule in rules]
        return frozenset(name for tree in own for name in names_in(tree)) | self.guards.names_used

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
        columns = _columns(self._places, customers, scores, wishes)
        removed = np.zeros((n, len(self.catalogue.offers)), np.int8)
        # From the last step to the first, so that the first one that rules an offer out is what stays.
        if told is not None and told.live and self.guards.review:
            removed[self._reviewed(columns, n) > 0] = CODE["review"]
        if told is not None:
            self._of_circumstances(removed, customers, told)
        self._suppressed(removed, columns, told)
        self._conditions("applicable", removed, columns)
        for step, own in self._own.items():
            for rule in own:
                rule.put(removed, CODE[step], columns, where=False)
        if told is not None:
            removed[self.guards.disagreed(told)] = CODE["consent"]
        self._conditions("reach", removed, columns)
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
            self._review[place].put(found, place + 1, columns)
        return found

    def _of_circumstances(self, removed: Removed, customers: CustomerFeatures, told: Circumstances) -> None:
        if told.full is not None:
            removed[told.full > 0] = CODE["limit"]
        if not self.guards.quiet.is_empty:
            self._quiet(removed, customers.as_of_us, told)
        contacts = self.guards.contacts
        if not contacts.rules:
            return
        if contacts.are_few(told.contacts, len(customers)):
            for r, row in contacts.reached(told.contacts, customers.as_of_us):
                removed[row][contacts.offers[r]] = CODE[contacts.rules[r].step]
        else:
            capped, near = self.guards.of_contacts(customers.as_of_us, told)
            removed[near], removed[capped] = CODE["gap"], CODE["cap"]

    def _quiet(self, removed: Removed, as_of_us: Indices, told: Circumstances) -> None:
        if len(as_of_us) > FEW_ROWS:
            goes = self.guards.send_at_us(as_of_us, told)
            late = goes > as_of_us[:, None] if told.live else goes == NEVER
            removed[late] = CODE["quiet"]
            return
        for row, now_us, zone in zip(removed, as_of_us.tolist(), told.zones, strict=True):
            for parts, offers in self.guards.offers_by_quiet.items():
                goes_us = self.guards.quiet.next_outside(parts, now_us, zone)
                if goes_us == NEVER or (told.live and goes_us > now_us):
                    row[offers] = CODE["quiet"]

    def _suppressed(self, removed: Removed, columns: Columns, told: Circumstances | None) -> None:
        if told is not None and told.suppressed is not None:
            np.putmask(removed, told.suppressed, CODE["suppressed"])
        self._conditions("suppressed", removed, columns)

    def _conditions(self, step: str, removed: Removed, columns: Columns) -> None:
        for rule, removes in self._about.get(step, ()):
            rule.put(removed, CODE[step], columns, where=removes)

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
                removed[outside, j] = CODE["dates"]

    @cached_property
    def _places(self) -> Places:
        return _places_of(self.plan, self.names_used)

    @cached_property
    def _own(self) -> dict[str, list[OverOffers]]:
        """Conditions of the actions by step, last step first; one that several actions share is one."""
        return {
            "applicable": self._shared([offer.applicable for offer in self.catalogue.offers]),
            "eligible": self._shared([offer.eligible for offer in self.catalogue.offers]),
        }

    def _shared(self, trees: Sequence[Tree | None]) -> list[OverOffers]:
        places: dict[str, list[int]] = {}
        for j, tree in enumerate(trees):
            if tree is not None:
                places.setdefault(repr(tree), []).append(j)
        return [self._over(trees[about[0]] or [], about) for about in places.values()]

    @cached_property
    def _about(self) -> dict[str, list[tuple[OverOffers, bool]]]:
        """Conditions of the guardrails by step, and whether each removes where it is true."""
        found: dict[str, list[tuple[OverOffers, bool]]] = {}
        for c in self.guards.conditions:
            over = self._over(c.when, c.offers(self.catalogue))
            found.setdefault(c.step, []).append((over, c.removes))
        return found

    @cached_property
    def _review(self) -> list[OverOffers]:
        return [self._over(c.when, c.offers(self.catalogue)) for c in self.guards.review]

    def _over(self, tree: Tree, offers: Sequence[int]) -> OverOffers:
        return OverOffers(tree, np.array(offers, np.int64), self.catalogue)


def columns_of(
    plan: FeaturePlan,
    names: frozenset[str],
    customers: CustomerFeatures,
    scores: Mapping[str, NDArray[Any]],
    wishes: Wishes,
) -> Columns:
    """Return arrays (n,) of the customer and context names that expressions read."""
    return _columns(_places_of(plan, names), customers, scores, wishes)


def _places_of(plan: FeaturePlan, names: frozenset[str]) -> Places:
    return {name: plan.names.index(name) if name in plan.names else None for name in names}


def _columns(
    places: Places, customers: CustomerFeatures, scores: Mapping[str, NDArray[Any]], wishes: Wishes
) -> Columns:
    n = len(customers)
    columns: Columns = {}
    for name, place in places.items():
        if place is not None:
            columns[name] = customers.numbers[:, place]
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
