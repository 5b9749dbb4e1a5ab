from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nbatool.base.clock import DAY_S, TimeTextError, load_zone, parse_time
from nbatool.decide.quiet_hours import BLOCK_US, NEVER, QuietHours, QuietRule

MINUTE_US = 60_000_000
ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Asia/Kathmandu",
    "Pacific/Apia", "Pacific/Kwajalein", "Pacific/Chatham", "America/St_Johns", "Africa/Casablanca",
)  # fmt: skip
CHANNELS = ("email", "sms", "push", "email+push", "email+sms")
CHANGES = (
    "2018-03-25T01:00Z", "2018-10-28T01:00Z",  # Berlin: an hour skipped, an hour twice
    "2018-03-11T07:00Z", "2018-11-04T06:00Z",  # New York
    "2018-10-06T15:30Z", "2018-04-07T15:00Z",  # Lord Howe: half an hour
    "2011-12-30T10:00Z", "1993-08-21T12:00Z",  # Apia and Kwajalein left a day out
    "2018-05-13T02:00Z", "2018-06-17T02:00Z",  # Casablanca
)  # fmt: skip

minutes = st.integers(0, 24 * 60).map(lambda m: m * 60)
rules = st.lists(
    st.builds(
        QuietRule,
        minutes,
        minutes,
        st.none() | st.frozensets(st.sampled_from(["email", "sms", "push"]), min_size=1),
    ),
    max_size=3,
).map(tuple)
instants = st.one_of(
    st.integers(parse_time("2015-01-01") // 1000, parse_time("2031-01-01") // 1000).map(lambda ms: ms * 1000),
    st.builds(
        lambda text, us: parse_time(text) + us,
        st.sampled_from([c.replace("Z", ":00Z") for c in CHANGES]),
        st.integers(-30 * 3_600_000_000, 30 * 3_600_000_000),
    ),
)


def forbidden(rules: tuple[QuietRule, ...], channel: str, at_us: int, zone: ZoneInfo) -> bool:
    """What a person with a clock on the wall says."""
    wall = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)).astimezone(zone)
    second = wall.hour * 3600 + wall.minute * 60 + wall.second
    for rule in rules:
        if rule.channels is not None and not rule.channels & set(channel.split("+")):
            continue
        start, end = rule.start_s % DAY_S, rule.end_s % DAY_S
        if start == end or (start <= second < end if start < end else second >= start or second < end):
            return True
    return False


def walked(rules: tuple[QuietRule, ...], channel: str, as_of_us: int, zone: str) -> int:
    """The moment itself, else the first whole minute that is allowed, asked minute by minute for four days."""
    where = load_zone(zone)
    if not forbidden(rules, channel, as_of_us, where):
        return as_of_us
    minute = as_of_us // MINUTE_US * MINUTE_US
    for k in range(1, 4 * 24 * 60):
        if not forbidden(rules, channel, minute + k * MINUTE_US, where):
            return minute + k * MINUTE_US
    return NEVER


@given(rules, st.sampled_from(ZONES), st.sampled_from(CHANNELS), instants)
@example((QuietRule(7200, 10800),), "Europe/Berlin", "sms", parse_time("2018-03-25T00:59:59.5Z"))
@example((QuietRule(7200, 10800),), "Europe/Berlin", "sms", parse_time("2018-10-28T00:30:00Z"))
@example((QuietRule(0, 86340),), "America/New_York", "sms", parse_time("2018-03-11T06:59:59.999999Z"))
@example((QuietRule(10800, 7200),), "Europe/Berlin", "sms", parse_time("2018-03-24T23:00:00Z"))
@example((QuietRule(79200, 28800),), "Pacific/Apia", "push", parse_time("2011-12-30T09:59:59Z"))
def test_it_is_what_the_clock_on_the_wall_says(
    quiet: tuple[QuietRule, ...], zone: str, channel: str, as_of_us: int
) -> None:
    hours = QuietHours(quiet, zone)
    expected = walked(quiet, channel, as_of_us, zone)
    assert hours.next_allowed(as_of_us, None, [channel]) == [expected]


@given(rules, st.lists(st.tuples(instants, st.none() | st.sampled_from(ZONES)), max_size=12))
def test_many_are_one_by_one(quiet: tuple[QuietRule, ...], moments: list[tuple[int, str | None]]) -> None:
    hours = QuietHours(quiet, "Asia/Kolkata")
    zones = [zone for _, zone in moments]
    many = hours.next_allowed_us(np.array([t for t, _ in moments], dtype=np.int64), zones, CHANNELS)
    assert many.shape == (len(moments), len(CHANNELS))
    assert many.dtype == np.int64
    assert many.tolist() == [hours.next_allowed(t, zone, CHANNELS) for t, zone in moments]
    published = QuietHours.from_json(json.loads(json.dumps(hours.to_json())))
    assert published == hours
    assert published.next_allowed(0, None, CHANNELS) == hours.next_allowed(0, None, CHANNELS)


def test_where_one_block_of_days_ends_nothing_is_lost() -> None:
    hours = QuietHours((QuietRule(79200, 28800),), "Europe/Berlin")
    for block in (-3, 0, 270, 275):
        for off_us in (-1, 0, 1, -MINUTE_US, MINUTE_US):
            as_of_us = block * BLOCK_US + off_us
            expected = walked(hours.rules, "sms", as_of_us, "Europe/Berlin")
            assert hours.next_allowed(as_of_us, None, ["sms"]) == [expected]


def test_an_hour_that_comes_twice_is_quiet_twice_and_one_that_is_skipped_never() -> None:
    small_hours = QuietHours((QuietRule(2 * 3600, 3 * 3600),), "Europe/Berlin")
    autumn = small_hours.next_allowed(parse_time("2018-10-28T00:10:00Z"), None, ["sms"])
    assert autumn == [parse_time("2018-10-28T02:00:00Z")]
    spring = parse_time("2018-03-25T01:00:00Z")
    assert small_hours.next_allowed(spring, None, ["sms"]) == [spring]


def test_a_whole_day_of_quiet_has_no_end() -> None:
    split = (QuietRule(0, 43200), QuietRule(43200, 0, frozenset({"sms"})))
    hours = QuietHours(split, "UTC")
    assert hours.next_allowed(0, None, ["sms", "email", "email+sms"]) == [NEVER, 43_200_000_000, NEVER]
    for all_day in (QuietRule(3600, 3600), QuietRule(0, DAY_S), QuietRule(DAY_S, 0)):
        assert QuietHours((all_day,)).next_allowed_us(np.zeros(2, np.int64), [None] * 2, ["sms"]).tolist() == [
            [NEVER], [NEVER],
        ]  # fmt: skip


def test_without_rules_every_moment_is_allowed() -> None:
    assert QuietHours().is_empty
    assert QuietHours().next_allowed_us(np.array([5]), ["UTC"], ["sms", "push"]).tolist() == [[5, 5]]
    assert QuietHours().next_allowed_us(np.array([5]), ["UTC"], []).shape == (1, 0)


def test_wrong_hours_and_zones_are_refused() -> None:
    with pytest.raises(ValueError, match="0 to 86400"):
        QuietRule(-1, 5)
    with pytest.raises(TimeTextError, match="not a time zone"):
        QuietHours((QuietRule(0, 5),)).next_allowed(0, "Mars/Base", ["sms"])


def test_the_first_and_last_days_of_the_calendar() -> None:
    hours = QuietHours((QuietRule(79200, 28800),), "Asia/Kolkata")
    for text in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
        assert hours.next_allowed(parse_time(text), None, ["sms"])[0] >= parse_time(text)


@pytest.mark.slow
def test_a_million_rows_and_a_single_one_are_fast(capsys: pytest.CaptureFixture[str]) -> None:
    hours = QuietHours((QuietRule(79200, 28800, frozenset({"sms", "push"})), QuietRule(0, 3600)), "UTC")
    n = 1_000_000
    rng = np.random.default_rng(1)
    as_of_us = parse_time("2018-08-25") + rng.integers(0, 86_400_000_000, n)
    zones: list[str | None] = [ZONES[k] for k in rng.integers(0, len(ZONES), n).tolist()]
    begun = time.perf_counter()
    hours.next_allowed_us(as_of_us, zones, CHANNELS)
    many_s = time.perf_counter() - begun
    at_us = int(as_of_us[0])
    begun = time.perf_counter()
    for _ in range(10_000):
        hours.next_allowed(at_us, "Europe/Berlin", CHANNELS)
    one_us = (time.perf_counter() - begun) * 100
    with capsys.disabled():
        print(f"\n1M rows x {len(CHANNELS)} channels {many_s:.2f} s; one row {one_us:.1f} us")
    assert many_s < 5
    assert one_us < 50
