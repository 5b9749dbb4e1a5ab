"""Approved decisions of earlier nights: they go out with this night's file, if the guardrails still let them.

What a person said yes to is looked at once more: consent may have been withdrawn and caps filled since. What may not go
now stays approved, and is looked at again the next night.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from nbatool.activate.meanwhile import Meanwhile
from nbatool.activate.reserving import Check, Wanted
from nbatool.decide.batch import ScoredChunk, circumstances_of, population, score_chunks
from nbatool.decide.circumstances import NightCircumstances
from nbatool.decide.contact_rules import kind_of
from nbatool.decide.policy import Policy
from nbatool.decide.population_limits import SHARES
from nbatool.decide.reasons import Reasons
from nbatool.decide.taken_out import LIMIT, TakenOut
from nbatool.store.contact import RELEASED, SENT, Contact, HeldRows
from nbatool.store.contact_totals import ContactTotals
from nbatool.store.reviews import Review

if TYPE_CHECKING:
    import duckdb

    from nbatool.base.config import Config
    from nbatool.store.online import OnlineStore

UNKNOWN = "the customer is not known now"
NO_OFFER = "its action or channel left the catalogue"
LET_GO = "its contact was released"
WENT = "its contact was confirmed before"


@dataclass(frozen=True)
class Approved:
    """What becomes of the approved decisions tonight.

    Parameters
    ----------
    going
        Those that go out, each with when, µs since 1970.
    held_back
        Those that may not go now, each with why.
    """

    going: tuple[tuple[Review, int], ...] = ()
    held_back: tuple[tuple[Review, str], ...] = ()


def approved_now(
    con: duckdb.DuckDBPyConnection, config: Config, policy: Policy, online: OnlineStore, as_of_us: int, meanwhile: Meanwhile
) -> Approved:  # fmt: skip
    """Look at the approved decisions, and reserve the contacts of those that go out."""
    found = online.reviews.approved_for(as_of_us)
    if not found:
        return Approved()
    said = {review.decision_id: _known(online, review) for review in found}
    asked = [review for review in found if said[review.decision_id] is None]
    if asked:
        said |= _Looking(con, config, policy, online, as_of_us, meanwhile).at(asked)
    going, held_back = [], []
    for review in found:
        word = said[review.decision_id]
        if isinstance(word, int):
            going.append((review, word))
        else:
            held_back.append((review, UNKNOWN if word is None else word))
    return Approved(tuple(going), tuple(held_back))


def _known(online: OnlineStore, review: Review) -> int | str | None:
    """When a decision goes out, or why it does not, where that was settled before; None: it is to be looked at.

    What was reserved and did not come into a file is given back: much may have changed since.
    """
    for held in online.ledger.of_customer(review.customer_id, 0):
        if held.decision_id != review.decision_id:
            continue
        if held.state == RELEASED:
            return LET_GO
        if review.out_as_of_us is not None:
            return held.at_us
        if held.state == SENT:
            return WENT
        online.ledger.give_back([held])
    return None


@dataclass(frozen=True)
class _Looking:
    """Looks at approved decisions once more, as a night does, and reserves what may go."""

    con: duckdb.DuckDBPyConnection
    config: Config
    policy: Policy
    online: OnlineStore
    as_of_us: int
    meanwhile: Meanwhile

    def at(self, reviews: Sequence[Review]) -> dict[str, int | str | None]:
        """Return when each goes out, or why it may not."""
        said: dict[str, int | str | None] = {}
        by_customer: dict[str, list[Review]] = {}
        for review in reviews:
            by_customer.setdefault(review.customer_id, []).append(review)
        # One decision of each customer at a time: the contact of the first counts for the next.
        while by_customer:
            people = population(
                self.con, self.config, self.policy, as_of_us=self.as_of_us, only=list(by_customer)
            )
            told = circumstances_of(people, self.config, self.policy, self.online)
            for chunk in score_chunks(people, self.policy, threads=1, seed=0, told=told):
                for row, customer_id in enumerate(people.customer_ids[chunk.first : chunk.last]):
                    review = by_customer[customer_id][0]
                    said[review.decision_id] = self._go(told, chunk, row, review)
            by_customer = {
                customer: left[1:] for customer, left in by_customer.items()
                if len(left) > 1 and customer in set(people.customer_ids)
            }  # fmt: skip
        return said

    def _go(self, told: NightCircumstances, chunk: ScoredChunk, row: int, review: Review) -> int | str:
        place = self._places.get((review.action_id, review.channel))
        if place is None:
            return NO_OFFER
        scores = {name: values[row] for name, values in chunk.scores.items()}
        why = Reasons(self.policy).removed(
            chunk.customers,
            scores,
            chunk.decision,
            row,
            place,
            told=chunk.told,
            customer_id=review.customer_id,
        )
        if why is not None:
            return why
        at_us = int(chunk.send_at_us[row, place])
        out = self._reserve(told, chunk.first + row, review, place, at_us)
        return at_us if out is None else f"{out.step}: {out.words}"

    def _reserve(
        self, told: NightCircumstances, position: int, review: Review, place: int, at_us: int
    ) -> TakenOut | None:
        """Reserve a contact where all that is counted still allows it, asked in the transaction that reserves."""
        wanted = Wanted(position, [review.decision_id], np.array([place]), np.array([at_us]))
        check = Check(wanted, told, self.as_of_us, frozenset(), self.meanwhile)

        def allowed(contacts: Sequence[Contact], held: HeldRows) -> Sequence[bool]:
            may = check.allowed(contacts, held)
            if all(may) and (limit := self._used_up(place)) is not None:
                check.refused[review.decision_id] = TakenOut(LIMIT, place, limit)
                return [False]
            return may

        kind = kind_of(self.policy.catalogue.offers[place])
        contact = Contact.of(kind, review.customer_id, review.decision_id, review.slot, at_us)
        self.online.ledger.reserve_where([contact], allowed)
        return check.refused.get(review.decision_id)

    def _used_up(self, place: int) -> str | None:
        """The limit that has no room for one more contact of an offer."""
        limits = self.policy.guardrails.limits
        if not limits.limits:
            return None
        self._totals.refresh()
        for said, limit in zip(limits.limits, limits.bounds(self._totals, self.as_of_us), strict=True):
            # A share is of all contacts of the night, and kept by those decided now.
            if said.what not in SHARES and limit.most is not None and limit.use[place] > limit.most:
                return limit.name
        return None

    @cached_property
    def _places(self) -> dict[tuple[str, str | None], int]:
        return {offer.candidate: j for j, offer in enumerate(self.policy.catalogue.offers)}

    @cached_property
    def _totals(self) -> ContactTotals:
        return self.online.ledger.totals()
