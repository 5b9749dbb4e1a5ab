"""Who is known at a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbatool.base.clock import format_time
from nbatool.base.errors import DataError, did_you_mean
from nbatool.features.choice import as_timestamp
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb

ALIKE = 3
"""Letters at the start that ids worth suggesting share; comparing with a million ids would take a minute."""
MOST_ALIKE = 2_000


def known_ids(con: duckdb.DuckDBPyConnection, as_of_us: int) -> list[str]:
    """Return everybody known before a moment, by id."""
    rows = con.execute(statement("profile/known_customers"), {"as_of": as_timestamp(as_of_us)}).fetchall()
    return sorted(row[0] for row in rows)


def require_known(con: duckdb.DuckDBPyConnection, customer_id: str, as_of_us: int) -> None:
    """Stop at somebody nothing is known of before a moment.

    Raises
    ------
    DataError
        Names the nearest id, or one there is.
    """
    known = known_ids(con, as_of_us)
    if customer_id in known:
        return
    alike = [i for i in known if i[:ALIKE].lower() == customer_id[:ALIKE].lower()][:MOST_ALIKE]
    hint = did_you_mean(customer_id, alike) or (f'; an id there is: "{known[0]}"' if known else "")
    raise DataError(
        f'no customer "{customer_id}" is known before {format_time(as_of_us)}{hint} (ids are those of your files)'
    )
