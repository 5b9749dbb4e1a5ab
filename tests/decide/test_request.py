"""Requests are read strictly, and say what is wrong with them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import duckdb
import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nbatool.base.clock import parse_time
from nbatool.base.errors import DataError
from nbatool.decide.request import MOST_AHEAD_US, check_request, parse_request
from nbatool.decide.request_events import exact_text, live_event, units

NOW = parse_time("2026-01-01T12:00:00Z")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"event": []}', 'unknown key "event"; did you mean "events"?'),
        ('{"events": [{"typ": "a", "type": "b"}]}', 'unknown key "typ"; did you mean "type"?'),
        ('{"events": [{}]}', "an event needs a type"),
        ("[1]", "expected"),
        ("{", "not a JSON object"),
        ('{"top": "3"}', "expected"),
        ('{"events": [{"type": "a", "value": NaN}]}', "not a JSON object"),
        ("\ufeff{}", "not a JSON object"),
        ('{"customer_id": "\\ud800"}', "not a JSON object"),
    ],
)
def test_wrong_lines(line: str, said: str) -> None:
    with pytest.raises(DataError) as raised:
        parse_request(line.encode("utf-8", "surrogatepass"))
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"top": 0}', "top is 0"),
        ('{"as_of": "yesterday"}', "as_of"),
        ('{"as_of": "2026-01-01", "events": [{"type": "a", "ts": "2026-01-01"}]}', "is not before as_of"),
        ('{"events": [{"type": "a", "ts": "2026-01-01T12:06:00Z"}]}', "more than 5 minutes ahead"),
        ('{"events": [{"type": "a", "value": "much"}]}', "is not an amount"),
        ('{"events": [{"type": "a", "value": 1e30}]}', "too large"),
        ('{"customer_id": ""}', "customer_id must have 1 to"),
        ('{"events": [{"type": "a", "value": "1e400000000"}]}', "too large"),
        ('{"events": [{"type": "a", "value": "99999999999999.99996"}]}', "too large"),
        ('{"events": [{"type": "a", "value": "\u0661\u0662"}]}', "is not an amount"),
        ('{"events": [{"type": "a", "value": "1_000"}]}', "is not an amount"),
        ('{"events": [{"type": " "}]}', "type must have 1 to"),
        ('{"events": [{"type": "a", "channel": "\\u0000"}]}', "channel must have 1 to"),
        ('{"context": {"depth": 1' + "0" * 400 + "}}", "too large a number"),
        ('{"as_of": ""}', "as_of"),
    ],
)
def test_wrong_contents(line: str, said: str) -> None:
    with pytest.raises(DataError) as raised:
        check_request(parse_request(line), NOW, ("value",))
    assert said in str(raised.value)


def test_the_moment_is_just_after_the_newest_event() -> None:
    ahead = '{"events": [{"type": "a", "ts": "2026-01-01T12:04:00Z"}, {"type": "b"}]}'
    question = check_request(parse_request(ahead), NOW, ("value",))
    assert question.as_of_us == parse_time("2026-01-01T12:04:00Z") + 1
    assert [e.event.ts_us for e in question.events] == [parse_time("2026-01-01T12:04:00Z"), NOW]
    assert check_request(parse_request("{}"), NOW, ()).as_of_us == NOW + 1
    assert question.as_of_us <= NOW + MOST_AHEAD_US


def test_numbers_as_ids_become_text() -> None:
    question = check_request(parse_request('{"customer_id": 17, "actions": [1, "b"]}'), NOW, ())
    assert question.customer_id == "17"
    assert question.actions == {"1", "b"}


@given(st.integers(-(10**17), 10**17))
def test_amounts_are_exact(amount: int) -> None:
    text = f"{'-' if amount < 0 else ''}{abs(amount) // 10_000}.{abs(amount) % 10_000:04d}"
    assert units(exact_text(text)) == amount


@given(st.binary(max_size=200))
def test_no_line_breaks_the_reader(line: bytes) -> None:
    with suppress(DataError):
        assert check_request(parse_request(line), NOW, ("value",)).as_of_us > 0


def text_of(value: Any) -> str | None:
    return live_event(0, "see", None, None, None, {"a": value}, ()).texts.get("a")


@given(
    st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**63), 2**64), st.booleans())
)
@example(1e16)
@example(-1.5e16)
@example(12345678901234567890.0)
@example(1e21)
@example(1e-6)
@example(-9.5e-6)
@example(1e-7)
def test_attributes_have_the_text_that_sql_reads(value: Any) -> None:
    """Law 2: what the journal keeps is read by DuckDB at night."""
    written = msgspec.json.encode({"a": value}).decode()
    assert duckdb.execute("select ?::varchar ->> '$.a'", [written]).fetchall() == [(text_of(value),)]


def test_an_attribute_is_no_column() -> None:
    """SQL reads the event's own action and channel only."""
    named = {"action_id": "x", "channel": "email", "value": "9", "page": "home"}
    event = live_event(0, "see", None, None, "web", named, ("value",))
    assert event.texts == {"channel": "web", "value": "9", "page": "home"}
    assert event.numbers == {}
