"""``[[source]]``: files, their format, and how their rows become canonical records."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

from nbatool.base.errors import did_you_mean
from nbatool.base.setting_types import (
    Expressions,
    Files,
    Flag,
    Label,
    Table,
    Text,
    Texts,
    Zone,
    kind_of,
    shown,
    wrong,
)

SourceKind = Literal["events", "customers", "decisions", "outcomes", "consent"]
Preset = Literal["segment", "rudderstack", "cloudevents", "ga4", "dsjson", "obp", "personalizer"]

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "events": ("customer_id", "ts", "type", "event_id", "value", "action_id", "channel", "decision_id"),
    "customers": ("customer_id", "ts", "timezone", "account_id"),
    "decisions": (
        "decision_id", "customer_id", "ts", "action_id", "channel", "position", "probability", "policy", "candidates",
    ),
    "outcomes": ("decision_id", "value", "objective", "ts", "outcome_id"),
    "consent": ("customer_id", "channel", "ts", "state", "purpose", "address"),
}  # fmt: skip
"""The single canonical columns of each kind of source; attributes, context and outcomes come beside them."""

REQUIRED: Final[dict[str, tuple[str, ...]]] = {
    "events": ("customer_id", "ts", "type"),
    "customers": ("customer_id",),
    "decisions": ("ts", "action_id"),
    "outcomes": ("decision_id", "value"),
    "consent": ("customer_id", "channel", "ts", "state"),
}

OWN_SOURCE: Final = "nbatool"
"""What the workspace's own decisions are logged under."""

GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "events": ("attributes",),
    "customers": ("attributes",),
    "decisions": ("context", "outcome"),
    "outcomes": (),
    "consent": (),
}

Chosen = dict[str, str] | tuple[str, ...]


def _chosen(value: object) -> Chosen:
    """Accept ``attributes.age = "age::int"`` (a table) or ``attributes = ["age", "user_*"]`` (names and patterns)."""
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, dict | list | tuple):
        raise wrong(
            f'must be a list such as ["age", "user_*"] or name = "expression" pairs, not {kind_of(value)}'
        )
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        if not isinstance(item, str):
            raise wrong(f"must be a text, not {kind_of(item)}", at=key)
        if not item.strip():
            raise wrong("must not be empty", at=key)
    return dict(value) if isinstance(value, dict) else tuple(value)


Choice = Annotated[
    Chosen,
    PlainValidator(_chosen),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "array", "items": {"type": "string"}},
                {"type": "object", "additionalProperties": {"type": "string"}},
            ]
        }
    ),
]
"""Columns kept under names of their own (name → expression) or picked by name and pattern."""


class AttributesMap(Table):
    """A map that says, beside its own keys, which columns are kept as attributes."""

    chosen_attributes: Choice = Field(default_factory=tuple, alias="attributes")

    @property
    def attributes(self) -> dict[str, str]:
        """Attribute name → expression."""
        return self.chosen_attributes if isinstance(self.chosen_attributes, dict) else {}

    @property
    def attribute_patterns(self) -> tuple[str, ...]:
        """Names and patterns (``user_*``) of columns kept as attributes under their own names."""
        return () if isinstance(self.chosen_attributes, dict) else self.chosen_attributes


class SourceMap(AttributesMap):
    """``[source.map]``: canonical column = SQL expression over one row (or group) of the files."""

    customer_id: Text | None = None
    ts: Text | None = None
    type: Text | None = None
    event_id: Text | None = None
    value: Text | None = None
    action_id: Text | None = None
    channel: Text | None = None
    decision_id: Text | None = None
    timezone: Text | None = None
    account_id: Text | None = None
    position: Text | None = None
    probability: Text | None = None
    policy: Text | None = None
    candidates: Text | None = None
    objective: Text | None = None
    outcome_id: Text | None = None
    state: Text | None = None
    purpose: Text | None = None
    address: Text | None = None
    chosen_context: Choice = Field(default_factory=tuple, alias="context")
    outcomes: Expressions = Field(default_factory=dict, alias="outcome")
    """Outcome name → expression, for decisions that carry their outcomes."""

    @property
    def columns(self) -> dict[str, str]:
        """Canonical column → expression, of the columns that are mapped."""
        single = dict.fromkeys(column for columns in COLUMNS.values() for column in columns)
        return {column: getattr(self, column) for column in single if getattr(self, column) is not None}

    @property
    def context(self) -> dict[str, str]:
        """Name of the context → expression."""
        return self.chosen_context if isinstance(self.chosen_context, dict) else {}

    @property
    def context_patterns(self) -> tuple[str, ...]:
        """Names and patterns of columns kept as context under their own names."""
        return () if isinstance(self.chosen_context, dict) else self.chosen_context


class Lookup(Table):
    """``[source.lookup.NAME]``: a many-to-one table; its columns are written ``NAME.column`` in the map."""

    file: Path
    on: Text
    """The column both sides have."""


def _encoding(value: str) -> str:
    try:
        codecs.lookup(value)
    except (LookupError, ValueError):
        raise wrong(f"{shown(value)} is not an encoding (utf-8, latin-1, cp1252, utf-16, ...)") from None
    return value


def _delimiter(value: str) -> str:
    if value != "whitespace" and not (len(value) == 1 and value not in "\r\n\"'"):
        raise wrong(f'{shown(value)} must be one character, such as "," or "\\t", or "whitespace"')
    return value


class Source(Table):
    """``[[source]]``: files of one format whose rows become records of one kind."""

    name: Label
    kind: SourceKind
    files: Files = ()
    format: Literal["auto", "csv", "ndjson", "json", "parquet"] = "auto"
    delimiter: Annotated[str, AfterValidator(_delimiter)] = ","
    """One character, or "whitespace" for runs of blanks."""
    header: Flag = True
    columns: tuple[Text, ...] = ()
    """The columns' names where the files have no header."""
    encoding: Annotated[Text, AfterValidator(_encoding)] = "utf-8"
    timezone: Zone = "UTC"
    """The zone of times written without an offset."""
    preset: Preset | None = None
    group_by: Texts = ()
    lookup: dict[str, Lookup] = Field(default_factory=dict)
    map: SourceMap = Field(default_factory=SourceMap)

    def problems(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Yield what is wrong between the keys of this source, as (keys below the source, message)."""
        if self.name == OWN_SOURCE and self.kind in ("decisions", "outcomes"):
            yield ("name",), f'name: "{OWN_SOURCE}" is what this workspace logs itself; choose another name'
        if not self.header and not self.columns:
            yield ("header",), "header = false needs columns = [...], the names of the columns in order"
        if self.columns and self.header:
            yield ("columns",), "columns = [...] is for files without a header: add header = false"
        if len(set(self.columns)) < len(self.columns):
            yield ("columns",), "columns: a name occurs twice"
        allowed = (*COLUMNS[self.kind], *GROUPS[self.kind])
        groups = {
            "attributes": self.map.chosen_attributes,
            "context": self.map.chosen_context,
            "outcome": self.map.outcomes,
        }
        for key in (*self.map.columns, *(name for name, chosen in groups.items() if chosen)):
            if key not in allowed:
                yield (
                    ("map", key),
                    (
                        f'{key}: {self.kind} have no column "{key}"{did_you_mean(key, allowed)}'
                        f" (they have {', '.join(allowed)})"
                    ),
                )
        if self.preset is not None and self.map != SourceMap():
            yield ("preset",), "preset: a source has a preset or a map, not both"
        if self.preset is None:
            for key in REQUIRED[self.kind]:
                if key not in self.map.columns:
                    yield (
                        ("map", key),
                        f'"{key}" is missing: {self.kind} need {", ".join(REQUIRED[self.kind])}',
                    )
