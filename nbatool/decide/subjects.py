"""Who a decision is for and what it is called: together they fix the arm and every draw, so that it can be replayed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nbatool.base.seeds import hash64


def decision_id(customer_id: str, as_of_us: int, seed: int, request_id: str = "") -> str:
    """Name a decision by what it depends on: the same question has the same id.

    >>> decision_id("c1", 0, 0) == decision_id("c1", 0, 0), decision_id("c1", 0, 0) == decision_id("c1", 0, 1)
    (True, False)
    """
    return f"d_{hash64('decision', customer_id, as_of_us, seed, request_id):016x}"


@dataclass(frozen=True)
class Subjects:
    """Who n decisions are for.

    Parameters
    ----------
    customer_ids
        (n,) resolved ids; None for anonymous visitors.
    decision_ids
        (n,) names of the decisions.
    """

    customer_ids: Sequence[str | None]
    decision_ids: Sequence[str]

    def __len__(self) -> int:
        return len(self.decision_ids)

    def of_rows(self, rows: slice) -> Subjects:
        return Subjects(self.customer_ids[rows], self.decision_ids[rows])

    @classmethod
    def of_night(cls, customer_ids: Sequence[str], as_of_us: int, seed: int) -> Subjects:
        """Name the decisions of a night: one per customer."""
        return cls(customer_ids, [decision_id(i, as_of_us, seed) for i in customer_ids])
