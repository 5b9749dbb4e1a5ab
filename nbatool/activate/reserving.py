"""A night's contacts in the contact log, before any file can be acted on: each once, and only where the rules still hold.

While the night decides, live decisions go on. So each contact is looked at once more in the transaction that reserves it;
who was contacted enough meanwhile gets nothing, and the row says which rule it was.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from nbatool.activate.meanwhile import Meanwhile
from nbatool.decide.batch import ScoredChunk
from nbatool.decide.best import Indices
from nbatool.decide.circumstances import NightCircumstances, batch_of, counted, joined
from nbatool.decide.contact_rules import PastContacts, kind_of
from nbatool.decide.funnel import CODE
from nbatool.decide.taken_out import TakenOut
from nbatool.store.contact import Contact, HeldRows
from nbatool.store.ledger import Allowed, Ledger

Refused = dict[int, TakenOut]
"""Row → why its contact is not made."""


@dataclass(frozen=True)
class Wanted:
    """Contacts of the customers ``first <= position < last``.

    Parameters
    ----------
    names
        (n,) of their decisions.
    chosen
        (n,) which offer each gets; -1: none, or none yet.
    at_us
        (n,) when each goes out, µs since 1970.
    """

    first: int
    names: Sequence[str]
    chosen: Indices
    at_us: Indices

    @classmethod
    def of(cls, chunk: ScoredChunk) -> Wanted:
        """Return what a chunk contacts; what waits for a person's word makes no contact yet."""
        chosen = np.where(chunk.waits == 0, chunk.decision.chosen, -1)
        at_us = np.zeros(len(chosen), np.int64)
        rows = np.flatnonzero(chosen >= 0)
        at_us[rows] = chunk.send_at_us[rows, chosen[rows]]
        return cls(chunk.first, chunk.subjects.decision_ids, chosen, at_us)


class NightReservation:
    """Reserves what a night contacts.

    Parameters
    ----------
    told
        What the night was decided with.
    standing
        Customers whose decision of this moment was acted on before: their contact was made.
    meanwhile
        Knows what is said while the night works; None: nothing is.
    """

    def __init__(
        self, ledger: Ledger, reserve: Callable[[Iterable[Contact], Allowed], list[Contact]],
        told: NightCircumstances, as_of_us: int, standing: Container[str], meanwhile: Meanwhile | None,
    ) -> None:  # fmt: skip
        self._ledger, self._reserve, self._told, self._as_of_us = ledger, reserve, told, as_of_us
        self._standing, self._meanwhile = standing, meanwhile
        self._kinds = [kind_of(offer) for offer in told.guards.catalogue.offers]

    def reserve(self, wanted: Wanted) -> Refused:
        """Reserve contacts; return those that are no longer allowed, by row of ``wanted``."""
        contacts = self.contacts(wanted)
        check = Check(wanted, self._told, self._as_of_us, self._standing, self._meanwhile)
        if not self._reserve(contacts.values(), check.allowed):
            return {}
        row_of = {contact.decision_id: row for row, contact in contacts.items()}
        return {row_of[decision_id]: why for decision_id, why in check.refused.items()}

    def give_back(self, contacts: Iterable[Contact]) -> None:
        """Take back contacts that were reserved before."""
        self._ledger.give_back(contacts)

    def contacts(self, wanted: Wanted) -> dict[int, Contact]:
        """Return contacts by row."""
        ids, names, chosen = self._told.customer_ids, wanted.names, wanted.chosen
        return {
            row: Contact.of(self._kinds[chosen[row]], ids[wanted.first + row], names[row], 1, int(wanted.at_us[row]))
            for row in np.flatnonzero(chosen >= 0).tolist()
        }  # fmt: skip


@contextmanager
def reserving(
    ledger: Ledger, told: NightCircumstances, as_of_us: int, standing: Container[str],
    meanwhile: Meanwhile | None = None,
) -> Iterator[NightReservation]:  # fmt: skip
    """Reserve what a night contacts while the block runs; parameters as `NightReservation`."""
    with ledger.reserving(batch_of(as_of_us)) as reserve:
        yield NightReservation(ledger, reserve, told, as_of_us, standing, meanwhile)


def taken_out(chunk: ScoredChunk, refused: Refused) -> ScoredChunk:
    """Return a chunk whose refused rows do nothing after all, each removed by the step that says so.

    With what chance a row came to that nobody can say: it has no probability, and no judge uses it.
    """
    if not refused:
        return chunk
    made, rows = chunk.decision, np.array(list(refused), np.int64)
    removed, chosen = made.removed.copy(), made.chosen.copy()
    chance, in_arm = made.probability.copy(), made.probability_in_arm.copy()
    removed[rows, chosen[rows]] = [CODE[why.step] for why in refused.values()]
    chosen[rows] = -1
    chance[rows] = in_arm[rows] = np.nan
    decision = replace(made, removed=removed, chosen=chosen, probability=chance, probability_in_arm=in_arm)
    return replace(chunk, decision=decision, taken_out={**chunk.taken_out, **refused})


@dataclass(frozen=True)
class Check:
    """What holds for wanted contacts when they are reserved: caps and gaps by the contact log, and what was said since."""

    wanted: Wanted
    told: NightCircumstances
    as_of_us: int
    standing: Container[str]
    meanwhile: Meanwhile | None
    refused: dict[str, TakenOut] = field(default_factory=dict)
    """Decision → why its contact is not made."""

    def allowed(self, contacts: Sequence[Contact], held: HeldRows) -> Sequence[bool]:
        asked = [contact for contact in contacts if contact.customer_id not in self.standing]
        if asked and self.told.guards.contacts.rules:
            self._by_contacts(asked, held)
        if asked and self.meanwhile is not None:
            chosen = self.wanted.chosen
            offers = {c.customer_id: int(chosen[self._row_of[c.customer_id]]) for c in asked}
            said = self.meanwhile.forbids(offers)
            self.refused.update((c.decision_id, said[c.customer_id]) for c in asked if c.customer_id in said)
        return [contact.decision_id not in self.refused for contact in contacts]

    def _by_contacts(self, contacts: Sequence[Contact], held: HeldRows) -> None:
        """Caps and gaps."""
        rules = self.told.guards.contacts
        rows = np.array([self._row_of[contact.customer_id] for contact in contacts], np.int64)
        broken = rules.broken(self._past(rows, held), np.full(len(rows), self.as_of_us))
        chosen = self.wanted.chosen[rows]
        found = broken[np.arange(len(rows)), chosen]
        for contact, offer, place in zip(contacts, chosen.tolist(), found.tolist(), strict=True):
            if place:
                rule = rules.rules[place - 1]
                words = f"{rule.text()}, with contacts made while the night worked"
                self.refused[contact.decision_id] = TakenOut(rule.step, offer, words)

    def _past(self, rows: Indices, held: HeldRows) -> PastContacts:
        """What counts for the customers of some rows, by their place among these."""
        place = np.full(len(self.wanted.chosen), -1, np.int64)
        place[rows] = np.arange(len(rows))
        own = counted(held, self._row_of, self.as_of_us, self.told.guards.unconfirmed_s, self.told.confirmed)
        past = joined([own, self.told.others.of_rows(self.wanted.first, self._last)])
        kept = place[past.row] >= 0
        return replace(past, row=place[past.row[kept]], at_us=past.at_us[kept], kind=past.kind[kept])

    @property
    def _last(self) -> int:
        return self.wanted.first + len(self.wanted.chosen)

    @cached_property
    def _row_of(self) -> dict[str, int]:
        customer_ids = self.told.customer_ids[self.wanted.first : self._last]
        return {customer_id: row for row, customer_id in enumerate(customer_ids)}
