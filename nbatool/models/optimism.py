"""The levels of optimism at which coupled randomised UCB chooses (Vaswani et al. 2020)."""

from __future__ import annotations

from functools import lru_cache
from statistics import NormalDist

import numpy as np

from nbatool.models.table import FloatArray


@lru_cache(maxsize=8)
def levels(n: int) -> FloatArray:
    """Return float64[n], read-only: the middle quantiles of |N(0, 1)|, ascending.

    >>> levels(2).round(3).tolist()
    [0.319, 1.15]
    """
    normal = NormalDist()
    z = np.array([normal.inv_cdf(0.5 + (j + 0.5) / (2 * n)) for j in range(n)])
    z.setflags(write=False)
    return z
