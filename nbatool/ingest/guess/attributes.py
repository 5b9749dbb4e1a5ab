"""What else a row says: the columns worth keeping as attributes, read as numbers, times or text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nbatool.ingest.guess.file_look import FileLook, one_value_each
from nbatool.ingest.guess.lists import boolean
from nbatool.ingest.guess.numbers import number_reading, sentinel
from nbatool.ingest.guess.records import Column, MapLine
from nbatool.ingest.guess.times import TimeReading, time_reading
from nbatool.ingest.guess.words import AGE, PLAIN_ID, QUANTITY, SINCE, identifier, named
from nbatool.ingest.guess.workbench import Workbench

_MOST = 40
_LONG_TEXT = 60


def event_attributes(
    bench: Workbench, seen: FileLook, used: Sequence[str], order: Column | None
) -> list[MapLine]:
    """Attributes of an event. Where rows are grouped under an order: counts, and what is the same in all of them."""
    free = [column for column in seen.columns if column.expression not in used and _worth_keeping(column)]
    lines = []
    if order is not None:
        lines.append(MapLine("attributes.lines", "count(*)"))
        quantity = seen.column(QUANTITY, free)
        reading = number_reading(quantity) if quantity else None
        if quantity is not None and reading is not None:
            number = reading.cast("int" if reading.whole else "decimal(18,4)")
            lines.append(MapLine("attributes.quantity", f"sum({number})"))
        texts = [
            c for c in free if c.type == "text" and not c.numeric and c.distinct <= 500 and c is not quantity
        ]
        lines += [
            MapLine(f"attributes.{identifier(column.name)}", f"any_value({column.expression})")
            for column in texts[:_MOST]
            if one_value_each(bench, seen.raw.table, order.expression, column.expression)
        ]
        return lines
    for column in free[:_MOST]:
        reading = None if named(column.name, PLAIN_ID) else number_reading(column)
        expression, doubt = (
            (reading.attribute, reading.attribute_doubt(column.name))
            if reading
            else (column.expression, None)
        )
        lines.append(MapLine(f"attributes.{identifier(column.name)}", expression, doubt=doubt))
    return _named_once(lines)


@dataclass(frozen=True, slots=True)
class CustomerAttributes:
    """Map lines of a customers file, the columns passed over, and since when customers are known."""

    lines: tuple[MapLine, ...]
    left_out: tuple[str, ...]
    since: tuple[Column, TimeReading] | None


def customer_attributes(bench: Workbench, seen: FileLook, used: Sequence[str]) -> CustomerAttributes:
    """Attributes of customers; an odd lone number that stands for "not given" is read as NULL."""
    lines: list[MapLine] = []
    times: list[MapLine] = []
    left_out: list[str] = []
    since = None
    for column in (c for c in seen.columns if c.expression not in used and c.filled):
        if not _worth_keeping(column) or _nearly_unique_text(column):
            left_out.append(column.name)
            continue
        when = time_reading(bench, seen.raw.table, column) if not _plain_number(column) else None
        if when is not None and not named(column.name, AGE):
            name = identifier(column.name)
            if named(column.name, SINCE) and since is None:
                since, name = (column, when), "member_since"
            times.append(
                MapLine(f"attributes.{name}", when.attribute, f"{column.name}, {when.shown}", when.doubt)
            )
            continue
        lines.append(_plain_attribute(bench, seen, column))
    return CustomerAttributes(tuple(_named_once([*lines, *times])), tuple(left_out), since)


def _plain_attribute(bench: Workbench, seen: FileLook, column: Column) -> MapLine:
    canonical = f"attributes.{identifier(column.name)}"
    reading = number_reading(column)
    if reading is None:
        return MapLine(canonical, boolean(column) or column.expression)
    odd = sentinel(bench, seen.raw.table, column, seen.columns) if column.numeric else None
    if odd is None:
        return MapLine(canonical, reading.attribute, doubt=reading.attribute_doubt(column.name))
    note = f"{odd.shown} read as unknown: {odd.rows:,} rows, {odd.why}"
    doubt = f'{column.name} {odd.shown} looks like "not given".'
    return MapLine(canonical, f"nullif({reading.attribute}, {odd.shown})", note, doubt)


def action_attributes(columns: Sequence[Column]) -> list[MapLine]:
    """Attributes of actions: numbers, true or false, and words that several actions share."""
    lines = []
    for column in columns:
        name = identifier(column.name)
        reading, said = number_reading(column), boolean(column)
        if reading is not None:
            noun = f"{name}_days" if column.name.lower() == "duration" else name
            lines.append(
                MapLine(f"attributes.{noun}", reading.attribute, doubt=reading.attribute_doubt(column.name))
            )
        elif said is not None:
            lines.append(MapLine(f"attributes.{name}", said))
        elif readable(column) and column.distinct < column.rows:
            lines.append(MapLine(f"attributes.{name}", column.cleaned))
    return _named_once(lines)


def readable(column: Column) -> bool:
    """Short words, not hashes or sentences."""
    short = all(len(cell) <= 24 for cell in column.sample)
    return column.type == "text" and not column.numeric and column.distinct <= 50 and short


def _worth_keeping(column: Column) -> bool:
    if column.type == "json" or not column.filled or _is_row_number(column):
        return False
    if column.type == "time":
        return True
    typical = sorted(len(cell) for cell in column.sample)
    return bool(typical) and typical[len(typical) // 2] <= _LONG_TEXT


def _is_row_number(column: Column) -> bool:
    """The unnamed first column that data frames write: 0, 1, 2, …"""
    return column.name == "column_1" and column.integers == column.rows and column.high == column.rows - 1


def _nearly_unique_text(column: Column) -> bool:
    """A name, an address, a key: no use as an attribute and often personal."""
    if (
        named(column.name, (r"(\w+_)?(e_?mail|phone|name|surname|address|street)(_\w+)?",))
        and not column.numeric
    ):
        return True
    if column.rows <= 20 or column.numbers == column.filled:
        return False
    return (
        column.type == "text"
        and column.distinct > 0.5 * column.filled
        and not re.match(r"\d", column.sample[0])
    )


def _plain_number(column: Column) -> bool:
    """Numbers are read as dates only where the name speaks of a date."""
    return (
        column.numeric
        and column.type != "time"
        and not named(column.name, (*SINCE, r"\w*(date|time|timestamp|day|birth|dob)\w*"))
    )


def _named_once(lines: list[MapLine]) -> list[MapLine]:
    """The first of lines of the same name."""
    return list({line.canonical: line for line in reversed(lines)}.values())[::-1]
