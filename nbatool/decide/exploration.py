"""Probabilities of choosing: the best candidate mostly, the others sometimes, within what the settings allow.

Explored are the possible candidates worth at least −max_loss, and the best one whatever it is worth. With K of them

    S   = min(share, (K−1)/K)                         most mass off the best
    f   = min(min_probability, S/(K−1))               least probability of each
    q_a = 1 / (K + γ · gap_a / spread)                inverse gap weighting
    p_a = f + q_a · min(1, (S − (K−1)·f) / Σ q)       each of the others; the best gets the rest

Inverse gap weighting is the rule of Abe & Long (1999) that SquareCB made a method with guarantees (Foster & Rakhlin
2020). Thompson sampling puts for q_a the share of draws a wins (`thompson`); epsilon gives the others S/(K−1) each. Everything is
elementwise and every sum runs over the columns from left to right, so one row gives the bits a million rows give, and
a candidate that is not explored changes no bit of the others.
"""

from __future__ import annotations

import numpy as np

from nbatool.decide.best import NO_CANDIDATE, Bools, Floats, Indices, best_of
from nbatool.decide.exploration_rate import data_driven_gamma, spread_of
from nbatool.decide.exploration_row import row_probabilities
from nbatool.decide.exploration_terms import BY_DRAWS, GREEDY, ExplorationTerms
from nbatool.decide.sampling import sample, uniform_of, uniforms

__all__ = [
    "GREEDY",
    "NO_CANDIDATE",
    "ExplorationTerms",
    "data_driven_gamma",
    "explored_of",
    "given_up",
    "probabilities",
    "probabilities_by_arrays",
    "sample",
    "spread_of",
    "uniform_of",
    "uniforms",
]

CHUNK_ROWS = 4096
"""Rows worked on at a time, so that their arrays stay in the processor's cache."""


def probabilities(
    net_value: Floats, possible: Bools, terms: ExplorationTerms, wins: Floats | None = None
) -> Floats:
    """Return the probability with which each candidate is chosen.

    Parameters
    ----------
    net_value
        (n, m) in currency; `nothing` is the last column. What stands where a candidate is not possible is not read.
    possible
        (n, m) which candidates each row has.
    terms
        Method, limits, and the published γ and spread.
    wins
        (n, m) share of draws in which each candidate is the best of those explored, for methods that draw only.

    Returns
    -------
    Floats
        (n, m). A row sums to 1; it is all 0 where no candidate is possible.

    Raises
    ------
    ValueError
        Shapes differ, a net value of a possible candidate is not finite, or Thompson sampling has no `wins`.

    Examples
    --------
    >>> terms = ExplorationTerms("epsilon", share=0.1, min_probability=0.01, max_loss=1.0)
    >>> probabilities(np.array([[2.0, 1.5, -3.0, 0.0]]), np.ones((1, 4), dtype=bool), terms).tolist()
    [[0.9, 0.05, 0.0, 0.05]]
    """
    if net_value.ndim != 2 or net_value.shape != possible.shape or net_value.shape[1] == 0:
        raise ValueError(
            f"net values {net_value.shape} and possible {possible.shape} must be one (n, m), m at least 1"
        )
    _check_wins(net_value, terms, wins)
    if len(net_value) == 1:
        won = None if wins is None else wins[0].tolist()
        return np.array([row_probabilities(net_value[0].tolist(), possible[0].tolist(), terms, won)])
    return probabilities_by_arrays(net_value, possible, terms, wins)


def probabilities_by_arrays(
    net_value: Floats, possible: Bools, terms: ExplorationTerms, wins: Floats | None = None
) -> Floats:
    """`probabilities` for any number of rows, without the short cut for one."""
    _check_wins(net_value, terms, wins)
    result = np.empty(net_value.shape)
    for start in range(0, len(net_value), CHUNK_ROWS):
        part = slice(start, start + CHUNK_ROWS)
        result[part] = _chunk(net_value[part], possible[part], terms, None if wins is None else wins[part])
    return result


def explored_of(net_value: Floats, possible: Bools, terms: ExplorationTerms) -> Bools:
    """Return the candidates that are tried at all, (n, m), but for a best one worth less than all that are."""
    explored: Bools = possible & (net_value >= -terms.max_loss)
    return explored


def given_up(probability: Floats, net_value: Floats) -> Floats:
    """Return what exploring is expected to cost each decision: the best net value less the mean one, in currency.

    >>> given_up(np.array([[0.9, 0.1, 0.0]]), np.array([[2.0, 1.5, 9.0]])).round(6).tolist()
    [0.05]
    """
    chosen = probability > 0.0
    best = np.where(chosen, net_value, -np.inf).max(axis=1, keepdims=True)
    gap = np.where(chosen, best, 0.0) - np.where(chosen, net_value, 0.0)
    return column_sums(probability * gap)


def column_sums(values: Floats) -> Floats:
    """Sums of rows, from left to right.

    numpy's own sums group their terms by how many there are; these do not, so zeros in between change no bit.
    """
    total = np.zeros(len(values))
    for j in range(values.shape[1]):
        total += values[:, j]
    return total


def _chunk(net_value: Floats, possible: Bools, terms: ExplorationTerms, wins: Floats | None) -> Floats:
    if not np.isfinite(net_value).all():
        _refuse_unknown(net_value, possible)
    rows = np.arange(len(net_value))
    best = best_of(net_value, possible)
    decided = best != NO_CANDIDATE
    others = explored_of(net_value, possible, terms)
    others[rows[decided], best[decided]] = False
    # A best worth less than −max_loss is alone: everybody else is worth less still.
    k = others.sum(axis=1) + 1
    most, least = _limits(k, terms)
    if terms.method == "epsilon":
        p = np.where(others, (most / np.maximum(k - 1, 1))[:, None], 0.0)
    else:
        weights = _weights(net_value, others, best, k, terms, wins)
        p = np.where(others, _mixed(weights, k, most, least), 0.0)
    off = np.minimum(column_sums(p), most)
    p[rows[decided], best[decided]] = np.maximum(1.0 - off, least)[decided]
    return p


def _limits(k: Indices, terms: ExplorationTerms) -> tuple[Floats, Floats]:
    """`ExplorationTerms.limits` of every row, looked up by its number of candidates."""
    table = np.array([terms.limits(count) for count in range(int(k.max(initial=0)) + 1)])
    return table[k, 0], table[k, 1]


def _weights(
    net_value: Floats,
    others: Bools,
    best: Indices,
    k: Indices,
    terms: ExplorationTerms,
    wins: Floats | None,
) -> Floats:
    """(n, m) what the mass off the best is shared out by; 0 but for the others."""
    if terms.method in BY_DRAWS:
        assert wins is not None
        return np.where(others, wins, 0.0)
    count = k[:, None]
    if terms.gamma == 0.0 or terms.spread == 0.0:
        return np.where(others, 1.0 / count, 0.0)
    most = net_value[np.arange(len(best)), best][:, None]
    with np.errstate(over="ignore"):
        gap = np.where(others, most - np.where(others, net_value, most), 0.0)
        return np.where(others, 1.0 / (count + terms.gamma * (gap / terms.spread)), 0.0)


def _mixed(weights: Floats, k: Indices, most: Floats, least: Floats) -> Floats:
    """(n, m) the least everybody gets, and of what is left the part the weights ask for."""
    total = column_sums(weights)
    left = np.maximum(most - (k - 1) * least, 0.0)
    scale = np.ones(len(total))
    with np.errstate(over="ignore"):
        np.divide(left, total, out=scale, where=total > 0.0)
    return least[:, None] + weights * np.minimum(scale, 1.0)[:, None]


def _check_wins(net_value: Floats, terms: ExplorationTerms, wins: Floats | None) -> None:
    if terms.method in BY_DRAWS and (wins is None or wins.shape != net_value.shape):
        raise ValueError(f"{terms.method} needs the share of draws each candidate wins, {net_value.shape}")


def _refuse_unknown(net_value: Floats, possible: Bools) -> None:
    bad = np.argwhere(possible & ~np.isfinite(net_value))
    if len(bad):
        row, column = (int(i) for i in bad[0])
        raise ValueError(
            f"net value of row {row}, candidate {column} is {net_value[row, column]}: no probability can be given"
        )
