"""The query that turns the rows of one file into canonical records and rejects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyarrow as pa
from sqlglot import exp

from nbatool.base.config import Config, Source
from nbatool.ingest.arrow_stream import incoming
from nbatool.ingest.canonical import FLOATING, Canonical, Fault, attribute, step
from nbatool.ingest.column_kinds import OWN_ID, canonical, is_needed, null_type, outcome_list, staged_columns
from nbatool.ingest.group import Grouping, grouped
from nbatool.ingest.json_cells import cells_select
from nbatool.ingest.lookup import LoadedLookup
from nbatool.ingest.mapping import BoundMap, MapProblems, describe, kept_under
from nbatool.ingest.raw_rows import RawRows
from nbatool.ingest.row_sql import Bound, ExpressionError, fragment
from nbatool.store.sql import render

if TYPE_CHECKING:
    import duckdb

FIELD_SEPARATOR: Final = "chr(31)"
TIME_TYPES: Final = (exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ, exp.DType.DATETIME)


@dataclass(frozen=True)
class StageQuery:
    """What to run over a file's rows, and what it makes.

    ``sql`` reads ``incoming`` and gives ``_row, _line, _lines, _raw, reason, detail``, the canonical columns,
    ``attributes`` (of decisions ``context`` and ``outcomes``) and ``missed_<lookup>``.
    """

    sql: str
    wanted: list[int]
    attribute_kinds: dict[str, str]
    warnings: tuple[str, ...]
    has_own_id: bool = True
    """The records carry an id; otherwise it is a hash of their raw text."""


def stage_query(
    con: duckdb.DuckDBPyConnection,
    config: Config,
    source: Source,
    rows: RawRows,
    mapped: BoundMap,
    lookups: tuple[LoadedLookup, ...],
) -> StageQuery:
    """Compile a bound map into one query.

    Raises
    ------
    ConfigError
        When DuckDB finds an expression wrong (types), with its key and line.
    """
    problems = MapProblems(config, source)
    own_id = OWN_ID.get(source.kind)
    needs_record = own_id is not None and own_id not in mapped.expressions
    wanted = list(range(len(rows.names))) if needs_record and not rows.in_json else mapped.wanted
    source_rows = _looked_up(cells_select(rows, wanted), mapped, lookups)
    with incoming(con, pa.Table.from_batches([], rows.schema(wanted))):
        if mapped.keys:
            grouping = grouped(con, source_rows, mapped, problems)
        else:
            grouping = Grouping(source_rows.select(fragment("1").as_("_lines")), mapped)
        problems.raise_if_any()
        types = _types(con, grouping, problems)
        problems.raise_if_any()
    warnings = list(mapped.warnings)
    columns, tried = _columns(source, grouping.mapped, types, problems, warnings)
    attributes, kinds, tried_attributes = _attributes(source, grouping.mapped, types)
    problems.raise_if_any()
    if needs_record and own_id is not None:
        columns[own_id] = Canonical(exp.column("record_id"))
        tried.append(_record_id(source, rows, wanted, len(mapped.keys)).as_("record_id"))
    missed = [exp.column(f"missed_{lookup.name}", quoted=True) for lookup in lookups]
    kept = kept_under(source.kind)
    faults = _faults(columns, grouping.mapped, kept)
    beside = [attributes.as_(kept.removesuffix("."))]
    shown = [key for key in columns if "." not in key]
    if source.kind == "decisions":
        beside.append(outcome_list([key for key in columns if "." in key]).as_("outcomes"))
    sql = render(
        "ingest/stage_rows",
        rows=grouping.rows,
        tried=[*tried, *tried_attributes, *missed],
        texts=[column.text.as_(f"t_{key}") for key, column in columns.items() if column.text is not None],
        locals=[column.local.as_(f"l_{key}") for key, column in columns.items() if column.local is not None],
        values=[column.value.as_(f"v_{key}") for key, column in columns.items()],
        fault=_case([fault.when for fault in faults], [exp.Literal.number(k) for k in range(len(faults))]),
        reason=_chosen([fragment("_problem"), *(exp.Literal.string(fault.reason) for fault in faults[1:])]),
        detail=_chosen([fragment("cast($d as varchar)", d=fault.detail) for fault in faults]),
        outputs=[*(step("v", key).as_(key) for key in shown), *beside, *missed],
    )
    has_own_id = not needs_record or bool(mapped.keys)
    return StageQuery(sql, wanted, kinds, tuple(warnings), has_own_id)


def _looked_up(cells: exp.Query, mapped: BoundMap, lookups: tuple[LoadedLookup, ...]) -> exp.Select:
    """Return the rows with the columns of each lookup as one struct of its own."""
    query = exp.select("r.*").from_(cells.subquery("r"))
    for lookup in lookups:
        table = exp.to_table(lookup.table)
        table.this.set("quoted", True)
        key = mapped.lookup_keys[lookup.name].tree
        on = fragment(
            "cast($key as varchar) = $k", key=key, k=exp.column("k", table=lookup.table, quoted=True)
        )
        query = query.join(table, on=on, join_type="left")
        row = exp.column(lookup.table, quoted=True)
        query = query.select(
            row.as_(lookup.table, quoted=True),
            fragment("$k is null", k=exp.column("k", table=lookup.table, quoted=True)).as_(
                f"missed_{lookup.name}", quoted=True
            ),
        )
    return query


def _types(con: duckdb.DuckDBPyConnection, grouping: Grouping, problems: MapProblems) -> dict[str, str]:
    import duckdb

    parts = grouping.mapped.expressions
    select = exp.select(*(part.tree.copy().as_(f"m{k}") for k, part in enumerate(parts.values())))
    try:
        return dict(zip(parts, describe(con, select.from_(grouping.rows.subquery("r"))), strict=True))
    except duckdb.Error:
        types = {}
    for key, part in parts.items():
        try:
            query = exp.select(part.tree.copy().as_("m")).from_(grouping.rows.subquery("r"))
            types[key] = describe(con, query)[0]
        except duckdb.Error as error:
            said = str(error).split("\n")[0].removeprefix("Binder Error: ")
            problems.add(key, f"{part.text!r}: {said}")
    return types


def _columns(
    source: Source, mapped: BoundMap, types: dict[str, str], problems: MapProblems, warnings: list[str]
) -> tuple[dict[str, Canonical], list[exp.Expr]]:
    """Return the canonical columns over the tried values, and the tried values."""
    columns, tried = {}, []
    for key in staged_columns(source.kind, mapped.expressions):
        part = mapped.expressions.get(key)
        if part is None:
            columns[key] = Canonical(exp.cast(exp.Null(), null_type(key)))
            continue
        tree, kind = part.tree, types[key]
        if key == "ts" and isinstance(tree, exp.Cast) and tree.to.this in TIME_TYPES and _is_text(tree.this):
            # The cast would drop an offset, or read a local time as UTC; the text itself tells what it is.
            tree, kind = tree.this, "VARCHAR"
        tried.append(_tried(key, tree, part.is_plain))
        value = _value(key, part.is_plain)
        try:
            columns[key] = canonical(key, value, kind, source.timezone, required=is_needed(source.kind, key))
        except ExpressionError as error:
            problems.add(key, f"{part.text!r} {error}")
        if key.endswith("_id") and kind in FLOATING:
            warnings.append(
                f"{key} is a floating-point number ({kind}): 7 becomes '7.0'. Write  {key} = \"x::bigint\""
            )
    return columns, tried


def _is_text(tree: exp.Expr) -> bool:
    """Return whether a cast's operand is a cell; only text cells are cast to times in maps."""
    return isinstance(tree, exp.Column | exp.JSONExtractScalar)


def _tried(key: str, tree: exp.Expr, is_plain: bool) -> exp.Expr:
    name = f"m_{key}"
    return (
        tree.copy().as_(name, quoted=True)
        if is_plain
        else fragment("try({'v': $e})", e=tree).as_(name, quoted=True)
    )


def _value(key: str, is_plain: bool) -> exp.Expr:
    column = exp.column(f"m_{key}", quoted=True)
    return column if is_plain else exp.Dot(this=column, expression=exp.to_identifier("v"))


def _attributes(
    source: Source, mapped: BoundMap, types: dict[str, str]
) -> tuple[exp.Expr, dict[str, str], list[exp.Expr]]:
    """Return the JSON object over the tried values, the kind of each attribute, and the tried values."""
    pairs: list[exp.Expr] = []
    kinds, tried = {}, []
    kept = kept_under(source.kind)
    for key in sorted(key for key in mapped.expressions if key.startswith(kept)):
        part, name = mapped.expressions[key], key.removeprefix(kept)
        tried.append(_tried(key, part.tree, part.is_plain))
        value, kinds[name] = attribute(_value(key, part.is_plain), types[key], source.timezone)
        pairs += [exp.Literal.string(name), value]
    if not pairs:
        return exp.cast(exp.Null(), "varchar"), {}, []
    return exp.cast(exp.func("json_object", *pairs), "varchar"), kinds, tried


def _faults(columns: dict[str, Canonical], mapped: BoundMap, kept: str) -> list[Fault]:
    """Return everything that may be wrong with a row, what is worst first; the first is an unreadable row."""
    faults = [Fault(fragment("_problem is not null"), "", fragment("coalesce(_detail, left(_raw, 60))"))]
    for key in (*columns, *(key for key in mapped.expressions if key.startswith(kept))):
        part = mapped.expressions.get(key)
        if part is not None and not part.is_plain:
            failed = fragment("$m is null", m=step("m", key))
            faults.append(Fault(failed, f"{key} cannot be read", _inputs(part)))
        if part is not None and key in columns:
            faults += columns[key].faults
    return faults


def _inputs(part: Bound) -> exp.Expr:
    return exp.Literal.string(part.text)


def _case(conditions: list[exp.Expr], results: list[exp.Expr]) -> exp.Expr:
    case = exp.Case()
    for condition, result in zip(conditions, results, strict=True):
        # Each part is used once; by default sqlglot copies all that is there already with each branch.
        case.when(condition, result, copy=False)
    return case


def _chosen(results: list[exp.Expr]) -> exp.Expr:
    return _case([fragment(f"fault = {k}") for k in range(len(results))], results)


def _record_id(source: Source, rows: RawRows, wanted: list[int], n_keys: int) -> exp.Expr:
    """Return the id of a record without one: a 128-bit hash of the source and the whole raw record.

    For a group the record is its keys.
    """
    if n_keys:
        parts: list[exp.Expr] = [exp.column(f"k{k}", table="r") for k in range(n_keys)]
    elif rows.in_json:
        parts = [fragment("trim(r._raw, ' ' || chr(9) || chr(10) || chr(13))")]
    else:
        parts = [exp.column(f"c{i}", table="r") for i in wanted]
    texts = [fragment("coalesce(cast($p as varchar), chr(0))", p=part) for part in parts]
    record = exp.func("concat_ws", fragment(FIELD_SEPARATOR), exp.Literal.string(source.name), *texts)
    return fragment("md5($record)", record=record)
