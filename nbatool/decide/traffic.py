"""When people come: how what happened lately spreads over the hours of the day, so that live spending keeps step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nbatool.base.clock import US_PER_S
from nbatool.features.choice import as_timestamp
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb

LOOKED_AT_US = 28 * 86_400 * US_PER_S
FEW = 1_000
"""Fewer events say little about hours."""
MOST_IN_AN_HOUR = 0.5
"""More than this part in one hour are times that are not told, only days."""


def hourly_traffic(
    con: duckdb.DuckDBPyConnection, contact_types: Sequence[str], as_of_us: int
) -> tuple[float, ...] | None:
    """Return weights of the 24 clock hours of a day (UTC), from the last four weeks; None where nobody knows."""
    asked = {
        "contacts": list(contact_types), "since": as_timestamp(as_of_us - LOOKED_AT_US), "until": as_timestamp(as_of_us),
    }  # fmt: skip
    found = dict(con.execute(statement("decide/hourly_traffic"), asked).fetchall())
    total = sum(found.values())
    if total < FEW or max(found.values()) > MOST_IN_AN_HOUR * total:
        return None
    return tuple(found.get(hour, 0) / total for hour in range(24))
