"""How much: how a column's cells are read as numbers, and which number stands for "not given"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

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
COMMON_CODES = (
    "EUR",
    "USD",
    "GBP",
    "JPY",
    "INR",
    "CHF",
    "SEK",
    "NOK",
    "DKK",
    "PLN",
    "CZK",
    "HUF",
    "BRL",
    "CAD",
    "AUD",
)
SIGN = rf"(?:[$€£¥₹]|(?i:{'|'.join(COMMON_CODES)}))"
_BEFORE, _AFTER = rf"[-+]?(?:{SIGN}\s?)?[-+]?", rf"(?:\s?{SIGN}){{0,2}}"
_POINT = re.compile(rf"{_BEFORE}(\d{{1,3}}(,\d{{3}})+|\d+|(?=\.))(\.\d+)?{_AFTER}")
_COMMA = re.compile(rf"{_BEFORE}(\d{{1,3}}([.\s]\d{{3}})+|\d+|(?=,))(,\d+)?{_AFTER}")
_HARD_BLANKS = ("\u00a0", "\u202f")
_INT32 = 2_147_483_647
_ODD = 0.05


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
    currencies
        Codes of the signs among the cells; whether amounts of several add up is asked once for the workspace.
    """

    expression: str
    whole: bool
    low: float
    high: float
    currencies: tuple[str, ...] = ()
    doubt: str | None = None
    typed: bool = False
    all_seen: bool = True

    def cast(self, kind: str) -> str:
        """The expression cast to a type; columns that are numbers already stay as they are."""
        if self.typed and kind != "int":
            return self.expression
        return f"{_grouped(self.expression)}::{kind}"

    def attribute_doubt(self, name: str) -> str | None:
        """The doubt about the column as an attribute, whose currencies nothing else asks about."""
        if len(self.currencies) < 2:
            return self.doubt
        mixed = f"{name} is in {', '.join(self.currencies)}: all are read as one currency."
        return f"{self.doubt} {mixed}" if self.doubt else mixed

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
    expression, kept = _without_missing(column, column.sample)
    if kept and column.numbers and all(_PLAIN.fullmatch(cell) for cell in kept):
        return NumberReading(expression, False, low, high, all_seen=False)
    if not all(_POINT.fullmatch(cell) for cell in kept) and not all(_COMMA.fullmatch(cell) for cell in kept):
        return None
    return _written_number(column, expression, kept)


def money_reading(bench: Workbench, table: str, column: Column) -> NumberReading | None:
    """How a column called money is read, where up to a twentieth of its cells may be no amount: that is a doubt."""
    reading = number_reading(column)
    if column.type != "text" or column.numeric or not column.filled:
        return reading
    strict = reading is not None
    reading = reading or _mostly_written(column, column.sample)
    if reading is None:
        return None
    unread = _unread(bench, table, column, reading)
    if unread:
        # the sample has not seen them all: another sign among them may be stripped as well
        wider = _mostly_written(column, (*column.sample, *(cell for cell, _, _ in unread)))
        left = _unread(bench, table, column, wider) if wider is not None else unread
        if wider is not None and (not left or left[0][2] < unread[0][2]):
            reading, unread = wider, left
    if not unread:
        return reading
    cell, _, rows = unread[0]
    if rows > _ODD * column.filled and not strict:
        return None
    doubt = (
        f"`{column.name}` looks like money, but {rows:,} of {column.filled:,} cells cannot be read, such as "
        f"{cell[:40]}: those rows will be rejected"
    )
    doubt += " (or read parentheses as negative)." if cell.startswith("(") else "."
    return replace(reading, doubt=f"{reading.doubt} {doubt}" if reading.doubt else doubt)


def _unread(
    bench: Workbench, table: str, column: Column, reading: NumberReading
) -> list[tuple[str, int, int]]:
    """Cells that the reading does not make a number: the cell, its rows, the rows of all of them."""
    made = {
        "cell": f"trim({column.expression})",
        "written": f"nullif(trim({reading.expression}), '')",
        "number": reading.cast("decimal(18,4)"),
    }
    bench.view("unread", table, made)
    return [(cell, rows, int(together)) for cell, rows, together in bench.rows("unread", most=20)]


def _without_missing(column: Column, cells: Sequence[str]) -> tuple[str, list[str]]:
    """The expression with words for "missing" as NULL, and the other cells."""
    missing = dict.fromkeys(c for c in cells if c.lower() in _MISSING and not _PLAIN.fullmatch(c))
    expression = column.cleaned
    for word in missing:
        expression = f"nullif({expression}, '{word}')"
    return expression, [cell for cell in cells if cell not in missing]


def _mostly_written(column: Column, cells: Sequence[str]) -> NumberReading | None:
    """The reading that most of the cells have; those that it does not fit are passed over."""
    expression, kept = _without_missing(column, cells)
    fits = [[c for c in kept if form.fullmatch(c)] for form in (_POINT, _COMMA)]
    best = max(fits, key=len)
    return _written_number(column, expression, best) if 2 * len(best) > len(kept) else None


def _written_number(column: Column, expression: str, kept: Sequence[str]) -> NumberReading | None:
    """Numbers with signs in them: `$1,234.50`, `1.234,50 €`, `12,5`, `EUR 9.90`."""
    if not kept:
        return None
    found = dict.fromkeys(sign for cell in kept for sign in re.findall(SIGN, cell))
    currencies = tuple(sorted({CURRENCIES.get(sign, sign.upper()) for sign in found}))
    for sign in sorted(found):
        expression = f"replace({expression}, '{sign}', '')"
    expression = _without_blanks(expression, kept)
    comma = all(_COMMA.fullmatch(cell) for cell in kept)
    said = ""
    if all(_POINT.fullmatch(cell) for cell in kept):
        if any("," in cell for cell in kept):
            expression = f"replace({expression}, ',', '')"
            said = "the comma is read as a thousands separator" if comma else ""
    else:
        if any("." in cell for cell in kept):
            expression = f"replace({expression}, '.', '')"
        if any("," in cell for cell in kept):
            expression = f"replace({expression}, ',', '.')"
            said = "the comma is read as a decimal comma"
    doubt = f"{column.name} such as {kept[0]}: {said}." if said else None
    return NumberReading(expression, False, -1e9, 1e9, currencies, doubt, all_seen=False)


def _without_blanks(expression: str, kept: Sequence[str]) -> str:
    for blank in _HARD_BLANKS:
        if any(blank in cell for cell in kept):
            expression = f"replace({expression}, '{blank}', '')"
    if any(re.search(r"\d \d", cell) for cell in kept):
        expression = f"replace({expression}, ' ', '')"
    elif any(" " in cell for cell in kept):
        expression = f"trim({expression})"
    return expression


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
