"""The kinds of feature: which aggregates each one needs, and how they become its value.

A finishing function takes the aggregates of *all* features of its kind at once, as arrays of shape
(n_moments, n_features_of_the_kind), and uses only + − × ÷, comparisons and sqrt: IEEE 754 fixes their last
bit, so a matrix of a million moments and a single row give equal numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nbatool.base.clock import DAY_S
from nbatool.features.aggregates import LIFETIME, LIFETIME_AGGREGATES, AggregateName, Series, Slot

Floats = NDArray[np.float64]
Finish = Callable[[list[Floats], Floats], Floats]

STREAK_WEEKS = 8


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature of a customer at a moment.

    Parameters
    ----------
    name, kind
        Its name, and the kind that says how it is computed.
    series
        The events it looks at.
    field
        What it measures: ``value``, a numeric event attribute, or a text field for ``distinct``.
    within_s
        Window in seconds, 0 for all the past.
    other, other_within_s
        The second series (``share``) or longer window (``rate``) it is compared with.
    nth
        Which of the newest events (``sequence``), 1 being the newest.
    meaning
        One plain line for `nbatool features`.
    """

    name: str
    kind: str
    series: Series
    field: str = ""
    within_s: int = LIFETIME
    other: Series | None = None
    other_within_s: int = LIFETIME
    nth: int = 0
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of feature is made.

    ``slots`` names the aggregates of a feature, ``finish`` turns them into values; its second argument holds
    one constant per feature, made of the feature and the number of event types, such as a ratio of window lengths.
    """

    name: str
    slots: Callable[[Feature], tuple[Slot, ...]]
    finish: Finish
    constant: Callable[[Feature, int], float] = lambda *_: 0.0
    categorical: bool = False


def _slot(fn: AggregateName) -> Callable[[Feature], tuple[Slot, ...]]:
    return lambda f: (
        Slot(fn, f.series, f.field if fn not in ("count", "first", "last") else "", f.within_s, f.nth),
    )


def _divide(a: Floats, b: Floats) -> Floats:
    """Divide, with null where b is 0 or null."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(b > 0, a / b, np.nan)


def _mean_slots(f: Feature) -> tuple[Slot, ...]:
    return Slot("sum", f.series, f.field, f.within_s), Slot("count", f.series, f.field, f.within_s)


def _spread_slots(f: Feature) -> tuple[Slot, ...]:
    return (*_mean_slots(f), Slot("sum_of_squares", f.series, f.field, f.within_s))


def _spread(a: list[Floats], _: Floats) -> Floats:
    """Sample standard deviation from Σx and Σx²; null below two values."""
    total, n, squares = a
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.maximum(squares - total * total / n, 0.0) / (n - 1.0)
        return np.where(n >= 2, np.sqrt(variance), np.nan)


def _share_slots(f: Feature) -> tuple[Slot, ...]:
    return Slot("count", f.series, "", f.within_s), Slot("count", f.other or Series(), "", f.within_s)


def _gap_slots(f: Feature) -> tuple[Slot, ...]:
    return tuple(Slot(fn, f.series, "", f.within_s) for fn in ("first", "last", "count"))


def _gap(a: list[Floats], _: Floats) -> Floats:
    """Mean days between one event and the next; null below two events."""
    first, last, n = a
    return _divide((first - last) / DAY_S, n - 1.0)


def _rate_slots(f: Feature) -> tuple[Slot, ...]:
    return Slot("count", f.series, "", f.within_s), Slot("count", f.series, "", f.other_within_s)


def _streak_slots(f: Feature) -> tuple[Slot, ...]:
    return tuple(Slot("count", f.series, "", week * 7 * DAY_S) for week in range(1, STREAK_WEEKS + 1))


def _streak(a: list[Floats], _: Floats) -> Floats:
    """Whole weeks in a row, counted back from the moment, with at least one event."""
    run, alive, before = np.zeros_like(a[0]), np.ones_like(a[0]), np.zeros_like(a[0])
    for seen in a:
        alive = alive * (seen > before)
        run, before = run + alive, seen
    return run


def _transition_slots(f: Feature) -> tuple[Slot, ...]:
    return tuple(Slot("nth_last", f.series, "type", f.within_s, nth) for nth in (2, 1))


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("count", _slot("count"), lambda a, _: a[0]),
        Kind("sum", _slot("sum"), lambda a, _: a[0]),
        Kind("mean", _mean_slots, lambda a, _: _divide(a[0], a[1])),
        Kind("spread", _spread_slots, _spread),
        Kind("max", _slot("max"), lambda a, _: a[0]),
        Kind("distinct", _slot("distinct"), lambda a, _: a[0]),
        Kind("share", _share_slots, lambda a, _: _divide(a[0], a[1])),
        Kind("recency", _slot("last"), lambda a, _: a[0] / DAY_S),
        Kind("tenure", _slot("first"), lambda a, _: a[0] / DAY_S),
        Kind("gap", _gap_slots, _gap),
        Kind("streak", _streak_slots, _streak),
        Kind(
            "rate",
            _rate_slots,
            lambda a, c: _divide(a[0] * c, a[1]),
            constant=lambda f, _: f.other_within_s / f.within_s,
        ),
        Kind("sequence", _slot("nth_last"), lambda a, _: a[0], categorical=True),
        Kind(
            "transition",
            _transition_slots,
            lambda a, c: a[0] * c + a[1],
            constant=lambda _, n_types: float(n_types),
            categorical=True,
        ),
    )
}


def needs_window(feature: Feature) -> bool:
    """Whether the feature asks for all the past of an aggregate the online state keeps only within windows."""
    return any(
        slot.within_s == LIFETIME and (slot.fn not in LIFETIME_AGGREGATES or bool(slot.series.where))
        for slot in KINDS[feature.kind].slots(feature)
    )
