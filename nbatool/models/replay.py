"""A belief from many outcomes at once: sums over the decisions of each arm, the prior's strength by what they show.

What `Posterior.update_many` finds outcome by outcome, for as many outcomes as there are: the sums cost n·d², and one
matrix of the size of the belief is inverted in the end. With precision P = R⁻¹ ⊗ diag(1/v) before, and Σ w·φφᵀ of each
arm on the diagonal, the probability of all outcomes under a prior is

    log p = ½ log|P| − ½ log|P + G| + log Γ(½(ν + n)) − ½ (ν + n) log(ν s + Σ w·r² − b'(P + G)⁻¹b) + n · constant

(Bishop 2006, 3.5, with an inverse-gamma prior of ν outcomes of variance s). From the strength so found each
coordinate goes on to a variance of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nbatool.features.kinds import Floats
from nbatool.models.evidence import scale_penalty
from nbatool.models.posterior import PRIOR_COUNT, Posterior
from nbatool.models.symmetric import inverse, kronecker_diagonal
from nbatool.models.table import IntArray

SCALES = (1.0, 0.3, 3.0, 0.1, 10.0)
"""Strengths of the prior that are tried, as factors on the default; the first of equals is taken."""
WORTH = 0.02
"""Log odds each outcome since then must add on average: that of a shift by a fifth of its spread. With many outcomes
whatever a linear model cannot follow tells old from new; that is no change."""
MOST_REPLAYED = 100_000
"""Newest outcomes replayed: as many as linear differences between customers can need."""
ROUNDS = 8
"""Steps towards each coordinate's own variance; later ones change little."""
STRONG = 12.0
"""Log odds from which it is believed that an action changed. High: every action is asked every day, and orders have
heavier tails than the normal distribution that counts the odds."""
HELD = 0.5
"""Coefficients' worth of trust in the variance at first."""
ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class Sums:
    """What outcomes leave behind, by arm.

    Parameters
    ----------
    gram
        float64[m, d, d]: Σ w·φφᵀ.
    cross
        float64[m, d]: Σ w·φ·r.
    squares, count
        Σ w·r² and Σ w over all arms.
    """

    gram: Floats
    cross: Floats
    squares: float
    count: float

    @classmethod
    def of(cls, phi: Floats, arm: IntArray, residual: Floats, weight: Floats, m: int) -> Sums:
        """Add up n outcomes: float64[n, d], int64[n], float64[n], float64[n]."""
        d = phi.shape[1]
        gram, cross = np.zeros((m, d, d)), np.zeros((m, d))
        for a in range(m):
            here = np.flatnonzero(arm == a)
            for start in range(0, len(here), ROWS_AT_ONCE):
                rows = here[start : start + ROWS_AT_ONCE]
                # not by BLAS: its sums differ with the number of threads, and a replay must have the same bits
                weighed = phi[rows] * weight[rows, None]
                gram[a] += np.einsum("ni,nj->ij", weighed, phi[rows])
                cross[a] += np.einsum("ni,n->i", weighed, residual[rows])
        return cls(gram, cross, float((weight * residual * residual).sum()), float(weight.sum()))

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.gram + other.gram, self.cross + other.cross, self.squares + other.squares, self.count + other.count
        )  # fmt: skip

    def counted(self, share: float) -> Sums:
        """Return what is left of them where each outcome counts only so much."""
        return Sums(self.gram * share, self.cross * share, self.squares * share, self.count * share)


def share_kept(prior: Posterior, others: Sums, old: Sums, since: Sums, least: float) -> float:
    """Return what outcomes of before an alleged change still count: the share under which they best foretell what came since.

    An alarm may be false, or the change one of level only: then the old outcomes foretell the new ones well, and stay.
    This is the choice of a power prior by its evidence (Ibrahim & Chen 2000), which must be strong: what is forgotten is
    paid for twice, in worse choices and in trying again.

    Parameters
    ----------
    others, old
        Outcomes of before: of the actions that did not change, and of the one that is said to have.
    since
        All outcomes from then on.
    least
        The least that is kept.

    Examples
    --------
    >>> start = Posterior.start([("a", None)], None, np.array([1.0]), noise=1.0)
    >>> def seen(mean): return Sums(np.array([[[40.0]]]), np.array([[40.0 * mean]]), 40.0 * (mean**2 + 1), 40.0)
    >>> none = seen(0.0).counted(0.0)
    >>> [share_kept(start, none, seen(2.0), seen(mean), 0.0001) for mean in (2.0, -2.0)]
    [1.0, 0.0001]
    """
    first = prior.noise_state[0]

    def foretold(share: float) -> float:
        before = others + old.counted(share)
        return _evidence(prior, before + since, 1.0, first) - _evidence(prior, before, 1.0, first)

    found = {share: foretold(share) for share in (1.0, *(least**power for power in (0.25, 0.5, 0.75, 1.0)))}
    best = max(found, key=lambda share: found[share])
    told = float(
        since.gram[old.gram[:, 0, 0] > 0, 0, 0].sum()
    )  # the constant's squares: outcomes of the action
    return best if found[best] > found[1.0] + max(STRONG, WORTH * told) else 1.0


def believed(prior: Posterior, sums: Sums) -> Posterior:
    """Return the belief after outcomes, under the strength of the prior they speak for.

    Parameters
    ----------
    prior
        As `Posterior.start` returns it.
    sums
        Residuals of its arms, in its contexts.

    Examples
    --------
    >>> start = Posterior.start([("a", None), ("b", None)], None, np.array([1.0]), noise=2.0)
    >>> one = Sums.of(np.array([[1.0]]), np.array([0]), np.array([3.0]), np.array([1.0]), 2)
    >>> believed(start, one).mean(np.array([[1.0]])).round(9).tolist()
    [[1.5, 0.0]]
    """
    if sums.count <= 0:
        return prior
    first = prior.noise_state[0]
    found = {scale: _evidence(prior, sums, scale, first) - scale_penalty((scale,)) for scale in SCALES}
    at_first = prior.variance * max(SCALES, key=lambda scale: found[scale])
    variance = at_first
    # fewer outcomes than coefficients say how strong the prior should be, but not of which coordinate
    for _ in range(ROUNDS if sums.count > prior.m * prior.d else 0):
        variance = _relevance(prior, at_first, _solved(prior, variance, sums))
    solution = _solved(prior, variance, sums)
    return Posterior(
        prior.arms, prior.relation, variance, solution.weights, solution.covariance,
        noise=(first, sums.count, solution.left), half_life_s=prior.half_life_s,
    )  # fmt: skip


@dataclass(frozen=True)
class _Solution:
    """The belief under one prior: float64[m, d], a covariance per group, the squares left over, the noise variance."""

    weights: Floats
    covariance: list[Floats]
    left: float
    noise: float


def _solved(prior: Posterior, variance: Floats, sums: Sums) -> _Solution:
    weights, covariance, explained = np.zeros((prior.m, prior.d)), [], 0.0
    for members in prior.groups:
        known = kronecker_diagonal(inverse(prior.relation[np.ix_(members, members)]), 1.0 / variance)
        _add_blocks(known, sums.gram[members])
        solved, cross = inverse(known), sums.cross[members].ravel()
        mean = np.multiply(solved, cross).sum(-1)
        explained += float((mean * cross).sum())
        weights[members] = mean.reshape(len(members), prior.d)
        covariance.append(solved)
    left = max(sums.squares - explained, 0.0)
    noise = (PRIOR_COUNT * prior.noise_state[0] + left) / (PRIOR_COUNT + sums.count)
    return _Solution(weights, covariance, left, noise)


def _relevance(prior: Posterior, at_first: Floats, found: _Solution) -> Floats:
    """Return float64[d]: how much each coordinate tells arms apart, as far as it is known (one step of EM).

    The expected squares of a coordinate's coefficients over all arms, and `HELD` coefficients as large as expected at
    first. Coordinates that tell nothing apart fade, and what they cost in noise and in trying goes to the others
    (automatic relevance determination; MacKay 1992, Tipping 2001).
    """
    d, total = prior.d, HELD * at_first
    for members, covariance in zip(prior.groups, found.covariance, strict=True):
        related, own = inverse(prior.relation[np.ix_(members, members)]), found.weights[members]
        by_pair = np.einsum("iaja->ija", covariance.reshape(len(members), d, len(members), d))
        squares = own[:, None, :] * own[None, :, :] / found.noise + by_pair
        total = total + np.multiply(related[:, :, None], squares).sum((0, 1))
    return np.asarray(total / (prior.m + HELD))


def _evidence(prior: Posterior, sums: Sums, scale: float, noise: float) -> float:
    """Log probability of the outcomes with the prior's variance so much wider, up to a multiple of their number."""
    spread = np.tile(np.sqrt(prior.variance * scale), prior.m).reshape(prior.m, prior.d)
    volume, explained = 0.0, 0.0
    for members in prior.groups:
        related = np.kron(np.linalg.cholesky(prior.relation[np.ix_(members, members)]), np.eye(prior.d))
        root = spread[members].ravel()[:, None] * related
        whole = np.zeros((root.shape[0], root.shape[0]))
        _add_blocks(whole, sums.gram[members])
        whole = root.T @ whole @ root
        whole[np.diag_indices_from(whole)] += 1.0
        factor = np.linalg.cholesky(whole)
        part = np.linalg.solve(factor, root.T @ sums.cross[members].ravel())
        volume += float(np.log(factor.diagonal()).sum())
        explained += float((part * part).sum())
    left = max(sums.squares - explained, 0.0)
    half = 0.5 * (PRIOR_COUNT + sums.count)
    return math.lgamma(half) - volume - half * math.log(PRIOR_COUNT * noise + left)


def _add_blocks(matrix: Floats, blocks: Floats) -> None:
    """Add float64[g, d, d] to the diagonal of float64[g·d, g·d]."""
    d = blocks.shape[1]
    for k, block in enumerate(blocks):
        matrix[k * d : (k + 1) * d, k * d : (k + 1) * d] += block
