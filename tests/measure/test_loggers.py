from __future__ import annotations

import numpy as np
import pytest

from nbatool.measure.customers import Customers
from nbatool.measure.estimators import InversePropensity
from nbatool.measure.intervals import asymptotic
from nbatool.measure.logged import LoggedBandit, checked_log
from nbatool.measure.loggers import balanced
from nbatool.measure.policy_on_log import policy_on_log


def two_loggers(n: int, seed: int) -> tuple[LoggedBandit, np.ndarray]:
    """One policy almost always does the one thing, one the other; they take turns by lot."""
    random = np.random.default_rng(seed)
    table = np.array([[0.95, 0.05], [0.05, 0.95]])
    policy = random.integers(0, 2, n)
    action = (random.random(n) > table[policy, 0]).astype(np.int64)
    reward = (random.random(n) < np.array([0.2, 0.4])[action]).astype(float)
    log = checked_log(action, reward, table[policy, action], np.arange(n), 2, policy=policy).log
    return log, table[:, action].T.copy()


def test_both_are_right_and_balanced_is_surer() -> None:
    log, by_policy = two_loggers(20_000, 0)
    target = np.ones(len(log), dtype=np.int64)
    units = Customers.of(log.customer)
    own, both = (
        asymptotic(InversePropensity().parts(policy_on_log(one, target)), units)
        for one in (log, balanced(log, by_policy))
    )
    for found in (own, both):
        assert abs(found.value - 0.4) < 3 * found.se
    assert both.se < 0.6 * own.se


def test_the_mixture_s_probability_by_hand() -> None:
    log, by_policy = two_loggers(1_000, 1)
    found = balanced(log, by_policy)
    share = (log.policy == 1).mean()
    assert found.propensity == pytest.approx((1 - share) * by_policy[:, 0] + share * by_policy[:, 1])


def test_probabilities_that_contradict_the_log_are_refused() -> None:
    log, by_policy = two_loggers(100, 2)
    with pytest.raises(ValueError, match="contradicts the log"):
        balanced(log, by_policy[:, ::-1])
    with pytest.raises(ValueError, match="no probability"):
        balanced(log, by_policy * 3)
    with pytest.raises(ValueError, match="number of logging policies"):
        balanced(log, by_policy[:, :1])
