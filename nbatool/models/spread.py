"""How much outcomes like theirs vary: the unit in which effects are learned.

An effect on somebody who brings 100 is worth more, and harder to see, than one on somebody who brings 5. Learned in
standard deviations of outcomes with a like baseline, every customer tells as much about effects as any other, and few
big spenders do not decide for all (weighted least squares, with the effect proportional to the deviation).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nbatool.models.table import FloatArray
from nbatool.models.uplift_map import Curve

MOST_BINS, ROWS_PER_BIN = 20, 400
LEAST = 0.05
"""Of the deviation of all rows: outcomes that hardly vary must not count without bound."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Standard deviation, in currency, by the baseline."""

    curve: Curve

    def apply(self, baseline: FloatArray) -> FloatArray:
        """Return float64[n], above 0, element by element."""
        return self.curve.apply(baseline)

    def to_json(self) -> list[list[float]]:
        return [self.curve.x.tolist(), self.curve.y.tolist()]

    @classmethod
    def from_json(cls, stored: list[Any]) -> Spread:
        return cls(Curve(*(np.array(v, dtype=np.float64) for v in stored)))


ONE = Spread(Curve(np.zeros(1), np.ones(1)))


def fit_spread(left: FloatArray, baseline: FloatArray, weight: FloatArray) -> Spread:
    """Fit the curve on what the baseline, out of fold, left unexplained: bins of equal count, straight lines between.

    >>> left = np.tile([-1.0, 1.0], 2000) * np.repeat([1.0, 3.0], 2000)
    >>> fit_spread(left, np.repeat([0.0, 10.0], 2000), np.ones(4000)).apply(np.array([-5.0, 5.0, 10.0])).tolist()
    [1.0, 2.0, 3.0]
    """
    overall = float(np.sqrt(np.average(left**2, weights=weight))) if weight.sum() > 0 else 0.0
    if overall <= 0:
        return ONE
    n_bins = int(np.clip(len(left) // ROWS_PER_BIN, 1, MOST_BINS))
    order = np.argsort(baseline, kind="stable")
    number = np.empty(len(left), dtype=np.int64)
    number[order] = np.arange(len(left)) * n_bins // len(left)
    mass = np.bincount(number, weight, n_bins)
    used = mass > 0
    at = np.bincount(number, weight * baseline, n_bins)[used] / mass[used]
    deviation = np.sqrt(np.bincount(number, weight * left**2, n_bins)[used] / mass[used])
    # bins of equal baselines are one knot
    knots, group = np.unique(at, return_inverse=True)
    size = np.bincount(group)
    return Spread(Curve(knots, np.maximum(np.bincount(group, deviation) / size, LEAST * overall)))
