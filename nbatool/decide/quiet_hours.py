"""When a contact may go out: the hours of the local day in which nobody is disturbed.

A rule forbids a part of every local day, from ``start`` until just before ``end``, on some channels or on all. Local time
is read from the one table of offsets (:func:`nbatool.base.clock.zone_offsets`). What the rules forbid is worked out once
per zone as spans of plain instants, 64 days at a time; one customer and a million are then the same look-up, so an hour
that a clock change skips or repeats is treated the same way by night and live.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nbatool.base.clock import DAY_S, DAY_US, US_PER_S, zone_offsets
from nbatool.decide.best import Indices
from nbatool.decide.catalogue import ALL_CHANNELS

NEVER: Final = 2**63 - 1
"""In the place of an instant, where the rules leave no part of the day."""

BLOCK_US: Final = 64 * DAY_US
"""Span of instants whose forbidden parts are worked out together."""
BEYOND_US: Final = 8 * DAY_US
"""How far past its block a table looks: rules that leave a part of the day end within a day of the next clock change."""

Parts = tuple[tuple[int, int], ...]
"""Half-open parts of the local day in seconds, in order, apart from each other."""
WHOLE_DAY: Final[Parts] = ((0, DAY_S),)


@dataclass(frozen=True, slots=True)
class QuietRule:
    """Hours of every local day in which nothing goes out.

    Parameters
    ----------
    start_s, end_s
        Seconds from local midnight, 0 to 86400; the end itself is allowed. A start later than the end passes midnight;
        equal means all day.
    channels
        The channels it holds for; None for all.

    Raises
    ------
    ValueError
        A time is outside the day.
    """

    start_s: int
    end_s: int
    channels: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if not (0 <= self.start_s <= DAY_S and 0 <= self.end_s <= DAY_S):
            raise ValueError(f"quiet hours from {self.start_s} to {self.end_s} s must lie in 0 to {DAY_S}")

    @property
    def parts(self) -> Parts:
        """The parts of the day it forbids.

        >>> QuietRule(79200, 28800).parts
        ((0, 28800), (79200, 86400))
        """
        start_s, end_s = self.start_s % DAY_S, self.end_s % DAY_S
        if start_s == end_s:
            return WHOLE_DAY
        if start_s < end_s:
            return ((start_s, end_s),)
        return _joined([(0, end_s), (start_s, DAY_S)])

    def holds_for(self, channel: str) -> bool:
        """Whether it speaks of a channel, or of one of several that a message takes at once."""
        return self.channels is None or not self.channels.isdisjoint(channel.split(ALL_CHANNELS))

    def to_json(self) -> dict[str, Any]:
        channels = None if self.channels is None else sorted(self.channels)
        return {"start_s": self.start_s, "end_s": self.end_s, "channels": channels}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> QuietRule:
        channels = data["channels"]
        return cls(
            int(data["start_s"]), int(data["end_s"]), None if channels is None else frozenset(channels)
        )


@dataclass(frozen=True)
class QuietHours:
    """All rules of quiet hours of a policy.

    Parameters
    ----------
    rules
        Each forbids by itself.
    zone
        IANA zone of customers without one of their own.

    Examples
    --------
    >>> from nbatool.base.clock import format_time, parse_time
    >>> night = QuietHours((QuietRule(21 * 3600, 8 * 3600, frozenset({"sms"})),), "UTC")
    >>> as_of_us = parse_time("2018-08-25T22:00:00Z")
    >>> [format_time(t) for t in night.next_allowed(as_of_us, "America/New_York", ["sms", "email"])]
    ['2018-08-25T22:00:00Z', '2018-08-25T22:00:00Z']
    >>> [format_time(t) for t in night.next_allowed(as_of_us, None, ["sms", "email", "email+sms"])]
    ['2018-08-26T08:00:00Z', '2018-08-25T22:00:00Z', '2018-08-26T08:00:00Z']
    """

    rules: tuple[QuietRule, ...] = ()
    zone: str = "UTC"
    _parts: dict[str, Parts] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def is_empty(self) -> bool:
        """Whether everything may go out at any time."""
        return not self.rules

    def next_allowed(self, as_of_us: int, zone: str | None, channels: Sequence[str]) -> list[int]:
        """Return for one customer and each channel what `next_allowed_us` does for many."""
        by_channel: dict[str, int] = {}
        for channel in channels:
            if channel not in by_channel:
                by_channel[channel] = self.next_outside(self.parts_of(channel), as_of_us, zone)
        return [by_channel[channel] for channel in channels]

    def next_allowed_us(
        self, as_of_us: Indices, zones: Sequence[str | None], channels: Sequence[str]
    ) -> Indices:
        """Return the first instant, from the moment on, at which each channel may be used.

        Parameters
        ----------
        as_of_us
            (n,) the moments, in microseconds since 1970.
        zones
            (n,) IANA zone of each customer; None for the workspace's.
        channels
            (n_channels,) as candidates write them; several joined by ``+`` go out at once and need all to be allowed.

        Returns
        -------
        NDArray[np.int64]
            (n, n_channels): the moment itself where it is allowed, else the first later instant that no rule forbids;
            `NEVER` where there is none.
        """
        if len(as_of_us) == 1:
            return np.array([self.next_allowed(int(as_of_us[0]), zones[0], channels)], dtype=np.int64)
        allowed = np.empty((len(as_of_us), len(channels)), dtype=np.int64)
        columns: dict[Parts, list[int]] = {}
        for j, channel in enumerate(channels):
            columns.setdefault(self.parts_of(channel), []).append(j)
        groups = None
        for parts, at in columns.items():
            if not parts:
                allowed[:, at] = as_of_us[:, None]
            elif parts == WHOLE_DAY:
                allowed[:, at] = NEVER
            else:
                groups = groups or self._groups(as_of_us, zones)
                allowed[:, at] = _next_of(parts, groups, as_of_us)[:, None]
        return allowed

    def to_json(self) -> dict[str, Any]:
        return {"rules": [rule.to_json() for rule in self.rules], "zone": self.zone}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> QuietHours:
        return cls(tuple(QuietRule.from_json(rule) for rule in data["rules"]), str(data["zone"]))

    def next_outside(self, parts: Parts, as_of_us: int, zone: str | None) -> int:
        """Return for one customer the first instant from the moment on that is not in these parts of the local day."""
        if not parts:
            return as_of_us
        if parts == WHOLE_DAY:
            return NEVER
        starts, ends = _forbidden(zone or self.zone, as_of_us // BLOCK_US, parts)
        k = bisect_right(starts, as_of_us) - 1
        return ends[k] if k >= 0 and as_of_us < ends[k] else as_of_us

    def parts_of(self, channel: str) -> Parts:
        """The parts of the local day forbidden for a candidate's channel."""
        parts = self._parts.get(channel)
        if parts is None:
            parts = _joined(part for rule in self.rules if rule.holds_for(channel) for part in rule.parts)
            self._parts[channel] = parts
        return parts

    def _groups(self, as_of_us: Indices, zones: Sequence[str | None]) -> list[Group]:
        """Rows by zone and block; one slice where all rows are of one."""
        names = list(dict.fromkeys(zones))
        number = {name: k for k, name in enumerate(names)}
        zone = np.fromiter(map(number.__getitem__, zones), dtype=np.int64, count=len(as_of_us))
        block = as_of_us // BLOCK_US
        if not len(block):
            return []
        first, width = int(block.min()), int(np.ptp(block)) + 1
        place = zone * width + (block - first)
        groups: list[Group] = []
        order = np.argsort(place, kind="stable")
        found, begins = np.unique(place[order], return_index=True)
        for key, rows in zip(found.tolist(), np.split(order, begins[1:]), strict=True):
            name = names[key // width] or self.zone
            groups.append((name, first + key % width, slice(None) if len(found) == 1 else rows))
        return groups


Group = tuple[str, int, NDArray[np.int64] | slice]
"""Zone, block, and which rows."""


def _next_of(parts: Parts, groups: list[Group], as_of_us: Indices) -> Indices:
    """The first allowed instants, (n,), under one set of forbidden parts."""
    allowed = as_of_us.copy()
    for zone, block, rows in groups:
        starts, ends = map(np.array, _forbidden(zone, block, parts))
        asked = as_of_us[rows]
        k = np.searchsorted(starts, asked, side="right") - 1
        # Before the first span k is -1, which reads the last one; its start says that it has not begun.
        inside = (asked >= starts[k]) & (asked < ends[k])
        allowed[rows] = np.where(inside, ends[k], asked)
    return allowed


@lru_cache(maxsize=65_536)
def _forbidden(zone: str, block: int, parts: Parts) -> tuple[list[int], list[int]]:
    """Starts and ends of the forbidden spans of instants in a block, in order and apart from each other."""
    first_us = block * BLOCK_US
    spans = []
    for from_us, until_us, offset_s in zone_offsets(zone, first_us, first_us + BLOCK_US + BEYOND_US):
        offset_us = offset_s * US_PER_S
        for day in range((from_us + offset_us) // DAY_US, (until_us + offset_us - 1) // DAY_US + 1):
            midnight_us = day * DAY_US - offset_us
            for start_s, end_s in parts:
                start_us = max(midnight_us + start_s * US_PER_S, from_us)
                end_us = min(midnight_us + end_s * US_PER_S, until_us)
                if start_us < end_us:
                    spans.append((start_us, end_us))
    joined = _joined(spans)
    return [start for start, _ in joined], [end for _, end in joined]


def _joined(spans: Iterable[tuple[int, int]]) -> Parts:
    """Spans in order, with those that touch or overlap made one.

    >>> _joined([(5, 9), (0, 3), (3, 4), (0, 0)])
    ((0, 4), (5, 9))
    """
    joined: list[tuple[int, int]] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)
