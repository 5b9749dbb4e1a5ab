"""The journal of live decisions: each once, open until its outcome window is closed."""

from __future__ import annotations

from dataclasses import dataclass

from nbatool.store.decision_record import DecisionRecord
from nbatool.store.online_connection import OnlineConnection


@dataclass(frozen=True, slots=True)
class Journalled:
    """A live decision and when its window was closed, µs since 1970; None while it is open."""

    position: int
    decision: DecisionRecord
    closed_us: int | None


class DecisionJournal:
    """Live decisions; the warehouse gets them later, exactly once."""

    def __init__(self, online: OnlineConnection) -> None:
        self._online = online

    def add(self, decision: DecisionRecord) -> DecisionRecord:
        """Keep a decision; return the one that stands, which is the earlier one of the same id."""
        added = self._online.change(
            "add_decision",
            {
                "decision_id": decision.decision_id,
                "customer_id": decision.customer_id,
                "as_of_us": decision.as_of_us,
                "closes_us": decision.closes_us,
                "body": decision.to_bytes(),
            },
        )
        if added == 1:
            return decision
        stored = self.find(decision.decision_id)
        assert stored is not None
        return stored

    def find(self, decision_id: str) -> DecisionRecord | None:
        found = self.look_up(decision_id)
        return None if found is None else found.decision

    def look_up(self, decision_id: str) -> Journalled | None:
        """Return a decision with whether it is closed."""
        rows = self._online.rows("find_decision", decision_id=decision_id)
        return None if not rows else _journalled(rows[0])

    def due(self, present_us: int, most: int) -> list[Journalled]:
        """Return open decisions whose windows ended before the present, those that ended first first."""
        return [
            _journalled(row) for row in self._online.rows("due_decisions", present_us=present_us, most=most)
        ]

    def due_after(self, position: int, present_us: int, most: int = 5000) -> list[tuple[int, str]]:
        """Return (position, id) of open decisions whose windows ended before the present, in the order they came."""
        return self._online.rows("due_after", position=position, present_us=present_us, most=most)

    def next_due_us(self) -> int | None:
        """Return when the next open window ends."""
        due: int | None = self._online.rows("next_due")[0][0]
        return due

    def mark_closed(self, decision_id: str, closed_us: int) -> bool:
        """Close a decision's window; say whether it was open."""
        values = {"decision_id": decision_id, "closed_us": closed_us}
        return self._online.change("mark_closed", values) == 1

    def after(self, position: int, most: int = 10_000) -> list[Journalled]:
        """Return decisions after a position, in the order they came."""
        return [
            _journalled(row) for row in self._online.rows("decisions_after", position=position, most=most)
        ]


def _journalled(row: tuple[int, bytes, int | None]) -> Journalled:
    return Journalled(row[0], DecisionRecord.from_bytes(row[1]), row[2])
