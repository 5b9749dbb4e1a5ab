"""The journal of what was answered to decisions: outcomes, confirmations, releases; each once."""

from __future__ import annotations

from dataclasses import dataclass

from nbatool.store.online_connection import OnlineConnection, columns


@dataclass(frozen=True, slots=True)
class Answer:
    """One thing that was said about a decision.

    Parameters
    ----------
    outcome_id
        Tells outcomes of a decision apart; "" of a confirmation or release.
    objective
        Name of the objective, "" of a confirmation or release.
    value
        Decimal text; None of a confirmation or release.
    status
        "sent" or "released"; "" of an outcome.
    ts_us, received_us
        When it happened and when it was told, µs since 1970.
    told
        What the sender was told: credited, late, unknown, confirmed or released. Late ones count for nothing.
    """

    decision_id: str
    outcome_id: str
    objective: str
    value: str | None
    status: str
    ts_us: int
    received_us: int
    told: str


class AnswerJournal:
    """Answers; the warehouse gets them later, exactly once."""

    def __init__(self, online: OnlineConnection) -> None:
        self._online = online

    def add(self, answer: Answer) -> bool:
        """Keep an answer; say whether it is new."""
        return self._online.change("add_answer", columns(answer)) == 1

    def has(self, answer: Answer) -> bool:
        """Whether the same was said before, whatever was told to it then."""
        key = {name: getattr(answer, name) for name in ("decision_id", "outcome_id", "objective", "status")}
        return bool(self._online.rows("has_answer", **key))

    def of_decision(self, decision_id: str) -> list[Answer]:
        """Return everything said about a decision, in the order it came."""
        return [Answer(*row) for row in self._online.rows("answers_of_decision", decision_id=decision_id)]

    def after(self, position: int, most: int = 50_000) -> list[tuple[int, Answer]]:
        """Return (position, answer) after a position, in the order they came."""
        rows = self._online.rows("answers_after", position=position, most=most)
        return [(row[0], Answer(*row[1:])) for row in rows]
