"""Rows out of DuckDB as Arrow tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


def fetch_arrow(con: duckdb.DuckDBPyConnection, sql: str, values: dict[str, Any] | None = None) -> pa.Table:
    """Run a query and return all its rows as an Arrow table (fetched whole: DuckDB refuses half-read results)."""
    return con.sql(sql, params=values or None).to_arrow_table()
