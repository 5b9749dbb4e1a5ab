"""Doubly robust scores of logged decisions, and what they say about a rule: its value, with customers as clusters.

    Γ_i(a) = μ_a(x_i) + 1[A_i = a] · (y_i − μ_a(x_i)) / p_i

The mean of Γ(π) estimates what rule π would have brought; it is right where either the outcomes μ or the probabilities p
of what was done are (Robins, Rotnitzky & Zhao 1994; Dudík, Langford & Li 2011).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbatool.models.table import FloatArray, IntArray

LEAST_PROBABILITY = 0.01
"""No decision counts for more than a hundred."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean and its standard error; ``low`` and ``high`` bound its 95 % interval."""

    value: float
    se: float

    @property
    def low(self) -> float:
        return self.value - 1.959964 * self.se

    @property
    def high(self) -> float:
        return self.value + 1.959964 * self.se

    def to_json(self) -> dict[str, float]:
        return {"value": self.value, "se": self.se, "low": self.low, "high": self.high}


def mean_by_customer(values: FloatArray, customer: IntArray) -> Estimate:
    """Return the mean of the rows; a customer's rows move together, so they are summed before they are squared.

    >>> mean_by_customer(np.array([1.0, 1.0, 3.0, 3.0]), np.array([0, 0, 1, 1]))
    Estimate(value=2.0, se=0.707...)
    """
    if not len(values):
        return Estimate(float("nan"), float("nan"))
    mean = float(values.mean())
    _, who = np.unique(customer, return_inverse=True)
    moved = np.bincount(who, values - mean)
    return Estimate(mean, float(np.sqrt((moved**2).sum())) / len(values))


def dr_scores(y: FloatArray, mu: FloatArray, arm: IntArray, probability: FloatArray) -> FloatArray:
    """Return Γ (n, k): the doubly robust score of every candidate of every row.

    Parameters
    ----------
    y
        float64[n]: outcomes.
    mu
        float64[n, k]: expected outcome of each candidate, by a model that had not seen the row's customer.
    arm
        int64[n]: what was done; outside 0 … k − 1 it is none of the candidates.
    probability
        float64[n]: the chance of what was done, at least .01 used.

    >>> dr_scores(np.array([5.0]), np.array([[1.0, 2.0]]), np.array([1]), np.array([0.5])).tolist()
    [[1.0, 8.0]]
    """
    found = mu.copy()
    rows = np.flatnonzero((arm >= 0) & (arm < mu.shape[1]))
    at = arm[rows]
    found[rows, at] += (y[rows] - mu[rows, at]) / np.maximum(probability[rows], LEAST_PROBABILITY)
    return found


@dataclass(frozen=True, slots=True)
class Slope:
    """How much of the predicted differences between customers came true.

    1: all of it; 0: none. ``reliable`` where chance (2.5 %) would not show so much.
    """

    value: float
    se: float

    @property
    def reliable(self) -> bool:
        return self.value > 0 and self.value > 1.959964 * self.se

    def to_json(self) -> dict[str, float | bool]:
        return {
            "value": self.value,
            "se": self.se,
            "low": self.value - 1.959964 * self.se,
            "high": self.value + 1.959964 * self.se,
            "reliable": self.reliable,
        }


def effect_slope(gain: FloatArray, predicted: FloatArray, weight: FloatArray, customer: IntArray) -> Slope:
    """Regress doubly robust effects on predicted ones within actions (best linear predictor; Chernozhukov et al. 2018).

    Parameters
    ----------
    gain, predicted
        float64[n, k]: Γ(a) − Γ(nothing), and the predicted effect, for k actions.
    weight
        float64[n]: such as one over the variance of outcomes like theirs.
    customer
        int64[n]: their rows are summed before they are squared.
    """
    total = float(weight.sum())
    if total <= 0 or not predicted.size:
        return Slope(0.0, 0.0)
    w = weight[:, None]
    inside = predicted - (w * predicted).sum(0) / total
    level = gain - (w * gain).sum(0) / total
    spread = float((w * inside * inside).sum())
    if spread <= 1e-12 * total:
        return Slope(0.0, 0.0)
    slope = float((w * inside * level).sum()) / spread
    _, who = np.unique(customer, return_inverse=True)
    moved = np.bincount(who, (w * inside * (level - slope * inside)).sum(1))
    return Slope(slope, float(np.sqrt((moved**2).sum())) / spread)
