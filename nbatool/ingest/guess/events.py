"""An events file: which column says who, when, what, how much and which action."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nbatool.ingest.guess.attributes import event_attributes
from nbatool.ingest.guess.cells import distinct_cells
from nbatool.ingest.guess.event_values import EventValue, event_value
from nbatool.ingest.guess.file_look import (
    FileLook,
    customer_column,
    event_time,
    one_value_each,
    recurring_codes,
    unique,
)
from nbatool.ingest.guess.records import Column, MapLine
from nbatool.ingest.guess.times import TimeReading
from nbatool.ingest.guess.words import (
    ACTION,
    CHANNEL,
    CUSTOMER,
    EVENT_ID,
    NAME,
    ORDER,
    PRODUCT,
    QUANTITY,
    STATUS,
    TIME,
    TYPE,
    VALUE,
    named,
    rank,
    speaks_of_events,
    words,
)  # fmt: skip
from nbatool.ingest.guess.workbench import Workbench


@dataclass(frozen=True, slots=True)
class EventsDraft:
    """The map of an events file before the base date of a counter and the catalogue are known."""

    seen: FileLook
    customer: Column
    when: TimeReading
    map: tuple[MapLine, ...]
    group_by: tuple[str, ...] = ()
    value: EventValue | None = None
    type_column: Column | None = None
    preset: str = ""
    used: tuple[str, ...] = ()
    lookups: dict[str, tuple[str, str]] = field(default_factory=dict)
    lookups_written: tuple[tuple[str, Path, str], ...] = ()

    def line(self, canonical: str) -> MapLine | None:
        """The map line of a canonical column, or None."""
        return next((line for line in self.map if line.canonical == canonical), None)

    def with_lines(self, *lines: MapLine) -> EventsDraft:
        """The same draft with lines put in place of those of the same canonical column."""
        kept = {line.canonical: line for line in (*self.map, *lines)}
        return replace(self, map=tuple(kept.values()))


def events_draft(bench: Workbench, seen: FileLook) -> EventsDraft | None:
    """Read a file as events, or None when it does not say who and when, or names everybody once."""
    customer = customer_column(seen) or _recurring_id(seen)
    timed = event_time(bench, seen, not_column=customer)
    if timed is None:
        return None
    time_column, when = timed
    customer = customer or _customer_by_content(seen, time_column, when)
    if customer is None:
        return None
    type_column = _type_column(seen, customer, time_column)
    once = unique(bench, seen, customer)
    if once and type_column is None and not _named_like_events(seen, time_column):
        return None
    used = [customer.expression, time_column.expression]
    value = event_value(bench, seen, [*used, *([type_column.expression] if type_column else [])])
    used += value.used if value else []
    order = _order_column(bench, seen, customer, type_column)
    lines = [
        _customer_line(bench, seen, customer, order),
        _time_line(when, grouped=order is not None),
        _type_line(seen, type_column, value, grouped=order is not None),
    ]
    used += [type_column.expression] if type_column else []
    event_id = order or _event_id(bench, seen, used)
    if event_id is not None:
        used.append(event_id.expression)
        lines.append(MapLine("event_id", event_id.expression))
    if value is not None:
        lines.append(value.line(grouped=order is not None))
    actions = _action_columns(seen, used)
    if order is None and actions:
        lines.append(MapLine("action_id", coalesced(actions)))
        used += [column.expression for column in actions]
    channel = seen.column(CHANNEL)
    if order is None and channel is not None and channel.expression not in used and channel.distinct <= 100:
        lines.append(MapLine("channel", channel.expression, f"{channel.distinct} different"))
        used.append(channel.expression)
    lines += event_attributes(bench, seen, used, order)
    return EventsDraft(
        seen, customer, when, tuple(lines), (customer.name, order.name) if order else (), value, type_column,
        used=tuple(used),
    )  # fmt: skip


def coalesced(columns: Sequence[Column]) -> str:
    """The first filled of several columns, as SQL."""
    inner = ", ".join(column.expression for column in columns)
    return inner if len(columns) == 1 else f"coalesce({inner})"


def _recurring_id(seen: FileLook) -> Column | None:
    """A column called just `id` that recurs is a person's, when nothing else says who."""
    plain = (r"(id|uid)",)
    found = seen.column(plain)
    return found if found is not None and found.distinct < 0.9 * found.rows else None


def _named_like_events(seen: FileLook, time_column: Column) -> bool:
    """Everybody once may still be events: the file has an order number, or its time is named like an event's."""
    return seen.column(ORDER[:1]) is not None or rank(time_column.name, TIME) == 0


def _customer_by_content(seen: FileLook, when: Column, reading: TimeReading) -> Column | None:
    """Without any name: the code that recurs and has the most different values; not for mere counters of time."""
    if reading.counter:
        return None
    taken = (ORDER[:1], EVENT_ID[:1], ACTION, CHANNEL, QUANTITY, VALUE, TIME, PRODUCT)
    free = [
        c for c in recurring_codes(seen.columns) if c is not when and not any(named(c.name, t) for t in taken)
    ]
    return max((c for c in free if c.distinct >= 5), key=lambda c: c.distinct, default=None)


def _type_column(seen: FileLook, customer: Column, when: Column) -> Column | None:
    usable = [
        column
        for column in seen.columns
        if column.type == "text" and not column.parent and column is not customer and column is not when
        and column.distinct <= 500 and not column.numeric and column.filled >= 0.99 * column.rows
    ]  # fmt: skip
    found = seen.column(TYPE, usable)
    if found is not None and (rank(found.name, TYPE) or 0) >= 2 and not speaks_of_events(found.sample):
        found = None
    if found is None:
        few = [c for c in usable if 2 <= c.distinct <= 50 and not named(c.name, (*CHANNEL, *ACTION, *NAME))]
        found = next((c for c in few if speaks_of_events(c.sample) and not named(c.name, STATUS)), None)
    return found


def _customer_line(bench: Workbench, seen: FileLook, column: Column, order: Column | None) -> MapLine:
    filled, different = distinct_cells(bench, seen.raw.table, column.expression)
    note = f"{different:,} different"
    empty = column.rows - filled
    doubt = None
    expression = column.expression
    if seen.layout.header and not named(column.name, (*CUSTOMER, r"(id|uid)")):
        doubt = f"no column is called a customer: {column.name} is taken, whose values recur."
    if not seen.layout.header:
        doubt = (
            f"{seen.shown} has no header: {column.name} is taken for the customer because its values recur."
        )
    elif rank(column.name, CUSTOMER) == len(CUSTOMER) - 2 or named(column.name, (r"(id|uid)",)):
        visit = {"session", "visit"} & set(words(column.name))
        what = "a visit, not a person" if visit else "a plain id"
        doubt = f"{column.name} is {what}: each is taken for one customer, for want of a customer id."
    if empty > 0.005 * column.rows:
        text = f"{expression}::varchar" if column.type == "number" else f"nullif({expression}, '')"
        other = (
            f"{order.expression}::varchar" if order and order.type == "number" else order and order.expression
        )
        expression = f"coalesce({text}, 'guest-' || {other or '_row'})"
        each = f"each {order.name}" if order else "each row"
        doubt = (
            f"{empty:,} of {column.rows:,} rows have no {column.name}: {each} of them becomes a guest of its own. "
            f"Or write {column.expression} alone and ingest with --max-rejects {_percent_above(empty, column.rows)}%."
        )
    return MapLine("customer_id", expression, note, doubt)


def _percent_above(part: int, whole: int) -> int:
    return -(-part * 100 // whole)


def _time_line(when: TimeReading, *, grouped: bool) -> MapLine:
    expression = f"min({when.expression})" if grouped else when.expression
    note = f"{when.first:%Y-%m-%d} to {when.last:%Y-%m-%d}" if when.first and when.last else ""
    return MapLine("ts", expression, note, when.doubt)


def _type_line(seen: FileLook, column: Column | None, value: EventValue | None, *, grouped: bool) -> MapLine:
    if column is not None:
        named_so = named(column.name, TYPE)
        doubt = (
            None
            if named_so
            else f"no column is called a type: {column.name} is taken, which speaks of events."
        )
        return MapLine("type", column.expression, f"{column.distinct} different", doubt)
    noun, sure = _constant_type(seen, value)
    expression = f"'{noun}'"
    doubt = None if sure else f'{seen.shown} does not say what happened: every row is called "{noun}".'
    if value is not None and noun == "purchase" and value.negative:
        total = f"sum({value.number})" if grouped else value.number
        expression = f"case when {total} < 0 then 'return' else 'purchase' end"
        doubt = f"{value.negative:,} rows have a negative value: taken for returns."
    return MapLine("type", expression, "" if doubt else "the same in every row", doubt)


_NOUNS = (
    ("purchase", ("order", "orders", "invoice", "transaction", "transactions", "purchase", "purchases", "sales", "sale",
                  "basket", "receipt", "payments", "retail")),
    ("click", ("click", "clicks", "clickstream")),
    ("redemption", ("redemption", "redemptions")),
    ("sent", ("sent", "sends", "mailing", "mailings", "campaigns", "contacts")),
    ("view", ("view", "views", "pageviews", "impressions")),
    ("visit", ("visit", "visits", "session", "sessions")),
)  # fmt: skip


def _constant_type(seen: FileLook, value: EventValue | None) -> tuple[str, bool]:
    """What every row of a file without types is, from the words of the file's and columns' names."""
    in_file = set(words(seen.paths[0].name))
    in_columns = {word for column in seen.columns for word in words(column.name)}
    if value is not None and not in_file & {"click", "clicks", "view", "views"}:
        return "purchase", True
    for said in (in_file, in_columns):
        for noun, known in _NOUNS:
            if said & set(known):
                return noun, said is in_file
    return "event", False


def _order_column(
    bench: Workbench, seen: FileLook, customer: Column, type_column: Column | None
) -> Column | None:
    """The order, invoice or basket number under which several rows are one purchase of one customer."""
    if type_column is not None:
        return None
    found = seen.column(ORDER[:1])
    if found is None or found is customer or found.filled < found.rows or found.parent:
        return None
    _, different = distinct_cells(bench, seen.raw.table, found.expression)
    if different > 0.95 * found.rows or different < 2:
        return None
    return found if one_value_each(bench, seen.raw.table, found.expression, customer.expression) else None


def _event_id(bench: Workbench, seen: FileLook, used: Sequence[str]) -> Column | None:
    free = [column for column in seen.columns if column.expression not in used and not column.parent]
    for vocabulary in (EVENT_ID, ORDER[:1]):
        found = seen.column(vocabulary, free)
        if found is not None and unique(bench, seen, found):
            return found
    return None


def _action_columns(seen: FileLook, used: Sequence[str]) -> list[Column]:
    """Columns that name an offer or campaign; the same name written in two ways is one."""
    free = [
        c
        for c in seen.columns
        if c.expression not in used and c.type in ("text", "number") and c.distinct <= 5000
    ]
    best = seen.column(ACTION, free)
    if best is None:
        return []
    same = [c for c in free if c is not best and words(c.name) == words(best.name)]
    return sorted([best, *same], key=lambda c: c.name, reverse=True)
