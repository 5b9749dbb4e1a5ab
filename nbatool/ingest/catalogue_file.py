"""The rows of the catalogue's file, read through ``[catalogue.map]``."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
from sqlglot import exp

from nbatool.base.action_settings import CatalogueMap
from nbatool.base.config import Config, Source
from nbatool.base.errors import DataError
from nbatool.base.records import NOTHING
from nbatool.ingest import catalogue_values
from nbatool.ingest.arrow_stream import incoming
from nbatool.ingest.canonical import attribute
from nbatool.ingest.catalogue_values import PARSERS, Unreadable
from nbatool.ingest.files import input_files
from nbatool.ingest.formats import is_empty, open_rows
from nbatool.ingest.json_cells import cells_select
from nbatool.ingest.mapping import ATTRIBUTE, MapProblems, describe, pattern_expressions, trust_named_keys
from nbatool.ingest.raw_rows import RawRows
from nbatool.ingest.row_sql import Bound, ExpressionError, RowColumns, bound, fragment
from nbatool.store.connection import scratch_database
from nbatool.store.sql import render

if TYPE_CHECKING:
    import duckdb

MOST_FAULTS: Final = 20
"""Shown at once; the rest is counted."""


@dataclass(frozen=True)
class CatalogueRow:
    """What one row says: keys of an action (nulls left out), and all its attributes."""

    place: str
    terms: dict[str, Any]
    attributes: dict[str, float | str | bool | None]

    @property
    def id(self) -> str:
        return str(self.terms["id"])


def catalogue_rows(config: Config, file: Path, mapped: CatalogueMap) -> tuple[CatalogueRow, ...]:
    """Return the rows of the catalogue's file, in its order, ids unique.

    Raises
    ------
    DataError
        The file is missing or empty, or rows are wrong; all faults at once.
    ConfigError
        The map does not fit the file; all problems at once.
    """
    found = input_files([file])
    if not found:
        raise DataError(f"{file}: no such file ([catalogue].file)")
    source = Source(name="catalogue", kind="customers", timezone=config.workspace.timezone)
    if is_empty(found[0], source):
        raise DataError(f"{found[0].name} is empty; [catalogue].file must list the actions")
    rows = open_rows(found[0], source)
    if not rows.names:
        raise DataError(f"{found[0].name} has no columns; [catalogue].file must list the actions, one a row")
    problems = MapProblems(config, config.catalogue)
    expressions = _bound_map(mapped, rows, found[0].name, problems)
    problems.raise_if_any()
    with closing(_connection()) as con:
        records = _records(con, config, rows, expressions, problems)
    if not records:
        raise DataError(f"{found[0].name} has no rows; [catalogue].file must list the actions")
    return _checked(found[0].name, records, expressions)


def _connection() -> duckdb.DuckDBPyConnection:
    """Return a database in memory, as safe and repeatable as the warehouse."""
    con = scratch_database()
    con.execute("set threads = 1")
    con.execute("set enable_external_access = false")
    return con


def _bound_map(mapped: CatalogueMap, rows: RawRows, file: str, problems: MapProblems) -> dict[str, Bound]:
    """Return action key, or ``attributes.NAME`` → expression over the file's columns."""
    texts = {**mapped.columns, **{ATTRIBUTE + name: text for name, text in mapped.attributes.items()}}
    if not rows.all_names_known:
        trust_named_keys(rows, texts.values())
    texts |= pattern_expressions(mapped.attribute_patterns, rows, file, problems, must_match=True)
    columns = RowColumns(file, rows.names, {})
    expressions = {}
    for key, text in texts.items():
        try:
            expressions[key] = bound(text, columns)
        except ExpressionError as error:
            problems.add_expression(key, error)
    return expressions


def _records(
    con: duckdb.DuckDBPyConnection,
    config: Config,
    rows: RawRows,
    expressions: dict[str, Bound],
    problems: MapProblems,
) -> list[tuple[Any, ...]]:
    """Return ``_row, _line, _problem, _detail``, whether each expression failed, and its value, of each row."""
    wanted = sorted({cell for part in expressions.values() for cell in part.cells})
    cells = cells_select(rows, wanted)
    assert isinstance(cells, exp.Query)
    # A catalogue is small: read as a whole, so that what the reader raises arrives as it said it.
    table = pa.Table.from_batches(list(rows.batches(wanted)), rows.schema(wanted))
    with incoming(con, table):
        kinds = _kinds(con, cells, expressions, problems)
        problems.raise_if_any()
        outputs = [
            _output(config, key, fragment(f"m{k}.v"), kinds[key], problems).as_(f"v{k}")
            for k, key in enumerate(expressions)
        ]
        problems.raise_if_any()
        query = render(
            "ingest/catalogue_rows",
            rows=cells,
            tried=[
                fragment("try({'v': $e})", e=part.tree).as_(f"m{k}")
                for k, part in enumerate(expressions.values())
            ],
            failed=[fragment(f"m{k} is null").as_(f"f{k}") for k in range(len(expressions))],
            outputs=outputs,
        )
        return con.execute(query).fetchall()


def _kinds(
    con: duckdb.DuckDBPyConnection, cells: exp.Query, expressions: dict[str, Bound], problems: MapProblems
) -> dict[str, str]:
    """Return the DuckDB type of each expression."""
    import duckdb

    kinds = {}
    for key, part in expressions.items():
        try:
            kinds[key] = describe(
                con, exp.select(part.tree.copy().as_("m")).from_(cells.copy().subquery("r"))
            )[0]
        except duckdb.Error as error:
            said = str(error).split("\n")[0].removeprefix("Binder Error: ")
            problems.add(key, f"{part.text!r}: {said}")
    return kinds


def _output(config: Config, key: str, value: exp.Expr, kind: str, problems: MapProblems) -> exp.Expr:
    """Return a value in one of the few types that are read from here on; a problem where it can be none."""
    try:
        if not key.startswith(ATTRIBUTE):
            return catalogue_values.written(key, value, kind)
    except ExpressionError as error:
        problems.add(key, str(error))
        return exp.Null()
    if kind == "DATE":
        return fragment("cast($v as varchar)", v=value)
    made, group = attribute(value, kind, config.workspace.timezone)
    if group == "boolean":
        return made
    return fragment("cast($v as double)" if group == "number" else "cast($v as varchar)", v=made)


def _checked(
    file: str, records: Sequence[tuple[Any, ...]], expressions: dict[str, Bound]
) -> tuple[CatalogueRow, ...]:
    """Return the records as rows; raise all their faults at once."""
    faults: list[str] = []
    rows: dict[str, CatalogueRow] = {}
    for number, line, problem, detail, *rest in records:
        place = f"{file} row {number}" if line is None else f"{file} line {line}"
        if problem is not None:
            faults.append(f"{place}: {problem}" + (f" ({detail})" if detail else ""))
            continue
        row, wrong = _row(place, expressions, rest)
        faults += [f"{place}: {fault}" for fault in wrong]
        first = None if row is None else rows.setdefault(row.id, row)
        if row is not None and first is not None and first is not row:
            where = first.place.removeprefix(f"{file} ")
            faults.append(f'{place}: the id "{row.id}" stands on {where} already; each action has one row')
    if faults:
        more = [f"… and {len(faults) - MOST_FAULTS:,} more"] if len(faults) > MOST_FAULTS else []
        raise DataError("\n".join([*faults[:MOST_FAULTS], *more]))
    return tuple(rows.values())


def _row(
    place: str, expressions: dict[str, Bound], cells: Sequence[Any]
) -> tuple[CatalogueRow | None, list[str]]:
    """Return one row (None without an id) and what is wrong with it."""
    terms: dict[str, Any] = {}
    attributes: dict[str, float | str | bool | None] = {}
    faults: list[str] = []
    failed, values = cells[: len(expressions)], cells[len(expressions) :]
    for (key, part), is_failed, value in zip(expressions.items(), failed, values, strict=True):
        if is_failed:
            faults.append(
                f"{key} cannot be read: {part.text!r} fails; for cells that may be empty use nullif(x, '')"
            )
        elif key.startswith(ATTRIBUTE):
            attributes[key.removeprefix(ATTRIBUTE)] = value
        else:
            try:
                terms[key] = None if value is None else PARSERS[key](value)
            except Unreadable as error:
                faults.append(f"{key} {error}")
    if "id" in terms and terms["id"] is None:
        faults.append("the id is empty; every action needs one")
    if terms.get("id") == NOTHING:
        faults.append(
            f'the id "{NOTHING}" is that of doing nothing, which is always there; rename the action'
        )
    kept = {key: value for key, value in terms.items() if value is not None}
    return (CatalogueRow(place, kept, attributes) if "id" in kept else None), faults
