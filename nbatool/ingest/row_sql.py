"""The SQL a map may use: one expression over one row (or group), parsed, allow-listed and bound to columns.

What is not on the lists below does not reach DuckDB: no query, no file, no setting, no clock, no randomness.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Final

import sqlglot
from sqlglot import TokenType, exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.parsers.duckdb import DuckDBParser

from nbatool.base.errors import did_you_mean
from nbatool.ingest.allowed_sql import FUNCTIONS, NAMED_FUNCTIONS, NODES

LONGEST_EXPRESSION = 10_000


class RowSql(DuckDB):
    """DuckDB's SQL with ``->`` always JSON, and JSON paths left as they are written.

    By itself sqlglot reads ``coalesce(a->'b')`` as a lambda, and the key ``a.b`` as a path.
    """

    class Parser(DuckDBParser):
        LAMBDAS: ClassVar = {
            token: parse for token, parse in DuckDBParser.LAMBDAS.items() if token != TokenType.ARROW
        }

    def to_json_path(self, path: exp.Expr | None) -> exp.Expr | None:
        return path


AGGREGATES: Final = (exp.Sum, exp.Min, exp.Max, exp.Count, exp.AnyValue)
AGGREGATE_NAMES: Final = "sum, min, max, count, any_value"
MARK: Final = "mark__"
FILE: Final = "_file"
ROW: Final = "_row"


class ExpressionError(Exception):
    """What is wrong with one expression; the caller adds where it stands."""


@dataclass(frozen=True)
class RowColumns:
    """What an expression may name: the file's columns, and those of lookups as ``name.column``."""

    file: str
    names: Sequence[str]
    lookups: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Bound:
    """An expression whose columns are ``r.c<i>`` and ``<lookup>.c<i>``."""

    tree: exp.Expr
    text: str
    cells: frozenset[int]
    """Positions of the file's columns it uses."""
    warnings: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether it is a column or a constant, which cannot fail on a row."""
        return isinstance(self.tree, exp.Column | exp.Literal | exp.Null)


def parsed(text: str) -> exp.Expr:
    """Parse one expression and check that it holds only what is allowed.

    Raises
    ------
    ExpressionError
    """
    if len(text) > LONGEST_EXPRESSION:
        raise ExpressionError(f"is {len(text):,} characters long; {LONGEST_EXPRESSION:,} are allowed")
    try:
        trees = sqlglot.parse(text, dialect=RowSql)
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        said = str(error).splitlines()[0].removesuffix(".") if str(error) else "too deeply nested"
        raise ExpressionError(f"{text!r} is not a SQL expression ({said})") from None
    if len(trees) != 1 or trees[0] is None:
        raise ExpressionError(f"{text!r} must be one SQL expression")
    tree = trees[0]
    for node in tree.walk():
        node.comments = None
        _check_node(node)
    return tree


def _check_node(node: exp.Expr) -> None:
    name = type(node).__name__
    if isinstance(node, exp.Anonymous):
        function = str(node.this)
        if function.lower() not in NAMED_FUNCTIONS:
            near = did_you_mean(function.lower(), sorted(NAMED_FUNCTIONS))
            raise ExpressionError(f"the function {function.lower()}() is not allowed in a map{near}")
    elif isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count):
        raise ExpressionError("* is allowed only in count(*)")
    elif isinstance(node, exp.Cast | exp.TryCast) and not _is_plain_type(node.to):
        raise ExpressionError(f"the type {node.to.sql(dialect='duckdb')} is not known")
    elif not isinstance(node, AGGREGATES) and name not in NODES and name not in FUNCTIONS:
        if isinstance(node, exp.Func):
            raise ExpressionError(f"the function {node.sql_name().lower()}() is not allowed in a map")
        what = {
            "Subquery": "a query",
            "Select": "a query",
            "Window": "a window",
            "Placeholder": "a parameter",
        }
        raise ExpressionError(
            f"{what.get(name, node.sql(dialect='duckdb')[:60])} is not allowed in a map: write one expression over "
            "the columns of one row"
        )


def _is_plain_type(kind: exp.Expr | None) -> bool:
    return isinstance(kind, exp.DataType) and kind.this != exp.DType.USERDEFINED


def bound(text: str, columns: RowColumns) -> Bound:
    """Parse an expression and bind its names to columns.

    Raises
    ------
    ExpressionError
        When it is not allowed, or names a column that is not there.
    """
    tree = parsed(text)
    cells: set[int] = set()
    warnings = [_null_trap(node) for node in tree.find_all(exp.Least, exp.Greatest)]

    def replaced(node: exp.Expr) -> exp.Expr:
        return _resolved(node, columns, cells) if isinstance(node, exp.Column) else node

    return Bound(tree.transform(replaced), text, frozenset(cells), tuple(warnings))


def _null_trap(node: exp.Expr) -> str:
    name = "least" if isinstance(node, exp.Least) else "greatest"
    return (
        f"{name}() passes over NULL ({name}(null, 100) is 100); where an empty value should stay empty, use "
        "case when … end"
    )


def _resolved(column: exp.Column, columns: RowColumns, cells: set[int]) -> exp.Expr:
    parts = [part.name for part in column.parts]
    if len(parts) > 1 and parts[0] in columns.lookups:
        names = columns.lookups[parts[0]]
        where = f'lookup "{parts[0]}"'
        position = _position(parts[1], names, where, column)
        return _with_fields(exp.column(f"c{position}", table=f"lookup_{parts[0]}", quoted=True), parts[2:])
    if parts[0] == FILE:
        return exp.Literal.string(columns.file)
    if parts[0] == ROW:
        return exp.column(ROW, table="r", quoted=True)
    position = _position(parts[0], columns.names, columns.file, column)
    cells.add(position)
    return _with_fields(exp.column(f"c{position}", table="r", quoted=True), parts[1:])


def _with_fields(column: exp.Expr, fields: Sequence[str]) -> exp.Expr:
    for field in fields:
        column = exp.Dot(this=column, expression=exp.to_identifier(field, quoted=True))
    return column


def _position(name: str, names: Sequence[str], where: str, column: exp.Column) -> int:
    if name in names:
        return list(names).index(name)
    alike = [k for k, known in enumerate(names) if known.lower() == name.lower()]
    if len(alike) == 1:
        return alike[0]
    quoted = isinstance(column.this, exp.Identifier) and column.this.quoted
    hint = f" In SQL \"{name}\" is a column and '{name}' a text." if quoted else ""
    if not alike and not did_you_mean(name, names):
        hint = hint or " For the same text in every row write "
        hint += "" if quoted else f" = \"'{name}'\"."
    raise ExpressionError(
        f'{where} has no column "{name}" (it has {_listed(names)}){did_you_mean(name, names)}.{hint}'
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:20])
    return f"{shown} and {len(names) - 20} more" if len(names) > 20 else shown or "none"


def fragment(text: str, /, **parts: exp.Expr) -> exp.Expr:
    """Parse a fixed piece of SQL and put trees in the places of its ``$name`` marks."""

    def filled(node: exp.Expr) -> exp.Expr:
        is_mark = isinstance(node, exp.Column) and node.name.startswith(MARK)
        return parts[node.name.removeprefix(MARK)].copy() if is_mark else node

    return _parsed_fragment(text).transform(filled)


@cache
def _parsed_fragment(text: str) -> exp.Expr:
    # sqlglot reads $a … $b as a text in dollar quotes.
    return sqlglot.parse_one(re.sub(r"\$(?=\w)", MARK, text), dialect=RowSql)


def query_fragment(text: str) -> exp.Query:
    """Parse a query that was rendered from a file."""
    query = sqlglot.parse_one(text, dialect=RowSql)
    assert isinstance(query, exp.Query)
    return query
