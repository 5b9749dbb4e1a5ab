"""Aggregates of many moments, in SQL: the batch form of `features/aggregates`.

One plan serves any table of moments: aggregate per (moment, event type) first, then pivot into slots. Moments,
events and zones come in as tables; every value goes in as a parameter, every generated name is ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from nbatool.features.aggregates import LIFETIME, SQUARE_LIMIT, SUM_LIMIT, Slot
from nbatool.features.kinds import Floats
from nbatool.features.plan import DERIVED_FIELDS, FeaturePlan
from nbatool.store.generated import fetch_arrow, template

if TYPE_CHECKING:
    import duckdb

US = 1_000_000
COLUMN_FIELDS = frozenset({"action_id", "channel"})
ZERO_WITHOUT_EVENTS = frozenset({"count", "sum", "sum_of_squares", "distinct"})
ADDITIVE = frozenset({"count", "sum", "sum_of_squares", "max", "first", "last"})

LOCAL_JOIN = (
    "join zone_offsets as z on z.zone = m.zone and e.ts >= z.from_ts and e.ts < z.until_ts"
)
LOCAL_SECONDS = "((epoch_us(e.ts) // 1000000) + z.offset_s)"
DERIVED_SQL = {
    "daypart": f"['night', 'morning', 'afternoon', 'evening'][({LOCAL_SECONDS} % 86400 // 21600)::integer + 1]",
    "weekday": f"(({LOCAL_SECONDS} // 86400 + 3) % 7 + 1)::varchar",
}


@dataclass
class _Writer:
    """Collects the generated columns of the additive statement and their parameters."""

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
        if name not in self.fields:
            if name in COLUMN_FIELDS:
                source = f"e.{name}"
            elif name in DERIVED_FIELDS:
                source = DERIVED_SQL[name]
            else:
                source = attribute_text(self.parameter("f", name))
            self.fields[name] = f"{source} as text{len(self.fields)}"
        return self.fields[name].rsplit(" as ", 1)[1]

    def number_field(self, name: str) -> str:
        if name == "value":
            return "value"
        key = f"number:{name}"
        if key not in self.fields:
            source = attribute_number(self.parameter("f", name))
            self.fields[key] = f"{source} as number{len(self.fields)}"
        return self.fields[key].rsplit(" as ", 1)[1]

    def cell(self, slot: Slot) -> str:
        """Name of the cell column a slot is summed from, adding it when new."""
        argument = self.number_field(slot.field) if slot.field else "*"
        conditions = [f"age_us <= {slot.within_s * US}"] if slot.within_s != LIFETIME else []
        conditions += [f"{self.text_field(f)} = {self._match(f, v)}" for f, v in slot.series.where]
        where = f" filter (where {' and '.join(conditions)})" if conditions else ""
        sql = CELL_SQL[slot.fn].format(argument=argument) + where
        return self.cells.setdefault(sql, f"c{len(self.cells)}")

    def _match(self, name: str, value: str) -> str:
        for parameter, known in self.parameters.items():
            if parameter.startswith("w") and known == value:
                return f"${parameter}"
        return self.parameter("w", value)

    def slot(self, slot: Slot) -> str:
        codes = [self.plan.types.index(t) for t in slot.series.types if t in self.plan.types]
        every = len(codes) == len(self.plan.types) or not slot.series.types
        among = "" if every else f" filter (where code in ({', '.join(map(str, codes or [-1]))}))"
        return PIVOT_SQL[slot.fn].format(cell=self.cell(slot), among=among)


def attribute_text(parameter: str) -> str:
    """SQL that reads one event attribute as text."""
    return f"(e.attributes ->> {parameter})"


def attribute_number(parameter: str) -> str:
    """SQL that reads one event attribute as an exact number."""
    return f"try_cast({attribute_text(parameter)} as decimal(18, 4))"


# DuckDB's least and greatest pass over null, so a null must not reach them.
_SQUARED = f"cast(greatest(least({{argument}}, {SQUARE_LIMIT}), -{SQUARE_LIMIT}) as decimal(19, 4))"
CELL_SQL = {
    "count": "count({argument})",
    "sum": "sum({argument})",
    "sum_of_squares": f"sum(case when {{argument}} is not null then {_SQUARED} * {_SQUARED} end)",
    "max": "max({argument})",
    "first": "max(age_us)",
    "last": "min(age_us)",
}
PIVOT_SQL = {
    "count": "coalesce(sum({cell}){among}, 0)::double",
    "sum": f"greatest(least(coalesce(sum({{cell}}){{among}}, 0), {SUM_LIMIT}), -{SUM_LIMIT})::double",
    "sum_of_squares": "coalesce(trunc(sum({cell}){among})::bigint::double"
    " + (sum({cell}){among} - trunc(sum({cell}){among}))::double, 0)",
    "max": "(max({cell}){among})::double",
    "first": "(max({cell}){among} // 1000000)::double",
    "last": "(min({cell}){among} // 1000000)::double",
}


@dataclass(frozen=True)
class Aggregates:
    """Where the aggregates of the current moments lie: temp tables, read in ranges of moments."""

    plan: FeaturePlan
    tables: tuple[tuple[str, tuple[int, ...]], ...]

    def read(self, con: duckdb.DuckDBPyConnection, first: int, last: int) -> Floats:
        """Return A (last - first, n_slots) of the moments ``first <= moment < last``."""
        result = np.full((last - first, len(self.plan.slots)), np.nan)
        for j, slot in enumerate(self.plan.slots):
            if slot.fn in ZERO_WITHOUT_EVENTS:
                result[:, j] = 0.0
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
    tables = []
    for k, (statement, parameters, columns) in enumerate(statements(plan)):
        name = f"aggregates_{k}"
        con.execute(template("features/create_result", table=name, statement=statement), parameters)
        tables.append((name, tuple(columns)))
    return Aggregates(plan, tuple(tables))


def statements(plan: FeaturePlan) -> Iterator[tuple[str, dict[str, Any], list[int]]]:
    """Yield (SQL, parameters, slot columns it fills) for every statement of the plan."""
    numbered = list(enumerate(plan.slots))
    additive = [(j, slot) for j, slot in numbered if slot.fn in ADDITIVE]
    if additive:
        yield _additive(plan, additive)
    for (series, name), slots in _grouped(numbered, "distinct"):
        columns = [f"(count(*) filter (where age_us <= {s.within_s * US}))::double as s{j}" for j, s in slots]
        source = f"e.{name}" if name in COLUMN_FIELDS else attribute_text("$field")
        sql = template("features/distinct_values", field=source, slots=", ".join(columns))
        parameters: dict[str, Any] = {"codes": _codes(plan, series)}
        if name not in COLUMN_FIELDS:
            parameters["field"] = name
        yield sql, parameters, [j for j, _ in slots]
    for (series, _), slots in _grouped(numbered, "nth_last"):
        for within_s, same in groupby(sorted(slots, key=lambda js: js[1].within_s), lambda js: js[1].within_s):
            members = list(same)
            columns = [f"(max(code) filter (where nth = {s.nth}))::double as s{j}" for j, s in members]
            yield (
                template("features/newest_types", slots=", ".join(columns)),
                {"codes": _codes(plan, series), "within_us": within_s * US, "most": max(s.nth for _, s in members)},
                [j for j, _ in members],
            )


def _additive(plan: FeaturePlan, numbered: list[tuple[int, Slot]]) -> tuple[str, dict[str, Any], list[int]]:
    writer = _Writer(plan)
    slots = ", ".join(f"{writer.slot(slot)} as s{j}" for j, slot in numbered)
    sql = template(
        "features/aggregates",
        slots=slots,
        cells=", ".join(f"{sql} as {name}" for sql, name in writer.cells.items()),
        fields="".join(f", {sql}" for sql in writer.fields.values()),
        local=LOCAL_JOIN if plan.uses_local_time else "",
    )
    return sql, writer.parameters, [j for j, _ in numbered]


def _grouped(numbered: list[tuple[int, Slot]], fn: str) -> Iterator[tuple[tuple[Any, str], list[tuple[int, Slot]]]]:
    members = sorted(((j, s) for j, s in numbered if s.fn == fn), key=lambda js: (js[1].series, js[1].field))
    for key, same in groupby(members, lambda js: (js[1].series, js[1].field)):
        yield key, list(same)


def _codes(plan: FeaturePlan, series: Any) -> list[int]:
    return [code for code, name in enumerate(plan.types) if not series.types or name in series.types]
