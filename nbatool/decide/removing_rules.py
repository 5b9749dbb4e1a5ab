"""Which rule removed which offers of many customers: what `removal_rules` says of one of them, for a whole chunk at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nbatool.decide.batch import ScoredChunk
from nbatool.decide.best import Bools
from nbatool.decide.catalogue import ALL_CHANNELS, APPLICABLE_WHEN, ELIGIBLE_WHEN
from nbatool.decide.decision import NO_WISHES
from nbatool.decide.funnel import CODE
from nbatool.decide.guardrails import Circumstances, Condition
from nbatool.decide.over_offers import OverOffers
from nbatool.decide.policy import Policy
from nbatool.decide.suppressed import suppressed_offers
from nbatool.profile.consent import OUT, UNKNOWN

Found = tuple[str, Bools]
"""A rule in words, and bool[n, n_offers]: what it removed."""
MEANWHILE: Final = "contacted by a live decision while the night worked"
OF_ONE: Final = "for one customer: nbatool suppress list"


@dataclass(frozen=True)
class RemovingRules:
    """Tells the rules of a policy apart."""

    policy: Policy

    def of(self, chunk: ScoredChunk, step: str) -> Iterator[Found]:
        """Yield the rules that removed something at a step, in their order; each removal has one rule.

        What a limit took out after the draw has none here: only who solved the limits knows which one it was.
        """
        here = chunk.decision.removed == CODE[step]
        if not here.any():
            return
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
        broken = np.where(here, rules.broken(told.contacts, chunk.customers.as_of_us), -1)
        for place, rule in enumerate(rules.rules, start=1):
            yield rule.text(), broken == place
        yield MEANWHILE, broken == 0

    def _of_consent(self, told: Circumstances, here: Bools) -> Iterator[Found]:
        guards = self.policy.guardrails
        for channel, own in self._by_channel.items():
            rest = here & own
            for part in channel.split(ALL_CHANNELS):
                state = told.consent[:, guards.channels.index(part)]
                out = rest & (state == OUT)[:, None]
                yield f"opted out of {part}", out
                silent = rest & ~out
                if part in guards.consent:
                    unasked = silent & (state == UNKNOWN)[:, None]
                    yield f"has not agreed to {part} (require_consent)", unasked
                    silent = silent & ~unasked
                rest = silent

    def _of_suppressions(self, chunk: ScoredChunk, here: Bools) -> Iterator[Found]:
        told, rest = chunk.told, here
        by_hand = None if told is None else told.suppressed
        if told is not None and by_hand is not None:
            for found in told.suppressions:
                if found.customer_id is None:
                    of_it = suppressed_offers([found], self.policy.catalogue, [None])
                    mask = rest if of_it is None else rest & of_it
                    yield f"{found.reason} (suppression {found.id} by {found.who})", mask
                    rest = rest & ~mask
            yield OF_ONE, rest & by_hand
            rest = rest & ~by_hand
        yield from self._of_conditions(chunk, "suppressed", rest)

    def _of_conditions(self, chunk: ScoredChunk, step: str, rest: Bools) -> Iterator[Found]:
        """Conditions in their order: each removed what is left where it says so."""
        rules = [(c, over) for c, over in self._conditions if c.step == step]
        columns = None
        for condition, over in rules:
            mask = np.zeros(rest.shape, np.bool_)
            if len(rules) == 1:
                mask = rest
            else:
                if columns is None:
                    names = self.policy.guardrails.names_used
                    columns = self.policy.columns_of(chunk.customers, chunk.scores, NO_WISHES, names)
                true = over.true(columns, len(rest))
                mask[:, over.places] = rest[:, over.places] & (true if condition.removes else ~true)
            yield condition.reason, mask
            rest = rest & ~mask

    @cached_property
    def _conditions(self) -> list[tuple[Condition, OverOffers]]:
        catalogue = self.policy.catalogue
        return [
            (c, OverOffers(c.when, np.array(c.offers(catalogue), np.int64), catalogue))
            for c in self.policy.guardrails.conditions
        ]

    @cached_property
    def _of_actions(self) -> dict[str, dict[str, Bools]]:
        return {
            "dates": self._named(lambda j: f"{self._id(j)} is outside its dates"),
            "stock": self._named(lambda j: f"{self._id(j)} is out of stock"),
        }

    @cached_property
    def _eligible(self) -> dict[str, Bools]:
        return self._said(ELIGIBLE_WHEN)

    @cached_property
    def _applicable(self) -> dict[str, Bools]:
        return self._said(APPLICABLE_WHEN)

    @cached_property
    def _by_channel(self) -> dict[str, Bools]:
        return self._named(lambda j: self.policy.catalogue.offers[j].channel)

    def _said(self, key: str) -> dict[str, Bools]:
        """Offers by the condition of their action; one that several actions share is one."""
        actions = self.policy.catalogue.actions.values()
        texts = [getattr(action, key) for action in actions]

        def words(j: int) -> str:
            text = getattr(self.policy.catalogue.offers[j].action, key)
            return f"{key}: {text}" if texts.count(text) > 1 else f"{key} of {self._id(j)}: {text}"

        return self._named(words)

    def _id(self, j: int) -> str:
        return self.policy.catalogue.offers[j].action.id

    def _named(self, name: Callable[[int], str]) -> dict[str, Bools]:
        """bool[n_offers] of the offers of each name."""
        names = [name(j) for j in range(len(self.policy.catalogue.offers))]
        return {one: np.array([other == one for other in names]) for one in dict.fromkeys(names)}


def _by_name(here: Bools, offers: dict[str, NDArray[np.bool_]]) -> Iterator[Found]:
    for name, own in offers.items():
        yield name, here & own


def words_of_review(policy: Policy) -> Sequence[str]:
    """Return the review rules in words, in their order."""
    return [rule.reason for rule in policy.guardrails.review]
