"""When: how a column's cells are read as times, decided by what all its rows hold.

Understood: ISO 8601, some thirty written date formats, epoch seconds to microseconds, and counters of hours or
days since an unknown start. 3/4/2011 is read day first or month first by the rows that have a number above 12;
without such rows by the file's own order, and then it is marked as unsure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from nbatool.ingest.canonical import ISO_TIME, OFFSET
from nbatool.ingest.guess.records import Column
from nbatool.ingest.guess.words import CLOCK, named, words
from nbatool.ingest.guess.workbench import Workbench

_ISO = re.compile(ISO_TIME)
_ISO_UTC = re.compile(ISO_TIME + r" (UTC|GMT)")
_OFFSET = re.compile(OFFSET)
_CLOCKS = {"": r"", " %H:%M": r" +\d{1,2}:\d{2}", " %H:%M:%S": r" +\d{1,2}:\d{2}:\d{2}",
           " %H:%M:%S.%f": r" +\d{1,2}:\d{2}:\d{2}\.\d+", " %I:%M %p": r" +\d{1,2}:\d{2} +[AaPp][Mm]",
           " %I:%M:%S %p": r" +\d{1,2}:\d{2}:\d{2} +[AaPp][Mm]"}  # fmt: skip
_DATES = {
    "%Y%m%d": r"(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])",
    "%Y-%m-%d": r"\d{4}-\d{1,2}-\d{1,2}",
    "%Y/%m/%d": r"\d{4}/\d{1,2}/\d{1,2}",
    "%Y.%m.%d": r"\d{4}\.\d{1,2}\.\d{1,2}",
    "%d %b %Y": r"\d{1,2} [A-Za-z]{3} \d{4}",
    "%d-%b-%Y": r"\d{1,2}-[A-Za-z]{3}-\d{4}",
    "%d-%b-%y": r"\d{1,2}-[A-Za-z]{3}-\d{2}",
    "%d/%b/%Y": r"\d{1,2}/[A-Za-z]{3}/\d{4}",
    "%d %B %Y": r"\d{1,2} [A-Za-z]{4,9} \d{4}",
    "%b %d, %Y": r"[A-Za-z]{3} \d{1,2}, \d{4}",
    "%B %d, %Y": r"[A-Za-z]{4,9} \d{1,2}, \d{4}",
}
_NUMBERS_ONLY = re.compile(r"\d{1,2}([/.-])\d{1,2}\1(\d{4}|\d{2})( .*)?")
_TIME_OF_DAY = {"%H:%M:%S": r"\d{1,2}:\d{2}:\d{2}", "%H:%M": r"\d{1,2}:\d{2}",
                "%I:%M %p": r"\d{1,2}:\d{2} [AaPp][Mm]", "%I:%M:%S %p": r"\d{1,2}:\d{2}:\d{2} [AaPp][Mm]"}  # fmt: skip
_EPOCHS = {"seconds": (1.0, "to_timestamp({}::double)"), "milliseconds": (1e3, "timestamp '1970-01-01' + to_milliseconds({}::bigint)"),
           "microseconds": (1e6, "timestamp '1970-01-01' + to_microseconds({}::bigint)"),
           "nanoseconds": (1e9, "timestamp '1970-01-01' + to_microseconds({}::bigint // 1000)")}  # fmt: skip
_FIRST_EPOCH_S, _LAST_EPOCH_S = 631_152_000, 2_208_988_800  # 1990 to 2040
_UNDERSTOOD = 0.99


@dataclass(frozen=True, slots=True)
class TimeReading:
    """How a column is read as time.

    Attributes
    ----------
    expression
        SQL over a raw row; "{base}" stands in it for the date a counter starts from.
    shown
        The format in a word or two, for the report.
    first, last
        First and last time (None for a counter).
    doubt
        None when sure.
    counter
        "hours" or "days" when only the time since an unknown start is known.
    all_read
        False when some cells are no times.
    """

    expression: str
    shown: str
    first: datetime | None
    last: datetime | None
    doubt: str | None = None
    counter: str = ""
    date_only: bool = False
    all_read: bool = True

    @property
    def attribute(self) -> str:
        """The expression for an attribute, where a cell that is no time becomes NULL instead of a rejected row."""
        if self.all_read:
            return self.expression
        cast = re.fullmatch(r"(.+)::(timestamp|timestamptz)", self.expression)
        made = f"try_cast({cast[1]} as {cast[2]})" if cast else self.expression
        return made.replace("strptime(", "try_strptime(")


def time_reading(
    bench: Workbench, table: str, column: Column, columns: tuple[Column, ...] = ()
) -> TimeReading | None:
    """How this column is read as time, or None when its cells are no times.

    Parameters
    ----------
    columns
        The file's columns; a clock time in one of them completes a column that holds days only.
    """
    if not column.filled:
        return None
    bench.look_at(table, column.expression)
    if column.type == "time":
        _, _, first, last = bench.row("time_cast")
        return TimeReading(column.expression, "a time", first, last)
    if column.type not in ("text", "number"):
        return None
    if _share(_ISO, column) >= _UNDERSTOOD:
        return _iso(bench, table, column, columns)
    if _share(_ISO_UTC, column) >= _UNDERSTOOD:
        return _iso_utc(bench, column)
    for date_format in _candidate_formats(column):
        found = _written(bench, table, column, date_format, columns)
        if found is not None:
            return found
    numbers = _NUMBERS_ONLY.fullmatch(column.sample[0]) if column.sample else None
    if numbers:
        return _day_or_month(bench, table, column, numbers[1], len(numbers[2]), columns)
    return _epoch(bench, column)


def counter_reading(column: Column) -> TimeReading | None:
    """Read small whole numbers that never go below 0 as hours or days since a start, by name and by range."""
    if not (column.numeric and column.integers == column.numbers and column.low is not None):
        return None
    assert column.high is not None
    name = set(words(column.name))
    if column.low < 0 or column.high > 200_000:
        return None
    unit = next(
        (unit for unit in ("hour", "day", "week", "minute", "second") if name & {unit, unit + "s"}), ""
    )
    unit = unit or ("day" if "date" in name else "hour")
    made = f"timestamp '{{base}}' + to_{unit}s({_parenthesised(column.cleaned)}::bigint)"
    return TimeReading(made, f"{unit}s since a start", None, None, counter=unit + "s")


def _share(pattern: re.Pattern[str], column: Column) -> float:
    return sum(bool(pattern.fullmatch(cell)) for cell in column.sample) / max(len(column.sample), 1)


def _parenthesised(expression: str) -> str:
    return f"({expression})" if "->" in expression and not expression.endswith(")") else expression


def _iso(bench: Workbench, table: str, column: Column, columns: tuple[Column, ...]) -> TimeReading | None:
    filled, understood, first, last = bench.row("time_cast")
    if understood < _UNDERSTOOD * filled:
        return None
    offset = any(_OFFSET.search(cell) for cell in column.sample)
    date_only = not any(":" in cell for cell in column.sample)
    clock = _clock(columns, column) if date_only else None
    if clock is not None:
        return _with_clock(bench, table, column, "%Y-%m-%d", clock)
    kind = "timestamptz" if offset else "timestamp"
    made = f"{_parenthesised(column.cleaned)}::{kind}"
    return TimeReading(
        made,
        "ISO 8601" + (" with offset" if offset else ""),
        first,
        last,
        None,
        "",
        date_only,
        understood == filled,
    )


def _iso_utc(bench: Workbench, column: Column) -> TimeReading | None:
    """Times that end in " UTC" or " GMT"; ingest knows Z and numbers as offsets, so the word is taken off."""
    _, _, first, last = bench.row("time_cast")
    expression = column.cleaned
    for word in ("UTC", "GMT"):
        if any(cell.endswith(word) for cell in column.sample):
            expression = f"replace({expression}, ' {word}', '')"
    return TimeReading(f"{expression}::timestamp", "ISO 8601 in UTC", first, last)


def _candidate_formats(column: Column) -> Iterator[str]:
    for date_format, date_pattern in _DATES.items():
        for clock_format, clock_pattern in _CLOCKS.items():
            if _share(re.compile(date_pattern + clock_pattern), column) >= _UNDERSTOOD:
                yield date_format + clock_format


def _written(
    bench: Workbench,
    table: str,
    column: Column,
    date_format: str,
    columns: tuple[Column, ...],
    doubt: str | None = None,
) -> TimeReading | None:
    bench.look_at(table, column.expression)
    filled, understood, first, last = bench.row("time_format", format=date_format)
    if understood < _UNDERSTOOD * filled:
        return None
    date_only = "%H" not in date_format and "%I" not in date_format
    clock = _clock(columns, column) if date_only else None
    if clock is not None:
        return _with_clock(bench, table, column, date_format, clock, doubt)
    made = f"strptime({_as_text(column)}, '{date_format}')"
    return TimeReading(made, date_format, first, last, doubt, "", date_only, understood == filled)


def _as_text(column: Column) -> str:
    return f"{column.expression}::varchar" if column.type == "number" else column.cleaned


def _clock(columns: tuple[Column, ...], day: Column) -> tuple[Column, str] | None:
    """The column that holds the time of day beside a column of days, and its format."""
    for column in columns:
        if (
            column.name == day.name
            or column.type != "text"
            or not named(column.name, CLOCK)
            or not column.sample
        ):
            continue
        for clock_format, pattern in _TIME_OF_DAY.items():
            if _share(re.compile(pattern), column) >= _UNDERSTOOD:
                return column, clock_format
    return None


def _with_clock(
    bench: Workbench,
    table: str,
    day: Column,
    date_format: str,
    clock: tuple[Column, str],
    doubt: str | None = None,
) -> TimeReading | None:
    joined = f"{_as_text(day)} || ' ' || {clock[0].expression}"
    both = f"{date_format} {clock[1]}"
    bench.look_at(table, joined)
    _, _, first, last = bench.row("time_format", format=both)
    return TimeReading(f"strptime({joined}, '{both}')", both, first, last, doubt)


def _day_or_month(
    bench: Workbench, table: str, column: Column, sign: str, year_digits: int, columns: tuple[Column, ...]
) -> TimeReading | None:
    year = "%Y" if year_digits == 4 else "%y"
    orders = {"day": f"%d{sign}%m{sign}{year}", "month": f"%m{sign}%d{sign}{year}"}
    clock_format = _clock_of(column)
    if clock_format is None:
        return None
    formats = {order: text + clock_format for order, text in orders.items()}
    bench.look_at(table, column.expression)
    day, month, back_day, back_month = bench.row(
        "day_month", day_first=formats["day"], month_first=formats["month"]
    )
    if day and month:
        return None
    if day or month:
        return _written(bench, table, column, formats["day" if day else "month"], columns)
    order, reason = _by_order(sign, back_day, back_month)
    doubt = (
        f"{column.name} such as {column.sample[0]} may be day or month first: no row has a number above 12. "
        f"Read as {order} first ({reason})."
    )
    return _written(bench, table, column, formats[order], columns, doubt)


def _clock_of(column: Column) -> str | None:
    """The clock part that follows dates written in numbers only, "" for none."""
    date = r"\d{1,2}[/.-]\d{1,2}[/.-](\d{4}|\d{2})"
    for clock_format, pattern in _CLOCKS.items():
        if _share(re.compile(date + pattern), column) >= _UNDERSTOOD:
            return clock_format
    return None


def _by_order(sign: str, back_day: int, back_month: int) -> tuple[str, str]:
    if back_day != back_month:
        order = "day" if back_day < back_month else "month"
        return order, "so read, the rows are more in order of time"
    return ("month", "the usual order with /") if sign == "/" else ("day", f"the usual order with {sign}")


def _epoch(bench: Workbench, column: Column) -> TimeReading | None:
    if not column.numeric or column.low is None or column.high is None:
        return None
    for unit, (scale, template) in _EPOCHS.items():
        if _FIRST_EPOCH_S * scale <= column.low and column.high <= _LAST_EPOCH_S * scale:
            first, last = bench.row("epoch", scale=int(scale))
            made = template.format(_parenthesised(column.cleaned))
            return TimeReading(made, f"{unit} since 1970", first, last)
    return None
