"""What an action's keys must be in a file: texts, lists of texts, numbers and days."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import date
from typing import Any, Final

from sqlglot import exp

from nbatool.ingest.canonical import LONGEST_ID_BYTES, NUMBER
from nbatool.ingest.row_sql import ExpressionError, fragment

TEXTS: Final = ("id", "name", "target", "eligible_when", "applicable_when")
LISTS: Final = ("channels", "tags")
DAYS: Final = ("starts", "ends")

_NUMBER = re.compile(NUMBER, re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class Unreadable(Exception):  # noqa: N818 - caught where the row is known, never shown as an error of its own
    """What is wrong with a value; continues a sentence that starts with its key."""


def written(key: str, value: exp.Expr, kind: str) -> exp.Expr:
    """Return an action key's value as text, or as a list of texts where `kind`, its DuckDB type, is a list.

    Raises
    ------
    ExpressionError
        When a value of that type cannot be what the key says.
    """
    if re.search(r"\[\d*\]$", kind):
        if key in LISTS:
            return fragment("cast($v as varchar[])", v=value)
        raise ExpressionError(f"gives a list ({kind.lower()}), not {_wanted(key)}")
    if kind.startswith(("STRUCT", "MAP")):
        raise ExpressionError(f"gives {kind.partition('(')[0].lower()}, not {_wanted(key)}")
    if key in DAYS and kind == "TIMESTAMP WITH TIME ZONE":
        raise ExpressionError(f"gives an instant, not {_wanted(key)}: write  x::date")
    if key in DAYS and kind.startswith("TIMESTAMP"):
        return fragment("cast(cast($v as date) as varchar)", v=value)
    if kind == "JSON":
        return fragment("$v ->> '$'", v=value)
    return fragment("cast($v as varchar)", v=value)


def _wanted(key: str) -> str:
    if key in LISTS:
        return "texts"
    return "a text" if key in TEXTS else "a day" if key in DAYS else "a number"


def text(value: str) -> str | None:
    """Return a text as written; a blank one is null."""
    if "\0" in value:
        raise Unreadable("holds a NUL character")
    return value if value.strip() else None


def identifier(value: str) -> str | None:
    """Return an id as written."""
    if len(value.encode()) > LONGEST_ID_BYTES:
        raise Unreadable(f"is longer than {LONGEST_ID_BYTES:,} bytes: {value[:60]!r}…")
    return text(value)


def texts(value: str | list[Any]) -> tuple[str, ...] | None:
    """Return a list, the text of a JSON list, or one text as texts, each once.

    >>> texts('["web", "email"]'), texts("email"), texts("")
    (('web', 'email'), ('email',), None)
    """
    items = value
    if isinstance(value, str):
        if not value.strip() or value.strip() == "null":
            return None
        items = _json_list(value) if value.lstrip().startswith("[") else [value.strip()]
    for item in items:
        if not isinstance(item, str) or not item.strip():
            raise Unreadable(f"holds {json.dumps(item)}, not a text")
    return tuple(dict.fromkeys(items))


def _json_list(value: str) -> list[Any]:
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list):
        raise Unreadable(
            f'is not a list: {value[:60]!r}. Write ["email", "web"] in the file, or take it apart in the map: '
            "string_split(x, '|')"
        )
    return found


def number(value: str) -> float | None:
    """Return a finite number."""
    shown = value.strip()
    if not shown:
        return None
    found = float(shown) if _NUMBER.fullmatch(shown) else math.nan
    if not math.isfinite(found):
        raise Unreadable(f"is not a number: {shown[:60]!r}")
    return found


def not_negative(value: str) -> float | None:
    """Return a number of at least zero."""
    found = number(value)
    if found is not None and found < 0:
        raise Unreadable(f"must not be negative: {value.strip()}")
    return found


def whole(value: str) -> int | None:
    """Return a whole number of at least zero."""
    found = not_negative(value)
    if found is not None and not found.is_integer():
        raise Unreadable(f"must be a whole number: {value.strip()}")
    return None if found is None else int(found)


def day(value: str) -> date | None:
    """Return a calendar day."""
    shown = value.strip()
    if not shown:
        return None
    try:
        if _DAY.fullmatch(shown):
            return date.fromisoformat(shown)
    except ValueError:
        pass
    raise Unreadable(
        f"is not a day such as 2018-07-01: {shown[:60]!r}. A time becomes one by  x::date  in the map"
    )


PARSERS: Final[dict[str, Callable[[Any], Any]]] = {
    "id": identifier,
    "name": text,
    "channels": texts,
    "tags": texts,
    "cost": number,
    "cost_per_conversion": not_negative,
    "target": text,
    "value_per_response": number,
    "eligible_when": text,
    "applicable_when": text,
    "starts": day,
    "ends": day,
    "stock": whole,
    "lever": not_negative,
}
"""Key of an action → what reads its value; None where there is none."""
