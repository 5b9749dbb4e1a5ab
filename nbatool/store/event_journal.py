"""The journal of events that happened live: each (customer, event_id) once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from nbatool.store.online_connection import OnlineConnection, columns
from nbatool.store.published import Published


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


class EventJournal:
    """Live events that may not yet be in the warehouse."""

    def __init__(self, online: OnlineConnection) -> None:
        self._online = online

    def append(self, events: Iterable[LiveEvent]) -> int:
        """Journal events in one durable transaction; return how many were new."""
        with self._online.transaction():
            return sum(self._online.change("append", columns(event)) for event in events)

    def of_customers(self, customer_ids: Iterable[str], published: Published) -> dict[str, list[LiveEvent]]:
        """Return the journalled events that the state in force does not hold, by customer; who has none is left out.

        Ids have no NUL, as those of requests: SQLite's JSON ends a text there.
        """
        rows = self._online.rows(
            "events_of_customers",
            customer_ids=msgspec.json.encode(list(set(customer_ids))).decode(),
            journal_position=published.journal_position, cut_us=published.cut_us,
        )  # fmt: skip
        found: dict[str, list[LiveEvent]] = {}
        for customer_id, event_id, ts_us, kind, value, action_id, channel, decision_id, attributes in rows:
            event = LiveEvent(
                event_id, customer_id, ts_us, kind, value, action_id, channel, decision_id, attributes
            )
            found.setdefault(customer_id, []).append(event)
        return found

    def holds(self, customer_id: str, event_id: str, published: Published) -> bool:
        """Whether the state in force holds this event of the journal already."""
        rows = self._online.rows(
            "event_in_state",
            customer_id=customer_id, event_id=event_id, journal_position=published.journal_position,
            cut_us=published.cut_us,
        )  # fmt: skip
        return bool(rows)

    def after(self, position: int, most: int = 100_000) -> list[tuple[int, LiveEvent]]:
        """Return (position, event) after a position, oldest first, at most ``most``."""
        rows = self._online.rows("journal_after", position=position, most=most)
        return [(row[0], LiveEvent(*row[1:])) for row in rows]
