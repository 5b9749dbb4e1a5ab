r"""One log made by several policies.

By default every row keeps the probability of the policy that decided it, which is right on average. Where every
logging policy's probability of every logged action is known, the balanced probability, the mixture's own,

.. math:: p^{bal}_i = \sum_k \frac{n_k}{n}\, \pi_k(a_i \mid x_i),

never has a larger variance: an action one policy hardly ever took is no longer a huge weight if another took it often
(Agarwal, Basu, Schnabel & Joachims 2017). It asks that the policies saw customers of the same kind at the same times,
such as arms drawn by lot. Weighting whole policies by their precision is left out: it would change whose customers the
value is about.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nbatool.measure.logged import LoggedBandit
from nbatool.models.table import FloatArray


def balanced(log: LoggedBandit, by_policy: FloatArray) -> LoggedBandit:
    r"""Return the log with the mixture's probabilities.

    Parameters
    ----------
    log
        Its `policy` holds codes 0 … K − 1.
    by_policy
        float64[n, K], :math:`\pi_k(a_i \mid x_i)`: what each policy's chance of the logged action was.

    Examples
    --------
    >>> from nbatool.measure.logged import checked_log
    >>> log = checked_log(np.array([0, 0]), np.zeros(2), np.array([0.02, 0.9]), np.arange(2), 2,
    ...                   policy=np.array([0, 1])).log
    >>> balanced(log, np.array([[0.02, 0.9], [0.02, 0.9]])).propensity.tolist()
    [0.46, 0.46]
    """
    n, k = len(log), by_policy.shape[1]
    if by_policy.shape != (n, k) or log.policy.max(initial=0) >= k or log.policy.min(initial=0) < 0:
        raise ValueError(f"by_policy has shape {by_policy.shape}, expected ({n}, number of logging policies)")
    if not ((by_policy >= 0) & (by_policy <= 1)).all():
        raise ValueError("by_policy holds a value that is no probability")
    if not np.allclose(by_policy[np.arange(n), log.policy], log.propensity, rtol=1e-6, atol=1e-9):
        raise ValueError("by_policy contradicts the log: a row's own policy has another probability there")
    share = np.bincount(log.policy, log.weight, k) / log.weight.sum()
    return replace(log, propensity=(by_policy * share).sum(axis=1), probabilities=None)
