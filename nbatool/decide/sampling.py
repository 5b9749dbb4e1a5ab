"""Choosing by probability, so that the same decision is chosen again whenever it is asked for."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from nbatool.base.seeds import hash64
from nbatool.decide.best import NO_CANDIDATE, Floats, Indices


def uniform_of(decision_id: str, slot: int = 0) -> float:
    """Return the number in [0, 1) that decides what a decision (and a slot of it) chooses.

    53 bits of a salted hash of the decision's id, so nothing has to be stored to replay it.

    >>> uniform_of("d_1") == uniform_of("d_1"), uniform_of("d_1") == uniform_of("d_1", 1)
    (True, False)
    """
    return (hash64("exploration", decision_id, slot) >> 11) * 2.0**-53


def uniforms(decision_ids: Iterable[str], slot: int = 0) -> Floats:
    """`uniform_of` for many decisions, (n,)."""
    return np.array([uniform_of(decision_id, slot) for decision_id in decision_ids], dtype=np.float64)


def sample(probability: Floats, u: Floats) -> Indices:
    """Return the candidate each row chooses: the first at which the running sum of probabilities passes u.

    Parameters
    ----------
    probability
        (n, m), as `exploration.probabilities` gives them.
    u
        (n,) in [0, 1).

    Returns
    -------
    NDArray[np.int64]
        (n,) index of the candidate; `NO_CANDIDATE` where a row has no probability. Never one with probability 0.

    Raises
    ------
    ValueError
        Shapes differ, or a u is outside [0, 1).

    Examples
    --------
    >>> sample(np.array([[0.9, 0.0, 0.1]] * 3), np.array([0.0, 0.89, 0.9])).tolist()
    [0, 0, 2]
    """
    if probability.ndim != 2 or u.shape != (len(probability),):
        raise ValueError(f"probabilities {probability.shape} and u {u.shape} must be (n, m) and (n,)")
    if len(u) == 1:
        return np.array([_sample_one(probability[0].tolist(), float(u[0]))], dtype=np.int64)
    return sample_by_arrays(probability, u)


def sample_by_arrays(probability: Floats, u: Floats) -> Indices:
    """`sample` for any number of rows, without the short cut for one."""
    if not ((u >= 0.0) & (u < 1.0)).all():
        raise ValueError("u must be in [0, 1)")
    index = np.full(len(u), NO_CANDIDATE, dtype=np.int64)
    passed = np.zeros(len(u), dtype=np.bool_)
    total = np.zeros(len(u))
    for j in range(probability.shape[1]):
        column = probability[:, j]
        # Rounding may leave the whole sum below u: the last candidate with a chance then stays.
        has_a_chance = (column > 0.0) & ~passed
        index[has_a_chance] = j
        total += column
        passed |= total > u
    return index


def _sample_one(probability: list[float], u: float) -> int:
    if not 0.0 <= u < 1.0:
        raise ValueError("u must be in [0, 1)")
    total, index = 0.0, NO_CANDIDATE
    for j, p in enumerate(probability):
        if p > 0.0:
            index = j
            total += p
            if total > u:
                break
    return index
