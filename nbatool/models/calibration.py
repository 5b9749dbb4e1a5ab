"""Maps from a model's score to what really happens: Platt and isotonic for probabilities, a monotone map for money.

Everything is applied element by element (searchsorted, plain arithmetic, math.exp), so that one row and a million
rows give the same bits. Isotonic steps tie customers, so they serve propensities only; Platt and the monotone map are
strictly increasing and keep every order of candidates.
Platt (1999), "Probabilistic outputs for support vector machines"; Zadrozny & Elkan (2002) for isotonic.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nbatool.models.table import FloatArray, IntArray

_Z_LIMIT = 30.0  # beyond it a probability is 0 or 1 to 13 digits
_MIN_ISOTONIC_POSITIVES = 200


def logistic(z: FloatArray) -> FloatArray:
    """Return 1 / (1 + exp(-z)) with math.exp per element: the same bits for any number of rows.

    >>> logistic(np.array([0.0])).tolist()
    [0.5]
    """
    exp = math.exp
    return np.array(
        [1.0 / (1.0 + exp(-v)) for v in np.clip(z, -_Z_LIMIT, _Z_LIMIT).tolist()], dtype=np.float64
    )


@dataclass(frozen=True, slots=True)
class PiecewiseLinear:
    """A continuous function through knots (x, y), with linear tails.

    Parameters
    ----------
    x, y
        float64[k], k >= 1, x strictly increasing.
    slope
        float64[k + 1]: left tail, between the knots, right tail.
    """

    x: FloatArray
    y: FloatArray
    slope: FloatArray
    _ceiling: FloatArray = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_ceiling", np.append(self.y, np.inf))

    @classmethod
    def through(cls, x: FloatArray, y: FloatArray, *, left: float, right: float) -> PiecewiseLinear:
        """Return the function through the knots with the given slopes of the tails."""
        return cls(x, y, np.concatenate([[left], np.diff(y) / np.diff(x), [right]]))

    def apply(self, at: FloatArray) -> FloatArray:
        """Return float64[n]: the function at each point."""
        piece = self.x.searchsorted(at, side="right")
        knot = np.maximum(piece - 1, 0)
        # the next knot bounds a piece: rounding must not lift its end above the next one's start
        ceiling = self._ceiling[piece]
        value: FloatArray = np.minimum(self.y[knot] + self.slope[piece] * (at - self.x[knot]), ceiling)
        return value

    def to_json(self) -> dict[str, Any]:
        return {"x": self.x.tolist(), "y": self.y.tolist(), "slope": self.slope.tolist()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> PiecewiseLinear:
        return cls(*(np.array(stored[key], dtype=np.float64) for key in ("x", "y", "slope")))


@dataclass(frozen=True, slots=True)
class Calibrator:
    """Raw score (log-odds) → probability: ``logistic(a·raw + b)``, or isotonic through knots.

    Parameters
    ----------
    a, b
        Platt's slope (at least 0) and offset.
    isotonic
        The isotonic curve, or None: Platt is used.
    log_loss
        Out-of-fold log loss of each kind that was tried, for the card.
    """

    a: float
    b: float
    isotonic: PiecewiseLinear | None = None
    log_loss: Mapping[str, float] | None = None

    @property
    def kind(self) -> str:
        return "platt" if self.isotonic is None else "isotonic"

    def apply(self, raw: FloatArray) -> FloatArray:
        """Return probabilities float64[n] for raw scores float64[n]."""
        if self.isotonic is None:
            return logistic(self.a * raw + self.b)
        return self.isotonic.apply(raw)

    def to_json(self) -> dict[str, Any]:
        curve = None if self.isotonic is None else self.isotonic.to_json()
        return {"a": self.a, "b": self.b, "isotonic": curve, "log_loss": dict(self.log_loss or {})}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Calibrator:
        curve = None if stored["isotonic"] is None else PiecewiseLinear.from_json(stored["isotonic"])
        return cls(float(stored["a"]), float(stored["b"]), curve, stored.get("log_loss"))


def pava(y: FloatArray, weight: FloatArray) -> tuple[FloatArray, IntArray]:
    """Return the non-decreasing fit of least weighted squares and each value's block number.

    Pool adjacent violators: neighbours that are out of order are replaced by their weighted mean.

    >>> fit, block = pava(np.array([1.0, 3.0, 2.0]), np.ones(3))
    >>> fit.tolist(), block.tolist()
    ([1.0, 2.5, 2.5], [0, 1, 1])
    """
    means: list[float] = []
    masses: list[float] = []
    sizes: list[int] = []
    for at in range(len(y)):
        value, mass, size = float(y[at]), float(weight[at]), 1
        while means and means[-1] >= value:
            total = masses[-1] + mass
            value = (means[-1] * masses[-1] + value * mass) / total if total > 0 else value
            mass, size = total, size + sizes[-1]
            del means[-1], masses[-1], sizes[-1]
        means.append(value)
        masses.append(mass)
        sizes.append(size)
    block = np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)
    return np.array(means)[block], block


def fit_platt(raw: FloatArray, y: FloatArray, weight: FloatArray, *, min_slope: float = 0.0) -> Calibrator:
    """Fit logistic(a·raw + b) by maximum likelihood (Newton), a at least `min_slope`."""
    centre = float(np.average(raw, weights=weight))
    z = raw - centre
    rate = min(max(float(np.average(y, weights=weight)), 1e-6), 1 - 1e-6)
    a, b = 1.0, math.log(rate / (1 - rate))
    for _ in range(50):
        p = 1.0 / (1.0 + np.exp(-np.clip(a * z + b, -_Z_LIMIT, _Z_LIMIT)))
        curvature = weight * p * (1 - p)
        gradient = np.array([(weight * (p - y) * z).sum(), (weight * (p - y)).sum()])
        zz, zb, bb = (curvature * z * z).sum() + 1e-6, (curvature * z).sum(), curvature.sum() + 1e-6
        det = zz * bb - zb * zb
        step_a = (bb * gradient[0] - zb * gradient[1]) / det
        step_b = (zz * gradient[1] - zb * gradient[0]) / det
        a, b = a - float(np.clip(step_a, -2, 2)), b - float(np.clip(step_b, -2, 2))
        if abs(step_a) + abs(step_b) < 1e-10:
            break
    if not a > min_slope:
        # the score orders the wrong way round: keep the rate, (almost) ignore the score
        a, b = min_slope, math.log(rate / (1 - rate))
    return Calibrator(a, b - a * centre)


def fit_isotonic(raw: FloatArray, y: FloatArray, weight: FloatArray) -> Calibrator:
    """Fit a non-decreasing curve: pooled blocks at their mean score, straight lines between, flat outside."""
    order = np.argsort(raw, kind="stable")
    raw, y, weight = raw[order], y[order], weight[order]
    distinct, first = np.unique(raw, return_index=True)
    mass = np.add.reduceat(weight, first)
    mean = np.add.reduceat(weight * y, first) / np.maximum(mass, 1e-300)
    fit, block = pava(mean, mass)
    at = np.bincount(block, mass * distinct) / np.bincount(block, mass)
    # no finite sample shows a chance of 0 or 1: half a case is the least it leaves open
    least = 0.5 / (len(y) + 1)
    rate = np.clip(fit[np.flatnonzero(np.diff(block, prepend=-1))], least, 1 - least)
    keep = np.concatenate([[True], np.diff(at) > 0])
    return Calibrator(0.0, 0.0, PiecewiseLinear.through(at[keep], rate[keep], left=0.0, right=0.0))


def fit_calibrator(raw: FloatArray, y: FloatArray, weight: FloatArray, part: IntArray) -> Calibrator:
    """Fit Platt and isotonic on out-of-fold scores and keep the one with the lower held-out log loss.

    Parameters
    ----------
    raw, y, weight
        float64[n]: out-of-fold raw scores, 0/1 outcomes, weights.
    part
        int64[n] of 0 and 1: each half judges the curves fitted on the other (`splits.customer_part`).
    """
    platt = fit_platt(raw, y, weight)
    if min(float(y.sum()), float((1 - y).sum())) < _MIN_ISOTONIC_POSITIVES:
        return platt
    losses = {"platt": 0.0, "isotonic": 0.0}
    for held in (0, 1):
        fit, judge = part != held, part == held
        for kind, fitted in (("platt", fit_platt), ("isotonic", fit_isotonic)):
            p = np.clip(fitted(raw[fit], y[fit], weight[fit]).apply(raw[judge]), 1e-12, 1 - 1e-12)
            loss = -(y[judge] * np.log(p) + (1 - y[judge]) * np.log1p(-p))
            losses[kind] += float((weight[judge] * loss).sum() / weight.sum())
    chosen = fit_isotonic(raw, y, weight) if losses["isotonic"] < losses["platt"] else platt
    return Calibrator(chosen.a, chosen.b, chosen.isotonic, losses)
