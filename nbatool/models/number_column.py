"""A number as the fast learner sees it: standardised, bounded, and bent where its tail is heavy or it is a time since."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nbatool.models.table import FloatArray

MOST_SPREADS = 4.0
"""Standardised numbers end here: one absurd value must not move every coefficient."""
HEAVY_TAIL = 9.0
"""Fourth standardised moment (a normal has 3) from which a column is bent."""
BEND = 2.0
FRESH_DAYS = 1.0
"""After so many days something is half as fresh. Much of what an action does depends on what happened just now (a full
cart, a visit), which a line through months cannot show."""
LEAST_UNIT_DAYS = 1 / 24


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """A number as (x − centre) / scale, bent when its tail is heavy, then bounded.

    Parameters
    ----------
    centre, scale
        In the column's own unit.
    heavy
        Whether asinh(2·z) takes the place of z.
    gain
        Brings the spread of the bent column back to 1.
    gaps
        Whether it can be missing, which then has a coordinate; a missing number itself reads 0.
    unit
        Of days since something: their logarithm counts from here (log(1 + x / unit) is what is standardised), and how
        fresh it is has a coordinate of its own, from 1 down to 0. 0: a number like others.
    """

    name: str
    centre: float = 0.0
    scale: float = 1.0
    heavy: bool = False
    gain: float = 1.0
    gaps: bool = False
    unit: float = 0.0

    @property
    def width(self) -> int:
        """Coordinates it has."""
        return 1 + (self.unit > 0) + self.gaps

    def encode(self, values: FloatArray) -> FloatArray:
        """Return float64[n], within ±4; NaN and infinities read 0."""
        if self.unit > 0:
            values = np.array([log_days(v, self.unit) for v in values.tolist()], dtype=np.float64)
        with np.errstate(invalid="ignore", over="ignore"):
            z = (values - self.centre) / self.scale
        z = np.where(np.isfinite(values), z, 0.0)
        if self.heavy:
            z = np.array([math.asinh(BEND * v) for v in z.tolist()], dtype=np.float64) * self.gain
        return np.clip(z, -MOST_SPREADS, MOST_SPREADS)

    def encode_one(self, value: float) -> float:
        """`encode` for one value, bit for bit."""
        if self.unit > 0:
            value = log_days(value, self.unit)
        if not math.isfinite(value):
            return 0.0
        z = (value - self.centre) / self.scale
        if self.heavy:
            z = math.asinh(BEND * z) * self.gain
        return min(max(z, -MOST_SPREADS), MOST_SPREADS)


def log_days(days: float, unit: float) -> float:
    """Return log(1 + days / unit); a time to come is now."""
    return math.log1p(max(days, 0.0) / unit) if math.isfinite(days) else days


def freshness(days: float) -> float:
    """Return 1 for what happened just now, half of it a day later, 0 for what never did.

    >>> freshness(0.0), freshness(1.0), freshness(math.nan)
    (1.0, 0.5, 0.0)
    """
    return math.pow(2.0, -max(days, 0.0) / FRESH_DAYS) if math.isfinite(days) else 0.0


def fitted_number(name: str, values: FloatArray, *, days: bool) -> NumberColumn:
    known = values[np.isfinite(values)]
    gaps = len(known) < len(values)
    if not len(known):
        return NumberColumn(name, gaps=gaps)
    if days:
        known = _plausible(known)
        since = known[known > 0]
        unit = max(float(np.quantile(since, 0.1)), LEAST_UNIT_DAYS) if len(since) else LEAST_UNIT_DAYS
        centre, scale = _moments(np.array([log_days(v, unit) for v in known.tolist()]))
        return NumberColumn(name, centre, scale, gaps=gaps, unit=unit)
    known = _plausible(known)
    centre, scale = _moments(known)
    z = (known - centre) / scale
    heavy = len(known) >= 20 and float((z**4).mean()) > HEAVY_TAIL
    if not heavy:
        return NumberColumn(name, centre, scale, gaps=gaps)
    _, spread = _moments(np.arcsinh(BEND * z))
    return NumberColumn(name, centre, scale, heavy=True, gain=1.0 / spread, gaps=gaps)


def _plausible(values: FloatArray) -> FloatArray:
    """The values bounded at 20 times the width of their middle nine tenths: one absurd value is no scale."""
    low, middle, high = (float(q) for q in np.quantile(np.clip(values, -1e150, 1e150), (0.05, 0.5, 0.95)))
    reach = 20.0 * (high - low)
    return np.clip(values, middle - reach, middle + reach) if reach > 0 else np.clip(values, -1e100, 1e100)


def _moments(values: FloatArray) -> tuple[float, float]:
    """Mean and standard deviation, 1 for a column that does not vary; exact sums, so that row order is no matter."""
    found = values.tolist()
    if not found:
        return 0.0, 1.0
    mean = math.fsum(found) / len(found)
    spread = math.sqrt(math.fsum((v - mean) ** 2 for v in found) / len(found))
    return (mean, spread) if spread > 1e-9 * max(abs(mean), 1e-300) else (mean, 1.0)
