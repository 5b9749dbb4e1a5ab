"""A live request: one JSON object, read strictly.

Unknown keys are refused with the nearest known one; whole numbers given as ids become text; times are ISO.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from nbatool.base.clock import US_PER_S, format_time
from nbatool.base.errors import DataError, did_you_mean
from nbatool.base.seeds import hash64
from nbatool.decide.request_events import (
    RequestEvent,
    Scalar,
    SessionEvent,
    checked_id,
    checked_time,
    session_event,
)

MOST_AHEAD_US = 300 * US_PER_S
MOST_EVENTS = 10_000


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
    slate: bool = False
    choice: str | int | None = None
    explain: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A checked request: everything as text, µs and exact numbers.

    Parameters
    ----------
    as_of_us
        The moment to decide at.
    asked
        The actions asked about, in the caller's order.
    slate
        Whether the ``top`` places are all shown, and so each chosen with a chance of its own.
    choice
        What the caller would do, where the policy is an apprentice.
    """

    request_id: str | None
    customer_id: str | None
    as_of_us: int
    events: tuple[SessionEvent, ...] = ()
    context: dict[str, float | str | None] = field(default_factory=dict)
    actions: frozenset[str] | None = None
    channel: str | None = None
    top: int = 1
    slate: bool = False
    choice: str | None = None
    asked: tuple[str, ...] = ()
    explain: bool = False
    dry_run: bool = False

    def is_of_the_night(self, cut_us: int) -> bool:
        """Whether this asks what the night decided: at its moment, and nothing beyond it."""
        return self.as_of_us == cut_us and self.key == ""

    @property
    def key(self) -> str:
        """What names a decision beside customer and moment: the request's id, else what it says beyond those."""
        if self.request_id is not None:
            return self.request_id
        plain = not (self.context or self.channel or self.slate or self.choice or self.events)
        if plain and self.actions is None:
            return ""
        slots = self.top if self.slate else 1
        said: list[Any] = [sorted(self.context.items()), self.asked, self.channel, slots, self.choice]
        if self.actions is not None and not self.asked:
            said.append("no action")
        # What just happened may change the answer: a request that tells of it is no repetition of one that does not.
        said += [e.said for e in self.events]
        return f"{hash64('request', msgspec.json.encode(said).decode()):016x}"


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
    asked = None if request.as_of is None else checked_time("as_of", request.as_of)
    present = asked - 1 if asked is not None else now
    events = tuple(session_event(e, present, number_fields) for e in request.events)
    newest = max((e.event.ts_us for e in events), default=0)
    if asked is not None and newest >= asked:
        raise DataError(f"an event at {format_time(newest)} is not before as_of, {request.as_of}")
    if clock_runs and newest > now + MOST_AHEAD_US and asked is None:
        raise DataError(
            f"an event at {format_time(newest)} is more than 5 minutes ahead of now, {format_time(now)}"
        )
    return Question(
        request_id=checked_id("request_id", request.request_id),
        customer_id=checked_id("customer_id", request.customer_id),
        as_of_us=asked if asked is not None else max(now, newest) + 1,
        events=events,
        context={name: _context(value) for name, value in request.context.items()},
        actions=None if request.actions is None else frozenset(str(a) for a in request.actions),
        channel=request.channel,
        top=request.top,
        slate=request.slate,
        choice=checked_id("choice", request.choice),
        asked=tuple(str(a) for a in request.actions or ()),
        explain=request.explain,
        dry_run=request.dry_run,
    )


def _context(value: Scalar) -> float | str | None:
    try:
        return value if value is None or isinstance(value, str) else float(value)
    except OverflowError:
        raise DataError(f"context: {str(value)[:20]}… is too large a number") from None
