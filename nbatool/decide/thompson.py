"""Thompson sampling's probabilities: how often each candidate comes out best when what is believed is drawn."""

from __future__ import annotations

import numpy as np

from nbatool.decide.best import Bools, Floats, best_of

CHUNK_VALUES = 2_000_000
"""Most drawn values looked at in one piece."""


def winning_shares(draws: Floats, explored: Bools) -> Floats:
    """Return the share of draws in which each candidate is the best of those explored.

    Parameters
    ----------
    draws
        (n_draws, n, m) sampled net values, in currency; `nothing`, the last column, is 0 by definition.
    explored
        (n, m) which candidates take part. Ties go as in `best_of`.

    Returns
    -------
    Floats
        (n, m). A row sums to 1; it is all 0 where nobody takes part.

    Raises
    ------
    ValueError
        There are no draws, or one of an explored candidate is not finite.

    Examples
    --------
    >>> winning_shares(np.array([[[2.0, 1.0]], [[-1.0, 0.0]]]), np.ones((1, 2), dtype=bool)).tolist()
    [[0.5, 0.5]]
    """
    n_draws, n, m = draws.shape
    if n_draws == 0:
        raise ValueError("Thompson sampling needs at least one draw")
    won = np.zeros(n * m, dtype=np.int64)
    taking_part = explored.any(axis=1)
    step = max(CHUNK_VALUES // max(n * m, 1), 1)
    cells = np.arange(n) * m
    for start in range(0, n_draws, step):
        part = draws[start : start + step]
        if not np.isfinite(np.where(explored, part, 0.0)).all():
            raise ValueError("a drawn net value is not finite: no probability can be given")
        size = len(part)
        among = np.broadcast_to(explored, part.shape).reshape(size * n, m)
        winner = best_of(part.reshape(size * n, m), among).reshape(size, n)
        won += np.bincount((cells + winner)[:, taking_part].ravel(), minlength=n * m)
    shares: Floats = won.reshape(n, m) / n_draws
    return shares
