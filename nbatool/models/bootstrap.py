"""Bootstrap over customers: how far sums, means and ratios of their rows move when other customers had come.

A customer is drawn with all rows, a Poisson(1) number of times (Hanley & MacGibbon 2006): the rows of one move together.
"""

from __future__ import annotations

import numpy as np

from nbatool.base.seeds import generator
from nbatool.models.table import FloatArray, IntArray

DRAWS = 300
_AT_ONCE = 50


def drawn_sums(values: FloatArray, customer: IntArray, *, seed: int, name: str) -> FloatArray:
    """Return the sums of the columns over each draw's customers, (n_draws, m).

    Parameters
    ----------
    values
        float64[n, m].
    customer
        int64[n].
    name
        Of the stream of random numbers.
    """
    _, who = np.unique(customer, return_inverse=True)
    sums = np.column_stack([np.bincount(who, column) for column in values.T])
    random = generator(seed, f"bootstrap/{name}")
    found = np.empty((DRAWS, values.shape[1]))
    for first in range(0, DRAWS, _AT_ONCE):
        times = random.poisson(1.0, (_AT_ONCE, len(sums))).astype(np.float64)
        # einsum adds in one order whatever the machine's threads; a matrix product does not
        found[first : first + _AT_ONCE] = np.einsum("bc,cm->bm", times, sums)
    return found


def mean_interval(values: FloatArray, customer: IntArray, *, seed: int, name: str) -> tuple[float, float]:
    """Return the 95 % interval of the mean of the values (n,)."""
    sums = drawn_sums(np.column_stack([values, np.ones(len(values))]), customer, seed=seed, name=name)
    return interval(sums[:, 0] / np.maximum(sums[:, 1], 1.0))


def interval(draws: FloatArray) -> tuple[float, float]:
    """Return the 2.5 % and 97.5 % points of the draws.

    >>> interval(np.arange(201.0))
    (5.0, 195.0)
    """
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)
