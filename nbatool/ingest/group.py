"""``group_by``: several rows of a file become one record."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from nbatool.ingest.canonical import FLOATING
from nbatool.ingest.mapping import BoundMap, MapProblems, describe
from nbatool.ingest.row_sql import AGGREGATE_NAMES, AGGREGATES, Bound, fragment, query_fragment
from nbatool.store.sql import render

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Grouping:
    """The rows to map, as the query ``r``, and the map over them."""

    rows: exp.Query
    mapped: BoundMap


def grouped(
    con: duckdb.DuckDBPyConnection, rows: exp.Query, mapped: BoundMap, problems: MapProblems
) -> Grouping:
    """Return one row per group, with the map's aggregates as its columns.

    A row whose argument of an aggregate cannot be read spoils its group: a sum without it would be wrong.
    ``any_value`` is the smallest, so that no order of rows or threads changes it; sums of floating-point numbers and
    texts are made of DECIMAL(18,4), for the same reason.
    """
    aggregates = _Aggregates(mapped)
    expressions = {key: aggregates.taken_out(key, part, problems) for key, part in mapped.expressions.items()}
    if problems.found:
        return Grouping(rows, mapped)
    aggregates.settle_types(con, rows, problems)
    missed = [exp.column(f"missed_{name}", quoted=True) for name in mapped.lookup_keys]
    key_columns = [exp.column(f"k{k}") for k in range(len(mapped.keys))]
    query = query_fragment(
        render(
            "ingest/group_rows",
            rows=rows,
            columns=[
                *(part.tree.copy().as_(f"k{k}") for k, part in enumerate(mapped.keys)),
                *aggregates.tried(),
                *missed,
            ],
            spoiled=aggregates.spoiled(),
            outputs=[
                *key_columns,
                *aggregates.columns(),
                *(fragment("count_if($m)", m=miss).as_(miss.name, quoted=True) for miss in missed),
            ],
            keys=key_columns,
        )
    )
    return Grouping(query, replace(mapped, expressions=expressions))


class _Aggregates:
    """The distinct aggregates of a map: their arguments per row, and their values per group."""

    def __init__(self, mapped: BoundMap) -> None:
        self.mapped = mapped
        self.found: list[exp.Expr] = []
        self.arguments: list[exp.Expr] = []

    def taken_out(self, key: str, part: Bound, problems: MapProblems) -> Bound:
        """Return an expression with its aggregates and group keys replaced by columns of the group."""
        keys = {tree.tree.sql(): k for k, tree in enumerate(self.mapped.keys)}

        def replaced(node: exp.Expr) -> exp.Expr:
            if isinstance(node, AGGREGATES):
                if node.this.find(*AGGREGATES):
                    problems.add(key, f"{part.text!r}: an aggregate inside an aggregate")
                if node not in self.found:
                    self.found.append(node.copy())
                return exp.column(f"g{self.found.index(node)}", table="r")
            if isinstance(node, exp.Column) and node.sql() in keys:
                return exp.column(f"k{keys[node.sql()]}", table="r")
            return node

        tree = part.tree.transform(replaced)
        for column in tree.find_all(exp.Column):
            if column.name[:1] not in "gk":
                problems.add(
                    key,
                    f"{part.text!r} uses a column that differs within a group: put it into {AGGREGATE_NAMES}, or add "
                    "it to group_by",
                )
                break
        return replace(part, tree=tree)

    def settle_types(self, con: duckdb.DuckDBPyConnection, rows: exp.Query, problems: MapProblems) -> None:
        import duckdb

        for node in self.found:
            inner = node.this
            if isinstance(inner, exp.Distinct):
                inner = inner.expressions[0]
            inner = inner.this if isinstance(inner, exp.IgnoreNulls) else inner
            argument = exp.true() if isinstance(inner, exp.Star) else inner.copy()
            try:
                kind = describe(con, exp.select(argument.copy().as_("a")).from_(rows.subquery("r")))[0]
            except duckdb.Error as error:
                problems.add("group_by", f"{node.sql(dialect='duckdb')}: {str(error).splitlines()[0]}")
                continue
            if isinstance(node, exp.Sum) and (kind in FLOATING or kind == "VARCHAR"):
                argument = fragment("cast(nullif(cast($a as varchar), '') as decimal(18, 4))", a=argument)
            self.arguments.append(argument)

    def tried(self) -> list[exp.Expr]:
        return [
            fragment("try({'v': $a})", a=argument).as_(f"a{k}") for k, argument in enumerate(self.arguments)
        ]

    def columns(self) -> list[exp.Expr]:
        return [
            _over(node, fragment(f"a{k}.v")).as_(f"g{k}")
            for k, node in enumerate(self.found[: len(self.arguments)])
        ]

    def spoiled(self) -> exp.Expr:
        condition: exp.Expr = exp.false()
        for k in range(len(self.arguments)):
            condition = exp.or_(condition, fragment(f"a{k} is null"))
        return condition


def _over(node: exp.Expr, value: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Count):
        return fragment("count(distinct $v)" if isinstance(node.this, exp.Distinct) else "count($v)", v=value)
    name = "sum" if isinstance(node, exp.Sum) else "max" if isinstance(node, exp.Max) else "min"
    return exp.func(name, value)
