"""The features a workspace gets without writing any: derived from its roles, event types and attributes.

A window longer than the history before the earliest training moment would mean something else in training than
in scoring, so it is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from nbatool.base.clock import DAY_S, format_duration
from nbatool.features.aggregates import Series
from nbatool.features.event_sql import COLUMN_FIELDS
from nbatool.features.kinds import STREAK_WEEKS, Feature
from nbatool.features.plan import DAYPARTS, WEEKDAYS

DEFAULT_WINDOWS_S = (7 * DAY_S, 30 * DAY_S, 90 * DAY_S)
SHARE_WINDOW_S = DEFAULT_WINDOWS_S[-1]
"""Window of tastes. Unlike a count, a share means the same however much of the window is known: it may be longer than
the history, and tastes are steadier than what happened of late."""
MOST_TYPES = 12
MOST_VALUES = 10
SEQUENCE = 3


@dataclass(frozen=True, slots=True)
class EventType:
    """What the warehouse holds of one event type before the models are trained.

    ``values`` lists the frequent values of each text attribute (and ``channel``) that has at most
    `MOST_VALUES` of them; ``distinct`` names text fields with more.
    """

    name: str
    events: int
    valued: bool
    timed: bool
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    distinct: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """A role or an event type features are made about."""

    name: str
    types: tuple[str, ...]
    valued: bool
    timed: bool
    detailed: bool
    values: dict[str, tuple[str, ...]]
    distinct: tuple[str, ...]

    @property
    def series(self) -> Series:
        return Series(self.types)


def slug(text: str) -> str:
    """Turn any text into a word of a feature name.

    >>> slug("Offer viewed")
    'offer_viewed'
    """
    return re.sub(r"\W+", "_", text.strip().lower()).strip("_") or "blank"


def default_windows(asked_s: set[int], history_s: int) -> tuple[int, ...]:
    """Return the windows of default features: 7, 30, 90 days and those of targets and objectives.

    Only windows within the history before the earliest training moment, or the shortest if none is.
    """
    wanted = sorted(asked_s | set(DEFAULT_WINDOWS_S))
    return tuple(w for w in wanted if w <= history_s) or (wanted[0],)


def subjects(roles: dict[str, tuple[str, ...]], types: tuple[EventType, ...]) -> tuple[Subject, ...]:
    """One subject per role, and one per frequent event type without a role."""
    by_name = {t.name: t for t in types}
    made = []
    for role, names in roles.items():
        members = [by_name[n] for n in names if n in by_name]
        if members:
            made.append(_subject(role, members, detailed=role in ("purchase", "engage")))
    taken = {name for names in roles.values() for name in names}
    free = sorted((t for t in types if t.name not in taken), key=lambda t: (-t.events, t.name))[:MOST_TYPES]
    made += [_subject(slug(t.name), [t], detailed=False) for t in free]
    if not roles and made:
        made[0] = _subject(slug(free[0].name), [free[0]], detailed=True)
    return tuple(made)


def _subject(name: str, members: list[EventType], *, detailed: bool) -> Subject:
    values: dict[str, tuple[str, ...]] = {}
    for key in sorted({k for t in members for k in t.values}):
        found = sorted({v for t in members for v in t.values.get(key, ())})
        values[key] = tuple(found[:MOST_VALUES])
    return Subject(
        name, tuple(t.name for t in members), any(t.valued for t in members), any(t.timed for t in members),
        detailed, values, tuple(sorted({d for t in members for d in t.distinct})),
    )  # fmt: skip


def default_features(
    roles: dict[str, tuple[str, ...]],
    types: tuple[EventType, ...],
    windows_s: tuple[int, ...],
    history_s: int,
) -> tuple[Feature, ...]:
    """Return the default features of a workspace, most general first."""
    known = subjects(roles, types)
    every = Series()
    long_s = windows_s[-1]
    made = [Feature("tenure", "tenure", every, meaning="days since the first event of any kind")]
    for subject in known:
        made += _basic(subject, windows_s)
        if subject.valued:
            made += _money(subject, windows_s)
        if subject.detailed:
            made += _habits(subject, long_s, history_s)
        made += _by_value(subject, long_s)
    listed = Series(tuple(sorted({name for s in known for name in s.types})))
    for nth in range(1, SEQUENCE + 1):
        meaning = "the newest event" if nth == 1 else f"the event {nth - 1} before the newest"
        meaning += f" in {_name(long_s)}"
        made.append(Feature(f"sequence_{nth}", "sequence", listed, "type", long_s, nth=nth, meaning=meaning))
    made.append(
        Feature(
            "transition", "transition", listed, "type", long_s,
            meaning=f"the last two events in {_name(long_s)}, in order",
        )
    )  # fmt: skip
    return tuple(made)


def _basic(s: Subject, windows_s: tuple[int, ...]) -> Iterator[Feature]:
    long_s = windows_s[-1]
    for w in windows_s:
        yield Feature(
            f"count_{s.name}_{_name(w)}", "count", s.series, "", w, meaning=f"{s.name} events in {_name(w)}"
        )
    yield Feature(f"days_since_last_{s.name}", "recency", s.series, meaning=f"days since the last {s.name}")
    yield Feature(f"tenure_{s.name}", "tenure", s.series, meaning=f"days since the first {s.name}")
    yield Feature(f"gap_{s.name}", "gap", s.series, meaning=f"mean days from one {s.name} to the next")
    yield Feature(
        f"share_{s.name}_{_name(long_s)}", "share", s.series, "", long_s, Series(),
        meaning=f"share of {s.name} among all events in {_name(long_s)}",
    )  # fmt: skip
    if len(windows_s) > 1:
        short_s = windows_s[0]
        yield Feature(
            f"rate_{s.name}_{_name(short_s)}", "rate", s.series, "", short_s, other_within_s=long_s,
            meaning=f"{s.name} per day in {_name(short_s)} against {_name(long_s)}; 1 is as always",
        )  # fmt: skip


def _money(s: Subject, windows_s: tuple[int, ...]) -> Iterator[Feature]:
    for w in windows_s:
        yield Feature(
            f"sum_{s.name}_{_name(w)}",
            "sum",
            s.series,
            "value",
            w,
            meaning=f"value of {s.name} in {_name(w)}",
        )
    long_s = windows_s[-1]
    yield Feature(
        f"mean_{s.name}", "mean", s.series, "value", meaning=f"mean value of a {s.name}, all the past"
    )
    yield Feature(
        f"mean_{s.name}_{_name(long_s)}", "mean", s.series, "value", long_s,
        meaning=f"mean value of a {s.name} in {_name(long_s)}",
    )  # fmt: skip
    yield Feature(f"max_{s.name}", "max", s.series, "value", meaning=f"greatest value of a {s.name}")
    yield Feature(
        f"spread_{s.name}_{_name(long_s)}", "spread", s.series, "value", long_s,
        meaning=f"standard deviation of the value of a {s.name} in {_name(long_s)}",
    )  # fmt: skip


def _habits(s: Subject, long_s: int, history_s: int) -> Iterator[Feature]:
    if history_s >= STREAK_WEEKS * 7 * DAY_S:
        yield Feature(
            f"streak_{s.name}", "streak", s.series, meaning=f"weeks in a row with a {s.name}, up to now"
        )
    if s.timed:
        yield from profile("daypart", DAYPARTS, s.name, s.series, long_s)
        yield from profile("weekday", WEEKDAYS, s.name, s.series, long_s)


def profile(
    field_name: str, values: tuple[str, ...], name: str, series: Series, within_s: int
) -> Iterator[Feature]:
    """Shares of a subject's events by the values of a field, such as the part of the day in the customer's own time."""
    for value in values:
        part = Series(series.types, (*series.where, (field_name, value)))
        yield Feature(
            f"share_{name}_{slug(field_name)}_{slug(value)}_{_name(within_s)}", "share", part, "", within_s, series,
            meaning=f"share of {name} with {field_name} {value} in {_name(within_s)}",
        )  # fmt: skip


def _by_value(s: Subject, long_s: int) -> Iterator[Feature]:
    window = _name(long_s)
    for key, values in s.values.items():
        # channels and actions were ours to choose: which part of them it was says little of the customer
        if len(values) > 1 and key not in COLUMN_FIELDS:
            yield from profile(key, values, s.name, s.series, max(long_s, SHARE_WINDOW_S))
        for value in values if len(values) > 1 else ():
            part = Series(s.types, ((key, value),))
            yield Feature(
                f"count_{s.name}_{slug(key)}_{slug(value)}_{window}", "count", part, "", long_s,
                meaning=f"{s.name} with {key} {value} in {window}",
            )  # fmt: skip
    for key in s.distinct:
        yield Feature(
            f"distinct_{s.name}_{slug(key)}_{window}", "distinct", s.series, key, long_s,
            meaning=f"how many different {key} among {s.name} in {window}",
        )  # fmt: skip


def _name(within_s: int) -> str:
    return format_duration(within_s)
