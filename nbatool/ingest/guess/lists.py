"""Lists in one cell: channels and tags written as JSON, or with a sign between the items; and yes or no."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from nbatool.ingest.guess.records import Column

_SIGNS = (",", ";", "|", "/")


@dataclass(frozen=True, slots=True)
class ListReading:
    """How a column is read as lists.

    Attributes
    ----------
    expression
        SQL of a list of texts, or of a JSON list.
    items
        The different items, sorted.
    several
        Some cells hold more than one item.
    gaps
        Some cells hold none.
    """

    expression: str
    items: tuple[str, ...]
    several: bool
    gaps: bool = False


def list_reading(column: Column) -> ListReading:
    """Read every cell as a list; a cell that is none is a list of one.

    >>> cells = Column("c", "c", "text", 2, 2, 2, 0, 0, sample=("email, sms", "web"))
    >>> list_reading(cells)
    ListReading(expression="string_split(replace(c, ', ', ','), ',')", items=('email', 'sms', 'web'), several=True, gaps=False)
    """
    bracketed = column.type == "json" or all(cell.lstrip().startswith("[") for cell in column.sample)
    if bracketed and column.sample:
        cells = [_bracketed(cell) for cell in column.sample]
        quoted = any("'" in cell and '"' not in cell for cell in column.sample) and column.type == "text"
        return _reading(column, f"replace({column.cleaned}, '''', '\"')" if quoted else column.cleaned, cells)
    sign = next((s for s in _SIGNS if any(s in cell for cell in column.sample)), "")
    if not sign:
        return _reading(column, f"[{column.cleaned}]", [[cell] for cell in column.sample])
    inner = column.cleaned
    for blank in (f"{sign} ", f" {sign}"):
        if any(blank in cell for cell in column.sample):
            inner = f"replace({inner}, '{blank}', '{sign}')"
    return _reading(column, f"string_split({inner}, '{sign}')", [cell.split(sign) for cell in column.sample])


def _reading(column: Column, expression: str, cells: Sequence[Sequence[str]]) -> ListReading:
    items = {item.strip() for cell in cells for item in cell} - {""}
    gaps = column.filled < column.rows or not all(cells)
    return ListReading(expression, tuple(sorted(items)), any(len(cell) > 1 for cell in cells), gaps)


def _bracketed(cell: str) -> list[str]:
    """The items of a JSON list; of other spellings what stands between the commas."""
    try:
        value = json.loads(cell)
    except ValueError:
        return [part.strip(" '\"") for part in cell.strip("[]").split(",")]
    items = value if isinstance(value, list) else [value]
    return [str(item) for item in items if item is not None]


def boolean(column: Column) -> str | None:
    """SQL of a column that says true or false, else None.

    >>> boolean(Column("vip", "vip", "text", 9, 8, 2, 0, 0, sample=("true", "false"), blanks="empty"))
    "nullif(vip, '')::boolean"
    """
    if column.type == "boolean":
        return column.expression
    said = {cell.lower() for cell in column.sample}
    if column.type != "text" or not said or not said <= {"true", "false"} or column.distinct > 4:
        return None
    return f"({column.cleaned})::boolean" if "->" in column.cleaned else f"{column.cleaned}::boolean"
