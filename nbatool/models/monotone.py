"""A strictly increasing map from predicted to realised money, fitted out of fold.

Isotonic steps would tie candidates (and made 42 % of uplifts exactly 0); here pooled bins become knots of straight
lines whose slopes are all positive, so the order of candidates never changes and no two of them are tied.
"""

from __future__ import annotations

import numpy as np

from nbatool.models.calibration import PiecewiseLinear, pava
from nbatool.models.table import FloatArray

_ROWS_PER_KNOT = 1_000
_MAX_KNOTS = 12
_LEAST_SHARE_OF_SLOPE = 0.1
_LEAST_SLOPE = 0.01


def fit_monotone(predicted: FloatArray, realised: FloatArray, weight: FloatArray) -> PiecewiseLinear:
    """Fit the map; its weighted mean equals the weighted mean of what was realised.

    One knot per thousand rows, at most twelve: bins of equal weight, pooled where they are out of order. With too few
    rows or knots it is the straight line ``a + b·x`` of weighted least squares, b at least .01.

    Parameters
    ----------
    predicted, realised, weight
        float64[n]: out-of-fold predictions, outcomes, weights.
    """
    n_knots = min(_MAX_KNOTS, len(predicted) // _ROWS_PER_KNOT)
    line_slope = _line_slope(predicted, realised, weight)
    if n_knots >= 3:
        x, y, mass = _bins(predicted, realised, weight, n_knots)
        fit, block = pava(y, mass)
        pooled = np.bincount(block, mass)
        x = np.bincount(block, mass * x) / pooled
        y = np.bincount(block, mass * fit) / pooled
    if n_knots < 3 or len(x) < 3:
        centre = np.array([float(np.average(predicted, weights=weight))])
        flat = PiecewiseLinear(centre, np.zeros(1), np.array([line_slope, line_slope]))
        return _levelled(flat, predicted, realised, weight)
    least = max(_LEAST_SHARE_OF_SLOPE * line_slope, _LEAST_SLOPE)
    for k in range(1, len(x)):
        y[k] = max(y[k], y[k - 1] + least * (x[k] - x[k - 1]))
    slopes = np.diff(y) / np.diff(x)
    # a tail has few rows of its own: its slope stays near the whole line's
    left, right = (
        float(np.clip(slope, 0.5 * line_slope, 1.5 * line_slope)) for slope in (slopes[0], slopes[-1])
    )
    curve = PiecewiseLinear.through(x, y, left=max(left, least), right=max(right, least))
    return _levelled(curve, predicted, realised, weight)


def _line_slope(predicted: FloatArray, realised: FloatArray, weight: FloatArray) -> float:
    x = predicted - np.average(predicted, weights=weight)
    spread = float((weight * x * x).sum())
    return max(float((weight * x * realised).sum()) / spread, _LEAST_SLOPE) if spread > 0 else 1.0


def _bins(
    predicted: FloatArray, realised: FloatArray, weight: FloatArray, n_bins: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean prediction, mean outcome and weight of bins of equal weight; equal predictions share a bin."""
    order = np.argsort(predicted, kind="stable")
    x, y, w = predicted[order], realised[order], weight[order]
    before = np.cumsum(w) - w
    first_of_ties = np.searchsorted(x, x, side="left")
    number = np.minimum((before[first_of_ties] / w.sum() * n_bins).astype(np.int64), n_bins - 1)
    mass = np.bincount(number, w, n_bins).astype(np.float64)
    used = mass > 0
    x_sum, y_sum = np.bincount(number, w * x, n_bins), np.bincount(number, w * y, n_bins)
    return x_sum[used] / mass[used], y_sum[used] / mass[used], mass[used]


def _levelled(
    curve: PiecewiseLinear, predicted: FloatArray, realised: FloatArray, weight: FloatArray
) -> PiecewiseLinear:
    gap = float(np.average(realised - curve.apply(predicted), weights=weight))
    return PiecewiseLinear(curve.x, curve.y + gap, curve.slope)
