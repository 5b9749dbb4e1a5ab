"""Well-known event formats, told by their keys; their mapping is written out so that it can be edited."""

from __future__ import annotations

from collections.abc import Iterable

from nbatool.ingest.guess.event_values import EventValue
from nbatool.ingest.guess.events import EventsDraft
from nbatool.ingest.guess.file_look import FileLook
from nbatool.ingest.guess.records import Column, MapLine
from nbatool.ingest.guess.times import TimeReading, time_reading
from nbatool.ingest.guess.words import identifier
from nbatool.ingest.guess.workbench import Workbench

_SEGMENT_TYPES = {"identify", "track", "page", "screen", "group", "alias"}


def preset_draft(bench: Workbench, seen: FileLook) -> EventsDraft | None:
    """Read a file as Segment (RudderStack), GA4 or CloudEvents, or None when its keys are others."""
    names = {column.name for column in seen.columns if not column.parent}
    by_name = {column.name: column for column in seen.columns if not column.parent}
    kinds = set(by_name["type"].sample) if "type" in by_name else set()
    if "type" in names and names & {"userId", "anonymousId"} and kinds and kinds <= _SEGMENT_TYPES:
        return _segment(bench, seen, by_name)
    if {"event_name", "event_timestamp"} <= names and names & {"user_id", "user_pseudo_id"}:
        return _ga4(bench, seen, by_name)
    if {"specversion", "type", "source", "id", "time"} <= names:
        return _cloudevents(bench, seen, by_name)
    return None


def _first(by_name: dict[str, Column], *names: str) -> str:
    found = [by_name[name].expression for name in names if name in by_name and by_name[name].filled]
    return found[0] if len(found) == 1 else f"coalesce({', '.join(found)})"


def _nested(seen: FileLook, parent: str, names: Iterable[str]) -> list[Column]:
    inside = {column.name.lower(): column for column in seen.columns if column.parent == parent}
    return [inside[name] for name in names if name in inside and inside[name].mostly_numeric]


def _value(seen: FileLook, parent: str, *names: str) -> EventValue | None:
    found = _nested(seen, parent, names)
    if not found:
        return None
    inner = ", ".join(column.expression for column in found)
    number = f"coalesce({inner})::decimal(18,4)" if len(found) > 1 else f"({inner})::decimal(18,4)"
    return EventValue(number, tuple(c.expression for c in found), tuple(c.name for c in found))


def _draft(
    seen: FileLook, preset: str, who: str, when: TimeReading, what: str, identity: str,
    value: EventValue | None, attributes: list[MapLine],
) -> EventsDraft:  # fmt: skip
    lines = [
        MapLine("customer_id", who),
        MapLine(
            "ts",
            when.expression,
            f"{when.first:%Y-%m-%d} to {when.last:%Y-%m-%d}" if when.first and when.last else "",
        ),
        MapLine("type", what),
        *([MapLine("event_id", identity)] if identity else []),
        *([value.line(grouped=False)] if value else []),
        *attributes,
    ]
    customer = next(column for column in seen.columns if column.expression in who)
    kinds = next((column for column in seen.columns if column.expression == what), None)
    used = tuple(value.used) if value else ()
    return EventsDraft(
        seen, customer, when, tuple(lines), value=value, type_column=kinds, preset=preset, used=used
    )


def _attributes(seen: FileLook, parent: str, used: tuple[str, ...], most: int = 20) -> list[MapLine]:
    kept = [c for c in seen.columns if c.parent == parent and c.expression not in used and c.distinct > 1]
    return [MapLine(f"attributes.{identifier(c.name)}", c.expression) for c in kept[:most]]


def _segment(bench: Workbench, seen: FileLook, by_name: dict[str, Column]) -> EventsDraft | None:
    clocks = [
        by_name[name]
        for name in ("timestamp", "originalTimestamp", "sentAt", "receivedAt")
        if name in by_name
    ]
    when = next(
        (reading for clock in clocks if (reading := time_reading(bench, seen.raw.table, clock))), None
    )
    if when is None:
        return None
    value = _value(seen, "properties", "revenue", "total", "value", "amount", "price")
    what = "case type when 'track' then event else type end" if "event" in by_name else "type"
    identity = by_name["messageId"].expression if "messageId" in by_name else ""
    kept = _attributes(seen, "properties", value.used if value else ())
    return _draft(
        seen, "segment", _first(by_name, "userId", "anonymousId"), when, what, identity, value, kept
    )


def _ga4(bench: Workbench, seen: FileLook, by_name: dict[str, Column]) -> EventsDraft | None:
    when = time_reading(bench, seen.raw.table, by_name["event_timestamp"])
    if when is None:
        return None
    value = _value(seen, "ecommerce", "purchase_revenue", "purchase_revenue_in_usd") or _plain_value(by_name)
    kept = [
        MapLine(f"attributes.{n}", by_name[n].expression) for n in ("platform", "stream_id") if n in by_name
    ]
    kept += (
        _attributes(seen, "device", ())
        + _attributes(seen, "geo", ())
        + _attributes(seen, "traffic_source", ())
    )
    named_once = list({line.canonical: line for line in kept}.values())
    who = _first(by_name, "user_id", "user_pseudo_id")
    return _draft(seen, "ga4", who, when, by_name["event_name"].expression, "", value, named_once)


def _plain_value(by_name: dict[str, Column]) -> EventValue | None:
    column = by_name.get("event_value_in_usd")
    if column is None or not column.mostly_numeric:
        return None
    return EventValue(f"{column.expression}::decimal(18,4)", (column.expression,), (column.name,))


def _cloudevents(bench: Workbench, seen: FileLook, by_name: dict[str, Column]) -> EventsDraft | None:
    when = time_reading(bench, seen.raw.table, by_name["time"])
    inside = [c for c in seen.columns if c.parent == "data"]
    who = next((c for name in ("user_id", "userid", "customer_id", "customerid") for c in inside
                if c.name.lower() == name), by_name.get("subject"))  # fmt: skip
    if when is None or who is None:
        return None
    value = _value(seen, "data", "amount", "value", "total", "revenue", "price")
    kept = _attributes(seen, "data", (who.expression, *(value.used if value else ())))
    what, identity = by_name["type"].expression, by_name["id"].expression
    return _draft(seen, "cloudevents", who.expression, when, what, identity, value, kept)
