r"""Are the logged probabilities those with which the log was made?

With the whole distribution of every row known, an action's count is compared with the sum of its probabilities. Else
with what every honest log satisfies, :math:`E[\mathbb 1\{a_i = a\} / p_i] = 1` on rows where a could be chosen: the sum
of :math:`1/p` over the rows of an action is compared with the number of rows where it was a candidate. Differences are
divided by standard errors that count a customer's rows as one; an alarm needs chance below one in a thousand over all
comparisons (Bonferroni).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from nbatool.measure.logged import LoggedBandit
from nbatool.models.table import FloatArray, IntArray

FALSE_ALARM = 0.001
_MIN_ROWS = 30
"""Rarer actions are not compared one by one: the sum of few 1/p is far from normal."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Parameters
    ----------
    policy, position, action
        Which rows of the log.
    n
        Rows where the action could be chosen.
    chosen
        Rows where it was.
    expected
        Rows where it should have been, by the probabilities.
    z
        Difference in standard errors.
    """

    policy: int
    position: int
    action: int
    n: int
    chosen: int
    expected: float
    z: float


@dataclass(frozen=True, slots=True)
class Honesty:
    """Parameters
    ----------
    honest
        No comparison is off by more than chance explains.
    comparisons
        All of them, the worst first.
    limit
        z beyond which a comparison is an alarm.
    verdict
        The same in plain words.
    """

    honest: bool
    comparisons: tuple[Comparison, ...]
    limit: float
    verdict: str


def honesty(log: LoggedBandit, names: tuple[str, ...] | None = None) -> Honesty:
    """Compare how often actions were chosen with their logged probabilities, per policy, position and action.

    Examples
    --------
    >>> from nbatool.measure.logged import checked_log
    >>> action = np.arange(4_000) % 2
    >>> log = checked_log(action, np.zeros(4_000), np.where(action == 0, 0.8, 0.2), np.arange(4_000), 2).log
    >>> honesty(log).honest
    False
    """
    found: list[Comparison] = []
    keys, part = np.unique(np.stack([log.policy, log.position], axis=1), axis=0, return_inverse=True)
    part = part.reshape(-1)
    for at, (policy, position) in enumerate(keys.tolist()):
        rows = np.flatnonzero(part == at)
        found += _compared(log, rows, int(policy), int(position))
    found.sort(key=lambda one: (-abs(one.z), one.policy, one.position, one.action))
    limit = NormalDist().inv_cdf(1 - FALSE_ALARM / (2 * max(1, len(found))))
    worst = found[0] if found else None
    honest = worst is None or abs(worst.z) <= limit
    return Honesty(honest, tuple(found), limit, _verdict(worst, honest, names))


def _verdict(worst: Comparison | None, honest: bool, names: tuple[str, ...] | None) -> str:
    if worst is None:
        return "not checked: no action was chosen often enough to compare with its probabilities"
    if honest:
        return "the actions were chosen as often as their logged probabilities say"
    name = f'"{names[worst.action]}"' if names else f"action {worst.action}"
    return (
        f"the logged probabilities are not those of the log: {name} should have been chosen {worst.expected:.0f} times "
        f"in {worst.n} decisions and was chosen {worst.chosen} times ({abs(worst.z):.0f} standard errors)"
    )


def _compared(log: LoggedBandit, rows: IntArray, policy: int, position: int) -> list[Comparison]:
    action, p = log.action[rows], log.propensity[rows]
    _, who = np.unique(log.customer[rows], return_inverse=True)
    counts = np.bincount(action, minlength=log.n_actions)
    found = []
    for a in range(log.n_actions):
        chosen = action == a
        possible = np.ones(len(rows)) if log.possible is None else log.possible[rows, a].astype(np.float64)
        n, k = int(possible.sum()), int(counts[a])
        if log.probabilities is not None:
            whole = log.probabilities[rows, a].astype(np.float64)
            expected, off = float(whole.sum()), chosen - whole
            floor = float((whole * (1 - whole)).sum())
            if min(expected, n - expected) < 5 and abs(k - expected) < 5:
                continue
        else:
            if k < _MIN_ROWS:
                continue
            off = np.where(chosen, 1 / p, 0.0) - possible
            # a weight's variance is 1/p − 1, and its mean over the rows of the action is what the log shows of it
            floor = float(np.where(chosen, (1 / p - 1) / p, 0.0).sum())
            expected = k * n / float((1 / p[chosen]).sum())
        found.append(Comparison(policy, position, a, n, k, expected, _z(off, who, floor)))
    return found


def _z(off: FloatArray, who: IntArray, floor: float) -> float:
    """Sum over its standard error, the larger of the clustered one and that of independent honest draws."""
    total = float(off.sum())
    if abs(total) <= 1e-6 * len(off):
        return 0.0
    clustered = float((np.bincount(who, off) ** 2).sum())
    variance = max(clustered, floor)
    return total / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, total)
