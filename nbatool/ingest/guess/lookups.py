"""Rows that name a customer and something dated in another file: the date is looked up there."""

from __future__ import annotations

from collections.abc import Sequence

from nbatool.ingest.guess.events import EventsDraft
from nbatool.ingest.guess.file_look import FileLook, customer_column, unique
from nbatool.ingest.guess.records import Column, MapLine
from nbatool.ingest.guess.times import TimeReading, time_reading
from nbatool.ingest.guess.words import ACTION, STARTS, TIME, named, words
from nbatool.ingest.guess.workbench import Workbench

_ALIAS = "dated"


def dated_by_lookup(bench: Workbench, seen: FileLook, looks: Sequence[FileLook]) -> EventsDraft | None:
    """Read a file as events whose time stands in another file under a key that both have, or None."""
    customer = customer_column(seen)
    if customer is None or seen.raw.rows < 2:
        return None
    for other in looks:
        if other is seen:
            continue
        for key in seen.columns:
            twin = next((column for column in other.columns if column.name == key.name), None)
            if key is customer or twin is None or not unique(bench, other, twin):
                continue
            dated = _date(bench, other, twin)
            if dated is not None:
                return _draft(seen, customer, key, other, dated)
    return None


def _date(bench: Workbench, other: FileLook, key: Column) -> TimeReading | None:
    for vocabulary in (STARTS, TIME):
        column = other.column(vocabulary, [c for c in other.columns if c is not key])
        reading = time_reading(bench, other.raw.table, column) if column else None
        if column is not None and reading is not None:
            made = reading.expression.replace(column.expression, f"{_ALIAS}.{column.expression}")
            return TimeReading(made, reading.shown, reading.first, reading.last)
    return None


def _draft(seen: FileLook, customer: Column, key: Column, other: FileLook, when: TimeReading) -> EventsDraft:
    sent = named(key.name, ACTION)
    what = "sent" if sent else (words(seen.paths[0].name) or ("event",))[0]
    doubt = f"{seen.shown} has no date: that of its {key.name} in {other.shown} is taken."
    lines = [
        MapLine("customer_id", customer.expression),
        MapLine("ts", when.expression, f"looked up in {other.shown}", doubt),
        MapLine("type", f"'{what}'", "the same in every row"),
        *([MapLine("action_id", key.expression)] if sent else []),
    ]
    return EventsDraft(
        seen, customer, when, tuple(lines), lookups={_ALIAS: (other.raw.table, key.name)},
        lookups_written=((_ALIAS, other.paths[0], key.name),),
    )  # fmt: skip
