"""The events a request brings, and the amounts, ids and times in it: read strictly, as exactly as the night reads them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, DecimalException
from typing import Any

import msgspec

from nbatool.base.clock import parse_time
from nbatool.base.errors import DataError
from nbatool.features.event_sql import COLUMN_FIELDS
from nbatool.features.events import Event

MOST_ID_BYTES = 1024
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


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """An event of a request, checked: what features read, and what the journal keeps."""

    event: Event
    event_id: str | None
    value: str | None
    decision_id: str | None
    attributes: str | None

    @property
    def said(self) -> list[str | int | None]:
        """What it tells, without its id."""
        event = self.event
        told = [event.texts.get("action_id"), event.texts.get("channel")]
        return [event.ts_us, event.type, self.value, *told, self.attributes]


def session_event(e: RequestEvent, present: int, number_fields: Sequence[str]) -> SessionEvent:
    """Check an event of a request.

    Parameters
    ----------
    present
        When it happened where it does not say, µs since 1970.
    number_fields
        Fields features read as numbers.

    Raises
    ------
    DataError
        A time, an amount or an id cannot be read.
    """
    ts_us = present if e.ts is None else checked_time("ts", e.ts)
    value = None if e.value is None else exact_text(e.value)
    attributes = msgspec.json.encode(e.attributes, order="sorted").decode() if e.attributes else None
    kind = checked_id("type", e.type) or ""
    event = live_event(
        ts_us,
        kind,
        value,
        checked_id("action_id", e.action_id),
        checked_id("channel", e.channel or None),
        e.attributes,
        number_fields,
    )
    return SessionEvent(
        event, checked_id("event_id", e.event_id), value, checked_id("decision_id", e.decision_id), attributes
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


def checked_id(key: str, value: str | int | None) -> str | None:
    """Return an id as text.

    Raises
    ------
    DataError
        It is empty, too long, or has a NUL.
    """
    if value is None:
        return None
    text = str(value)
    if not text.strip() or len(text.encode("utf-8", "surrogatepass")) > MOST_ID_BYTES or "\x00" in text:
        raise DataError(f"{key} must have 1 to {MOST_ID_BYTES} bytes and no NUL, it has {len(text.encode())}")
    return text


def checked_time(key: str, text: str) -> int:
    """Return a time in µs since 1970.

    Raises
    ------
    DataError
        It cannot be read.
    """
    try:
        return parse_time(text)
    except ValueError as error:
        raise DataError(f"{key}: {error}") from None
