"""The probabilities of one decision in plain Python: a few microseconds instead of numpy's overhead of fifty calls.

Step by step what `exploration.probabilities_by_arrays` does, in the same order, so the bits are the same; a test
holds the two against each other.
"""

from __future__ import annotations

from math import isfinite

from nbatool.decide.best import NO_CANDIDATE, best_in
from nbatool.decide.exploration_terms import BY_DRAWS, ExplorationTerms


def row_probabilities(
    net_value: list[float], possible: list[bool], terms: ExplorationTerms, wins: list[float] | None = None
) -> list[float]:
    """Return the probability of each candidate of one decision; all 0 where none is possible.

    Parameters
    ----------
    net_value, possible
        (m,) in currency, `nothing` last; and whether the candidate is one.
    terms
        Method, limits, and the published γ and spread.
    wins
        (m,) as for `exploration.probabilities`.

    Raises
    ------
    ValueError
        A net value of a possible candidate is not finite.

    Examples
    --------
    >>> row_probabilities([2.0, 1.5, 0.0], [True, True, True], ExplorationTerms("epsilon", share=0.1))
    [0.9, 0.05, 0.05]
    """
    for j, value in enumerate(net_value):
        if not isfinite(value) and possible[j]:
            raise ValueError(f"net value of row 0, candidate {j} is {value}: no probability can be given")
    result = [0.0] * len(net_value)
    best = best_in(net_value, possible)
    if best == NO_CANDIDATE:
        return result
    least_worth = -terms.max_loss
    others = [
        j for j, worth in enumerate(net_value) if possible[j] and worth >= least_worth and j != best
    ]  # fmt: skip
    k = len(others) + 1
    most, least = terms.limits(k)
    off = 0.0
    for j, p in zip(others, _of_others(net_value, others, best, k, most, least, terms, wins), strict=True):
        result[j] = p
        off += p
    result[best] = max(1.0 - min(off, most), least)
    return result


def _of_others(
    net_value: list[float],
    others: list[int],
    best: int,
    k: int,
    most: float,
    least: float,
    terms: ExplorationTerms,
    wins: list[float] | None,
) -> list[float]:
    if terms.method == "epsilon":
        return [most / max(k - 1, 1)] * len(others)
    gamma, spread = terms.gamma, terms.spread
    if terms.method in BY_DRAWS:
        assert wins is not None
        weights = [wins[j] for j in others]
    elif gamma == 0.0 or spread == 0.0:
        weights = [1.0 / k] * len(others)
    else:
        top = net_value[best]
        weights = [1.0 / (k + gamma * ((top - net_value[j]) / spread)) for j in others]
    total = 0.0
    for weight in weights:
        total += weight
    left = max(most - (k - 1) * least, 0.0)
    scale = min(left / total, 1.0) if total > 0.0 else 1.0
    return [least + weight * scale for weight in weights]
