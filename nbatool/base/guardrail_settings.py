"""``[guardrails]``: whom, how often, when and how much at most; nothing optimises these away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from nbatool.base.clock import format_duration
from nbatool.base.setting_types import Duration, Number, Table, Text, Texts, Whole, kind_of, shown, wrong

Found = Iterator[tuple[tuple[str | int, ...], str]]
Share = Annotated[Number, Field(ge=0, le=1)]

_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
MOST: Final = 10**12
"""Contacts; a longer number is a slip, and no file of a state could hold it."""
SUBJECTS: Final = ("channel", "action", "tag")


def _time_of_day(value: object) -> int:
    if not isinstance(value, str):
        raise wrong(f'must be a time of day such as "21:00", not {kind_of(value)}')
    match = _TIME.fullmatch("00:00" if value == "24:00" else value)
    if match is None:
        raise wrong(f'{shown(value)} must be a time of day such as "21:00"')
    return int(match[1]) * 3600 + int(match[2]) * 60


TimeOfDay = Annotated[
    int,
    BeforeValidator(_time_of_day),
    WithJsonSchema({"type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9]$"}),
]
"""Seconds since the local midnight, written ``"21:00"``."""


def _not_negative(value: float) -> float:
    if value < 0:
        raise wrong("must not be negative")
    return value


class About(Table):
    """What a limit is about: all contacts, or those of one channel, action or tag."""

    channel: Text | None = None
    action: Text | None = None
    tag: Text | None = None

    @property
    def subject(self) -> tuple[str, str] | None:
        """What it is about, such as ("channel", "email"); None: every contact."""
        return next(
            ((key, str(getattr(self, key))) for key in SUBJECTS if getattr(self, key) is not None), None
        )

    def problems(self) -> Found:
        """Yield what is wrong: (keys below the table, message)."""
        said = [key for key in SUBJECTS if getattr(self, key) is not None]
        if len(said) > 1:
            yield (said[1],), f"{' and '.join(said)}: say one of them; write two entries for two limits"


class MaxContacts(About):
    """An entry of ``max_contacts``: at most so many contacts of a customer within a sliding window."""

    limit: Annotated[Whole, Field(le=MOST), AfterValidator(_not_negative)]
    window: Duration


class MinGap(Table):
    """``min_gap``: least time between two contacts of a customer."""

    same_action: Duration | None = None
    tags: dict[str, Duration] = Field(default_factory=dict)
    """Tag → between two actions that both carry it."""
    channels: dict[str, Duration] = Field(default_factory=dict)
    """Channel → between two contacts on it."""


class QuietHours(Table):
    """An entry of ``quiet_hours``: no contact from `start` to `end`, in the customer's own time."""

    start: TimeOfDay
    end: TimeOfDay
    channels: Texts = ()
    """None: every channel."""

    def problems(self) -> Found:
        if self.start == self.end:
            yield (
                ("end",),
                "end is start: quiet all day. To stop a channel, take it from the actions; else name a shorter time",
            )


class Budget(About):
    """An entry of ``budget``: contacts cost at most so much money within a window."""

    amount: Annotated[Number, AfterValidator(_not_negative)]
    window: Duration


class Capacity(About):
    """An entry of ``capacity``: at most so many contacts within a window, such as a channel's in a day."""

    limit: Annotated[Whole, Field(le=MOST), AfterValidator(_not_negative)]
    window: Duration


class ContactShare(About):
    """An entry of ``min_share`` or ``max_share``: a part of all contacts."""

    share: Share

    def problems(self) -> Found:
        yield from super().problems()
        if self.subject is None:
            yield ((), "of what? Add channel, action or tag")


class Suppress(About):
    """An entry of ``suppress``: what must not be done while something is so."""

    when: Text
    reason: Text


class Review(Table):
    """An entry of ``review``: decisions a person looks at first."""

    when: Text
    reason: Text


class Guardrails(Table):
    """``[guardrails]``."""

    max_contacts: tuple[MaxContacts, ...] = ()
    min_gap: MinGap = Field(default_factory=MinGap)
    quiet_hours: tuple[QuietHours, ...] = ()
    require_consent: Texts = ()
    """Channels nobody is contacted on without having agreed."""
    reach: dict[str, Text] = Field(default_factory=dict)
    """Channel → expression that says whether a customer can be reached on it."""
    suppress: tuple[Suppress, ...] = ()
    budget: tuple[Budget, ...] = ()
    capacity: tuple[Capacity, ...] = ()
    min_share: tuple[ContactShare, ...] = ()
    max_share: tuple[ContactShare, ...] = ()
    live_share: Share = 0.0
    """Part of what is left of budgets, stocks and capacities that the night leaves to live decisions of the day."""
    review: tuple[Review, ...] = ()
    unconfirmed_after: Duration = "3d"  # type: ignore[assignment]  # validated: the text becomes seconds
    """A reserved contact that nobody confirmed counts no longer after this."""

    @property
    def longest_window_s(self) -> int:
        """How far back contacts of a customer must be known."""
        windows = [cap.window for cap in self.max_contacts]
        windows += [*self.min_gap.tags.values(), *self.min_gap.channels.values()]
        windows += [self.min_gap.same_action] if self.min_gap.same_action else []
        return max(windows, default=0)

    def problems(self) -> Found:
        """Yield what is wrong between the entries: (keys below the table, message)."""
        for key in (
            "max_contacts",
            "quiet_hours",
            "budget",
            "capacity",
            "min_share",
            "max_share",
            "suppress",
        ):
            for index, entry in enumerate(getattr(self, key)):
                for keys, message in entry.problems():
                    yield (key, index, *keys), f"{key}: {message}"
        yield from self._shares()
        yield from self._quiet_all_day()
        for index, cap in enumerate(self.max_contacts):
            if cap.limit == 0 and cap.subject is None:
                yield (
                    ("max_contacts", index, "limit"),
                    f"max_contacts: 0 contacts in {format_duration(cap.window)} reaches nobody ever; "
                    "to plan without contacts use --dry-run",
                )

    def _shares(self) -> Found:
        most = {entry.subject: entry.share for entry in self.max_share}
        for index, entry in enumerate(self.min_share):
            limit = most.get(entry.subject)
            if limit is not None and entry.share > limit and entry.subject is not None:
                name = " ".join(entry.subject)
                yield (
                    ("min_share", index, "share"),
                    f"min_share of {name} is {entry.share:g}, its max_share {limit:g}: no plan can have both",
                )

    def _quiet_all_day(self) -> Found:
        for channel in sorted({channel for rule in self.quiet_hours for channel in rule.channels or ("",)}):
            spans = [
                span
                for rule in self.quiet_hours
                if not rule.channels or channel in rule.channels
                for span in _within_a_day(rule.start, rule.end)
            ]
            at = 0
            for start, end in sorted(spans):
                if start > at:
                    break
                at = max(at, end)
            if at >= 86_400 and not any(rule.start == rule.end for rule in self.quiet_hours):
                name = f"channel {channel}" if channel else "every channel"
                yield ("quiet_hours",), f"quiet_hours: together they are quiet all day for {name}"


def _within_a_day(start: int, end: int) -> list[tuple[int, int]]:
    return [(start, end)] if start < end else [(start, 86_400), (0, end)]
