"""Moving a belief to another catalogue: what is known of old actions is the prior of new ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nbatool.models.arm_similarity import Arm
from nbatool.models.posterior import Posterior
from nbatool.models.symmetric import coupled, inverse, kronecker_diagonal
from nbatool.models.table import FloatArray, IntArray


def moved(old: Posterior, arms: Sequence[Arm], relation: FloatArray) -> Posterior:
    """Return the belief over ``arms``, as if the new ones had been there from the start and were never chosen.

    With prior covariance R ⊗ V the coefficients of new arms are β·(those of the kept) plus a rest of covariance
    (R_nn − β R_kn) ⊗ V, where β = R_nk R_kk⁻¹; mean and covariance follow by linearity.

    Parameters
    ----------
    old
        The belief so far.
    arms, relation
        All arms from now on, and float64[m, m] between them.
    """
    m, d = len(arms), old.d
    if relation.shape != (m, m):
        raise ValueError(f"one row of the relation per arm is needed: {relation.shape} for {m} arms")
    place = {arm: i for i, arm in enumerate(old.arms)}
    weights, covariance = np.zeros((m, d)), []
    for group in coupled(relation):
        kept = np.array([i for i in group if arms[int(i)] in place], dtype=np.int64)
        new = np.array([i for i in group if arms[int(i)] not in place], dtype=np.int64)
        sources = np.array([place[arms[int(i)]] for i in kept], dtype=np.int64)
        beta = _shares(relation, group, kept, new)
        weights[group] = np.multiply(beta[:, :, None], old.weights[sources], order="C").sum(1)
        matrix = _spread(beta, _between(old, sources))
        rest = relation[np.ix_(new, new)] - beta[np.isin(group, new)] @ relation[np.ix_(kept, new)]
        own = np.zeros((len(group), len(group)))
        at = np.flatnonzero(np.isin(group, new))
        own[np.ix_(at, at)] = (rest + rest.T) * 0.5
        covariance.append(matrix + kronecker_diagonal(own, old.variance))
    return Posterior(
        arms, relation.copy(), old.variance.copy(), weights, covariance, noise=old.noise_state,
        half_life_s=old.half_life_s, decay=old.decay,
    )  # fmt: skip


def _shares(relation: FloatArray, group: IntArray, kept: IntArray, new: IntArray) -> FloatArray:
    """float64[g, k]: the coefficients of each arm of the group from those of the kept ones."""
    beta = np.zeros((len(group), len(kept)))
    beta[np.isin(group, kept)] = np.eye(len(kept))
    if len(kept) and len(new):
        known = inverse(relation[np.ix_(kept, kept)])
        beta[np.isin(group, new)] = np.multiply(relation[np.ix_(new, kept)][:, None, :], known).sum(-1)
    return beta


def _between(old: Posterior, arms: IntArray) -> FloatArray:
    """float64[k, d, k, d]: covariance of some arms of the old belief, over the noise variance."""
    k, d = len(arms), old.d
    out = np.zeros((k, d, k, d))
    for members, matrix in zip(old.groups, old.covariance, strict=True):
        where = {int(a): i for i, a in enumerate(members)}
        here = [(i, where[int(a)]) for i, a in enumerate(arms) if int(a) in where]
        blocks = matrix.reshape(len(members), d, len(members), d)
        for i, a in here:
            for j, b in here:
                out[i, :, j, :] = blocks[a, :, b, :]
    return out


def _spread(beta: FloatArray, matrix: FloatArray) -> FloatArray:
    """(β ⊗ I) P (β ⊗ I)ᵀ as float64[g·d, g·d], added in a fixed order."""
    g, k = beta.shape
    d = matrix.shape[1]
    half = np.zeros((g, d, k, d))
    out = np.zeros((g, d, g, d))
    for i in range(k):
        half += beta[:, i, None, None, None] * matrix[i]
    for j in range(k):
        out += beta[None, None, :, j, None] * half[:, :, j, None, :]
    return out.reshape(g * d, g * d)
