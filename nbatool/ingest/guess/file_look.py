"""A file as it was looked at: layout, raw rows, columns; and the columns that play the main parts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbatool.ingest.guess.cells import distinct_cells
from nbatool.ingest.guess.layout import source_name
from nbatool.ingest.guess.raw_rows import Raw
from nbatool.ingest.guess.records import Column, Layout
from nbatool.ingest.guess.times import TimeReading, counter_reading, time_reading
from nbatool.ingest.guess.words import CUSTOMER, NOT_EVENT_TIME, PLAIN_ID, TIME, named, rank
from nbatool.ingest.guess.workbench import Workbench

_CODE = re.compile(r"(?=.*\d)[\w@.+:-]{2,64}")


@dataclass(frozen=True, slots=True)
class FileLook:
    """One file (or several of the same columns) as raw rows in the workbench."""

    paths: tuple[Path, ...]
    layout: Layout
    raw: Raw
    columns: tuple[Column, ...]

    @property
    def name(self) -> str:
        """The name its source gets."""
        return source_name(self.paths[0])

    @property
    def shown(self) -> str:
        """The file's name, and how many follow."""
        more = len(self.paths) - 1
        return self.paths[0].name + (f" and {more} more" if more else "")

    def column(self, vocabulary: Sequence[str], among: Iterable[Column] | None = None) -> Column | None:
        """The filled column with the strongest name in a vocabulary; the first of equals."""
        ranked = [
            (strength, position, column)
            for position, column in enumerate(self.columns if among is None else among)
            if column.filled and (strength := rank(column.name, vocabulary)) is not None
        ]
        return min(ranked, key=lambda item: item[:2])[2] if ranked else None


def one_value_each(bench: Workbench, table: str, group: str, other: str) -> bool:
    """True when all but a hundredth of the groups have one value of the other expression."""
    bench.view("two_columns", table, {"cell": f"({group})::varchar", "other": f"({other})::varchar"})
    groups, several = bench.row("many")
    return bool(several <= 0.01 * groups)


def unique(bench: Workbench, seen: FileLook, column: Column) -> bool:
    """True when every row has a value of its own."""
    if column.filled < column.rows or column.distinct < 0.8 * column.rows:
        return False
    return distinct_cells(bench, seen.raw.table, column.expression) == (column.rows, column.rows)


def customer_column(seen: FileLook) -> Column | None:
    """The column that says who: by name, else a plain `id` that recurs, else (without names) by content."""
    usable = [
        column
        for column in seen.columns
        if column.type in ("text", "number") and column.distinct >= 2 and not _is_flag(column)
    ]
    found = seen.column(CUSTOMER, usable)
    if found is not None or seen.layout.header:
        return found
    codes = recurring_codes(usable)
    return codes[0] if codes else None


def recurring_codes(columns: Iterable[Column]) -> list[Column]:
    """Columns whose cells look like ids of something that recurs: whole numbers or single words with digits."""
    return [
        column
        for column in columns
        if column.type in ("text", "number") and 2 <= column.distinct < 0.9 * column.rows and not column.parent
        and column.filled >= 0.5 * column.rows and not re.fullmatch(r"\d{4}\D?\d{2}\D?\d{2}.*", column.sample[0])
        and (column.integers == column.filled or all(_CODE.fullmatch(cell) for cell in column.sample[:50]))
    ]  # fmt: skip


def _is_flag(column: Column) -> bool:
    """A yes/no or a short list of kinds is no id, whatever its name says."""
    few = column.distinct <= 12 and column.rows > 50 * column.distinct
    return few and not named(column.name, CUSTOMER[:2])


def plain_ids(seen: FileLook) -> list[Column]:
    """Columns that may be a key by their name, the strongest names first."""
    ranked = [(rank(column.name, PLAIN_ID), i) for i, column in enumerate(seen.columns)]
    return [seen.columns[i] for strength, i in sorted((s, i) for s, i in ranked if s is not None)]


def event_time(
    bench: Workbench, seen: FileLook, *, not_column: Column | None
) -> tuple[Column, TimeReading] | None:
    """The column that says when, and how it is read; a counter of hours or days when there is no date."""
    table, columns = seen.raw.table, seen.columns
    free = [c for c in columns if c is not not_column and c.filled and not named(c.name, NOT_EVENT_TIME)]
    by_name = sorted((c for c in free if named(c.name, TIME)), key=lambda c: rank(c.name, TIME) or 0)
    others = [c for c in free if c not in by_name and (c.type in ("time", "text") or not seen.layout.header)]
    others = [c for c in others if not c.numeric or not seen.layout.header or c.type == "time"]
    for column in [*by_name, *others]:
        reading = time_reading(bench, table, column, columns)
        if reading is not None:
            return column, reading
    for column in by_name:
        counted = counter_reading(column)
        if counted is not None:
            return column, counted
    return None
