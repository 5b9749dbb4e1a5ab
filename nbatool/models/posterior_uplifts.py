"""How unsure uplifts are, together: covariance of what each offer is expected to bring beyond `nothing`, the last arm.

In a context φ it is φ'Σφ for every pair of offers, a weighted sum of the products φ_i φ_j. The weights depend on the
belief alone and are worked out once, so that a decision costs one short sum per pair. einsum, not BLAS: it adds in an
order that depends on neither the number of rows nor that of threads; nor does LAPACK's factor of a small matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from nbatool.models.symmetric import pairs_of
from nbatool.models.table import FloatArray, IntArray

ROWS_AT_ONCE = 16
"""More at once pushes the weights out of the processor's cache."""
MOST_BY_LAPACK = 64
"""Larger matrices LAPACK shares out among threads, and its sums change with their number."""


@lru_cache(maxsize=8)
def offer_pairs(offers: int) -> tuple[IntArray, IntArray]:
    """Return rows and columns of the lower triangle of an offers × offers matrix.

    >>> [index.tolist() for index in offer_pairs(2)]
    [[0, 1, 1], [0, 0, 1]]
    """
    i, j = np.tril_indices(offers)
    return i.astype(np.int64), j.astype(np.int64)


def fill_uplift_table(
    table: FloatArray, groups: Sequence[IntArray], covariance: Sequence[FloatArray], m: int, d: int
) -> None:
    """Write what each product of two coordinates adds to the covariance of two uplifts.

    Arm by arm: asking the system for whole temporary tables costs more than the sums.

    Parameters
    ----------
    table
        float64[m(m−1)/2, d(d+1)/2]: written to.
    groups, covariance
        As `Posterior` holds them; arms of different groups are independent.
    """
    of_group = {int(arm): (g, k) for g, group in enumerate(groups) for k, arm in enumerate(group)}

    def beside(arm: int, upto: int) -> FloatArray:
        """float64[upto, d(d+1)/2]: of an arm and each of the first ones."""
        g, k = of_group[arm]
        few = int(np.searchsorted(groups[g], upto))
        above, below, factor = _places(len(groups[g]), d)
        own = covariance[g][k * d : (k + 1) * d].reshape(-1)
        folded: FloatArray = own.take(above[:few])
        folded += own.take(below[:few])
        folded *= factor
        if few == upto:
            return folded
        out = np.zeros((upto, len(factor)))
        out[groups[g][:few]] = folded
        return out

    with_nothing = beside(m - 1, m)
    with_nothing[:-1] -= 0.5 * with_nothing[-1]
    at = 0
    for arm in range(m - 1):
        rows = table[at : at + arm + 1]
        np.subtract(beside(arm, arm + 1), with_nothing[: arm + 1], out=rows)
        rows -= with_nothing[arm]
        at += arm + 1


@lru_cache(maxsize=64)
def _places(members: int, d: int) -> tuple[IntArray, IntArray, FloatArray]:
    """Where an arm's rows of a group's covariance hold each pair of coordinates, either way round, and how often they count."""
    i, j = pairs_of(d)
    arm = np.arange(members)[:, None] * d
    return i * (members * d) + arm + j, j * (members * d) + arm + i, np.where(i == j, 0.5, 1.0)


def products_of(phi: FloatArray) -> FloatArray:
    """Return float64[n, d(d+1)/2]: the products of two coordinates of contexts float64[n, d]."""
    i, j = pairs_of(phi.shape[1])
    # in rows: einsum adds in another order where they lie in columns
    products: FloatArray = np.multiply(phi[:, i], phi[:, j], order="C")
    return products


def uplift_roots(table: FloatArray, phi: FloatArray, offers: int, noise: float) -> FloatArray:
    """Return float64[n, offers, offers]: the lower Cholesky factor of the uplifts' covariance in each context."""
    place, own = _triangle(offers)
    whole = np.zeros((len(phi), offers * offers))
    for start in range(0, len(phi), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        found = np.einsum("kp,np->nk", table, products_of(phi[rows]))
        found *= noise
        variance = found[:, own]
        # arms that differ from `nothing` in nothing, or from each other, have no factor but for rounding
        variance += 1e-12 * noise + 1e-9 * np.maximum.reduce(variance, axis=1, keepdims=True)
        found[:, own] = variance
        whole[rows, place] = found
    return factor(whole.reshape(len(phi), offers, offers))


def factor(matrices: FloatArray) -> FloatArray:
    """Return the lower Cholesky factor of each of float64[n, k, k], of which the lower triangle is read.

    Raises
    ------
    numpy.linalg.LinAlgError
        One is not positive definite.

    >>> factor(np.array([[[4.0, 0.0], [2.0, 5.0]]])).tolist()
    [[[2.0, 0.0], [1.0, 2.0]]]
    """
    if matrices.shape[1] <= MOST_BY_LAPACK:
        return np.asarray(np.linalg.cholesky(matrices), dtype=np.float64)
    return factor_by_columns(matrices)


def factor_by_columns(matrices: FloatArray) -> FloatArray:
    """`factor` for any size, element by element."""
    left, out = matrices.copy(), np.zeros_like(matrices)
    for k in range(matrices.shape[1]):
        pivot = left[:, k, k]
        if not (pivot > 0.0).all():
            raise np.linalg.LinAlgError("not positive definite")
        column = left[:, k:, k] / np.sqrt(pivot)[:, None]
        out[:, k:, k] = column
        left[:, k:, k:] -= column[:, :, None] * column[:, None, :]
    return out


@lru_cache(maxsize=8)
def _triangle(offers: int) -> tuple[IntArray, IntArray]:
    """Where the pairs of offers lie in a matrix, row by row; and which of the pairs are on its diagonal."""
    a, b = offer_pairs(offers)
    return a * offers + b, np.flatnonzero(a == b).astype(np.int64)


def uplift_variances(table: FloatArray, phi: FloatArray, offers: int) -> FloatArray:
    """Return float64[n, offers]: the diagonal of the covariance alone, over the noise variance."""
    own = table[_triangle(offers)[1]]
    out = np.empty((len(phi), offers))
    for start in range(0, len(phi), ROWS_AT_ONCE * 16):
        rows = slice(start, start + ROWS_AT_ONCE * 16)
        out[rows] = np.einsum("kp,np->nk", own, products_of(phi[rows]))
    return np.maximum(out, 0.0)
