"""How large coefficients are expected to be before any outcome is seen, as multiples of the noise variance."""

from __future__ import annotations

import numpy as np

from nbatool.models.table import FloatArray

BIAS, LINEAR = 0.1, 1.0
"""Without a trained model: variance of an arm's constant, and of all that its context explains, over the noise. The
constant is held tight: arms that look alike on average are told apart by their context, and a wide constant is
explored again in every context."""
FEWEST_COORDINATES, MOST_COORDINATES = 12, 32
MOST_COEFFICIENTS = 420
"""Coordinates times candidates: an update costs its square, and is to stay well under a millisecond."""
TRAINED = 0.05
"""What a trained model leaves over for the fast learner, as a share of that."""


def default_variance(d: int, *, trained: bool = True) -> FloatArray:
    """Return float64[d]: prior variance of each coefficient over the noise variance; the first is the constant's.

    Parameters
    ----------
    d
        Coordinates, the constant among them.
    trained
        Whether it is the residual of a trained model that is learned; false: the outcome itself.

    >>> default_variance(3, trained=False).tolist()
    [0.1, 0.5, 0.5]
    """
    scale = TRAINED if trained else 1.0
    return variance_of(d, BIAS * scale, LINEAR * scale)


def variance_of(d: int, constant: float, linear: float) -> FloatArray:
    """Return float64[d]: the constant's variance, and that of all other coordinates together shared out evenly.

    >>> variance_of(3, 0.1, 1.0).tolist()
    [0.1, 0.5, 0.5]
    """
    return np.concatenate([[constant], np.full(max(d - 1, 0), linear / max(d - 1, 1))])


def coordinates_among(candidates: int) -> int:
    """Return how many coordinates fit beside the constant, given the number of candidates, `nothing` among them.

    >>> coordinates_among(3), coordinates_among(20), coordinates_among(100)
    (31, 20, 11)
    """
    return min(max(MOST_COEFFICIENTS // candidates, FEWEST_COORDINATES), MOST_COORDINATES) - 1
