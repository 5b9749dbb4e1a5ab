"""Time texts, durations, and the table of zone offsets."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbatool.base import clock
from nbatool.base.errors import NbaError

ZONES = [
    "UTC",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Havana",
    "Africa/Casablanca",
    "Africa/Monrovia",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Pacific/Apia",
]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
US_1970_2040 = st.integers(0, 70 * 365 * clock.DAY_US)


@pytest.fixture(autouse=True, scope="module")
def only_the_package_of_zones() -> Iterator[None]:
    """The host's zones may be of another year than the tzdata package's; compare like with like."""
    kept = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(to=[])
    ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath(to=kept)
    ZoneInfo.clear_cache()


def us(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1s", 1), ("90m", 5400), ("2h", 7200), ("30d", 2592000), ("2w", 1209600), ("30 d", 2592000), ("0s", 0)],
)
def test_durations(text: str, seconds: int) -> None:
    assert clock.parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "30", "d", "-1d", "1.5d", "30D", "30days", "1d2h", "٣d", "9" * 12 + "w"]
)
def test_texts_that_are_no_duration(text: str) -> None:
    with pytest.raises(clock.TimeTextError):
        clock.parse_duration(text)


def test_a_bad_duration_names_the_units() -> None:
    with pytest.raises(NbaError, match="h hours, d days, w weeks"):
        clock.parse_duration("30 days")


@given(st.integers(0, clock.LONGEST_S))
def test_a_formatted_duration_reads_back(seconds: int) -> None:
    assert clock.parse_duration(clock.format_duration(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2018-08-25", "UTC", "2018-08-25T00:00:00Z"),
        ("2018-08-25", "America/New_York", "2018-08-25T04:00:00Z"),
        ("2018-08-25T18:00:01Z", "America/New_York", "2018-08-25T18:00:01Z"),
        ("2018-08-25 18:00", "Europe/Berlin", "2018-08-25T16:00:00Z"),
        ("2018-08-25T18:00:01.5+0530", "UTC", "2018-08-25T12:30:01.500000Z"),
        ("2018-08-25T18:00:01.123456789-03", "UTC", "2018-08-25T21:00:01.123456Z"),
        ("2018-03-11T02:30", "America/New_York", "2018-03-11T07:30:00Z"),  # skipped by the change
        ("2018-11-04T01:30", "America/New_York", "2018-11-04T05:30:00Z"),  # occurs twice: the first
        ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00Z"),  # midnight does not exist
    ],
)
def test_times(text: str, zone: str, expected: str) -> None:
    assert clock.format_time(clock.parse_time(text, zone)) == expected


@pytest.mark.parametrize(
    "text",
    ["", "now", "2018", "20180825", "2018-W34-6", "2018-02-30", "2018-08-25T25:00", "2018-08-25T10:00:60Z",
     "25/08/2018", "2018-08-25T10:00Zfoo", "2018-08-25T10", "0000-01-01"],
)  # fmt: skip
def test_texts_that_are_no_time(text: str) -> None:
    with pytest.raises(clock.TimeTextError):
        clock.parse_time(text)


@given(st.datetimes(timezones=st.integers(-1439, 1439).map(lambda m: timezone(timedelta(minutes=m)))))
def test_times_with_an_offset_equal_python(moment: datetime) -> None:
    assert clock.parse_time(moment.isoformat()) == us(moment)


@given(st.integers(-(10**16), 10**17))
def test_a_formatted_time_reads_back(time_us: int) -> None:
    assert clock.parse_time(clock.format_time(time_us)) == time_us


@given(st.sampled_from(ZONES), US_1970_2040, st.integers(0, 3 * 365 * clock.DAY_US), st.data())
def test_the_offset_table_equals_zoneinfo(
    zone: str, first_us: int, length_us: int, data: st.DataObject
) -> None:
    last_us = first_us + length_us
    rows = clock.zone_offsets(zone, first_us, last_us)
    assert rows[0][0] == first_us
    assert rows[-1][1] == last_us + 1
    assert all(left[1] == right[0] and left[2] != right[2] for left, right in pairwise(rows))
    near = [edge + step for row in rows for edge in row[:2] for step in (-1, 0)]
    for time_us in [*near, data.draw(st.integers(first_us, last_us))]:
        for from_us, until_us, offset_s in rows:
            if from_us <= time_us < until_us:
                local = (EPOCH + timedelta(microseconds=time_us)).astimezone(ZoneInfo(zone))
                assert local.utcoffset() == timedelta(seconds=offset_s)


def test_new_york_changes_twice_a_year() -> None:
    rows = clock.zone_offsets(
        "America/New_York", clock.parse_time("2018-01-01"), clock.parse_time("2018-12-31")
    )
    changes = [(clock.format_time(from_us), offset_s // 3600) for from_us, _, offset_s in rows]
    assert changes == [
        ("2018-01-01T00:00:00Z", -5),
        ("2018-03-11T07:00:00Z", -4),
        ("2018-11-04T06:00:00Z", -5),
    ]


@given(st.sampled_from(ZONES), st.dates(date(1972, 1, 1), date(2037, 12, 31)))
def test_a_day_starts_at_its_first_instant(zone: str, day: date) -> None:
    start_us = clock.day_start(day, zone)
    if day != date(2011, 12, 30):  # the day Apia left out
        first, before = (EPOCH + timedelta(microseconds=us) for us in (start_us, start_us - 1))
        assert first.astimezone(ZoneInfo(zone)).date() == day
        assert before.astimezone(ZoneInfo(zone)).date() < day


def test_an_unknown_zone_names_the_nearest() -> None:
    with pytest.raises(clock.TimeTextError, match='did you mean "America/New_York"'):
        clock.load_zone("America/NewYork")
    with pytest.raises(clock.TimeTextError):
        clock.load_zone("../../etc/passwd")


def test_the_ends_of_the_calendar_have_an_offset() -> None:
    for time in ("0001-01-01", "9999-12-31T23:59:59Z"):
        for zone in ("America/Los_Angeles", "Asia/Tokyo"):
            assert abs(clock.offset_at(clock.parse_time(time), zone)) < 18 * 3600
    first_us, last_us = clock.parse_time("0001-01-01"), clock.parse_time("1900-01-01")
    rows = clock.zone_offsets("America/New_York", first_us, last_us)
    assert (rows[0][0], rows[-1][1]) == (first_us, last_us + 1)
