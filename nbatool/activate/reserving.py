"""A night's contacts in the contact log, before any file can be acted on: each once, and only where the rules still hold.

While the night decides, live decisions go on. So each contact is looked at once more in the transaction that reserves it;
who was contacted enough meanwhile gets nothing, and the row says which rule it was.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from nbatool.decide.batch import ScoredChunk
from nbatool.decide.best import Indices
from nbatool.decide.catalogue import Catalogue
from nbatool.decide.circumstances import NightCircumstances, batch_of, counted, joined
from nbatool.decide.contact_rules import PastContacts, kind_of
from nbatool.decide.funnel import CODE
from nbatool.store.contact import Contact, HeldRows
from nbatool.store.ledger import Ledger

Reserve = Callable[[ScoredChunk], ScoredChunk]


@contextmanager
def reserving(
    ledger: Ledger, told: NightCircumstances, as_of_us: int, standing: Container[str]
) -> Iterator[Reserve]:
    """Reserve what chunks contact while the block runs; chunks come back without what is no longer allowed.

    Parameters
    ----------
    standing
        Customers whose decision of this moment was acted on before: their contact was made.
    """
    with ledger.reserving(batch_of(as_of_us)) as reserve:

        def of_chunk(chunk: ScoredChunk) -> ScoredChunk:
            contacts = contacts_of(chunk, told.guards.catalogue, told.customer_ids[chunk.first : chunk.last])
            check = _Check(chunk, told, as_of_us, standing)
            if not reserve(contacts.values(), check.allowed):
                return chunk
            row_of = {contact.decision_id: row for row, contact in contacts.items()}
            rows = [row_of[decision_id] for decision_id in check.refused]
            return taken_out(chunk, np.array(rows, np.int64), list(check.refused.values()))

        yield of_chunk


def contacts_of(chunk: ScoredChunk, catalogue: Catalogue, customer_ids: Sequence[str]) -> dict[int, Contact]:
    """Return the contacts a chunk makes, by row; what waits for a person's word makes none yet."""
    kinds = [kind_of(offer) for offer in catalogue.offers]
    chosen, goes = chunk.decision.chosen, chunk.send_at_us
    names = chunk.subjects.decision_ids
    return {
        row: Contact.of(kinds[chosen[row]], customer_ids[row], names[row], 1, int(goes[row, chosen[row]]))
        for row in np.flatnonzero((chosen >= 0) & (chunk.waits == 0)).tolist()
    }


def taken_out(chunk: ScoredChunk, rows: Indices, step: Sequence[str]) -> ScoredChunk:
    """Return a chunk whose rows do nothing after all, each removed by a step.

    With what chance a row came to that nobody can say: it has no probability, and no judge uses it.
    """
    made = chunk.decision
    removed, chosen = made.removed.copy(), made.chosen.copy()
    chance, in_arm = made.probability.copy(), made.probability_in_arm.copy()
    removed[rows, chosen[rows]] = [CODE[name] for name in step]
    chosen[rows] = -1
    chance[rows] = in_arm[rows] = np.nan
    decision = replace(made, removed=removed, chosen=chosen, probability=chance, probability_in_arm=in_arm)
    return replace(chunk, decision=decision)


@dataclass(frozen=True)
class _Check:
    """Caps and gaps of the contacts of a chunk, by what the contact log holds when they are reserved."""

    chunk: ScoredChunk
    told: NightCircumstances
    as_of_us: int
    standing: Container[str]
    refused: dict[str, str] = field(default_factory=dict)
    """Decision → the step that removed its contact."""

    def allowed(self, contacts: Sequence[Contact], held: HeldRows) -> Sequence[bool]:
        rules = self.told.guards.contacts
        if not rules.rules:
            return [True] * len(contacts)
        rows = np.array([self._row_of[contact.customer_id] for contact in contacts], np.int64)
        broken = rules.broken(self._past(rows, held), np.full(len(rows), self.as_of_us))
        found = broken[np.arange(len(rows)), self.chunk.decision.chosen[rows]]
        self.refused.update(
            (contact.decision_id, rules.rules[rule - 1].step)
            for contact, rule in zip(contacts, found.tolist(), strict=True)
            if rule and contact.customer_id not in self.standing
        )
        return [contact.decision_id not in self.refused for contact in contacts]

    def _past(self, rows: Indices, held: HeldRows) -> PastContacts:
        """What counts for the customers of some rows of the chunk, by their place among these."""
        place = np.full(self.chunk.last - self.chunk.first, -1, np.int64)
        place[rows] = np.arange(len(rows))
        own = counted(held, self._row_of, self.as_of_us, self.told.guards.unconfirmed_s, self.told.confirmed)
        past = joined([own, self.told.others.of_rows(self.chunk.first, self.chunk.last)])
        kept = place[past.row] >= 0
        return replace(past, row=place[past.row[kept]], at_us=past.at_us[kept], kind=past.kind[kept])

    @cached_property
    def _row_of(self) -> dict[str, int]:
        customer_ids = self.told.customer_ids[self.chunk.first : self.chunk.last]
        return {customer_id: row for row, customer_id in enumerate(customer_ids)}
