"""Aggregates of many moments, in SQL: the batch form of `features/aggregates`.

One plan serves any table of moments. Events are first summed up per (moment, event type) into *cells*. A slot about
one type is a column of the cells of that type, and is put in its place while reading; only slots about several
types are aggregated a second time. Moments, events and zones come in as tables; every value goes in as a parameter,
every generated name is ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from nbatool.base.clock import US_PER_S
from nbatool.features.aggregates import LIFETIME, SQUARE_LIMIT, SUM_LIMIT, Slot
from nbatool.features.event_sql import (
    AGE_US,
    COLUMN_FIELDS,
    DERIVED_SQL,
    IN_PERIOD,
    attribute_number,
    attribute_text,
    stored_text,
)
from nbatool.features.kinds import Floats
from nbatool.features.plan import DERIVED_FIELDS, FeaturePlan
from nbatool.store.arrow import fetch_arrow
from nbatool.store.sql import json_key, template

if TYPE_CHECKING:
    import duckdb

ZERO_WITHOUT_EVENTS = frozenset({"count", "sum", "sum_of_squares", "distinct"})
ADDITIVE = frozenset({"count", "sum", "sum_of_squares", "max", "first", "last"})
CELLS = "aggregate_cells"

# DuckDB's least and greatest pass over null, so a null must not reach them.
_SQUARED = f"cast(greatest(least({{argument}}, {SQUARE_LIMIT}), -{SQUARE_LIMIT}) as decimal(19, 4))"
CELL_SQL = {
    # Counts are most of a cell: four bytes each, not eight.
    "count": "(count({argument}){where})::uinteger",
    "sum": "sum({argument}){where}",
    "sum_of_squares": f"sum(case when {{argument}} is not null then {_SQUARED} * {_SQUARED} end){{where}}",
    "max": "max({argument}){where}",
    "first": "max(age_us){where}",
    "last": "min(age_us){where}",
}
TOTAL_SQL = {
    "count": "sum({cell}){among}",
    "sum": "sum({cell}){among}",
    "sum_of_squares": "sum({cell}){among}",
    "max": "max({cell}){among}",
    "first": "max({cell}){among}",
    "last": "min({cell}){among}",
}
SLOT_SQL = {
    "count": "coalesce({total}, 0)::double",
    "sum": f"greatest(least(coalesce({{total}}, 0), {SUM_LIMIT}), -{SUM_LIMIT})::double",
    "sum_of_squares": "coalesce(trunc({total})::bigint::double + ({total} - trunc({total}))::double, 0)",
    "max": "({total})::double",
    "first": "({total} // 1000000)::double",
    "last": "({total} // 1000000)::double",
}


@dataclass(frozen=True)
class _Reach:
    """The events some slots look at: types by code, and a window (`LIFETIME`: no limit)."""

    codes: frozenset[int]
    within_s: int

    @classmethod
    def of(cls, plan: FeaturePlan, slots: Sequence[Slot]) -> _Reach:
        codes = frozenset(code for slot in slots for code in _codes(plan, slot.series))
        within_s = LIFETIME if any(s.within_s == LIFETIME for s in slots) else max(s.within_s for s in slots)
        return cls(codes, within_s)

    def only(self, sql: str) -> str:
        """The SQL, worked out for these events alone: reading JSON and local time costs more than all sums."""
        conditions = [f"t.code in ({', '.join(map(str, sorted(self.codes or {-1})))})"]
        conditions += [f"{AGE_US} <= {self.within_s * US_PER_S}"] if self.within_s != LIFETIME else []
        return f"case when {' and '.join(conditions)} then {sql} end"


@dataclass
class _Writer:
    """Collects the generated columns of the cells and their parameters."""

    plan: FeaturePlan
    parameters: dict[str, Any] = field(default_factory=dict)
    cells: dict[str, str] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)

    def parameter(self, prefix: str, value: str) -> str:
        name = f"{prefix}{sum(p.startswith(prefix) for p in self.parameters)}"
        self.parameters[name] = value
        return f"${name}"

    def text_field(self, name: str) -> str:
        """SQL column of a text field, adding it to the rows read."""
        if name in COLUMN_FIELDS:
            source = f"e.{name}"
        elif name in DERIVED_FIELDS:
            source = DERIVED_SQL[name]
        else:
            source = self._attribute(f"text:{name}", name, attribute_text)
        return self._field(f"text:{name}", source, "text")

    def number_field(self, name: str) -> str:
        if name == "value":
            return "value"
        return self._field(
            f"number:{name}", self._attribute(f"number:{name}", name, attribute_number), "number"
        )

    def _attribute(self, key: str, name: str, reader: Any) -> str:
        if key in self.fields:
            return ""
        slots = [s for s in self.plan.slots if s.field == name or any(f == name for f, _ in s.series.where)]
        return _Reach.of(self.plan, slots).only(reader(self.parameter("f", json_key(name))))

    def _field(self, key: str, source: str, prefix: str) -> str:
        if key not in self.fields:
            self.fields[key] = f"{source} as {prefix}{len(self.fields)}"
        return self.fields[key].rsplit(" as ", 1)[1]

    def cell(self, slot: Slot) -> str:
        """Name of the cell column a slot is made of, adding it when new."""
        argument = self.number_field(slot.field) if slot.field else "*"
        conditions = [f"age_us <= {slot.within_s * US_PER_S}"] if slot.within_s != LIFETIME else []
        conditions += [f"{self.text_field(f)} = {self._match(v)}" for f, v in slot.series.where]
        where = f" filter (where {' and '.join(conditions)})" if conditions else ""
        sql = CELL_SQL[slot.fn].format(argument=argument, where=where)
        return self.cells.setdefault(sql, f"c{len(self.cells)}")

    def _match(self, value: str) -> str:
        for parameter, known in self.parameters.items():
            if parameter.startswith("w") and known == value:
                return f"${parameter}"
        return self.parameter("w", value)

    def local_join(self) -> str:
        """Join of the zone's offset, for the events whose hour or weekday is looked at; null for the others."""
        slots = [s for s in self.plan.slots if any(f in DERIVED_FIELDS for f, _ in s.series.where)]
        if not slots:
            return ""
        zone = _Reach.of(self.plan, slots).only("m.zone")
        return f"left join zone_offsets as z on z.zone = {zone} and {IN_PERIOD}"

    def total(self, slot: Slot) -> str:
        """SQL of a slot over the cells of several types."""
        codes = _codes(self.plan, slot.series)
        every = len(codes) == len(self.plan.types)
        among = "" if every else f" filter (where code in ({', '.join(str(code) for code in codes or [-1])}))"
        return SLOT_SQL[slot.fn].format(total=TOTAL_SQL[slot.fn].format(cell=self.cell(slot), among=among))


@dataclass(frozen=True)
class Cells:
    """Slots read straight from the cells of one type.

    ``columns`` are the SQL of distinct values, ``slots`` the triples (slot column of A, code of the type, position
    in ``columns``).
    """

    columns: tuple[str, ...]
    slots: tuple[tuple[int, int, int], ...]

    def read(self, con: duckdb.DuckDBPyConnection, first: int, last: int, into: Floats) -> None:
        """Put the slots of the moments ``first <= moment < last`` into A."""
        if not self.slots:
            return
        sql = template("features/read_cells", table=CELLS, columns=", ".join(self.columns))
        found = fetch_arrow(con, sql, {"first": first, "last": last})
        moment, code = found.column(0).to_numpy() - first, found.column(1).to_numpy()
        rows_of = {c: np.flatnonzero(code == c) for c in {c for _, c, _ in self.slots}}
        at_of = {c: moment[rows] for c, rows in rows_of.items()}
        values = [found.column(k + 2).to_numpy(zero_copy_only=False) for k in range(len(self.columns))]
        for j, c, k in self.slots:
            into[at_of[c], j] = values[k][rows_of[c]]


@dataclass(frozen=True)
class Aggregates:
    """Where the aggregates of the current moments lie: temp tables, read in ranges of moments."""

    plan: FeaturePlan
    cells: Cells
    tables: tuple[tuple[str, tuple[int, ...]], ...]

    def read(self, con: duckdb.DuckDBPyConnection, first: int, last: int) -> Floats:
        """Return A (last - first, n_slots) of the moments ``first <= moment < last``."""
        result = np.full((last - first, len(self.plan.slots)), np.nan)
        for j, slot in enumerate(self.plan.slots):
            if slot.fn in ZERO_WITHOUT_EVENTS:
                result[:, j] = 0.0
        self.cells.read(con, first, last, result)
        for table, columns in self.tables:
            sql = template("features/read_range", table=table)
            found = fetch_arrow(con, sql, {"first": first, "last": last})
            at = found.column(0).to_numpy() - first
            for k, j in enumerate(columns, start=1):
                result[at, j] = found.column(k).to_numpy(zero_copy_only=False)
        return result


def aggregate(con: duckdb.DuckDBPyConnection, plan: FeaturePlan) -> Aggregates:
    """Aggregate the events of every row of the temp table ``moments`` into temp tables.

    Reads ``moments``, ``events``, ``feature_types`` and (for hours and weekdays) ``zone_offsets``.
    """
    numbered = [(j, slot) for j, slot in enumerate(plan.slots) if slot.fn in ADDITIVE]
    writer, cells, totals = _Writer(plan), Cells((), ()), list[tuple[int, Slot]]()
    if numbered:
        cells, totals = _single_types(writer, numbered)
        summed = [(j, writer.total(slot)) for j, slot in totals]
        con.execute(
            template("features/create_result", table=CELLS, statement=_cells(writer)), writer.parameters
        )
    tables = []
    if totals:
        slots = ", ".join(f"{sql} as s{j}" for j, sql in summed)
        sql = template("features/totals", table=CELLS, slots=slots)
        con.execute(template("features/create_result", table="aggregate_totals", statement=sql))
        tables.append(("aggregate_totals", tuple(j for j, _ in summed)))
    for k, (statement, parameters, columns) in enumerate(_single_purpose(plan)):
        name = f"aggregates_{k}"
        con.execute(template("features/create_result", table=name, statement=statement), parameters)
        tables.append((name, tuple(columns)))
    return Aggregates(plan, cells, tuple(tables))


def _single_types(writer: _Writer, numbered: list[tuple[int, Slot]]) -> tuple[Cells, list[tuple[int, Slot]]]:
    """Split slots into those that are a cell of one type, and the others."""
    columns: dict[str, int] = {}
    single, totals = [], []
    for j, slot in numbered:
        codes = _codes(writer.plan, slot.series)
        if len(codes) != 1:
            totals.append((j, slot))
            continue
        sql = SLOT_SQL[slot.fn].format(total=writer.cell(slot))
        single.append((j, codes[0], columns.setdefault(sql, len(columns))))
    return Cells(tuple(columns), tuple(single)), totals


def _cells(writer: _Writer) -> str:
    return template(
        "features/cells",
        cells=", ".join(f"{sql} as {name}" for sql, name in writer.cells.items()),
        fields="".join(f", {sql}" for sql in writer.fields.values()),
        local=writer.local_join(),
    )


def _single_purpose(plan: FeaturePlan) -> Iterator[tuple[str, dict[str, Any], list[int]]]:
    """Yield (SQL, parameters, slot columns it fills) for the aggregates that are no sums."""
    numbered = list(enumerate(plan.slots))
    for (series, name), slots in _grouped(numbered, "distinct"):
        columns = [
            f"(count(*) filter (where age_us <= {s.within_s * US_PER_S}))::double as s{j}" for j, s in slots
        ]
        sql = template(
            "features/distinct_values", field=stored_text(name, "$field"), slots=", ".join(columns)
        )
        parameters: dict[str, Any] = {"codes": _codes(plan, series)}
        if name not in COLUMN_FIELDS:
            parameters["field"] = json_key(name)
        yield sql, parameters, [j for j, _ in slots]
    for (series, _), slots in _grouped(numbered, "nth_last"):
        for within_s, same in groupby(
            sorted(slots, key=lambda js: js[1].within_s), lambda js: js[1].within_s
        ):
            members = list(same)
            columns = [f"(max(code) filter (where nth = {s.nth}))::double as s{j}" for j, s in members]
            yield (
                template("features/newest_types", slots=", ".join(columns)),
                {
                    "codes": _codes(plan, series),
                    "within_us": within_s * US_PER_S,
                    "most": max(s.nth for _, s in members),
                },
                [j for j, _ in members],
            )


def _grouped(
    numbered: list[tuple[int, Slot]], fn: str
) -> Iterator[tuple[tuple[Any, str], list[tuple[int, Slot]]]]:
    members = sorted(((j, s) for j, s in numbered if s.fn == fn), key=lambda js: (js[1].series, js[1].field))
    for key, same in groupby(members, lambda js: (js[1].series, js[1].field)):
        yield key, list(same)


def _codes(plan: FeaturePlan, series: Any) -> list[int]:
    return [code for code, name in enumerate(plan.types) if not series.types or name in series.types]
