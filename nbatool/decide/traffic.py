"""When in the day people come: what live decisions are paced by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from nbatool.base.clock import US_PER_S
from nbatool.features.choice import as_timestamp
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb

DAYS: Final = 28
"""Whole weeks, so that every weekday counts alike."""
FEWEST: Final = 480
"""Events below which an hour's part is chance more than habit: 20 an hour."""
MOST_IN_ONE: Final = 0.5
"""Where one hour has more, times of day were not recorded, or come from a job of the source."""


def traffic_before(
    con: duckdb.DuckDBPyConnection, as_of_us: int, contact_types: Sequence[str]
) -> tuple[float, ...] | None:
    """Return the part of events each hour of the day had over the last four weeks, UTC from midnight.

    Parameters
    ----------
    contact_types
        Event types of the role contact: our own messages, which are no visits.

    Returns
    -------
    tuple[float, ...] | None
        24 parts; None where too little is known.
    """
    asked = {
        "since": as_timestamp(as_of_us - DAYS * 86_400 * US_PER_S), "as_of": as_timestamp(as_of_us),
        "without": list(contact_types),
    }  # fmt: skip
    found = dict(con.execute(statement("decide/events_by_hour"), asked).fetchall())
    total = sum(found.values())
    if total < FEWEST or max(found.values()) > MOST_IN_ONE * total:
        return None
    return tuple(found.get(hour, 0) / total for hour in range(24))
