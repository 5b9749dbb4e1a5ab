"""Once is enough: which staged records are stored already, or stand twice in their file.

**events** with an id of their own are equal by (source, event_id). Where two of them differ in content, the earlier
one is kept (then the smaller one), so that no order of rows or files changes what is stored. Events without an id are
equal when their whole raw records are; the k-th of several equal ones in a file equals the k-th in another file.
**customers** are equal by (source, source_id, valid_from) and content; of different ones in one file the greatest
content is kept, and a newly loaded file replaces what is stored.
**consent** records are equal by (source, source_id, channel, ts, purpose, address); of two that differ the one that says
out is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Deduped:
    """How many staged records are stored already, and how many differ from the one they equal."""

    duplicate: int
    duplicate_of_other_file: int
    replaced: int
    conflicts: int


def store_events(
    con: duckdb.DuckDBPyConnection, *, source: str, file: str, batch_id: str, has_own_id: bool
) -> Deduped:
    """Move the good rows of ``staged`` that are new into ``events``."""
    _run(con, "find_repeated_events")
    _run(con, "create_surplus")
    if con.execute(statement("ingest/repeated_count")).fetchall()[0][0]:
        _run(con, "find_surplus_events" if has_own_id else "number_repeated_events")
    _run(con, "find_known_events", source=source, whole_time=has_own_id)
    _run(con, "delete_replaced_events", source=source)
    _run(con, "insert_events", source=source, batch_id=batch_id)
    if has_own_id and con.execute(statement("ingest/live_events_count")).fetchall()[0][0]:
        _run(con, "delete_live_copies")
    return found_twice(con, file)


def store_customers(con: duckdb.DuckDBPyConnection, *, source: str, file: str, batch_id: str) -> Deduped:
    """Move the good rows of ``staged`` that are new or changed into ``customers``."""
    _run(con, "create_surplus")
    _run(con, "find_surplus_customers")
    _run(con, "find_known_customers", source=source)
    _run(con, "delete_replaced_customers", source=source)
    _run(con, "insert_customers", source=source, batch_id=batch_id)
    surplus, conflicts = con.execute(statement("ingest/surplus_count")).fetchall()[0]
    known, other, replaced = con.execute(
        statement("ingest/known_customers_count"), {"file": file}
    ).fetchall()[0]
    return Deduped(surplus + known, other, replaced, conflicts)


def store_consent(con: duckdb.DuckDBPyConnection, *, source: str, file: str, batch_id: str) -> Deduped:
    """Move the good rows of ``staged`` that are new into ``consent``."""
    _run(con, "create_surplus")
    _run(con, "find_surplus_consent")
    _run(con, "find_known_consent", source=source)
    _run(con, "delete_replaced_consent", source=source)
    _run(con, "insert_consent", source=source, batch_id=batch_id)
    return found_twice(con, file)


def found_twice(con: duckdb.DuckDBPyConnection, file: str) -> Deduped:
    """Count ``surplus`` and ``known``, where the order of files decides nothing."""
    surplus, conflicts_inside = con.execute(statement("ingest/surplus_count")).fetchall()[0]
    counts = con.execute(statement("ingest/known_events_count"), {"file": file}).fetchall()
    known, other, conflicts = counts[0]
    return Deduped(surplus + known, other, 0, conflicts + conflicts_inside)


def _run(con: duckdb.DuckDBPyConnection, name: str, **values: Any) -> None:
    con.execute(statement(f"ingest/{name}"), values).fetchall()
