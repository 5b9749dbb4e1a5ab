"""Several candidates at once: a slate is filled slot by slot, each slot with probabilities of its own.

A slot chooses among the candidates the slots before it left, by the probabilities those alone have. The probability
of a slot is therefore conditional on the slots before it, and the product of all is the probability of the slate.
`nothing` ends a slate: whoever is left alone is not shown more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nbatool.decide.best import NO_CANDIDATE, Bools, Floats, Indices
from nbatool.decide.sampling import sample

Chooser = Callable[[Bools], Floats]
"""From the (n, m) candidates still possible to the (n, m) probabilities of the next slot."""
Allowed = Callable[[Indices], Bools]
"""From the (n, k) candidates of the slots filled to the (n, m) ones that may still follow them."""


@dataclass(frozen=True)
class Slate:
    """What fills the slots of n decisions.

    Parameters
    ----------
    index
        (n, top) the candidate of each slot; `NO_CANDIDATE` after the slate has ended.
    probability
        (n, top) of each slot's candidate, given the slots before; 0 after the slate has ended.
    probabilities
        (top, n, m) of every candidate at each slot; 0 after the slate has ended.
    """

    index: Indices
    probability: Floats
    probabilities: Floats


def slate(
    choose: Chooser,
    possible: Bools,
    u: Floats,
    top: int,
    group: NDArray[np.int64] | None = None,
    allowed: Allowed | None = None,
) -> Slate:
    """Fill `top` slots, one after the other, without showing a candidate twice.

    Parameters
    ----------
    choose
        The probabilities of one slot, e.g. ``lambda possible: probabilities(net_value, possible, terms)``.
    possible
        (n, m) candidates; `nothing` is the last column.
    u
        (n, top) in [0, 1), as `sampling.uniforms` gives them slot by slot.
    top
        Number of slots.
    group
        (m,) candidates of the same group (the channels of one action) exclude each other; None: none do.
    allowed
        What the slots filled leave beyond that; None: everything else. It must not look at what chooses, so that every
        arm has the same left.

    Examples
    --------
    >>> def equally(possible):
    ...     return possible / possible.sum(1, keepdims=True)
    >>> filled = slate(equally, np.ones((1, 4), dtype=bool), np.array([[0.3, 0.0, 0.9]]), 3)
    >>> filled.index.tolist(), filled.probability.round(3).tolist()
    ([[1, 0, 3]], [[0.25, 0.333, 0.5]])
    """
    return _fill(
        choose, possible, top, group, allowed, lambda slot, p: sample(p, np.ascontiguousarray(u[:, slot]))
    )


def slate_odds(
    choose: Chooser,
    possible: Bools,
    index: Indices,
    group: NDArray[np.int64] | None = None,
    allowed: Allowed | None = None,
) -> Slate:
    """Return the probabilities another chooser gives to a slate already filled: what a mixture of arms needs.

    Parameters
    ----------
    choose, possible, group, allowed
        As for `slate`.
    index
        (n, top) the slate, `NO_CANDIDATE` after its end.
    """
    return _fill(choose, possible, index.shape[1], group, allowed, lambda slot, _p: index[:, slot])


def mixed_slate(per_arm: Floats, shares: Floats) -> Floats:
    """Return the overall probability of each slot, given the slots before, when arms choose differently.

    P(slot | before) = Σ_arm share · P_arm(slots up to this one) / Σ_arm share · P_arm(slots before).

    Parameters
    ----------
    per_arm
        (n_arms, n, top) each arm's own probability of the slots' candidates (`Slate.probability`).
    shares
        (n_arms,) shares of the arms.

    Returns
    -------
    Floats
        (n, top); 0 where no arm would have come so far.

    Examples
    --------
    >>> mixed_slate(np.array([[[1.0, 0.5]], [[0.0, 1.0]]]), np.array([0.8, 0.2])).tolist()
    [[0.8, 0.5]]
    """
    n_arms, n, top = per_arm.shape
    result = np.zeros((n, top))
    joint = np.ones((n_arms, n))
    before = np.ones(n)
    for slot in range(top):
        joint *= per_arm[:, :, slot]
        now = np.zeros(n)
        for arm in range(n_arms):
            now += shares[arm] * joint[arm]
        np.divide(now, before, out=result[:, slot], where=before > 0.0)
        before = now
    return result


def _fill(
    choose: Chooser,
    possible: Bools,
    top: int,
    group: NDArray[np.int64] | None,
    allowed: Allowed | None,
    pick: Callable[[int, Floats], Indices],
) -> Slate:
    n, m = possible.shape
    groups = np.arange(m) if group is None else group
    rows, left = np.arange(n), possible.copy()
    index = np.full((n, top), NO_CANDIDATE, dtype=np.int64)
    probability, every = np.zeros((n, top)), np.zeros((top, n, m))
    running = np.ones(n, dtype=np.bool_)
    for slot in range(top):
        every[slot] = np.where(running[:, None], choose(left), 0.0)
        picked = pick(slot, every[slot])
        running &= picked != NO_CANDIDATE
        index[:, slot] = np.where(running, picked, NO_CANDIDATE)
        probability[:, slot] = np.where(running, every[slot][rows, picked], 0.0)
        left &= groups != groups[picked][:, None]
        if allowed is not None and slot + 1 < top:
            left &= allowed(index[:, : slot + 1])
        running &= picked != m - 1
        left[~running] = False
    return Slate(index, probability, every)
