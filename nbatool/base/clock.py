"""Time: read in one place, written in one form, and local time from one table.

Instants are whole microseconds since 1970 UTC (``*_us``), durations whole seconds (``*_s``).
Zones come from the tzdata package, never from the host, so that no result depends on the machine.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from nbatool.base.errors import DataError, did_you_mean

US_PER_S: Final = 1_000_000
DAY_S: Final = 86_400
DAY_US: Final = DAY_S * US_PER_S

UNIT_S: Final = {"s": 1, "m": 60, "h": 3600, "d": DAY_S, "w": 7 * DAY_S}
LONGEST_S: Final = 1000 * 365 * DAY_S

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIRST_US: Final = (datetime(1, 1, 3, tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LAST_US: Final = (datetime(9999, 12, 29, tzinfo=UTC) - _EPOCH) // _MICROSECOND
_BEFORE_CHANGES_US: Final = (datetime(1800, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND
"""No zone of tzdata changed its offset before."""
_DURATION = re.compile(r"([0-9]{1,12}) ?([smhdw])")
_TIME = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)"
    r"(?:[Tt ](?P<clock>\d\d:\d\d(?::\d\d)?)(?:\.(?P<fraction>\d{1,9}))?"
    r" ?(?P<offset>[Zz]|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)


class TimeTextError(DataError, ValueError):
    """A text that is not the time, duration or zone it should be."""


def now_us() -> int:
    """Return the present instant; the only place that reads the machine's clock for data."""
    return time.time_ns() // 1000


def parse_duration(text: str) -> int:
    """Return the whole seconds of a duration such as ``30d``.

    Units are s, m (minutes), h, d (24 hours) and w (7 days).

    >>> parse_duration("30d"), parse_duration("90m")
    (2592000, 5400)
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise TimeTextError(
            f'"{text}" is not a duration: write a whole number and a unit '
            "(s seconds, m minutes, h hours, d days, w weeks), such as 30d"
        )
    duration_s = int(match[1]) * UNIT_S[match[2]]
    if duration_s > LONGEST_S:
        raise TimeTextError(f'"{text}" is longer than 1000 years')
    return duration_s


def format_duration(duration_s: int) -> str:
    """Return the shortest text with one unit that :func:`parse_duration` reads back; weeks stay days.

    >>> format_duration(2592000), format_duration(5400), format_duration(61)
    ('30d', '90m', '61s')
    """
    for unit in ("d", "h", "m"):
        if duration_s and duration_s % UNIT_S[unit] == 0:
            return f"{duration_s // UNIT_S[unit]}{unit}"
    return f"{duration_s}s"


def parse_time(text: str, zone: str = "UTC") -> int:
    """Return the microseconds of an ISO date or time.

    An offset in the text is honoured; without one the time is of `zone`. A date is the start of that day in
    `zone`. A local time that occurs twice is the first one; one that a clock change skips is read with the
    offset before the change. Digits beyond microseconds are cut off.

    >>> parse_time("1970-01-02"), parse_time("1970-01-01T00:00:01.5+01:00")
    (86400000000, -3598500000)
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise TimeTextError(
            f'"{text}" is not a time: write 2018-08-25, 2018-08-25T18:00:01 or 2018-08-25T18:00:01Z'
        )
    try:
        moment = datetime.fromisoformat(f"{match['date']}T{match['clock'] or '00:00'}")
        if match["fraction"]:
            moment = moment.replace(microsecond=int(match["fraction"][:6].ljust(6, "0")))
        offset = match["offset"]
        if offset is None:
            moment = moment.replace(tzinfo=load_zone(zone))
        else:
            iso_offset = "+00:00" if offset in "Zz" else offset
            moment = datetime.fromisoformat(moment.isoformat() + iso_offset)
        return (moment - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError) as error:
        if isinstance(error, TimeTextError):
            raise
        raise TimeTextError(f'"{text}" is not a time: {error}') from None


def format_time(time_us: int) -> str:
    """Return an instant as ISO text in UTC, with microseconds only where there are some.

    >>> format_time(1535220001000000), format_time(500000)
    ('2018-08-25T18:00:01Z', '1970-01-01T00:00:00.500000Z')
    """
    return _utc(time_us).replace(tzinfo=None).isoformat() + "Z"


def format_second_after(time_us: int) -> str:
    """Return an instant to the second, rounded up: nothing earlier is from then on.

    >>> format_second_after(1535220001000002), format_second_after(1535220001000000)
    ('2018-08-25T18:00:02Z', '2018-08-25T18:00:01Z')
    """
    return format_time(-(-time_us // US_PER_S) * US_PER_S)


@lru_cache(maxsize=1024)
def load_zone(name: str) -> ZoneInfo:
    """Return a zone of the tzdata package, whatever zones the host has."""
    import tzdata

    root = Path(tzdata.__file__).parent
    known = (root / "zones").read_text(encoding="ascii").split()
    if name not in known:
        raise TimeTextError(
            f'"{name}" is not a time zone{did_you_mean(name, known)}'
            " (zones are named like UTC or America/New_York)"
        )
    with (root / "zoneinfo" / name).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def offset_at(time_us: int, zone: str) -> int:
    """Return how many seconds local time in `zone` is ahead of UTC at an instant.

    In the first and the last days a calendar has, it is that of the days beside them.
    """
    local = _utc(min(max(time_us, _FIRST_US), _LAST_US)).astimezone(load_zone(zone))
    offset = local.utcoffset()
    assert offset is not None
    return offset // timedelta(seconds=1)


def zone_offsets(zone: str, first_us: int, last_us: int) -> list[tuple[int, int, int]]:
    """Return the zone's offsets as rows ``(from_us, until_us, offset_s)``.

    The rows are half-open, in order, without gaps, and cover every instant from `first_us` to `last_us`,
    both included; the one table of offsets that SQL and live code share.

    >>> zone_offsets("Europe/Berlin", 0, 10)
    [(0, 11, 3600)]
    """
    rows: list[tuple[int, int, int]] = []
    from_us, offset_s, seen_us = first_us, offset_at(first_us, zone), max(first_us, _BEFORE_CHANGES_US)
    while seen_us < last_us:
        # No zone changed its offset twice within one day since 1970.
        next_us = min(seen_us + DAY_US, last_us)
        next_offset_s = offset_at(next_us, zone)
        if next_offset_s != offset_s:
            change_us = _change(zone, seen_us, next_us, offset_s)
            rows.append((from_us, change_us, offset_s))
            from_us, offset_s = change_us, next_offset_s
        seen_us = next_us
    rows.append((from_us, last_us + 1, offset_s))
    return rows


def day_start(day: date, zone: str) -> int:
    """Return the first instant of a calendar day in `zone`, in microseconds."""
    return parse_time(day.isoformat(), zone)


def _utc(time_us: int) -> datetime:
    try:
        return _EPOCH + time_us * _MICROSECOND
    except OverflowError:
        raise TimeTextError(f"{time_us} microseconds since 1970 lie outside the years 1 to 9999") from None


def _change(zone: str, before_us: int, after_us: int, offset_s: int) -> int:
    """Return the first instant after `before_us` whose offset is not `offset_s`, to the second."""
    low_s, high_s = before_us // US_PER_S, -(-after_us // US_PER_S)
    while high_s - low_s > 1:
        middle_s = (low_s + high_s) // 2
        if offset_at(middle_s * US_PER_S, zone) == offset_s:
            low_s = middle_s
        else:
            high_s = middle_s
    return high_s * US_PER_S
