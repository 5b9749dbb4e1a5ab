"""A small file whose ids occur in the events, or that speaks of offers and channels: the list of actions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nbatool.ingest.guess.attributes import action_attributes, readable
from nbatool.ingest.guess.cells import distinct_cells
from nbatool.ingest.guess.events import EventsDraft, coalesced
from nbatool.ingest.guess.file_look import FileLook, plain_ids, unique
from nbatool.ingest.guess.lists import boolean, list_reading
from nbatool.ingest.guess.matching import overlap
from nbatool.ingest.guess.numbers import number_reading
from nbatool.ingest.guess.records import CatalogueGuess, Column, MapLine, SourceGuess
from nbatool.ingest.guess.times import time_reading
from nbatool.ingest.guess.words import (
    ACTION,
    CHANNEL,
    CONVERSION_COST,
    COST,
    DURATION,
    ENDS,
    NAME,
    RESPONSE_VALUE,
    STARTS,
    STOCK,
    TAGS,
    named,
    words,
)
from nbatool.ingest.guess.workbench import Workbench

_MOST_ACTIONS = 500
_OFFER_WORDS = {"offer", "offers", "campaign", "campaigns", "action", "actions", "promo", "promotion", "promotions",
                "portfolio", "catalogue", "catalog", "creative", "creatives", "coupons", "treatment", "treatments",
                "channel", "channels"}  # fmt: skip
_AMOUNTS = (("cost", COST, "decimal(18,4)"), ("cost_per_conversion", CONVERSION_COST, "decimal(18,4)"),
            ("value_per_response", RESPONSE_VALUE, "decimal(18,4)"), ("stock", STOCK, "int"))  # fmt: skip


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
    lines = [MapLine("id", key.expression), channel_line]
    rest = [c for c in seen.columns if c is not key and c is not channel and c.filled and not c.parent]
    lines += _terms(bench, seen, rest)
    rest = [c for c in rest if not any(c.expression in line.expression for line in lines) and not _unnamed(c)]
    if not any(line.canonical == "name" for line in lines):
        name = _name([c for c in rest if not named(c.name, TAGS)])
        lines += [MapLine("name", _told_apart(bench, seen, key, name))] if name else []
    tags, tagged = _tags(seen, rest)
    lines += [tags] if tags else []
    lines += action_attributes([c for c in rest if c not in tagged])
    order = (
        "id", "name", "channels", "tags", "cost", "cost_per_conversion", "value_per_response", "stock", "starts", "ends",
    )  # fmt: skip
    lines.sort(key=lambda line: order.index(line.canonical) if line.canonical in order else len(order))
    return CatalogueGuess(seen.paths[0], seen.layout, seen.raw.rows, tuple(lines), channels, mode, why)


def _unnamed(column: Column) -> bool:
    return column.name.startswith("column_") and column.name[7:].isdigit()


def _tags(seen: FileLook, columns: Sequence[Column]) -> tuple[MapLine | None, list[Column]]:
    """The column of tags; without one, up to three columns of few words, which say the kind of an action."""
    column = seen.column(TAGS, [c for c in columns if c.type in ("text", "json") and not c.numeric])
    if column is not None:
        return MapLine("tags", list_reading(column).expression), [column]
    kinds = [
        c for c in columns if readable(c) and c.distinct <= 20 and c.distinct < c.rows and boolean(c) is None
    ]
    if not kinds:
        return None, []
    return MapLine("tags", f"[{', '.join(c.expression for c in kinds[:3])}]"), kinds[:3]


def _told_apart(bench: Workbench, seen: FileLook, key: Column, name: str) -> str:
    """The name, with the id after it where several actions would have the same."""
    _, different = distinct_cells(bench, seen.raw.table, name)
    return name if different == seen.raw.rows else f"{name} || ' ' || {key.expression}"


def _channels(column: Column | None, default: str) -> tuple[MapLine, tuple[str, ...], str]:
    if column is None:
        doubt = f"the list of actions names no channel: all are taken to go out by {default}."
        return MapLine("channels", f"['{default}']", doubt=doubt), (default,), "one"
    found = list_reading(column)
    items = found.items or (default,)
    missing = f"some actions name no channel: they are taken to go out by {items[0]}." if found.gaps else None
    line = MapLine("channels", found.expression, "empty: see defaults" if missing else "", missing)
    return line, items, "all" if found.several else "one"


def _terms(bench: Workbench, seen: FileLook, columns: Sequence[Column]) -> list[MapLine]:
    """Name, amounts and dates, where columns are called so."""
    lines = []
    called = seen.column(NAME, [c for c in columns if c.type == "text"])
    if called is not None:
        lines.append(MapLine("name", called.expression))
    for canonical, vocabulary, kind in _AMOUNTS:
        column = seen.column(vocabulary, columns)
        reading = number_reading(column) if column else None
        if column is None or reading is None or (kind == "int" and not reading.whole):
            continue
        if canonical == "cost" or not any(cell.lstrip().startswith("-") for cell in column.sample):
            lines.append(MapLine(canonical, reading.cast(kind), doubt=reading.doubt))
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


def _name(columns: Sequence[Column]) -> str | None:
    """A readable name put together: kinds, then numbers, then how long: `discount 10/2 10d`."""
    texts = [c.expression for c in columns if readable(c)]
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
