"""What the cells of every column look like: counts over the whole file, and a sample of values."""

from __future__ import annotations

from nbatool.ingest.guess.records import Column
from nbatool.ingest.guess.workbench import Workbench

_SAMPLED_ROWS = 10_000
_MEASURES = 8


def file_columns(bench: Workbench, table: str) -> tuple[Column, ...]:
    """Every column of a raw table, and the keys of its nested JSON objects as columns of their own.

    Returns
    -------
    tuple of Column
        In the file's order; nested keys follow the column that holds them.
    """
    relation = bench.con.table(table)
    plain: list[tuple[str, str, str, str]] = []
    for name, kind in zip(relation.columns, relation.types, strict=True):
        column_type = _column_type(kind)
        expression = bench.quoted(name)
        plain.append((name, expression, column_type, ""))
        if column_type == "json" and str(kind) == "JSON":
            plain.extend(_nested(bench, table, name, expression))
    return _measured(bench, table, plain)


def _column_type(kind: object) -> str:
    name = str(kind)
    if name.startswith(("TIMESTAMP", "DATE")):
        return "time"
    if (
        name.endswith("INT")
        or name.startswith(("INTEGER", "DECIMAL"))
        or name in ("DOUBLE", "FLOAT", "BIGNUM")
    ):
        return "number"
    if name == "BOOLEAN":
        return "boolean"
    return "text" if name.startswith(("VARCHAR", "ENUM", "UUID")) else "json"


def _nested(bench: Workbench, table: str, name: str, expression: str) -> list[tuple[str, str, str, str]]:
    """The scalar keys of a JSON column, as (name, expression, type, parent)."""
    bench.look_at(table, expression)
    made = []
    for key, nested in bench.rows("nested_keys"):
        if not nested and "'" not in key and '"' not in key:
            made.append((key, f"{expression}->>'{key}'", "text", name))
    return made


def _measured(bench: Workbench, table: str, plain: list[tuple[str, str, str, str]]) -> tuple[Column, ...]:
    aliases = [f"c{i:04d}" for i in range(len(plain))]
    cells = {
        alias: f"({expression})::varchar" for alias, (_, expression, _, _) in zip(aliases, plain, strict=True)
    }
    bench.view("cells", table, cells)
    n_rows, *measured = bench.row("cells")
    by_measure = [measured[i * len(plain) : (i + 1) * len(plain)] for i in range(_MEASURES)]
    samples: dict[str, list[str]] = {alias: [] for alias in aliases}
    for alias, cell in bench.rows("samples", stride=max(1, n_rows // _SAMPLED_ROWS)):
        samples[alias].append(cell)
    columns = []
    for alias, (name, expression, kind, parent), *measures in zip(aliases, plain, *by_measure, strict=True):
        filled, distinct, numbers, integers, low, high, empty, blank = measures
        blanks = ("blank" if blank else "empty" if empty else "") if kind == "text" else ""
        sample = tuple(samples[alias])
        columns.append(
            Column(
                name,
                expression,
                kind,
                n_rows,
                filled,
                distinct,
                numbers,
                integers,
                low,
                high,
                sample,
                parent,
                blanks,
            )
        )
    return tuple(columns)


def distinct_cells(bench: Workbench, table: str, expression: str) -> tuple[int, int]:
    """Exact count of (filled, different) values of an expression over a raw table."""
    bench.look_at(table, expression)
    filled, distinct = bench.row("distinct")
    return int(filled), int(distinct)
