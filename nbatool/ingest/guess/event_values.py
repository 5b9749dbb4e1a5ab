"""What an event is worth: the column of money, quantity times price, or several columns that exclude each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nbatool.ingest.guess.file_look import FileLook
from nbatool.ingest.guess.numbers import NumberReading, money_reading, number_reading
from nbatool.ingest.guess.records import Column, MapLine
from nbatool.ingest.guess.words import NOT_VALUE, QUANTITY, UNIT_PRICE, VALUE, named, rank
from nbatool.ingest.guess.workbench import Workbench

_DECIMAL = "decimal(18,4)"


@dataclass(frozen=True, slots=True)
class EventValue:
    """SQL of an event's value.

    Attributes
    ----------
    number
        The value over one raw row, cast.
    used
        Expressions of the columns it takes.
    columns
        Names of the columns, the first choice first.
    negative
        Rows below zero.
    """

    number: str
    used: tuple[str, ...]
    columns: tuple[str, ...]
    negative: int = 0
    note: str = ""
    doubt: str | None = None

    def line(self, *, grouped: bool) -> MapLine:
        """The map line; the sum over a group of rows where rows are grouped."""
        return MapLine("value", f"sum({self.number})" if grouped else self.number, self.note, self.doubt)


def event_value(bench: Workbench, seen: FileLook, used: Sequence[str]) -> EventValue | None:
    """The value of an event, or None when no column looks like money."""
    free = [column for column in seen.columns if column.expression not in used]
    read = {c.expression: reading for c in free if (reading := _reading(bench, seen, c)) is not None}
    money = [c for c in seen.columns if c.expression in read and _is_money(seen, c)]
    if not money:
        return _by_content(bench, seen, read)
    first = min(money, key=lambda c: (rank(c.name, VALUE) if seen.layout.header else 0, bool(c.parent)))
    quantity = seen.column(QUANTITY, [c for c in seen.columns if c.expression in read])
    if named(first.name, UNIT_PRICE) and quantity is not None and not quantity.parent:
        return _product(bench, seen, quantity, first, read)
    others = [c for c in money if c is not first and _exclusive(bench, seen, first, c)]
    chosen = [first, *others[:2]]
    reading = read[first.expression]
    number = reading.cast(_DECIMAL)
    if others:
        inner = ", ".join(read[c.expression].expression for c in chosen)
        number = f"coalesce({inner})::{_DECIMAL}"
    doubt = reading.doubt
    if not seen.layout.header:
        doubt = f"{seen.shown} has no header: {first.name} is taken for the money because it has decimals."
    return EventValue(
        number, tuple(c.expression for c in chosen), tuple(c.name for c in chosen),
        _negative(bench, seen, number), doubt=doubt,
    )  # fmt: skip


def _reading(bench: Workbench, seen: FileLook, column: Column) -> NumberReading | None:
    if seen.layout.header and _is_money(seen, column):
        return money_reading(bench, seen.raw.table, column)
    return number_reading(column)


def _by_content(bench: Workbench, seen: FileLook, read: dict[str, NumberReading]) -> EventValue | None:
    """Without a name: the only column of amounts, positive with at most two decimals, two in most rows."""
    cents = [c for c in seen.columns if c.expression in read and _looks_like_cents(c)]
    if len(cents) != 1:
        return None
    column = cents[0]
    number = read[column.expression].cast(_DECIMAL)
    doubt = f"no column is called an amount: {column.name} is taken, which has cents."
    return EventValue(
        number, (column.expression,), (column.name,), _negative(bench, seen, number), doubt=doubt
    )


def _looks_like_cents(column: Column) -> bool:
    if column.type != "text" or named(column.name, NOT_VALUE) or column.distinct < 5:
        return False
    decimals = [re.search(r"[.,](\d+)\D*$", cell) for cell in column.sample]
    with_two = sum(len(found[1]) == 2 for found in decimals if found)
    longer = any(len(found[1]) > 2 for found in decimals if found)
    return not longer and with_two >= 0.5 * len(decimals)


def _is_money(seen: FileLook, column: Column) -> bool:
    if not seen.layout.header:
        return column.numeric and column.integers < column.numbers
    return named(column.name, VALUE) and not named(column.name, NOT_VALUE)


def _product(
    bench: Workbench, seen: FileLook, quantity: Column, price: Column, read: dict[str, NumberReading]
) -> EventValue:
    counts, prices = read[quantity.expression], read[price.expression]
    number = f"{counts.cast('int' if counts.whole else _DECIMAL)} * {prices.cast(_DECIMAL)}"
    doubt = prices.doubt or counts.doubt
    return EventValue(
        number,
        (price.expression,),
        (price.name,),
        _negative(bench, seen, number),
        doubt=doubt,
    )


def _exclusive(bench: Workbench, seen: FileLook, first: Column, other: Column) -> bool:
    """True when the other is filled only where the first is empty (amount here, reward there)."""
    if first.filled == first.rows or first.filled + other.filled > first.rows:
        return False
    made = {
        name: f"nullif(trim(({c.expression})::varchar), '')"
        for name, c in (("cell", first), ("other", other))
    }
    bench.view("two_columns", seen.raw.table, made)
    return bool(bench.row("overlap")[2] == 0)


def _negative(bench: Workbench, seen: FileLook, number: str) -> int:
    bench.look_at(seen.raw.table, number)
    return int(bench.row("negative")[0])
