"""Probabilities by what may be true: how often each candidate comes out best when what is believed is drawn.

Draws come in pairs, z and −z, of directions that are the same for every decision: numpy's own normals of one seed, made
orthogonal so that together they have exactly the mean and the covariance they stand for. So nothing about chance has
to be stored, and a row's draws depend on no other row. Of T draws a share p is told to within sqrt(p(1 − p) / T); the
pairs and their orthogonality take a third off that.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nbatool.base.seeds import DEFAULT_SEED, generator
from nbatool.decide.best import Bools, Floats
from nbatool.models.optimism import levels

CELLS = 1 << 16
"""Drawn values looked at in one piece, so that they stay in the processor's cache."""


@lru_cache(maxsize=8)
def directions(n_draws: int, offers: int) -> Floats:
    """Return float64[offers, ⌈n_draws / 2⌉], read-only: one of each pair of standard normal draws.

    Where there are twice as many pairs as offers, the rows are orthogonal and have mean square 1.

    >>> z = directions(1000, 3)
    >>> bool(np.allclose(z @ z.T / 500, np.eye(3)))
    True
    """
    pairs = (n_draws + 1) // 2
    z = generator(DEFAULT_SEED, "thompson").standard_normal((offers, pairs))
    if pairs >= 2 * offers:
        # by hand, twice over for rounding: LAPACK may change its last bits with the number of threads
        for k in range(offers):
            for _ in range(2):
                common = np.multiply(z[:k], z[k]).sum(-1) / pairs
                z[k] -= np.multiply(z[:k], common[:, None]).sum(0)
            z[k] *= np.sqrt(pairs / np.multiply(z[k], z[k]).sum())
    z.setflags(write=False)
    return z


def thompson_shares(net_value: Floats, explored: Bools, roots: Floats, lever: Floats, n_draws: int) -> Floats:
    """Return the share of joint draws in which each candidate is the best of those explored.

    Parameters
    ----------
    net_value, explored
        (n, m) in currency, `nothing` last; and which candidates take part.
    roots
        (n, m−1, m−1) as `Posterior.uplift_roots` gives them.
    lever
        (m−1,) factor on each offer's uplift.

    Returns
    -------
    Floats
        (n, m). A row sums to 1; it is all 0 where nobody takes part.

    Raises
    ------
    ValueError
        A drawn value is not a number.

    Examples
    --------
    >>> even = np.array([[0.0, 0.0]]), np.ones((1, 2), dtype=bool), np.ones((1, 1, 1)), np.ones(1)
    >>> thompson_shares(*even, n_draws=100).tolist()
    [[0.5, 0.5]]
    """
    z = directions(n_draws, roots.shape[1])
    offers = np.where(explored, net_value, -np.inf)[:, :-1, None]
    moved = np.einsum("njk,kt->njt", roots * lever[:, None], z)
    drawn = np.empty((*moved.shape[:2], n_draws))
    pairs = moved.shape[2]
    np.add(offers, moved, out=drawn[:, :, :pairs])
    np.subtract(offers, moved[:, :, : n_draws - pairs], out=drawn[:, :, pairs:])
    return winning_shares(drawn, explored[:, -1])


def optimistic_shares(net_value: Floats, explored: Bools, doubt: Floats, n_draws: int) -> Floats:
    """Return the share of levels of optimism at which each candidate is the best of those explored, as above.

    Parameters
    ----------
    doubt
        (n, m−1) what one standard deviation of every candidate adds to the net value of each offer.

    Examples
    --------
    >>> optimistic_shares(np.array([[-1.0, 0.0]]), np.ones((1, 2), dtype=bool), np.array([[1.0]]), 100).tolist()
    [[0.32, 0.68]]
    """
    offers = np.where(explored, net_value, -np.inf)[:, :-1, None]
    drawn = np.multiply(doubt[:, :, None], levels(n_draws))
    drawn += offers
    return winning_shares(drawn, explored[:, -1])


def winning_shares(drawn: Floats, silent: Bools) -> Floats:
    """Return the share of draws in which each candidate is the best.

    Parameters
    ----------
    drawn
        (n, m−1, n_draws) sampled net values of the offers, in currency, −infinite where one does not take part.
    silent
        (n,) whether `nothing`, worth 0, takes part. Ties go as in `best_of`: to `nothing`, else to the first.

    Returns
    -------
    Floats
        (n, m). A row sums to 1; it is all 0 where nobody takes part.

    Raises
    ------
    ValueError
        There are no draws, or one is not a number.

    Examples
    --------
    >>> winning_shares(np.array([[[2.0, -1.0, 0.0, 3.0]]]), np.ones(1, dtype=bool)).tolist()
    [[0.5, 0.5]]
    """
    n, offers, n_draws = drawn.shape
    if n_draws == 0:
        raise ValueError("at least one draw is needed")
    won = np.zeros((n, offers + 1), dtype=np.int64)
    if not offers:
        return silent.astype(np.float64)[:, None]
    best = np.maximum.reduce(drawn, axis=1)
    nobody = best <= np.where(silent, 0.0, -np.inf)[:, None]
    without = np.add.reduce(nobody, axis=1, dtype=np.int64)
    won[:, -1] = without * silent
    # equal to no number, so that no offer wins where nobody or `nothing` does
    np.copyto(best, np.nan, where=nobody)
    wins = drawn == best[:, None, :]
    won[:, :-1] = _counted(wins)
    surplus = np.add.reduce(won[:, :-1], axis=1) + without - n_draws
    if surplus.any():
        if (surplus > 0).any():
            won[:, :-1] = _counted(_first_of_equals(wins))
        if (np.add.reduce(won[:, :-1], axis=1) + without != n_draws).any():
            raise ValueError("a drawn net value is not a number: no probability can be given")
    shares: Floats = won / n_draws
    return shares


def _counted(wins: Bools) -> NDArray[np.uint32]:
    """(n, m−1) of (n, m−1, n_draws); whole bytes added up take half the time of `count_nonzero`."""
    count: NDArray[np.uint32] = np.add.reduce(wins.view(np.uint8), axis=2, dtype=np.uint32)
    return count


def _first_of_equals(wins: Bools) -> Bools:
    """The wins with only the first of those that won the same draw."""
    free = np.ones((len(wins), wins.shape[2]), dtype=np.bool_)
    for j in range(wins.shape[1]):
        wins[:, j] &= free
        free &= ~wins[:, j]
    return wins
