"""What a policy is compared with: nothing, chance, the best single action, the model's first choice, given scores.

The log's own policy is `policy_on_log.as_logged`. Policies that choose one candidate are int64[n], others float64[n, m];
m − 1 is `nothing`. A candidate that is not possible at a row is never chosen: `nothing` is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbatool.measure.logged import LoggedBandit
from nbatool.models.splits import all_customer_folds
from nbatool.models.table import BoolArray, FloatArray, IntArray

_MIN_ROWS = 30
_FOLDS = 3


def nothing(log: LoggedBandit) -> IntArray:
    """Choose `nothing` everywhere."""
    return np.full(len(log), log.n_actions - 1, dtype=np.int64)


def uniform(log: LoggedBandit, *, nothing: bool = True) -> FloatArray:
    """Choose at random among the possible candidates, all alike.

    Parameters
    ----------
    nothing
        Whether `nothing` is one of them; a row where nothing else is possible keeps it.
    """
    possible = np.ones((len(log), log.n_actions)) if log.possible is None else log.possible.astype(np.float64)
    if not nothing:
        possible[:, -1] *= possible[:, :-1].sum(axis=1) == 0
    shares: FloatArray = possible / np.maximum(possible.sum(axis=1, keepdims=True), 1.0)
    return shares


def always(action: int, log: LoggedBandit) -> IntArray:
    """Choose one action wherever it is possible, else `nothing`."""
    if log.possible is None:
        return np.full(len(log), action, dtype=np.int64)
    return np.where(log.possible[:, action], action, log.n_actions - 1).astype(np.int64)


def greedy(score: FloatArray, possible: BoolArray | None = None) -> IntArray:
    """Choose the possible candidate of the highest score; of equal ones the first. NaN is never chosen.

    Parameters
    ----------
    score
        float[n, m]: cross-fitted net values or expected outcomes, so that no row chooses by its own outcome.

    Examples
    --------
    >>> greedy(np.array([[1.0, 3.0, 3.0], [1.0, 3.0, 3.0]]),
    ...        np.array([[True, True, True], [True, False, False]])).tolist()
    [1, 0]
    """
    usable = ~np.isnan(score) if possible is None else possible & ~np.isnan(score)
    chosen: IntArray = np.where(usable, score, -np.inf).argmax(axis=1).astype(np.int64)
    chosen[~usable.any(axis=1)] = score.shape[1] - 1
    return chosen


@dataclass(frozen=True, slots=True)
class BestSingle:
    """Parameters
    ----------
    policy
        int64[n]: the action that did best for the *other* customers, so that no row votes for its own judge.
    action
        int64[n_folds]: the choice made for each third of the customers; all equal where the log is clear.
    """

    policy: IntArray
    action: IntArray


def best_single(log: LoggedBandit, *, seed: int = 0, min_rows: int = _MIN_ROWS) -> BestSingle:
    """Choose the action of the highest self-normalised value on the customers of the other folds.

    Parameters
    ----------
    min_rows
        An action logged fewer times there is not considered; `nothing` is chosen where none is left.
    """
    policy = nothing(log)
    chosen = []
    weighted = log.weight / log.propensity
    choices = [always(a, log) for a in range(log.n_actions)]
    agrees = [choice == log.action for choice in choices]
    counted = [(log.action == a) for a in range(log.n_actions)]
    for fold in all_customer_folds(log.customer, seed, "measure/best_single", _FOLDS):
        best, best_value = log.n_actions - 1, -np.inf
        for a in range(log.n_actions):
            rows = fold.fit[agrees[a][fold.fit]]
            if counted[a][fold.fit].sum() < min_rows:
                continue
            value = float((weighted[rows] * log.reward[rows]).sum() / weighted[rows].sum())
            if value > best_value:
                best, best_value = a, value
        policy[fold.predict] = choices[best][fold.predict]
        chosen.append(best)
    return BestSingle(policy, np.array(chosen, dtype=np.int64))
