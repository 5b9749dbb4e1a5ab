"""Maps of well-known event formats, used where a source says ``preset = …`` instead of a map."""

from __future__ import annotations

from typing import Final

from nbatool.base.config import Source
from nbatool.base.errors import ConfigError

SEGMENT: Final = {
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
"""Segment's spec: https://segment.com/docs/connections/spec/ (RudderStack follows it)."""

PRESETS: Final = {"segment": SEGMENT, "rudderstack": SEGMENT}


def preset_map(name: str) -> dict[str, str]:
    """Return the map of a preset: canonical column (or ``attributes.NAME``) → expression.

    >>> preset_map("segment")["event_id"]
    'messageId'
    """
    if name not in PRESETS:
        raise ConfigError(
            f'preset = "{name}" is not built yet; {", ".join(sorted(PRESETS))} are. Write a [source.map] instead'
        )
    return dict(PRESETS[name])


def mapped_expressions(source: Source) -> dict[str, str]:
    """Return all expressions of a source, from its map or its preset, patterns left out."""
    if source.preset is not None:
        return preset_map(source.preset)
    attributes = {f"attributes.{name}": text for name, text in source.map.attributes.items()}
    return {**source.map.columns, **attributes}
