"""A small file whose ids occur in the events, or that speaks of offers and channels: the list of actions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from nbatool.ingest.guess.cells import distinct_cells
from nbatool.ingest.guess.events import EventsDraft, coalesced
from nbatool.ingest.guess.file_look import FileLook, plain_ids, unique
from nbatool.ingest.guess.matching import overlap
from nbatool.ingest.guess.numbers import number_reading
from nbatool.ingest.guess.records import CatalogueGuess, Column, MapLine, SourceGuess
from nbatool.ingest.guess.times import time_reading
from nbatool.ingest.guess.words import (
    ACTION,
    CHANNEL,
    COST,
    DURATION,
    ENDS,
    NAME,
    STARTS,
    identifier,
    named,
    words,
)
from nbatool.ingest.guess.workbench import Workbench

_MOST_ACTIONS = 500
_OFFER_WORDS = {"offer", "offers", "campaign", "campaigns", "action", "actions", "promo", "promotion", "promotions",
                "portfolio", "catalogue", "catalog", "creative", "creatives", "coupons", "treatment", "treatments"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CatalogueFound:
    """The catalogue, and the draft whose action ids it lists (None: it was told by its words)."""

    catalogue: CatalogueGuess
    draft: EventsDraft | None
    line: MapLine | None


def catalogue_found(
    bench: Workbench,
    seen: FileLook,
    drafts: Sequence[EventsDraft],
    decisions: Sequence[SourceGuess] = (),
    *,
    by_words: bool,
) -> CatalogueFound | None:
    """Read a file as the list of actions, or None when it does not look like one.

    Parameters
    ----------
    by_words
        False: only when its ids occur in the events or decisions. True: when its names speak of offers.
    """
    if seen.raw.rows > _MOST_ACTIONS:
        return None
    keys = [c for c in (seen.column(ACTION), *plain_ids(seen)) if c is not None and unique(bench, seen, c)]
    keys += [
        c
        for c in seen.columns
        if c.type == "text" and c not in keys and named(c.name, NAME) and unique(bench, seen, c)
    ]
    for key in keys if not by_words else ():
        if any(
            (line := source.line("action_id")) and line.expression == key.expression for source in decisions
        ):
            return CatalogueFound(
                _guess(bench, seen, key, "decisions name its ids", default="web"), None, None
            )
        for draft in drafts:
            columns = _columns_with(bench, draft, seen, key)
            if columns:
                return _matched(bench, seen, key, draft, columns)
    said = {word for column in seen.columns for word in words(column.name)} | set(words(seen.paths[0].name))
    if by_words and keys and (said & _OFFER_WORDS) and seen.raw.rows <= 200:
        return CatalogueFound(_guess(bench, seen, keys[0], "its names speak of offers"), None, None)
    return None


def _columns_with(bench: Workbench, draft: EventsDraft, seen: FileLook, key: Column) -> list[Column]:
    """The columns of an events file whose values are ids of this file."""
    ids = set(key.sample)
    found = []
    for column in draft.seen.columns:
        taken = column.expression in (
            draft.customer.expression,
            draft.type_column and draft.type_column.expression,
        )
        offered = named(column.name, ACTION) or (len(ids) >= 3 and not key.numeric)
        if taken or column.type not in ("text", "number") or not offered or not column.sample:
            continue
        if sum(cell in ids for cell in column.sample) < 0.9 * len(column.sample):
            continue
        shared = overlap(bench, (draft.seen.raw.table, column.expression), (seen.raw.table, key.expression))
        if shared.both and shared.of_left >= 0.9:
            found.append(column)
    return sorted(found, key=lambda c: c.name, reverse=True)


def _matched(
    bench: Workbench, seen: FileLook, key: Column, draft: EventsDraft, columns: list[Column]
) -> CatalogueFound:
    expression = coalesced(columns)
    shared = overlap(bench, (draft.seen.raw.table, expression), (seen.raw.table, key.expression))
    where = seen.shown
    all_in = shared.both == shared.left == shared.right
    note = f"all {shared.left} in {where}" if all_in else f"{shared.both} of {shared.left} in {where}"
    line = MapLine("action_id", expression, note)
    return CatalogueFound(
        _guess(bench, seen, key, f"the values of {key.name} occur in {draft.seen.shown}"), draft, line
    )


def _guess(
    bench: Workbench, seen: FileLook, key: Column, why: str, *, default: str = "email"
) -> CatalogueGuess:
    channel = seen.column(CHANNEL)
    channel_line, channels, mode = _channels(channel, default)
    rest = [c for c in seen.columns if c is not key and c is not channel and c.filled and not c.parent]
    lines = [MapLine("id", key.expression), *_terms(bench, seen, rest)]
    made = [line.expression for line in lines]
    rest = [
        c
        for c in rest
        if not any(c.expression in text for text in made)
        and not (c.name.startswith("column_") and c.name[7:].isdigit())
    ]
    name = _name(rest) if not any(line.canonical == "name" for line in lines) else None
    lines += [MapLine("name", _told_apart(bench, seen, key, name))] if name else []
    lines.append(channel_line)
    kinds = [c for c in rest if _readable(c) and c.distinct <= 20 and c.distinct < c.rows]
    if kinds:
        lines.append(MapLine("tags", f"[{', '.join(c.expression for c in kinds[:3])}]"))
    for column in rest:
        reading = number_reading(column)
        if reading is not None:
            noun = identifier(column.name) + ("_days" if column.name.lower() == "duration" else "")
            lines.append(MapLine(f"attributes.{noun}", reading.attribute, doubt=reading.doubt))
    order = ("id", "name", "channels", "tags", "cost", "starts", "ends")
    lines.sort(key=lambda line: order.index(line.canonical) if line.canonical in order else len(order))
    return CatalogueGuess(seen.paths[0], seen.layout, seen.raw.rows, tuple(lines), channels, mode, why)


def _told_apart(bench: Workbench, seen: FileLook, key: Column, name: str) -> str:
    """The name, with the id after it where several actions would have the same."""
    _, different = distinct_cells(bench, seen.raw.table, name)
    return name if different == seen.raw.rows else f"{name} || ' ' || {key.expression}"


def _channels(column: Column | None, default: str) -> tuple[MapLine, tuple[str, ...], str]:
    if column is None:
        doubt = f"the list of actions names no channel: all are taken to go out by {default}."
        return MapLine("channels", f"['{default}']", doubt=doubt), (default,), "one"
    found: set[str] = set()
    if column.type == "json":
        for cell in column.sample:
            try:
                value = json.loads(cell)
            except ValueError:
                value = [part.strip(" '\"") for part in cell.strip("[]").split(",")]
            found.update(str(item) for item in (value if isinstance(value, list) else [value]))
        several = any("," in cell for cell in column.sample)
        return MapLine("channels", column.expression), tuple(sorted(found)), "all" if several else "one"
    sign = next((s for s in (",", ";", "|", "/") if any(s in cell for cell in column.sample)), "")
    for cell in column.sample:
        found.update(part.strip() for part in (cell.split(sign) if sign else [cell]))
    made = f"string_split({column.expression}, '{sign}')" if sign else f"[{column.expression}]"
    return MapLine("channels", made), tuple(sorted(found)), "all" if sign else "one"


def _terms(bench: Workbench, seen: FileLook, columns: Sequence[Column]) -> list[MapLine]:
    """Name, cost and dates, where columns are called so."""
    lines = []
    name = seen.column(NAME, [c for c in columns if c.type == "text"])
    if name is not None:
        lines.append(MapLine("name", name.expression))
    cost = seen.column(COST[:1], columns)
    reading = number_reading(cost) if cost else None
    if reading is not None:
        lines.append(MapLine("cost", reading.cast("decimal(18,4)"), doubt=reading.doubt))
    for canonical, vocabulary in (("starts", STARTS), ("ends", ENDS)):
        column = seen.column(vocabulary, columns)
        when = time_reading(bench, seen.raw.table, column) if column else None
        if when is not None:
            lines.append(MapLine(canonical, f"{_grouped(when.expression)}::date"))
    return lines


def _grouped(expression: str) -> str:
    return (
        expression if expression.replace("_", "").isalnum() or expression.endswith(")") else f"({expression})"
    )


def _readable(column: Column) -> bool:
    """Short words, not hashes or sentences."""
    short = all(len(cell) <= 24 for cell in column.sample)
    return column.type == "text" and not column.numeric and column.distinct <= 50 and short


def _name(columns: Sequence[Column]) -> str | None:
    """A readable name put together: kinds, then numbers, then how long: `discount 10/2 10d`."""
    texts = [c.expression for c in columns if _readable(c)]
    lasting = [c for c in columns if named(c.name, DURATION) and c.numeric]
    numbers = [c for c in columns if c.numeric and c.integers == c.numbers and c not in lasting][:3]
    numbers.sort(key=lambda c: c.name)
    if not texts:
        return None
    parts = " || ' ' || ".join(texts[:3])
    if numbers:
        parts += " || ' ' || " + " || '/' || ".join(c.expression for c in numbers)
    if lasting:
        parts += f" || ' ' || {lasting[0].expression}::int || 'd'"
    return parts
