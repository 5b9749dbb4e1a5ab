"""The online store: the pointer to the state in force, and the journal of what happened live.

SQLite in WAL mode with ``synchronous=FULL``: what was acknowledged survives a power cut. The journal is drained into
the warehouse exactly once; a decision reads the events the state does not hold yet.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nbatool.base.errors import DataError
from nbatool.store.sql import statement

BUSY_MS = 10_000


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """An event of a live request as it is journalled; ``value`` and ``attributes`` as text."""

    event_id: str
    customer_id: str
    ts_us: int
    type: str
    value: str | None = None
    action_id: str | None = None
    channel: str | None = None
    decision_id: str | None = None
    attributes: str | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """What is in force live: the state file, the model version, and how far the state reaches."""

    state: str
    model_version: str
    cut_us: int
    journal_position: int
    published_us: int


class OnlineStore:
    """One connection to ``online.db``, made if it is not there."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        try:
            self._con = sqlite3.connect(
                path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False
            )
            self._con.execute("pragma journal_mode = wal")
            self._con.execute("pragma synchronous = full")
            for name in ("create_journal", "create_published"):
                self._con.execute(statement(f"store/online_{name}"))
        except sqlite3.Error as error:
            raise _unreadable(path, error) from None

    def close(self) -> None:
        self._con.close()

    def published(self) -> Published | None:
        """Return what is in force, None before the first publication."""
        rows = self._rows("published")
        return Published(*rows[0]) if rows else None

    def publish(self, published: Published) -> None:
        """Put a finished state in force: one row, one short transaction."""
        self._rows("publish", **asdict(published))

    def append(self, events: Iterable[LiveEvent]) -> int:
        """Journal events in one durable transaction, each (customer, event_id) once; return how many were new."""
        before = self._con.total_changes
        try:
            self._con.execute("begin immediate")
            for event in events:
                self._con.execute(statement("store/online_append"), asdict(event))
            self._con.execute("commit")
        except BaseException as error:
            if self._con.in_transaction:
                self._con.execute("rollback")
            if isinstance(error, sqlite3.Error):
                raise _unreadable(self.path, error) from None
            raise
        return self._con.total_changes - before

    def events_of(self, customer_id: str, published: Published) -> list[LiveEvent]:
        """Return the journalled events of a customer that the state in force does not hold."""
        rows = self._rows(
            "events_of_customer",
            customer_id=customer_id, journal_position=published.journal_position, cut_us=published.cut_us,
        )  # fmt: skip
        return [
            LiveEvent(event_id, customer_id, ts_us, kind, value, action_id, channel, None, attributes)
            for event_id, ts_us, kind, value, action_id, channel, attributes in rows
        ]

    def holds(self, customer_id: str, event_id: str, published: Published) -> bool:
        """Whether the state in force holds this event of the journal already."""
        rows = self._rows(
            "event_in_state",
            customer_id=customer_id, event_id=event_id, journal_position=published.journal_position,
            cut_us=published.cut_us,
        )  # fmt: skip
        return bool(rows)

    def journal_after(self, position: int, most: int = 100_000) -> list[tuple[int, LiveEvent]]:
        """Return (position, event) of the journal after a position, oldest first, at most ``most``."""
        rows = self._rows("journal_after", position=position, most=most)
        return [(row[0], LiveEvent(*row[1:])) for row in rows]

    def _rows(self, name: str, **values: object) -> list[Any]:
        """Run ``sql/store/online_<name>.sql`` and return all its rows."""
        try:
            return self._con.execute(statement(f"store/online_{name}"), values).fetchall()
        except sqlite3.Error as error:
            raise _unreadable(self.path, error) from None


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(
        f"{path} cannot be used: {error}. If it is damaged, move it away; nbatool score publishes a new one "
        "(live events not yet drained are in it)"
    )
