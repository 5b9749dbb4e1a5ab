"""How good predictions are: ranking, probabilities, money; all with weights.

Shapes: `y`, `p`, `weight` are float64[n]; `customer` int64[n]. Undefined figures (one class only) are NaN.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nbatool.base.seeds import generator
from nbatool.models.table import FloatArray, IntArray

_TWO_SIDED_95 = 1.959963984540054


def auc(y: FloatArray, score: FloatArray, weight: FloatArray | None = None) -> float:
    """Return the chance that a random positive outranks a random negative, ties half (Mann-Whitney).

    >>> auc(np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.1, 0.4, 0.4, 0.8]))
    0.875
    """
    w = np.ones(len(y)) if weight is None else weight
    _, level = np.unique(score, return_inverse=True)
    positive = np.bincount(level, w * y)
    negative = np.bincount(level, w * (1 - y))
    below = np.cumsum(negative) - negative
    pairs = float(positive.sum() * negative.sum())
    return float((positive * (below + 0.5 * negative)).sum()) / pairs if pairs > 0 else math.nan


def log_losses(y: FloatArray, p: FloatArray) -> FloatArray:
    """Return float64[n]: −log of the probability given to what happened (clipped at 1e-12)."""
    safe = np.clip(p, 1e-12, 1 - 1e-12)
    return -(y * np.log(safe) + (1 - y) * np.log1p(-safe))


def log_loss(y: FloatArray, p: FloatArray, weight: FloatArray | None = None) -> float:
    """Return the mean log loss, in nats."""
    return float(np.average(log_losses(y, p), weights=weight)) if len(y) else math.nan


def brier(y: FloatArray, p: FloatArray, weight: FloatArray | None = None) -> float:
    """Return the mean squared error of probabilities."""
    return float(np.average((p - y) ** 2, weights=weight)) if len(y) else math.nan


@dataclass(frozen=True, slots=True)
class Bin:
    """A group of rows with similar predictions.

    Parameters
    ----------
    n
        Rows.
    predicted, realised
        Weighted means.
    low, high
        95 % interval of the realised mean.
    """

    n: int
    predicted: float
    realised: float
    low: float
    high: float


def equal_count_groups(score: FloatArray, n_groups: int) -> list[IntArray]:
    """Return positions in groups of equal size, lowest scores first; empty groups are left out."""
    order = np.argsort(score, kind="stable").astype(np.int64)
    return [group for group in np.array_split(order, n_groups) if len(group)]


def reliability(
    y: FloatArray, p: FloatArray, weight: FloatArray | None = None, n_bins: int = 10
) -> tuple[Bin, ...]:
    """Return predicted against realised rates in bins of equal count, with Wilson intervals."""
    w = np.ones(len(y)) if weight is None else weight
    bins = []
    for rows in equal_count_groups(p, n_bins):
        mass = w[rows].sum()
        if mass <= 0:
            continue
        rate = float((w[rows] * y[rows]).sum() / mass)
        low, high = wilson(rate, float(mass**2 / (w[rows] ** 2).sum()))
        bins.append(Bin(len(rows), float((w[rows] * p[rows]).sum() / mass), rate, low, high))
    return tuple(bins)


def wilson(rate: float, n: float) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a rate seen in n cases.

    >>> [round(bound, 4) for bound in wilson(0.5, 100)]
    [0.4038, 0.5962]
    """
    z2 = _TWO_SIDED_95**2
    centre = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = _TWO_SIDED_95 * math.sqrt(rate * (1 - rate) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, centre - half), min(1.0, centre + half)


def calibration_error(bins: tuple[Bin, ...]) -> float:
    """Return the mean distance of predicted and realised over the bins, weighted by rows (ECE)."""
    n = sum(part.n for part in bins)
    return sum(part.n * abs(part.predicted - part.realised) for part in bins) / n if n else math.nan


def chance_calibration_error(
    y: FloatArray, p: FloatArray, weight: FloatArray, customer: IntArray, n_bins: int = 10
) -> float:
    """Return the calibration error that perfect probabilities stay below in some 95 % of samples like this one.

    A bin's distance is then about normal around 0, so its absolute value has the mean s·√(2/π) and the variance
    s²·(1 − 2/π); returned is the mean of the weighted sum over the bins and two standard deviations. s counts a
    customer's rows as one, because they move together.
    """
    _, who = np.unique(customer, return_inverse=True)
    mean = variance = 0.0
    for rows in equal_count_groups(p, n_bins):
        w, gap = weight[rows], y[rows] - p[rows]
        mass = float(w.sum())
        if mass <= 0:
            continue
        centred = w * (gap - float((w * gap).sum()) / mass)
        spread = math.sqrt(float((np.bincount(who[rows], centred) ** 2).sum())) / mass
        share = len(rows) / len(y)
        mean += share * spread * math.sqrt(2 / math.pi)
        variance += (share * spread) ** 2 * (1 - 2 / math.pi)
    return mean + 2 * math.sqrt(variance)


def lift_by_decile(y: FloatArray, p: FloatArray, weight: FloatArray | None = None) -> tuple[float, ...]:
    """Return rate of each tenth of the rows over the rate of all, best tenth first."""
    w = np.ones(len(y)) if weight is None else weight
    overall = float(np.average(y, weights=w)) if len(y) and w.sum() > 0 else math.nan
    groups = equal_count_groups(p, 10)[::-1]
    rates = [float((w[rows] * y[rows]).sum() / max(w[rows].sum(), 1e-300)) for rows in groups]
    return tuple(rate / overall if overall > 0 else math.nan for rate in rates)


@dataclass(frozen=True, slots=True)
class Ratio:
    """Realised over predicted money of a group of rows, with its standard error (customers as clusters)."""

    n: int
    predicted: float
    realised: float
    ratio: float
    ratio_se: float

    @property
    def within_two_se(self) -> bool:
        return abs(self.ratio - 1.0) <= 2.0 * self.ratio_se


def realised_ratio(y: FloatArray, p: FloatArray, weight: FloatArray, customer: IntArray) -> Ratio:
    """Return the weighted ratio; a customer's rows move together, so errors are summed per customer first."""
    predicted, realised = float((weight * p).sum()), float((weight * y).sum())
    _, who = np.unique(customer, return_inverse=True)
    ratio = realised / predicted if predicted != 0 else math.nan
    # linearised ratio: Var(Σw(y − r·p)) / (Σwp)²
    error = (
        np.bincount(who, weight * (y - ratio * p))
        if len(y) and math.isfinite(ratio)
        else np.array([math.nan])
    )
    spread = math.sqrt(float((error**2).sum()))
    mass = float(weight.sum())
    return Ratio(
        n=len(y),
        predicted=predicted / mass if mass > 0 else math.nan,
        realised=realised / mass if mass > 0 else math.nan,
        ratio=ratio,
        ratio_se=spread / abs(predicted) if predicted != 0 else math.nan,
    )


def mean_interval_by_customer(
    values: FloatArray, customer: IntArray, *, seed: int, name: str
) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the mean, customers drawn as a whole (500 draws)."""
    _, who = np.unique(customer, return_inverse=True)
    total, count = np.bincount(who, values), np.bincount(who).astype(np.float64)
    random = generator(seed, name)
    means = np.empty(500)
    for draw in range(len(means)):
        times = random.poisson(1.0, len(total)).astype(np.float64)
        drawn = (times * count).sum()
        means[draw] = (times * total).sum() / drawn if drawn else 0.0
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
