"""How much: how a column's cells are read as numbers, and which number stands for "not given"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nbatool.ingest.guess.records import Column
from nbatool.ingest.guess.workbench import Workbench

CURRENCIES = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR"}
_MISSING = (
    "na",
    "n/a",
    "nan",
    "null",
    "none",
    "\\n",
    "?",
    "-",
    "unknown",
    "missing",
    "inf",
    "-inf",
    "undefined",
    "#n/a",
)
_CLASSIC = (-9999.0, -999.0, -99.0, -9.0, -1.0, 99.0, 999.0, 9999.0, 99999.0, 999999.0)
_PLAIN = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_POINT = re.compile(r"[-+]?[$€£¥₹]? ?[-+]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)? ?[$€£¥₹]?")
_COMMA = re.compile(r"[-+]?[$€£¥₹]? ?[-+]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)? ?[$€£¥₹]?")
_INT32 = 2_147_483_647


@dataclass(frozen=True, slots=True)
class NumberReading:
    """How a column is read as numbers.

    Attributes
    ----------
    expression
        SQL of the number as text, before its cast.
    whole
        All are whole numbers.
    typed
        The file's own type is a number: no cast is needed.
    all_seen
        Every cell of the file was looked at, not a sample only.
    """

    expression: str
    whole: bool
    low: float
    high: float
    currency: str = ""
    doubt: str | None = None
    typed: bool = False
    all_seen: bool = True

    def cast(self, kind: str) -> str:
        """The expression cast to a type; columns that are numbers already stay as they are."""
        if self.typed and kind != "int":
            return self.expression
        return f"{_grouped(self.expression)}::{kind}"

    @property
    def attribute(self) -> str:
        """The expression as an attribute: int, bigint or double."""
        if self.typed:
            return self.expression
        if self.whole:
            small = max(abs(self.low), abs(self.high)) <= _INT32
            return self.cast("int" if small else "bigint")
        return self.cast("double") if self.all_seen else f"try_cast({self.expression} as double)"


def _grouped(expression: str) -> str:
    return f"({expression})" if "->" in expression and not expression.endswith(")") else expression


def number_reading(column: Column) -> NumberReading | None:
    """How this column is read as numbers, or None when its cells are not numbers.

    Plain numbers, currency signs, thousands separators, decimal commas, and words for "missing" are understood.
    """
    whole = column.filled > 0 and column.integers == column.numbers
    if column.type == "number":
        return NumberReading(column.expression, whole, column.low or 0.0, column.high or 0.0, typed=True)
    if column.type != "text" or not column.filled:
        return None
    low, high = column.low or 0.0, column.high or 0.0
    if column.numeric:
        if any(re.match(r"0\d", cell) for cell in column.sample) and whole:
            return None  # codes such as 00123 are no numbers
        return NumberReading(column.cleaned, whole, low, high)
    odd = [cell for cell in column.sample if not _PLAIN.fullmatch(cell)]
    missing = tuple(dict.fromkeys(cell for cell in odd if cell.lower() in _MISSING))
    kept = [cell for cell in column.sample if cell not in missing]
    expression = column.cleaned
    for word in missing:
        expression = f"nullif({expression}, '{word}')"
    if kept and column.numbers and all(_PLAIN.fullmatch(cell) for cell in kept):
        return NumberReading(expression, False, low, high, all_seen=False)
    return _written_number(column, expression, kept)


def _written_number(column: Column, expression: str, kept: list[str]) -> NumberReading | None:
    """Numbers with signs in them: `$1,234.50`, `1.234,50 €`, `12,5`."""
    if not kept:
        return None
    signs = {sign for cell in kept for sign in CURRENCIES if sign in cell}
    currency = CURRENCIES[next(iter(signs))] if len(signs) == 1 else ""
    for sign in sorted(signs):
        expression = f"replace({expression}, '{sign}', '')"
    point = all(_POINT.fullmatch(cell) for cell in kept)
    comma = all(_COMMA.fullmatch(cell) for cell in kept)
    doubt = None
    if not point and not comma:
        return None
    if any(" " in cell for cell in kept):
        expression = f"trim({expression})"
    if point:
        if any("," in cell for cell in kept):
            expression = f"replace({expression}, ',', '')"
            if comma:
                doubt = f"{column.name} such as {kept[0]}: the comma is read as a thousands separator."
    else:
        if any("." in cell for cell in kept):
            expression = f"replace({expression}, '.', '')"
        expression = f"replace({expression}, ',', '.')"
        doubt = f"{column.name} such as {kept[0]}: the comma is read as a decimal comma."
    return NumberReading(expression, False, -1e9, 1e9, currency, doubt, all_seen=False)


@dataclass(frozen=True, slots=True)
class Sentinel:
    """A number that seems to mean "not given", in how many rows, and why it seems so."""

    value: float
    rows: int
    why: str

    @property
    def shown(self) -> str:
        return f"{self.value:g}"


def sentinel(bench: Workbench, table: str, column: Column, columns: tuple[Column, ...]) -> Sentinel | None:
    """A lone extreme number that stands exactly where another column is empty, or is 999 and the like."""
    if not column.numeric or column.distinct < 5 or column.low is None or column.high is None:
        return None
    for value in (column.high, column.low):
        bench.look_at(table, column.expression)
        times, below, above = bench.row("extreme", value=value)
        nearest = below if value == column.high else above
        if nearest is None or times < max(2, 0.005 * column.filled):
            continue
        other_end = column.low if value == column.high else column.high
        gap, rest = abs(value - nearest), abs(nearest - other_end)
        lone_negative = value < 0 <= nearest
        if gap < 0.1 * rest and not (lone_negative and value in _CLASSIC):
            continue
        empties = _empty_where(bench, table, column, value, times, columns)
        if empties:
            return Sentinel(value, times, f"exactly those without {empties}")
        if value in _CLASSIC and (lone_negative or gap >= rest):
            return Sentinel(value, times, f"the next is {nearest:g}")
    return None


def _empty_where(
    bench: Workbench, table: str, column: Column, value: float, times: int, columns: tuple[Column, ...]
) -> str:
    """The first other column that is empty exactly where this one holds the value."""
    for other in columns:
        if other.rows - other.filled != times or other.name == column.name:
            continue
        made = {name: f"nullif(trim(({text})::varchar), '')"
                for name, text in (("cell", column.expression), ("other", other.expression))}  # fmt: skip
        bench.view("two_columns", table, made)
        if bench.row("coincide", value=value)[0] == 0:
            return other.name
    return ""
