"""A live request: one JSON object, read strictly.

Unknown keys are refused with the nearest known one; whole numbers given as ids become text; times are ISO.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, DecimalException
from typing import Any

import msgspec

from nbatool.base.clock import US_PER_S, format_time, parse_time
from nbatool.base.errors import DataError, did_you_mean
from nbatool.features.event_sql import COLUMN_FIELDS
from nbatool.features.events import Event

MOST_AHEAD_US = 300 * US_PER_S
MOST_ID_BYTES = 1024
MOST_EVENTS = 10_000
VALUE_LIMIT = Decimal(10) ** 14
AMOUNT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
BETWEEN_DIGITS = re.compile(r"(?<=[0-9])_(?=[0-9])")
SCALE = Decimal("0.0001")
LARGE_IN_FULL = 1e16, 1e21
SMALL_IN_FULL = 1e-6, 1e-5

Scalar = str | int | float | bool | None


class RequestEvent(msgspec.Struct, forbid_unknown_fields=True):
    """An event of the session, as the request writes it."""

    type: str
    ts: str | None = None
    event_id: str | int | None = None
    value: float | int | str | None = None
    action_id: str | int | None = None
    channel: str | None = None
    decision_id: str | None = None
    attributes: dict[str, Scalar] = {}


class Request(msgspec.Struct, forbid_unknown_fields=True):
    """A request as it is written."""

    request_id: str | int | None = None
    customer_id: str | int | None = None
    as_of: str | None = None
    events: list[RequestEvent] = []
    context: dict[str, Scalar] = {}
    actions: list[str | int] | None = None
    channel: str | None = None
    top: int = 1
    explain: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """An event of a request, checked: what features read, and what the journal keeps."""

    event: Event
    event_id: str | None
    value: str | None
    decision_id: str | None
    attributes: str | None


@dataclass(frozen=True, slots=True)
class Question:
    """A checked request: everything as text, µs and exact numbers.

    Parameters
    ----------
    as_of_us
        The moment to decide at.
    """

    request_id: str | None
    customer_id: str | None
    as_of_us: int
    events: tuple[SessionEvent, ...] = ()
    context: dict[str, float | str | None] = field(default_factory=dict)
    actions: frozenset[str] | None = None
    channel: str | None = None
    top: int = 1
    explain: bool = False
    dry_run: bool = False


_DECODER = msgspec.json.Decoder(Request)
_UNKNOWN = re.compile(r"unknown field `([^`]*)`(?: - at `([^`]*)`)?")


def parse_request(line: bytes | str) -> Request:
    """Read a request.

    Raises
    ------
    DataError
        Not JSON, not an object, an unknown key, or a value of the wrong kind.
    """
    try:
        return _DECODER.decode(line)
    except msgspec.ValidationError as error:
        raise DataError(_said(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(f"not a JSON object: {error}") from None


def _said(message: str) -> str:
    unknown = _UNKNOWN.search(message)
    if unknown:
        inside = unknown[2] and "events" in unknown[2]
        fields = RequestEvent.__struct_fields__ if inside else Request.__struct_fields__
        return f'unknown key "{unknown[1]}"{did_you_mean(unknown[1], fields) or ". Known are " + ", ".join(fields)}'
    if "missing required field" in message:
        return "an event needs a type"
    return message[0].lower() + message[1:].replace("`", '"')


def check_request(
    request: Request, now: int, number_fields: Sequence[str], *, clock_runs: bool = True
) -> Question:
    """Check a request and fix its moment.

    Without ``as_of`` the moment is just after the later of now and the newest event, at most five minutes ahead.

    Parameters
    ----------
    now
        The present, µs since 1970.
    clock_runs
        False for a workspace of old data, whose present stands still: events may then lie any time ahead.

    Raises
    ------
    DataError
        A time cannot be read or lies after the moment, a value is no amount, an id is too long, top is below 1.
    """
    if request.top < 1:
        raise DataError(f"top is {request.top}; it must be 1 or more")
    if len(request.events) > MOST_EVENTS:
        raise DataError(f"{len(request.events)} events; a request may have {MOST_EVENTS}")
    asked = None if request.as_of is None else _time("as_of", request.as_of)
    present = asked - 1 if asked is not None else now
    events = tuple(_event(e, present, number_fields) for e in request.events)
    newest = max((e.event.ts_us for e in events), default=0)
    if asked is not None and newest >= asked:
        raise DataError(f"an event at {format_time(newest)} is not before as_of, {request.as_of}")
    if clock_runs and newest > now + MOST_AHEAD_US and asked is None:
        raise DataError(
            f"an event at {format_time(newest)} is more than 5 minutes ahead of now, {format_time(now)}"
        )
    return Question(
        request_id=_id("request_id", request.request_id),
        customer_id=_id("customer_id", request.customer_id),
        as_of_us=asked if asked is not None else max(now, newest) + 1,
        events=events,
        context={name: _context(value) for name, value in request.context.items()},
        actions=None if request.actions is None else frozenset(str(a) for a in request.actions),
        channel=request.channel,
        top=request.top,
        explain=request.explain,
        dry_run=request.dry_run,
    )


def _event(e: RequestEvent, present: int, number_fields: Sequence[str]) -> SessionEvent:
    ts_us = present if e.ts is None else _time("ts", e.ts)
    value = None if e.value is None else exact_text(e.value)
    attributes = msgspec.json.encode(e.attributes, order="sorted").decode() if e.attributes else None
    kind = _id("type", e.type) or ""
    event = live_event(
        ts_us,
        kind,
        value,
        _id("action_id", e.action_id),
        _id("channel", e.channel or None),
        e.attributes,
        number_fields,
    )
    return SessionEvent(
        event, _id("event_id", e.event_id), value, _id("decision_id", e.decision_id), attributes
    )


def live_event(
    ts_us: int,
    kind: str,
    value: str | None,
    action_id: str | None,
    channel: str | None,
    attributes: dict[str, Any],
    number_fields: Sequence[str],
) -> Event:
    """Bring an event into the form features are computed from; numbers as whole ten-thousandths."""
    numbers = {} if value is None else {"value": units(value)}
    texts = {
        name: text for name, text in (("action_id", action_id), ("channel", channel)) if text is not None
    }
    for name, attribute in attributes.items():
        text = _text(attribute)
        if text is None:
            continue
        if name not in COLUMN_FIELDS:
            texts[name] = text
        if name in number_fields and name != "value":
            try:
                # DuckDB, which reads them at night, takes 1_000 for a thousand.
                numbers[name] = units(exact_text(BETWEEN_DIGITS.sub("", text)))
            except DataError:
                continue
    return Event(ts_us, kind, numbers, texts)


def exact_text(value: float | int | str) -> str:
    """Return an amount as decimal text with at most four decimals, halves rounded away from zero.

    >>> exact_text(12.4), exact_text("0.00005")
    ('12.4000', '0.0001')
    """
    text = str(value).strip(" \t\n\r\v\f")
    if not AMOUNT.fullmatch(text):
        raise DataError(f'value: "{text[:60]}" is not an amount')
    try:
        amount = Decimal(text).quantize(SCALE, rounding=ROUND_HALF_UP)
    except DecimalException:
        amount = VALUE_LIMIT
    if abs(amount) >= VALUE_LIMIT:
        raise DataError(f"value: {text[:60]} is too large (below {VALUE_LIMIT:,} is allowed)")
    return str(amount)


def units(value: str) -> int:
    """Ten-thousandths of a decimal text."""
    return int(Decimal(value).quantize(SCALE, rounding=ROUND_HALF_UP).scaleb(4))


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float):
        # DuckDB, which reads them at night, writes these without an exponent.
        if LARGE_IN_FULL[0] <= abs(value) < LARGE_IN_FULL[1]:
            return f"{Decimal(repr(value)):f}.0"
        if SMALL_IN_FULL[0] <= abs(value) < SMALL_IN_FULL[1]:
            return f"{Decimal(repr(value)):f}"
    return msgspec.json.encode(value).decode()


def _context(value: Scalar) -> float | str | None:
    try:
        return value if value is None or isinstance(value, str) else float(value)
    except OverflowError:
        raise DataError(f"context: {str(value)[:20]}… is too large a number") from None


def _id(key: str, value: str | int | None) -> str | None:
    if value is None:
        return None
    text = str(value)
    if not text.strip() or len(text.encode("utf-8", "surrogatepass")) > MOST_ID_BYTES or "\x00" in text:
        raise DataError(f"{key} must have 1 to {MOST_ID_BYTES} bytes and no NUL, it has {len(text.encode())}")
    return text


def _time(key: str, text: str) -> int:
    try:
        return parse_time(text)
    except ValueError as error:
        raise DataError(f"{key}: {error}") from None
