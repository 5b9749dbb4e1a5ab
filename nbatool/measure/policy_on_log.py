"""A policy laid over the log: all that estimators and diagnostics need of it, n numbers each instead of n × m."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nbatool.measure.logged import LoggedBandit
from nbatool.models.table import BoolArray, FloatArray, IntArray

_CHUNK = 65_536
_SUM_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class PolicyOnLog:
    r"""One policy's probabilities against the logged decisions.

    Parameters
    ----------
    log
        The n logged decisions.
    weight
        float64[n], :math:`w_i = \pi(a_i \mid x_i) / p_i`: importance weights, not clipped.
    q_logged
        float64[n], :math:`\hat q(x_i, a_i)`: expected outcome of the logged action; zeros without a model.
    q_policy
        float64[n], :math:`\sum_a \pi(a \mid x_i)\, \hat q(x_i, a)`: expected outcome of the policy.
    unsupported
        float64[n]: the policy's probability of candidates the log never tried, or could not have tried at that row.
    strange
        Positions of the candidates never tried that the policy would choose somewhere.
    """

    log: LoggedBandit
    weight: FloatArray
    q_logged: FloatArray
    q_policy: FloatArray
    unsupported: FloatArray
    strange: tuple[int, ...] = ()

    def take(self, rows: IntArray | BoolArray) -> PolicyOnLog:
        """Return the chosen rows, such as those of a segment (a mask or positions)."""
        return PolicyOnLog(
            self.log.take(rows),
            self.weight[rows],
            self.q_logged[rows],
            self.q_policy[rows],
            self.unsupported[rows],
            self.strange,
        )


def policy_on_log(
    log: LoggedBandit,
    policy: FloatArray | NDArray[np.float32] | IntArray,
    q_hat: FloatArray | None = None,
    *,
    min_rows: int = 1,
) -> PolicyOnLog:
    r"""Lay a policy over the log.

    Parameters
    ----------
    log
        The logged decisions.
    policy
        float[n, m], :math:`\pi(a \mid x_i)`: rows sum to 1. Or int64[n]: the one candidate it would choose.
    q_hat
        float[n, m], :math:`\hat q(x_i, a)`: expected outcomes, cross-fitted (`direct_model`). None: zeros.
    min_rows
        A candidate logged fewer times counts as never tried.

    Examples
    --------
    >>> from nbatool.measure.logged import checked_log
    >>> log = checked_log(np.array([0, 1]), np.array([1.0, 0.0]), np.array([0.5, 0.25]), np.arange(2), 2).log
    >>> policy_on_log(log, np.array([[1.0, 0.0], [0.5, 0.5]])).weight.tolist()
    [2.0, 2.0]
    """
    n, m = len(log), log.n_actions
    if policy.shape not in {(n, m), (n,)}:
        raise ValueError(f"policy has shape {policy.shape}, expected ({n}, {m}) or ({n},)")
    if q_hat is not None and q_hat.shape != (n, m):
        raise ValueError(f"q_hat has shape {q_hat.shape}, expected ({n}, {m})")
    tried = np.bincount(log.action, minlength=m) >= min_rows
    pi_logged, q_logged, q_policy, unsupported = (np.zeros(n) for _ in range(4))
    strange = np.zeros(m, dtype=np.bool_)
    for start in range(0, n, _CHUNK):
        part = slice(start, start + _CHUNK)
        pi = _probabilities(policy[part], m)
        at = np.arange(len(pi)), log.action[part]
        pi_logged[part] = pi[at]
        if q_hat is not None:
            q = np.asarray(q_hat[part], dtype=np.float64)
            q_logged[part], q_policy[part] = q[at], (pi * q).sum(axis=1)
        supported = _supported(log, part, tried)
        unsupported[part] = np.where(supported, 0.0, pi).sum(axis=1)
        strange |= ((pi > 0) & ~tried).any(axis=0)
    places = tuple(np.flatnonzero(strange).tolist())
    return PolicyOnLog(log, pi_logged / log.propensity, q_logged, q_policy, unsupported, places)


def as_logged(log: LoggedBandit, q_hat: FloatArray | None = None) -> PolicyOnLog:
    """Return the log's own policy over itself: every weight 1, so every estimator gives the mean outcome."""
    n = len(log)
    q = np.zeros(n) if q_hat is None else q_hat[np.arange(n), log.action].astype(np.float64)
    return PolicyOnLog(log, np.ones(n), q, q, np.zeros(n))


def _probabilities(policy: FloatArray | NDArray[np.float32] | IntArray, m: int) -> FloatArray:
    if policy.ndim == 1:
        pi = np.zeros((len(policy), m))
        pi[np.arange(len(policy)), policy] = 1.0
        return pi
    pi = np.asarray(policy, dtype=np.float64)
    if not ((pi >= 0).all() and (np.abs(pi.sum(axis=1) - 1) <= _SUM_TOLERANCE).all()):
        raise ValueError("the policy's probabilities are negative, or do not sum to one")
    return pi


def _supported(log: LoggedBandit, part: slice, tried: BoolArray) -> BoolArray:
    """Return bool[rows, m] or bool[1, m]: whether the log could have chosen the candidate at the row."""
    supported: BoolArray = tried[None, :]
    if log.possible is not None:
        supported = supported & log.possible[part]
    if log.probabilities is not None:
        supported = supported & (log.probabilities[part] > 0)
    return supported
