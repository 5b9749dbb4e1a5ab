"""How often two policies would do the same: estimates that coincide say nothing about that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nbatool.models.table import FloatArray, IntArray

_CHUNK = 65_536
_ROUNDING = 1e-5
"""Chances are kept as float32 and scaled to sum to 1."""

Policies = FloatArray | NDArray[np.float32] | IntArray


@dataclass(frozen=True, slots=True)
class Alike:
    """Parameters
    ----------
    share
        Share of the decisions on which both do the same, in expectation: the mean of the sum of min(π, π′).
    same
        Whether they have the same chances at every single decision.
    """

    share: float
    same: bool


def alike(one: Policies, other: Policies) -> Alike:
    """Compare two policies decision by decision: chances (n, m), or the one candidate chosen (n,).

    >>> alike(np.array([0, 1, 1, 1]), np.array([0, 1, 1, 0]))
    Alike(share=0.75, same=False)
    >>> alike(np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([0, 1]))
    Alike(share=0.75, same=False)
    """
    if one.ndim == 1 and other.ndim == 1:
        equal = one == other
        return Alike(float(equal.mean()) if len(equal) else 1.0, bool(equal.all()))
    if one.ndim == 1:
        return alike(other, one)
    total, same = 0.0, True
    for first in range(0, len(one), _CHUNK):
        p, q = one[first : first + _CHUNK], other[first : first + _CHUNK]
        if q.ndim == 1:
            both = p[np.arange(len(p)), q.astype(np.int64)]
            same = same and bool((both >= 1 - _ROUNDING).all())
        else:
            both = np.minimum(p, q)
            same = same and bool((np.abs(p - q) <= _ROUNDING).all())
        total += float(both.sum(dtype=np.float64))
    # a share of decisions: rounding must not make it whole where it is not
    return Alike(1.0 if same else min(total / max(len(one), 1), 1.0), same)
