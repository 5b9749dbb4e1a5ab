"""The online store: the pointer to the state in force, what happened live, and every contact.

SQLite in WAL mode with ``synchronous=FULL``: what was acknowledged survives a power cut. Events, decisions and answers
are drained into the warehouse exactly once. Each concern has a file of its own; all share one connection, so that
what belongs together is kept together in one transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from nbatool.store.answer_journal import AnswerJournal
from nbatool.store.closing import Closing
from nbatool.store.contact import Contact
from nbatool.store.decision_journal import DecisionJournal
from nbatool.store.decision_record import DecisionRecord
from nbatool.store.drained_mark import DrainedMark
from nbatool.store.event_journal import EventJournal, LiveEvent
from nbatool.store.learned import Learned
from nbatool.store.ledger import Ledger
from nbatool.store.nights import Nights
from nbatool.store.online_connection import OnlineConnection, columns
from nbatool.store.published import Published
from nbatool.store.reviews import Reviews
from nbatool.store.suppressions import Suppressions

__all__ = ["LiveEvent", "OnlineStore", "Published"]


class OnlineStore:
    """One connection to ``online.db``, made if it is not there.

    Parameters
    ----------
    path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = connection = OnlineConnection(path)
        self.events = EventJournal(connection)
        self.decisions = DecisionJournal(connection)
        self.answers = AnswerJournal(connection)
        self.learned = Learned(connection)
        self.nights = Nights(connection)
        self.ledger = Ledger(connection)
        self.suppressions = Suppressions(connection)
        self.reviews = Reviews(connection)
        self.closing = Closing(connection)
        self.drained = DrainedMark(connection)

    def close(self) -> None:
        self._connection.close()

    def transaction(self) -> AbstractContextManager[None]:
        """Return a durable transaction; what the parts do inside is kept together, or not at all."""
        return self._connection.transaction()

    def change_number(self) -> int:
        """Return a number that others' commits change: equal numbers, nobody else wrote in between."""
        return self._connection.change_number()

    def published(self) -> Published | None:
        """Return what is in force, None before the first publication."""
        rows = self._connection.rows("published")
        return Published(*rows[0]) if rows else None

    def publish(self, published: Published) -> None:
        """Put a finished state in force: one row, one short transaction."""
        self._connection.change("publish", columns(published))

    def record(
        self, decision: DecisionRecord, events: Collection[LiveEvent] = (), contacts: Collection[Contact] = ()
    ) -> DecisionRecord:
        """Keep a decision, its events and its contacts in one durable transaction; the answer may leave after it.

        Where a decision of this id was kept before, its contacts were too; where that one was made among other candidates,
        nothing is kept: it cannot be told what was answered.

        Returns
        -------
        DecisionRecord
            The decision that stands: this one, or the one kept before under the same id.
        """
        with self.transaction():
            stands = self.decisions.add(decision)
            if events and stands.candidates == decision.candidates:
                self.events.append(events)
            if contacts and stands is decision:
                self.ledger.reserve(contacts)
            return stands

    def decision(self, decision_id: str) -> DecisionRecord | None:
        """Return a live decision kept before."""
        return self.decisions.find(decision_id)

    def append(self, events: Iterable[LiveEvent]) -> int:
        """Journal events in one durable transaction, each (customer, event_id) once; return how many were new."""
        return self.events.append(events)

    def holds(self, customer_id: str, event_id: str, published: Published) -> bool:
        """Whether the state in force holds this event of the journal already."""
        return self.events.holds(customer_id, event_id, published)

    def continue_after(self, journal: str, position: int) -> None:
        """Let a journal go on after a position the warehouse has drained to, where it has not come so far.

        A store that is new or an older copy would number what comes next like what was drained before, and nobody would
        ask for it.

        Parameters
        ----------
        journal
            Its table.
        """
        if position <= self._came_to(journal):
            return
        values = {"journal": journal, "position": position}
        with self.transaction():
            if not self._connection.change("advance_journal", values):
                self._connection.change("begin_journal", values)

    def _came_to(self, journal: str) -> int:
        rows = self._connection.rows("journal_position", journal=journal)
        return int(rows[0][0]) if rows else 0

    def copy_in_memory(self) -> OnlineStore:
        """Return a copy that lies in memory: what is changed there changes nothing here."""
        copy = OnlineStore(Path(":memory:"))
        self._connection.copy_into(copy._connection)
        return copy

    def purge(self, journal: str, values: Mapping[str, int]) -> int:
        """Run ``sql/store/online_purge_<journal>.sql``; return how many entries it deleted."""
        return self._connection.change(f"purge_{journal}", values)

    def journal_after(self, position: int, most: int = 100_000) -> list[tuple[int, LiveEvent]]:
        """Return (position, event) of the journal after a position, oldest first, at most ``most``."""
        return self.events.after(position, most)
