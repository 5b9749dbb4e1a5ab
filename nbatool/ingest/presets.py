"""Maps of well-known formats, used where a source says ``preset = …`` instead of a map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from nbatool.base.config import Source
from nbatool.base.errors import ConfigError
from nbatool.ingest.log_presets import (
    DSJSON,
    OBP,
    OBP_CONTEXT,
    PERSONALIZER,
    PERSONALIZER_EVENT,
    PERSONALIZER_REWARDS,
)


@dataclass(frozen=True)
class Preset:
    """The map of a format: canonical column, or ``attributes.NAME`` and the like → expression."""

    expressions: dict[str, str]
    patterns: tuple[str, ...] = ()
    """Columns kept as attributes (of events and customers) or context (of decisions)."""
    group_by: tuple[str, ...] = ()
    """Expressions; several rows of equal values are one record."""


SEGMENT: Final = Preset(
    {
        "customer_id": "coalesce(userId, anonymousId)",
        "ts": "coalesce(timestamp, originalTimestamp, sentAt, receivedAt)",
        "type": "case type when 'track' then event else type end",
        "event_id": "messageId",
        "value": "coalesce(properties->>'revenue', properties->>'value', properties->>'total')",
        "channel": "coalesce(channel, context->>'channel')",
        "attributes.name": "name",
        "attributes.page": "coalesce(properties->>'path', properties->>'url', context->'page'->>'path')",
        "attributes.campaign": "context->'campaign'->>'name'",
        "attributes.properties": "properties->'$'",
        "attributes.traits": "traits->'$'",
    }
)
"""Segment's spec: https://segment.com/docs/connections/spec/ (RudderStack follows it)."""

PRESETS: Final = {
    ("segment", "events"): SEGMENT,
    ("rudderstack", "events"): SEGMENT,
    ("dsjson", "decisions"): Preset(DSJSON),
    ("obp", "decisions"): Preset(OBP, patterns=OBP_CONTEXT),
    ("personalizer", "decisions"): Preset(PERSONALIZER, group_by=(PERSONALIZER_EVENT,)),
    ("personalizer", "outcomes"): Preset(PERSONALIZER_REWARDS),
}
"""Name and kind of source → preset."""


def preset_of(name: str, kind: str) -> Preset:
    """Return a preset for a kind of source.

    >>> preset_of("segment", "events").expressions["event_id"]
    'messageId'

    Raises
    ------
    ConfigError
        When it is not built, or belongs to other kinds.
    """
    if (name, kind) in PRESETS:
        return PRESETS[name, kind]
    kinds = [known for preset, known in PRESETS if preset == name]
    if kinds:
        raise ConfigError(f'preset = "{name}" is for kind = "{" or ".join(kinds)}", not "{kind}"')
    built = sorted({preset for preset, _ in PRESETS})
    raise ConfigError(
        f'preset = "{name}" is not built yet; {", ".join(built)} are. Write a [source.map] instead'
    )


def mapped_expressions(source: Source) -> dict[str, str]:
    """Return all expressions of a source, from its map or its preset, patterns left out."""
    if source.preset is not None:
        return dict(preset_of(source.preset, source.kind).expressions)
    said = source.map
    attributes = {f"attributes.{name}": text for name, text in said.attributes.items()}
    context = {f"context.{name}": text for name, text in said.context.items()}
    outcomes = {f"outcome.{name}": text for name, text in said.outcomes.items()}
    return {**said.columns, **attributes, **context, **outcomes}


def column_patterns(source: Source) -> tuple[str, ...]:
    """Return the names and patterns of columns kept under their own names: as attributes, or as context of decisions."""
    if source.preset is not None:
        return preset_of(source.preset, source.kind).patterns
    return source.map.attribute_patterns or source.map.context_patterns


def group_expressions(source: Source) -> tuple[str, ...]:
    """Return what the rows of one record have in common, as expressions; empty where each row is a record."""
    if source.preset is not None and (own := preset_of(source.preset, source.kind).group_by):
        return own
    return tuple('"' + name.replace('"', '""') + '"' for name in source.group_by)
