"""What the fast learner knows: a snapshot, and the lessons learned since, one for each window closed live.

A window closed live adds one row; a reader that knows the snapshot takes in the new rows one by one. So neither
reads or writes the whole snapshot for one outcome, and the row is its own proof that the window counted once.
"""

from __future__ import annotations

from dataclasses import dataclass

from nbatool.store.online_connection import OnlineConnection, columns


@dataclass(frozen=True, slots=True)
class LearnedSnapshot:
    """The fast learner as bytes.

    Parameters
    ----------
    model_version
        Its residuals are those of this version.
    lesson_position
        Lessons up to here are in it.
    closed_position
        Windows closed in the warehouse up to here are in it.
    learned_us
        The newest moment learned from, µs since 1970: what came before has faded until then.
    """

    model_version: str
    body: bytes
    lesson_position: int
    closed_position: int
    learned_us: int


@dataclass(frozen=True, slots=True)
class Lesson:
    """One window closed live.

    Parameters
    ----------
    outcome
        In currency.
    expected
        Of what was chosen, in currency; None where nothing is learned, only closed.
    phi
        float64 bytes, little-endian, (d,).
    closed_us
        When it was closed, µs since 1970.
    """

    decision_id: str
    model_version: str
    action_id: str
    channel: str | None
    as_of_us: int
    outcome: float
    expected: float | None
    phi: bytes
    closed_us: int


class Learned:
    """The snapshot in force and the lessons after it."""

    def __init__(self, online: OnlineConnection) -> None:
        self._online = online

    def marks(self) -> tuple[int, int]:
        """Return (how often a snapshot was put in force, position of the newest lesson): has anything changed?"""
        snapshots, lesson = self._online.rows("learned_marks")[0]
        return int(snapshots), int(lesson)

    def snapshot(self) -> LearnedSnapshot | None:
        """Return the snapshot in force, None before the first publication with one."""
        rows = self._online.rows("posterior")
        return LearnedSnapshot(*rows[0]) if rows else None

    def base(self) -> tuple[str, int] | None:
        """Return (model version, windows closed in the warehouse) of the snapshot in force, without reading it."""
        rows = self._online.rows("snapshot_base")
        return (rows[0][0], rows[0][1]) if rows else None

    def since_snapshot(self) -> int:
        """Return how many lessons the snapshot in force does not know; 0 where there is none."""
        rows = self._online.rows("snapshot_base")
        return self.marks()[1] - int(rows[0][2]) if rows else 0

    def put_in_force(self, snapshot: LearnedSnapshot) -> None:
        """Replace the snapshot; lessons after its position still count for whoever reads it."""
        self._online.change("put_posterior", columns(snapshot))

    def add_lesson(self, lesson: Lesson) -> bool:
        """Keep a lesson; say whether the decision had none before."""
        return self._online.change("add_lesson", columns(lesson)) == 1

    def has_lesson(self, decision_id: str) -> bool:
        """Whether a decision's window was closed live."""
        return bool(self._online.rows("has_lesson", decision_id=decision_id))

    def lessons_after(self, position: int, most: int = 10_000) -> list[tuple[int, Lesson]]:
        """Return (position, lesson) after a position, in the order they were learned."""
        rows = self._online.rows("lessons_after", position=position, most=most)
        return [(row[0], Lesson(*row[1:])) for row in rows]
