"""Logged decisions as arrays, checked row by row: what is wrong is counted by its reason and left out.

A wrong probability is worse than a missing row: one decision logged with 1e-9 instead of .1 outweighs a million.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nbatool.models.table import BoolArray, FloatArray, IntArray

LARGEST_REWARD = 1e9
SMALLEST_PROBABILITY = 1e-9
_ROUNDING = 1e-6
_SUM_TOLERANCE = 1e-3  # probabilities may have been written as float32 or with few digits


@dataclass(frozen=True, slots=True)
class LoggedBandit:
    r"""n logged decisions over m candidates; every row is usable.

    Parameters
    ----------
    action
        int64[n], :math:`a_i`: which candidate was chosen, 0 … m − 1.
    reward
        float64[n], :math:`r_i`: the outcome credited to the decision, workspace currency.
    propensity
        float64[n], :math:`p_i = \pi_b(a_i \mid x_i)` in (0, 1]: overall chance of the logged action.
    customer
        int64[n]: dense code; decisions of one customer are not independent. An anonymous row is a customer of its own.
    n_actions
        m.
    position, policy
        int64[n]: place in the slate; code of the policy that decided. Zeros where there is one only.
    weight
        float64[n], :math:`\omega_i \ge 0`: how much the row counts; ones unless rows were sampled.
    possible
        bool[n, m]: which candidates could be chosen at the row; None: all.
    probabilities
        float[n, m]: the logging policy's whole distribution where it is known; None: not known.
    estimated
        Whether the probabilities were estimated because none were logged.
    """

    action: IntArray
    reward: FloatArray
    propensity: FloatArray
    customer: IntArray
    n_actions: int
    position: IntArray
    policy: IntArray
    weight: FloatArray
    possible: BoolArray | None = None
    probabilities: FloatArray | NDArray[np.float32] | None = None
    estimated: bool = False

    def __len__(self) -> int:
        return len(self.action)

    @property
    def n_customers(self) -> int:
        return int(self.customer.max()) + 1 if len(self) else 0

    def take(self, rows: IntArray | BoolArray) -> LoggedBandit:
        """Return the chosen rows (a mask or positions); customers are numbered anew."""
        _, customer = np.unique(self.customer[rows], return_inverse=True)
        return LoggedBandit(
            self.action[rows],
            self.reward[rows],
            self.propensity[rows],
            customer.astype(np.int64),
            self.n_actions,
            self.position[rows],
            self.policy[rows],
            self.weight[rows],
            None if self.possible is None else self.possible[rows],
            None if self.probabilities is None else self.probabilities[rows],
            self.estimated,
        )


@dataclass(frozen=True, slots=True)
class CheckedLog:
    """Parameters
    ----------
    log
        The rows that can be used.
    kept
        int64[n]: their positions among the rows given.
    left_out
        Reason → number of rows; a row counts under its first reason only.
    """

    log: LoggedBandit
    kept: IntArray
    left_out: dict[str, int]


def checked_log(
    action: IntArray,
    reward: FloatArray,
    propensity: FloatArray,
    customer: IntArray,
    n_actions: int,
    *,
    position: IntArray | None = None,
    policy: IntArray | None = None,
    weight: FloatArray | None = None,
    possible: BoolArray | None = None,
    probabilities: FloatArray | NDArray[np.float32] | None = None,
    estimated: bool = False,
    largest_reward: float = LARGEST_REWARD,
) -> CheckedLog:
    """Keep the rows an estimate can rest on, and count the others by what is wrong with them.

    Parameters
    ----------
    action, reward, propensity, customer, n_actions, position, policy, weight, possible, probabilities, estimated
        As in `LoggedBandit`, unchecked; a negative customer is anonymous.
    largest_reward
        A reward beyond ± this is taken for a mistake.

    Examples
    --------
    >>> found = checked_log(np.array([0, 1, 1]), np.array([1.0, 0.0, np.nan]), np.array([0.5, 0.0, 0.5]),
    ...                     np.array([-1, 7, 7]), n_actions=2)
    >>> found.kept.tolist(), found.left_out
    ([0], {'the probability is zero or negative': 1, 'the outcome is missing': 1})
    """
    n = len(action)
    zeros = np.zeros(n, dtype=np.int64)
    whole = LoggedBandit(
        np.asarray(action, dtype=np.int64),
        np.asarray(reward, dtype=np.float64),
        np.asarray(propensity, dtype=np.float64),
        _own_codes(np.asarray(customer, dtype=np.int64)),
        n_actions,
        zeros if position is None else np.asarray(position, dtype=np.int64),
        zeros if policy is None else np.asarray(policy, dtype=np.int64),
        np.ones(n) if weight is None else np.asarray(weight, dtype=np.float64),
        possible,
        probabilities,
        estimated,
    )
    _check_shapes(whole)
    good = np.ones(n, dtype=np.bool_)
    left_out: dict[str, int] = {}
    for reason, bad in _mistakes(whole, largest_reward):
        count = int((bad & good).sum())
        if count:
            left_out[reason] = count
            good &= ~bad
    kept = np.flatnonzero(good)
    log = whole.take(kept)
    np.minimum(log.propensity, 1.0, out=log.propensity)
    return CheckedLog(log, kept, left_out)


def _own_codes(customer: IntArray) -> IntArray:
    """Give every anonymous row a code nobody else has."""
    anonymous = customer < 0
    if not anonymous.any():
        return customer
    first = int(customer.max(initial=-1)) + 1
    return np.where(anonymous, first + np.cumsum(anonymous) - 1, customer)


def _check_shapes(log: LoggedBandit) -> None:
    n, m = len(log), log.n_actions
    for name in ("reward", "propensity", "customer", "position", "policy", "weight"):
        if getattr(log, name).shape != (n,):
            raise ValueError(f"{name} has shape {getattr(log, name).shape}, there are {n} rows")
    for name in ("possible", "probabilities"):
        found = getattr(log, name)
        if found is not None and found.shape != (n, m):
            raise ValueError(f"{name} has shape {found.shape}, expected ({n}, {m})")


def _mistakes(log: LoggedBandit, largest_reward: float) -> list[tuple[str, BoolArray]]:
    p, r = log.propensity, log.reward
    unknown = (log.action < 0) | (log.action >= log.n_actions)
    found = [
        ("the action is no candidate", unknown),
        ("the probability is missing", np.isnan(p)),
        ("the probability is zero or negative", p <= 0),
        ("the probability is above one", p > 1 + _ROUNDING),
        ("the probability is too small to be true", p < SMALLEST_PROBABILITY),
        ("the outcome is missing", np.isnan(r)),
        ("the outcome is beyond what can be true", np.abs(r) > largest_reward),
        ("the row's weight is missing or negative", ~((log.weight >= 0) & np.isfinite(log.weight))),
    ]
    at = np.arange(len(log)), np.where(unknown, 0, log.action)
    if log.possible is not None:
        found.append(("the action was not among its candidates", ~log.possible[at]))
    if log.probabilities is not None:
        whole = log.probabilities
        low, total = whole.min(axis=1), whole.sum(axis=1, dtype=np.float64)
        off = ~((low >= -_ROUNDING) & (np.abs(total - 1) <= _SUM_TOLERANCE))
        found.append(("the probabilities do not sum to one", off))
        differs = ~(np.abs(whole[at] - p) <= _SUM_TOLERANCE * np.maximum(p, 1e-2))
        found.append(("the action's probability differs from its place in the probabilities", differs))
    return found
