"""The best candidate of each row, with the one rule for ties every part of the decision keeps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Indices = NDArray[np.int64]

NO_CANDIDATE = -1
"""In the place of an index, where a row has no possible candidate."""


def best_of(worth: Floats, possible: Bools) -> Indices:
    """Return the index of each row's best possible candidate.

    Of equal offers the first wins, which is action id, then channel; `nothing`, the last column, wins where it is
    possible and no offer is worth more.

    Parameters
    ----------
    worth
        (n, m) what ranks; finite where possible.
    possible
        (n, m) which candidates the row has.

    Returns
    -------
    NDArray[np.int64]
        (n,) the index, `NO_CANDIDATE` where nothing is possible.

    Examples
    --------
    >>> best_of(np.array([[2.0, 2.0, 0.0], [-1.0, 0.0, 0.0]]), np.ones((2, 3), dtype=bool)).tolist()
    [0, 2]
    """
    n, m = worth.shape
    last = m - 1
    silent = possible[:, last]
    best = np.where(silent, last, NO_CANDIDATE)
    if last:
        rows = np.arange(n)
        first = np.argmax(np.where(possible[:, :last], worth[:, :last], -np.inf), axis=1)
        wins = possible[rows, first] & ~(silent & (worth[rows, first] <= worth[:, last]))
        best = np.where(wins, first, best)
    return best.astype(np.int64, copy=False)


def best_in(worth: list[float], possible: list[bool]) -> int:
    """`best_of` for one row of plain numbers, at a tenth of numpy's overhead.

    >>> best_in([-1.0, 0.0, 0.0], [True, True, True]), best_in([-1.0, 0.0, 0.0], [True, True, False])
    (2, 1)
    """
    last = len(worth) - 1
    best, most = NO_CANDIDATE, 0.0
    for j in range(last):
        if possible[j] and (best < 0 or worth[j] > most):
            best, most = j, worth[j]
    if possible[last] and (best < 0 or most <= worth[last]):
        return last
    return best
