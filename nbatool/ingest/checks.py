"""What is odd about accepted rows: times that cannot be right, ids that almost match."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbatool.ingest.report import FlagCount
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb


def odd_times(con: duckdb.DuckDBPyConnection, now_us: int) -> list[FlagCount]:
    """Count staged rows whose time lies after now or before 1970."""
    rows = con.execute(statement("ingest/odd_times"), {"now_us": now_us}).fetchall()
    return [FlagCount(f"time {oddity}", n_rows, example) for oddity, n_rows, example in rows]


def ids_alike(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Return a warning for each pair of sources whose customer ids are equal only after taking zeros off."""
    return [
        f'{n_ids:,} customer ids of source "{source}" equal one of source "{other}" only as numbers '
        f"('{example}' and '{other_example}'): they count as different customers. Map both to the same text, "
        'for example  customer_id = "ltrim(id, \'0\')"  or  "id::bigint"'
        for source, other, n_ids, example, other_example in con.execute(
            statement("ingest/ids_alike")
        ).fetchall()
    ]
