"""A scratch DuckDB in memory: the files given to `init` as raw rows, and expressions tried on them.

A raw row has the columns that an ingest expression sees: CSV cells and JSON scalars as text, nested JSON as JSON,
Parquet columns with their types. What is written into nba.toml is tried here first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, cast

import sqlglot
from sqlglot import exp

from nbatool.ingest.guess.raw_rows import Raw, load_raw
from nbatool.ingest.guess.records import Layout
from nbatool.ingest.row_sql import RowSql
from nbatool.store.connection import scratch_database
from nbatool.store.sql import statement


class Workbench:
    """One scratch database; use as a context manager.

    Parameters
    ----------
    scratch
        A folder for what does not fit into memory and for unpacked files; the caller removes it.
    """

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.con = scratch_database()
        self.con.execute("set temp_directory = $folder", {"folder": str(scratch)})
        reserved = self.con.execute(statement("ingest/guess_reserved_words")).fetchall()
        self._reserved = {word for (word,) in reserved}
        self._tables = 0

    def __enter__(self) -> Workbench:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.con.close()

    def load(self, path: Path, layout: Layout) -> Raw:
        """Load a whole file as raw rows (see :func:`raw_rows.load_raw`)."""
        self._tables += 1
        return load_raw(self.con, path, layout, f"raw_{self._tables}", self.scratch)

    def rows(self, name: str, **values: object) -> list[tuple[Any, ...]]:
        """Run ``sql/ingest/guess_<name>.sql`` and return its rows."""
        return self.con.execute(statement(f"ingest/guess_{name}"), values or None).fetchall()

    def run(self, name: str, **values: object) -> None:
        """Run ``sql/ingest/guess_<name>.sql`` for what it makes."""
        self.rows(name, **values)

    def row(self, name: str, **values: object) -> tuple[Any, ...]:
        """The only row of a statement."""
        return self.rows(name, **values)[0]

    def quoted(self, name: str) -> str:
        """A column's name as an expression: bare where SQL allows it, else in double quotes.

        `customer_id` → `customer_id`; `emp.var.rate` → `"emp.var.rate"`; `order` → `"order"`.
        """
        plain = name.isascii() and name.isidentifier() and name.lower() not in self._reserved
        if plain and isinstance(sqlglot.parse_one(name, dialect="duckdb"), exp.Column):
            return name
        return '"' + name.replace('"', '""') + '"'

    def view(
        self,
        name: str,
        raw: str,
        expressions: Mapping[str, str],
        *,
        group_by: Sequence[str] = (),
        lookups: Mapping[str, tuple[str, str]] | None = None,
    ) -> None:
        """Make the view `name` of expressions over a raw table; a cell that cannot be cast is NULL.

        Parameters
        ----------
        expressions
            Output column → SQL over one raw row (or group of rows).
        group_by
            Raw columns; empty for one output row a raw row.
        lookups
            Alias → (raw table, the column both sides have).
        """
        made = [
            _forgiving(sqlglot.parse_one(text, dialect=RowSql)).as_(column, quoted=True)
            for column, text in expressions.items()
        ]
        select = sqlglot.select(*made).from_(exp.to_table(raw).as_("raw"))
        for alias, (table, on) in (lookups or {}).items():
            sides = (exp.column(on, table=side, quoted=True) for side in ("raw", alias))
            select = select.join(exp.to_table(table).as_(alias), on=exp.EQ(this=next(sides), expression=next(sides)),
                                 join_type="left")  # fmt: skip
        if lookups:
            select = cast("exp.Select", select.transform(_from_raw))
        if group_by:
            select = select.group_by(*(exp.column(column, quoted=True) for column in group_by))
        self.con.sql(select.sql(dialect=RowSql)).create_view(name, replace=True)

    def look_at(self, raw: str, expression: str) -> None:
        """Make the view `one_column(cell)` of one expression as trimmed text, NULL where it is empty."""
        self.view("one_column", raw, {"cell": f"nullif(trim(({expression})::varchar), '')"})


def _forgiving(tree: exp.Expr) -> exp.Expr:
    """The same expression with try_cast and try_strptime, so that one bad cell does not end the look."""

    def step(node: exp.Expr) -> exp.Expr:
        if type(node) is exp.Cast:
            # transform does not look inside what it has replaced
            return exp.TryCast(this=_forgiving(node.this), to=node.args["to"])
        if isinstance(node, exp.StrToTime):
            return exp.Anonymous(
                this="try_strptime", expressions=[_forgiving(node.this), exp.Literal.string(_format(node))]
            )
        if isinstance(node, exp.Column) and node.name == "_row":
            return sqlglot.parse_one("row_number() over ()", dialect="duckdb")
        return node

    return tree.transform(step)


def _format(node: exp.StrToTime) -> str:
    """The format text as it was written (sqlglot keeps it in its own words)."""
    written = node.sql(dialect="duckdb")
    return written[written.rindex(", '") + 3 : written.rindex("'")].replace("''", "'")


def _from_raw(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Column) and not node.table:
        return exp.column(node.this.copy(), table="raw")
    return node
