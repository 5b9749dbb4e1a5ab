"""DuckDB connections that give the same answer on every machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


def scratch_database() -> duckdb.DuckDBPyConnection:
    """Open an empty database in memory; the caller closes it."""
    import duckdb

    con = duckdb.connect(":memory:")
    make_repeatable(con)
    return con


def make_repeatable(con: duckdb.DuckDBPyConnection) -> None:
    """Set time to UTC, keep the terminal free, and use no extension that happens to be installed."""
    con.execute("set TimeZone = 'UTC'")
    con.execute("set enable_progress_bar = false")
    con.execute("set autoinstall_known_extensions = false")
    con.execute("set autoload_known_extensions = false")
