"""The kinds of value nba.toml holds: text, numbers, durations, zones, names, files.

Each type says in plain words what it wants; :mod:`nbatool.base.config_words` turns that into the user's message.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict, WithJsonSchema
from pydantic_core import PydanticCustomError

from nbatool.base.clock import load_zone, parse_duration

IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Table(BaseModel):
    """A table of nba.toml: unknown keys are refused, values never change."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        use_attribute_docstrings=True,
        validate_default=True,
    )


def wrong(message: str, **context: Any) -> PydanticCustomError:
    """Return the error of a validator; `message` continues the sentence that starts with the key's name."""
    return PydanticCustomError("nba", "{message}", {"message": message, **context})


def kind_of(value: object) -> str:
    """Return what a TOML value is, in words."""
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case dict():
            return "a table"
        case list() | tuple():
            return "a list"
        case None:
            return "nothing"
        case _:
            return "a date or time"


def shown(value: object) -> str:
    """Return a TOML value as the file would show it, cut where it is long."""
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else None
    text = text or (f'"{value}"' if isinstance(value, str) else str(value))
    return text if len(text) <= 60 else text[:57] + "..."


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _duration(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        raise wrong(f'must say its unit: write "{value}d" for {value} days (s, m, h, d, w)')
    if not isinstance(value, str):
        raise wrong(f'must be a duration such as "30d", not {kind_of(value)}')
    duration_s = parse_duration(value)
    if duration_s == 0:
        raise wrong("must be longer than nothing")
    return duration_s


def _zone(value: str) -> str:
    load_zone(value)
    return value


def _not_blank(value: str) -> str:
    if not value.strip():
        raise wrong("must not be empty")
    return value


def _identifier(value: str) -> str:
    if IDENTIFIER.fullmatch(value) is None:
        raise wrong(
            f"{shown(value)} must be one word of letters, digits and _ (expressions and column names use it)"
        )
    return value


def _label(value: str) -> str:
    if re.fullmatch(r"[\w.-]+", value) is None:
        raise wrong(f"{shown(value)} must be one word of letters, digits and . _ - (commands use it)")
    return value


Text = Annotated[str, Strict(), AfterValidator(_not_blank)]
Flag = Annotated[bool, Strict()]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Whole = Annotated[int, Strict()]

Texts = Annotated[
    tuple[Text, ...],
    BeforeValidator(_one_or_many),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
"""A text or a list of texts."""

Duration = Annotated[
    int, BeforeValidator(_duration), WithJsonSchema({"type": "string", "pattern": "^[0-9]+ ?[smhdw]$"})
]
"""Whole seconds, written ``"30d"``."""

Zone = Annotated[Text, AfterValidator(_zone)]
Identifier = Annotated[Text, AfterValidator(_identifier)]
Label = Annotated[Text, AfterValidator(_label)]
Files = Annotated[
    tuple[Path, ...],
    BeforeValidator(_one_or_many),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
Expressions = dict[str, Text]
"""Name → SQL expression over one row."""
