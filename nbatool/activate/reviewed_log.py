"""Which decisions of nights wait for a person, and when those they let go went out, for whoever learns from the log.

A decision that waits has no outcome yet: nobody was contacted. The outcome window of one that went out begins with its
contact, days after it was decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from nbatool.features.choice import as_timestamp
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb

    from nbatool.store.reviews import Review


def log_reviewed(
    con: duckdb.DuckDBPyConnection, as_of_us: int, waiting: Iterable[str], going: Iterable[tuple[Review, int]],
    not_out: Mapping[str, int] | None = None,
) -> None:  # fmt: skip
    """Keep which decisions of a night wait for a person, and which of earlier ones go out with it.

    What an earlier scoring of the same night left waiting goes, unless it waits now or somebody said something of it; what
    went out keeps its first time. Nothing is begun or committed: the caller's transaction holds this and the log.

    Parameters
    ----------
    waiting
        Ids of decisions of this night.
    going
        Decisions a person let go out, each with when its contact goes out, µs since 1970.
    not_out
        What the review queue still has, with the night of each: those of nights logged before there was this log are
        kept in it from now on.
    """
    import pyarrow as pa

    going = list(going)
    # An earlier night may have been killed before its file was written: what it meant to send goes out now.
    anew = [review.decision_id for review, _ in going if review.out_as_of_us is None]
    # What the queue has of this very night is what an earlier scoring left: `waiting` says it anew.
    rows: dict[str, tuple[int, int | None]] = {
        decision_id: (decided_us, None)
        for decision_id, decided_us in (not_out or {}).items()
        if decided_us != as_of_us
    }
    rows |= dict.fromkeys(waiting, (as_of_us, None))
    rows |= {review.decision_id: (review.as_of_us, at_us) for review, at_us in going}
    con.execute(
        statement("activate/delete_reviewed"), {"as_of": as_timestamp(as_of_us), "anew": anew}
    ).fetchall()
    if not rows:
        return
    table = {
        "decision_id": pa.array(rows, pa.string()),
        "as_of_us": pa.array([decided_us for decided_us, _ in rows.values()], pa.int64()),
        "out_at_us": pa.array([out_us for _, out_us in rows.values()], pa.int64()),
    }
    con.register("reviewed_rows", pa.table(table))
    try:
        con.execute(statement("activate/insert_reviewed"), {"night_us": as_of_us}).fetchall()
    finally:
        con.unregister("reviewed_rows")
