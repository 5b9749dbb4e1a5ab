"""From the effect booster's score to uplift in money: one slope for all actions, one offset for each.

A booster fitted with shrinkage finds too little of an effect. Out of fold, on contacts, what came in beyond what
`nothing` was expected to bring is regressed on the score: y − p0 = offset(action) + slope · score. The slope is pulled
towards 1 and the offsets towards their common mean as far as their standard errors do not exclude it (empirical Bayes,
Morris 1983), so that each action's average uplift is near unbiased without following noise. What is left is fitted by
tenths of p0 in the same way: a correction all actions share, since effects often grow with what a customer brings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nbatool.models.group_means import GroupMeans, group_means
from nbatool.models.table import FloatArray, IntArray

MOST_SLOPE = 4.0
LEAST_SLOPE = 0.05
"""Keeps the order of candidates where the score says nothing."""
MOST_BINS, ROWS_PER_BIN = 10, 500


@dataclass(frozen=True, slots=True)
class Curve:
    """Straight lines through knots (x, y), x increasing; flat outside."""

    x: FloatArray
    y: FloatArray
    slope: FloatArray = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        slope = np.diff(self.y, append=self.y[-1]) / np.append(np.diff(self.x), 1.0)
        object.__setattr__(self, "slope", slope)

    def apply(self, at: FloatArray) -> FloatArray:
        """Return float64[n]: the curve at each point.

        >>> Curve(np.array([0.0, 1.0]), np.array([2.0, 1.0])).apply(np.array([-1.0, 0.25, 3.0])).tolist()
        [2.0, 1.75, 1.0]
        """
        x = self.x
        knot = np.maximum(x.searchsorted(at, side="right") - 1, 0)
        knot = np.minimum(knot, max(len(x) - 2, 0))
        inside = np.minimum(np.maximum(at, x[0]), x[-1])
        return np.asarray(self.y[knot] + self.slope[knot] * (inside - x[knot]))


@dataclass(frozen=True, slots=True)
class UpliftMap:
    """Parameters
    ----------
    slope
        Money per unit of score.
    offset
        Action code (the model's own column) → money added to everybody's uplift of the action.
    other
        Offset of actions never contacted.
    level
        Money added by what `nothing` is expected to bring; None for nothing to add.
    slope_found, slope_se
        The slope as measured, before it was pulled towards 1, and its standard error (customers counted as one).
    offset_se
        Action code → standard error of its offset.
    """

    slope: float
    offset: Mapping[int, float]
    other: float
    level: Curve | None = None
    slope_found: float = 1.0
    slope_se: float = 0.0
    offset_se: Mapping[int, float] = field(default_factory=dict)
    _table: FloatArray = field(init=False, repr=False, compare=False)
    """Offsets by code, then `other`."""

    def __post_init__(self) -> None:
        table = np.full(max(self.offset, default=-1) + 2, self.other)
        for code, value in self.offset.items():
            table[code] = value
        object.__setattr__(self, "_table", table)

    def offsets(self, action: FloatArray) -> FloatArray:
        """Return the offset of each row's action code; NaN and unknown codes get `other`."""
        size = len(self._table) - 1
        known = (action >= 0) & (action < size)
        return np.asarray(self._table[np.where(known, action, size).astype(np.int64)])

    def apply(self, score: FloatArray, action: FloatArray, nothing: FloatArray) -> FloatArray:
        """Return uplift in money, element by element; ``nothing`` is what nothing is expected to bring.

        >>> UpliftMap(2.0, {0: 0.5}, 0.1).apply(np.ones(2), np.array([0.0, np.nan]), np.zeros(2)).tolist()
        [2.5, 2.1]
        """
        uplift = self.slope * score + self.offsets(action)
        return np.asarray(uplift if self.level is None else uplift + self.level.apply(nothing))

    def to_json(self) -> dict[str, Any]:
        return {
            "slope": self.slope,
            "offset": {str(code): value for code, value in self.offset.items()},
            "other": self.other,
            "level": None if self.level is None else [self.level.x.tolist(), self.level.y.tolist()],
            "slope_found": self.slope_found,
            "slope_se": self.slope_se,
            "offset_se": {str(code): value for code, value in self.offset_se.items()},
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> UpliftMap:
        return cls(
            float(stored["slope"]),
            {int(code): float(value) for code, value in stored["offset"].items()},
            float(stored["other"]),
            None
            if stored["level"] is None
            else Curve(*(np.array(v, dtype=np.float64) for v in stored["level"])),
            float(stored["slope_found"]),
            float(stored["slope_se"]),
            {int(code): float(value) for code, value in stored["offset_se"].items()},
        )


UNMAPPED = UpliftMap(1.0, {}, 0.0)


def fit_uplift_map(
    gain: FloatArray,
    score: FloatArray,
    nothing: FloatArray,
    weight: FloatArray,
    action: IntArray,
    customer: IntArray,
    *,
    nothing_parts: FloatArray,
) -> UpliftMap:
    """Fit the map on contacts, scores and expectations being out of fold.

    Parameters
    ----------
    gain
        float64[n]: outcome less what `nothing` was expected to bring.
    score
        float64[n]: the booster's score of the action less its score of `nothing`.
    nothing
        float64[n]: p0, what `nothing` was expected to bring.
    weight
        float64[n].
    action, customer
        int64[n].
    nothing_parts
        float64[n_customers], by customer code: each one's part in the error of the mean of what `nothing` brings, which
        every offset shares.
    """
    codes, found_at = np.unique(action, return_inverse=True)
    number = found_at.astype(np.int64)
    if not len(codes) or weight.sum() <= 0:
        return UNMAPPED
    found, error = _slope(gain, score, weight, number, customer)
    slope = float(np.clip(1.0 + _kept(found - 1.0, error) * (found - 1.0), LEAST_SLOPE, MOST_SLOPE))
    rest = gain - slope * score
    groups = group_means(rest, weight, number, customer)
    offset, common = _pooled(groups, number, customer, nothing_parts)
    level = _level(rest - offset[number], nothing, weight, customer)
    by_code = {int(c): float(b) for c, b in zip(codes, offset, strict=True)}
    of_nothing = float((nothing_parts**2).sum())
    errors = {int(c): float(np.sqrt(v + of_nothing)) for c, v in zip(codes, groups.square, strict=True)}
    return UpliftMap(slope, by_code, common, level, found, error, errors)


def _level(rest: FloatArray, nothing: FloatArray, weight: FloatArray, customer: IntArray) -> Curve | None:
    """What is left of the gain along p0: pulled means of bins, straight lines between them, flat outside, mean 0."""
    n_bins = min(MOST_BINS, len(rest) // ROWS_PER_BIN)
    if n_bins < 3:
        return None
    number = np.empty(len(rest), dtype=np.int64)
    number[np.argsort(nothing, kind="stable")] = np.arange(len(rest)) * n_bins // len(rest)
    bins = group_means(rest, weight, number, customer)
    common, between = bins.spread()
    if between <= 0:
        return None
    at = np.bincount(number, weight * nothing) / bins.mass
    distinct = np.concatenate([[True], np.diff(at) > 0])
    curve = Curve(at[distinct], ((bins.mean - common) * between / (between + bins.square))[distinct])
    return Curve(curve.x, curve.y - float(np.average(curve.apply(nothing), weights=weight)))


def _slope(
    gain: FloatArray, score: FloatArray, weight: FloatArray, number: IntArray, customer: IntArray
) -> tuple[float, float]:
    """Weighted least squares within actions; standard error with a customer's rows summed first (Liang & Zeger)."""
    mass = np.maximum(np.bincount(number, weight), 1e-300)
    inside = score - (np.bincount(number, weight * score) / mass)[number]
    level = gain - (np.bincount(number, weight * gain) / mass)[number]
    spread = float((weight * inside * inside).sum())
    if spread <= 1e-12 * float(mass.sum()):
        return 1.0, 0.0
    slope = float((weight * inside * level).sum()) / spread
    _, who = np.unique(customer, return_inverse=True)
    moved = np.bincount(who, weight * inside * (level - slope * inside))
    return slope, float(np.sqrt((moved**2).sum())) / spread


def _kept(distance: float, error: float) -> float:
    """Share of a distance from its prior that survives its standard error: (1 − se²/d²)⁺ (James & Stein 1961)."""
    return max(0.0, 1.0 - (error / distance) ** 2) if distance else 0.0


def _pooled(
    groups: GroupMeans, number: IntArray, who: IntArray, nothing: FloatArray
) -> tuple[FloatArray, float]:
    """Offsets pulled to their mean, and that mean pulled to 0, as far as their errors allow.

    The common mean is measured against what `nothing` brings: ``nothing`` (n_customers,) is each customer's part in the
    error of that. The same customers are on both sides, so their parts are subtracted before they are squared.
    """
    common, between = groups.spread()
    keep = between / (between + groups.square) if between > 0 else np.zeros(len(groups.mean))
    share = groups.precision / groups.precision.sum()
    parts = np.bincount(who, groups.pull * share[number], minlength=len(nothing))
    error = float(np.sqrt(((parts - nothing) ** 2).sum()))
    centre = common * _kept(common, error)
    return centre + keep * (groups.mean - common), centre
