"""Training rows that count less the older they are, with a half-life chosen on later data."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nbatool.base.clock import US_PER_S
from nbatool.base.errors import UsageError

Floats = NDArray[np.float64]


def age_weights(as_of_us: NDArray[np.int64], now_us: int, half_life_s: float) -> Floats:
    """Return what each training row counts: 1 now, a half at the half-life, and so on.

    Parameters
    ----------
    as_of_us
        The moments of the rows, µs since 1970, shape (n,); a moment after ``now_us`` counts 1.
    half_life_s
        In seconds; infinite: nothing is forgotten.

    Raises
    ------
    UsageError
        The half-life is not above 0.

    Examples
    --------
    >>> age_weights(np.array([0, 1_000_000, 2_000_000]), 2_000_000, 1.0).tolist()
    [0.25, 0.5, 1.0]
    """
    if not half_life_s > 0:
        raise UsageError(f"a half-life must be above 0 seconds, or infinite; found {half_life_s}")
    age_s = np.maximum(now_us - np.asarray(as_of_us, np.int64), 0) / US_PER_S
    weights: Floats = np.exp2(-age_s / half_life_s)
    return weights


def effective_rows(weights: Floats) -> float:
    """Return how many equally counting rows are worth the same (Kish): (Σw)² / Σw².

    >>> effective_rows(np.array([1.0, 1.0])), effective_rows(np.array([1.0, 0.0]))
    (2.0, 1.0)
    """
    squares = float((weights * weights).sum())
    return float(weights.sum()) ** 2 / squares if squares else 0.0


def chosen_half_life(candidates: Sequence[float], losses: Floats) -> float:
    """Return the longest half-life whose loss on later data is not clearly above the best one's.

    Parameters
    ----------
    candidates
        Half-lives in seconds; infinite is one of them where not forgetting is allowed.
    losses
        Loss of each candidate on each block of data after its training rows, shape (n_candidates, n_blocks); the
        blocks are the same for all, so differences are paired. A candidate with a loss that is no number is left out.

    Forgetting costs data, so a shorter half-life must earn its place: it is taken only if it beats every longer one by
    more than one standard error of the paired difference.

    Raises
    ------
    UsageError
        The shapes do not fit, or no candidate has losses.

    Examples
    --------
    >>> flat = np.array([[1.0, 1.1, 0.9], [1.0, 1.1, 0.9]])
    >>> chosen_half_life([86_400.0, math.inf], flat)
    inf
    >>> chosen_half_life([86_400.0, math.inf], flat + np.array([[0.0, 0.0, 0.0], [0.5, 0.4, 0.6]]))
    86400.0
    """
    losses = np.asarray(losses, np.float64)
    if losses.ndim != 2 or losses.shape[0] != len(candidates) or not losses.shape[1]:
        raise UsageError(
            f"losses must have one row for each of the {len(candidates)} half-lives and a column per block; "
            f"found shape {losses.shape}"
        )
    usable = [k for k in range(len(candidates)) if np.isfinite(losses[k]).all()]
    if not usable:
        raise UsageError("no half-life has a loss on later data that is a number")
    best = min(usable, key=lambda k: (float(losses[k].mean()), -candidates[k]))
    return max(candidates[k] for k in usable if not _clearly_above(losses[k] - losses[best]))


def _clearly_above(difference: Floats) -> bool:
    """Whether paired differences lie above 0 by more than one standard error; with one block, whether at all."""
    mean = float(difference.mean())
    if len(difference) < 2:
        return mean > 0
    return mean > float(difference.std(ddof=1)) / math.sqrt(len(difference))
