from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nbatool.measure import baselines
from nbatool.measure.estimators import InversePropensity
from nbatool.measure.logged import LoggedBandit, checked_log
from nbatool.measure.policy_on_log import policy_on_log


def random_log(n: int, rates: list[float], seed: int = 0) -> LoggedBandit:
    random = np.random.default_rng(seed)
    m = len(rates)
    action = random.integers(0, m, n)
    reward = (random.random(n) < np.array(rates)[action]).astype(float)
    return checked_log(action, reward, np.full(n, 1 / m), np.arange(n), m).log


def test_impossible_candidates_are_never_chosen() -> None:
    possible = np.array([[True, False, True], [False, True, True], [False, False, True], [True, True, False]])
    log = checked_log(
        np.array([0, 1, 2, 0]), np.zeros(4), np.full(4, 0.5), np.arange(4), 3, possible=possible
    ).log
    assert baselines.uniform(log).tolist() == [[0.5, 0, 0.5], [0, 0.5, 0.5], [0, 0, 1], [0.5, 0.5, 0]]
    without = baselines.uniform(log, nothing=False)
    assert without.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0.5, 0]]
    assert baselines.always(0, log).tolist() == [0, 2, 2, 0]
    assert baselines.nothing(log).tolist() == [2, 2, 2, 2]
    # where nothing is not allowed, nothing is unsupported and will not be printed
    assert policy_on_log(log, baselines.nothing(log)).unsupported.tolist() == [0, 0, 0, 1]


def test_greedy_passes_over_what_is_not_known() -> None:
    score = np.array([[np.nan, 1.0, 2.0], [np.nan, np.nan, np.nan], [5.0, 5.0, 1.0]])
    assert baselines.greedy(score).tolist() == [2, 2, 0]


def test_the_best_single_action_is_found() -> None:
    found = baselines.best_single(random_log(6_000, [0.1, 0.3, 0.2, 0.1]))
    assert found.action.tolist() == [1, 1, 1]
    assert set(found.policy.tolist()) == {1}


def test_a_rare_lucky_action_is_not_considered() -> None:
    log = random_log(3_000, [0.1, 0.3, 0.2])
    lucky = replace(
        log,
        action=np.where(np.arange(3_000) < 20, 0, log.action),
        reward=np.where(log.action == 0, 0, log.reward),
    )
    lucky = lucky.take((lucky.action != 0) | (np.arange(3_000) < 20))
    lucky = replace(lucky, reward=np.where(lucky.action == 0, 1.0, lucky.reward))
    assert baselines.best_single(lucky).action.tolist() == [1, 1, 1]


def test_choosing_on_other_customers_is_not_optimistic() -> None:
    """All actions are worth .1: the best of twenty looks better where it was chosen, and not elsewhere."""
    crossed, naive = [], []
    for seed in range(40):
        log = random_log(2_000, [0.1] * 20, seed)
        crossed.append(
            InversePropensity().parts(policy_on_log(log, baselines.best_single(log).policy)).value()
        )
        naive.append(
            max(
                InversePropensity(self_normalised=True)
                .parts(policy_on_log(log, baselines.always(a, log)))
                .value()
                for a in range(20)
            )
        )
    assert np.mean(crossed) == pytest.approx(0.1, abs=0.012)
    assert np.mean(naive) > 0.14
