"""How strong the prior should be, asked of the outcomes: evidence of Bayesian linear models, and their closed form.

For arms that learn alone, coefficients N(0, σ² diag(v)) and σ² inverse gamma, the probability of all outcomes is

    log p = −½ Σ_arms log|I + S G S| − ½ (ν + n) log(ν s + Σ_arms (y'y − w'Aw)) + constant,   S = diag(√v)

(Bishop 2006, 3.5). Maximising it freely overfits while outcomes are few and chosen by the learner itself: it finds
everything explained, widens the prior and explores without end. So the scales have a log-normal prior around 1, which
hundreds of outcomes can move and tens cannot.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nbatool.models.posterior import PRIOR_COUNT
from nbatool.models.table import FloatArray, IntArray

STRENGTH = 20.0
"""Precision of log scales: a scale of 3 costs as much as evidence of e^12."""
SCALES = (0.03, 0.1, 0.3, 1.0, 3.0)


@dataclass(frozen=True, slots=True)
class Moments:
    """What outcomes leave behind: per arm, sums over its decisions.

    Parameters
    ----------
    gram
        float64[m, t, t]: Σ φφᵀ.
    cross
        float64[m, t]: Σ φ·y.
    squares
        float64[m]: Σ y².
    count
        Number of outcomes (or their weight).
    """

    gram: FloatArray
    cross: FloatArray
    squares: FloatArray
    count: float

    @classmethod
    def of(cls, phi: FloatArray, arm: IntArray, y: FloatArray, weight: FloatArray, m: int) -> Moments:
        t = phi.shape[1]
        gram, cross, squares = np.zeros((m, t, t)), np.zeros((m, t)), np.zeros(m)
        for a in range(m):
            here = arm == a
            x, w = phi[here], weight[here]
            gram[a] = x.T @ (x * w[:, None])
            cross[a] = x.T @ (w * y[here])
            squares[a] = float((w * y[here] * y[here]).sum())
        return cls(gram, cross, squares, float(weight.sum()))


@dataclass(frozen=True, slots=True)
class Solution:
    """The closed form under one prior variance.

    Parameters
    ----------
    evidence
        log p of the outcomes, up to a constant that priors share.
    root, scaled
        Per arm: Cholesky factor of I + S G S, and its solution of S·cross.
    spread
        float64[t]: √v.
    squares
        Σ (y'y − w'Aw): what is left unexplained.
    """

    evidence: float
    root: FloatArray
    scaled: FloatArray
    spread: FloatArray
    squares: float

    def coefficients(self) -> tuple[FloatArray, list[FloatArray]]:
        """Return float64[m, t] expected coefficients, and per arm float64[t, t]: their covariance over the noise."""
        inverse = np.linalg.inv(self.root)
        back = np.swapaxes(inverse, 1, 2)
        weights = (back @ self.scaled[..., None])[..., 0] * self.spread
        found = self.spread[:, None] * (back @ inverse) * self.spread
        return weights, [np.ascontiguousarray((matrix + matrix.T) * 0.5) for matrix in found]


def solved(moments: Moments, variance: FloatArray, noise: float) -> Solution:
    """Return the closed form of all arms.

    Parameters
    ----------
    variance
        float64[t]: prior variance over the noise variance.
    noise
        First guess of the noise variance.
    """
    spread = np.sqrt(variance)
    m, t = moments.cross.shape
    # one factor gives all: the last row of that of [[A, b], [bᵀ, y'y + 1]] solves A and holds what is unexplained
    whole = np.empty((m, t + 1, t + 1))
    whole[:, :t, :t] = spread[:, None] * moments.gram * spread
    whole[:, np.arange(t), np.arange(t)] += 1.0
    # over the noise, so that the 1 added is small beside the squares in any currency
    whole[:, t, :t] = whole[:, :t, t] = spread * moments.cross / math.sqrt(noise)
    whole[:, t, t] = moments.squares / noise + 1.0
    factor = np.linalg.cholesky(whole)
    left = float((factor[:, t, t] ** 2 - 1.0).sum())
    volume = float(np.log(np.diagonal(factor, axis1=1, axis2=2)[:, :t]).sum())
    evidence = -volume - 0.5 * (PRIOR_COUNT + moments.count) * math.log(PRIOR_COUNT + max(left, 0.0))
    return Solution(
        evidence, factor[:, :t, :t], factor[:, t, :t] * math.sqrt(noise), spread, max(left, 0.0) * noise
    )


def scale_penalty(scales: tuple[float, ...]) -> float:
    """Return what the prior of the scales takes off the evidence.

    >>> scale_penalty((1.0, 1.0))
    0.0
    """
    return STRENGTH * sum(math.log(scale) ** 2 / 2 for scale in scales)


def neighbours(scale: float) -> tuple[float, ...]:
    """Return a scale and those beside it on the grid: a refit moves one step at most.

    >>> neighbours(1.0)
    (0.3, 1.0, 3.0)
    """
    at = SCALES.index(scale)
    return SCALES[max(at - 1, 0) : at + 2]
