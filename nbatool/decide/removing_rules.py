"""Which rule removed which offers of many customers: what `removal_rules` says of one of them, for a whole chunk at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from nbatool.base.expressions import names_in
from nbatool.decide.batch import ScoredChunk
from nbatool.decide.best import Bools, Indices
from nbatool.decide.catalogue import ALL_CHANNELS, APPLICABLE_WHEN, ELIGIBLE_WHEN
from nbatool.decide.contact_rules import kind_of
from nbatool.decide.decision import NO_WISHES
from nbatool.decide.funnel import CODE
from nbatool.decide.guardrails import Circumstances, Condition
from nbatool.decide.over_offers import OverOffers
from nbatool.decide.policy import Policy
from nbatool.decide.suppressed import offers_of
from nbatool.profile.consent import OUT, UNKNOWN

Found = tuple[str, Bools]
"""A rule in words, and bool[n, k]: what it removed of the k offers it is about."""
OF_ONE: Final = "for one customer: nbatool suppress list"


@dataclass(frozen=True)
class RemovingRules:
    """Tells the rules of a policy apart."""

    policy: Policy

    def of(self, chunk: ScoredChunk, step: str) -> Iterator[Found]:
        """Yield the rules that removed something at a step, in their order; each removal has one rule."""
        here = chunk.decision.removed == CODE[step]
        if not here.any():
            return
        for rule, mask in _taken_out(chunk, step, here.shape).items():
            yield rule, mask
            here = here & ~mask
        for words, mask in self._found(chunk, step, here):
            if mask.any():
                yield words, mask

    def _found(self, chunk: ScoredChunk, step: str, here: Bools) -> Iterator[Found]:
        told = chunk.told
        if step in {"dates", "stock"}:
            yield from _by_name(here, self._of_actions[step])
        elif step == "eligible":
            yield from _by_name(here, self._eligible)
        elif step == "applicable":
            yield from _by_name(here, self._applicable)
        elif step == "reach":
            yield from self._of_conditions(chunk, step, here)
        elif step == "suppressed":
            yield from self._of_suppressions(chunk, here)
        elif told is not None and step == "consent":
            yield from self._of_consent(told, here)
        elif told is not None and step in {"cap", "gap"}:
            yield from self._of_contacts(chunk, told, here)
        elif step == "quiet":
            never = {f"{channel} never goes out": own for channel, own in self._by_channel.items()}
            yield from _by_name(here, never)

    def _of_contacts(self, chunk: ScoredChunk, told: Circumstances, here: Bools) -> Iterator[Found]:
        rules = self.policy.guardrails.contacts
        broken = np.where(here, rules.broken(told.contacts, chunk.customers.as_of_us), 0)
        for place, (words, offers) in enumerate(self._contact_rules, start=1):
            yield words, broken[:, offers] == place

    def _of_consent(self, told: Circumstances, here: Bools) -> Iterator[Found]:
        guards = self.policy.guardrails
        for channel, offers in self._by_channel.items():
            rest = here[:, offers]
            for part in channel.split(ALL_CHANNELS):
                state = told.consent[:, guards.channels.index(part), None]
                yield f"opted out of {part}", rest & (state == OUT)
                rest = rest & (state != OUT)
                if part in guards.consent:
                    yield f"has not agreed to {part} (require_consent)", rest & (state == UNKNOWN)
                    rest = rest & (state != UNKNOWN)

    def _of_suppressions(self, chunk: ScoredChunk, here: Bools) -> Iterator[Found]:
        told, rest = chunk.told, here.copy()
        by_hand = None if told is None else told.suppressed
        if told is not None and by_hand is not None:
            for found in told.suppressions:
                if found.customer_id is None:
                    offers = np.array(offers_of(found, self.policy.catalogue), np.int64)
                    yield f"{found.reason} (suppression {found.id} by {found.who})", rest[:, offers]
                    rest[:, offers] = False
            yield OF_ONE, rest & by_hand
            rest &= ~by_hand
        yield from self._of_conditions(chunk, "suppressed", rest)

    def _of_conditions(self, chunk: ScoredChunk, step: str, here: Bools) -> Iterator[Found]:
        """Conditions in their order: each removed what is left where it says so."""
        rest, rules = here.copy(), [(c, over) for c, over in self._conditions if c.step == step]
        names = frozenset(name for c, _ in rules for name in names_in(c.when))
        columns = self.policy.columns_of(chunk.customers, chunk.scores, NO_WISHES, names)
        for condition, over in rules:
            true = over.true(columns, len(rest))
            mask = rest[:, over.places] & (true if condition.removes else ~true)
            yield condition.reason, mask
            rest[:, over.places] &= ~mask

    @cached_property
    def _contact_rules(self) -> list[tuple[str, Indices]]:
        """Caps and gaps in words, and the offers each is about."""
        kinds = [kind_of(offer) for offer in self.policy.catalogue.offers]
        return [
            (rule.text(), np.array([j for j, kind in enumerate(kinds) if rule.counts(kind)], np.int64))
            for rule in self.policy.guardrails.contacts.rules
        ]

    @cached_property
    def _conditions(self) -> list[tuple[Condition, OverOffers]]:
        catalogue = self.policy.catalogue
        return [
            (c, OverOffers(c.when, np.array(c.offers(catalogue), np.int64), catalogue))
            for c in self.policy.guardrails.conditions
        ]

    @cached_property
    def _of_actions(self) -> dict[str, dict[str, Indices]]:
        return {
            "dates": self._named(lambda j: f"{self._id(j)} is outside its dates"),
            "stock": self._named(lambda j: f"{self._id(j)} is out of stock"),
        }

    @cached_property
    def _eligible(self) -> dict[str, Indices]:
        return self._said(ELIGIBLE_WHEN)

    @cached_property
    def _applicable(self) -> dict[str, Indices]:
        return self._said(APPLICABLE_WHEN)

    @cached_property
    def _by_channel(self) -> dict[str, Indices]:
        return self._named(lambda j: self.policy.catalogue.offers[j].channel)

    def _said(self, key: str) -> dict[str, Indices]:
        """Offers by the condition of their action; one that several actions share is one."""
        actions = self.policy.catalogue.actions.values()
        texts = [getattr(action, key) for action in actions]

        def words(j: int) -> str:
            text = getattr(self.policy.catalogue.offers[j].action, key)
            return f"{key}: {text}" if texts.count(text) > 1 else f"{key} of {self._id(j)}: {text}"

        return self._named(words)

    def _id(self, j: int) -> str:
        return self.policy.catalogue.offers[j].action.id

    def _named(self, name: Callable[[int], str]) -> dict[str, Indices]:
        """The offers of each name."""
        found: dict[str, list[int]] = {}
        for j in range(len(self.policy.catalogue.offers)):
            found.setdefault(name(j), []).append(j)
        return {one: np.array(offers, np.int64) for one, offers in found.items()}


def _taken_out(chunk: ScoredChunk, step: str, shape: tuple[int, ...]) -> dict[str, Bools]:
    """What was drawn and taken out at a step, by the rule that did it."""
    found: dict[str, Bools] = {}
    for row, why in chunk.taken_out.items():
        if why.step == step:
            found.setdefault(why.rule, np.zeros(shape, np.bool_))[row, why.offer] = True
    return found


def _by_name(here: Bools, offers: dict[str, Indices]) -> Iterator[Found]:
    for name, own in offers.items():
        yield name, here[:, own]


def words_of_review(policy: Policy) -> Sequence[str]:
    """Return the review rules in words, in their order."""
    return [rule.reason for rule in policy.guardrails.review]
