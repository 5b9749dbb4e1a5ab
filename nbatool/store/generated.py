"""Statements whose columns are generated: the fixed templates of ``sql/`` filled with text we wrote ourselves.

Only names and numbers made by our own code go in (``c0``, ``s12``, window lengths in µs); what a user wrote is a
``$name`` parameter, or goes through `store.sql.render` as a checked syntax tree.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_MARK = re.compile(r"\{\{ (\w+) \}\}")


def template(name: str, **fragments: str) -> str:
    """Return ``sql/<name>.sql`` without its header, its ``{{ name }}`` marks filled; every mark needs its fragment."""
    text = "\n".join(line for line in statement(name).splitlines() if not line.startswith("--"))
    return _MARK.sub(lambda mark: fragments[mark[1]], text)


def fetch_arrow(con: duckdb.DuckDBPyConnection, sql: str, values: dict[str, Any] | None = None) -> pa.Table:
    """Run a query and return all its rows as an Arrow table (fetched whole: DuckDB refuses half-read results)."""
    return con.sql(sql, params=values or None).to_arrow_table()
