from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from bandit_worlds import World, draw

from nbatool.measure.direct_model import _shrunken_means, direct_model

DRAWN = draw(World(), 1_500, 0)


def test_the_model_comes_near_the_truth() -> None:
    found = direct_model(DRAWN.log, DRAWN.x, threads=1)
    assert found.q_hat.shape == DRAWN.q.shape
    for action in range(DRAWN.q.shape[1] - 1):
        assert np.corrcoef(found.q_hat[:, action], DRAWN.q[:, action])[0, 1] > 0.6
    assert np.abs(found.q_hat - DRAWN.q).mean() < 0.75 * np.abs(DRAWN.q.mean() - DRAWN.q).mean()
    assert found.r2 > max(found.r2_means, 0.02)
    assert found.q_hat.min() >= 0
    assert found.q_hat.max() <= 1


def test_no_customer_is_predicted_by_its_own_outcomes() -> None:
    """One customer's outcomes turn absurd: that customer's own predictions do not move, others' do."""
    mine = DRAWN.log.customer == 17
    changed = replace(DRAWN.log, reward=np.where(mine, 900.0, DRAWN.log.reward))
    before, after = (direct_model(log, DRAWN.x, threads=1).q_hat for log in (DRAWN.log, changed))
    assert (before[mine] == after[mine]).all()
    assert (before[~mine] != after[~mine]).any()


def test_neither_the_order_of_rows_nor_threads_matter() -> None:
    shuffle = np.random.default_rng(0).permutation(len(DRAWN.x))
    log = replace(DRAWN.log.take(shuffle), customer=DRAWN.log.customer[shuffle])
    a = direct_model(DRAWN.log, DRAWN.x, threads=1).q_hat[shuffle]
    b = direct_model(log, DRAWN.x[shuffle], threads=2).q_hat
    assert a == pytest.approx(b, abs=1e-9)


def test_unknown_values_and_categories_are_welcome() -> None:
    x = np.column_stack([DRAWN.x, np.arange(len(DRAWN.x)) % 3])
    x[::7, 0] = np.nan
    found = direct_model(DRAWN.log, x, names=("a", "b", "c", "kind"), categorical=("kind",), threads=1)
    assert np.isfinite(found.q_hat).all()


def test_a_sample_is_enough_for_many_rows() -> None:
    found = direct_model(DRAWN.log, DRAWN.x, threads=1, most_rows=1_000)
    assert found.r2 > 0


def test_a_handful_of_rows_gives_means() -> None:
    few = DRAWN.log.take(np.arange(30))
    found = direct_model(few, DRAWN.x[:30], threads=1)
    assert np.isfinite(found.q_hat).all()


def test_young_actions_are_pulled_to_the_mean() -> None:
    random = np.random.default_rng(0)
    action = np.concatenate([np.zeros(5_000), np.ones(5_000), np.full(5, 2)]).astype(np.int64)
    reward = np.concatenate([random.random(5_000) < 0.1, random.random(5_000) < 0.3, np.ones(5)]).astype(
        float
    )
    log = replace(
        DRAWN.log.take(np.arange(1)), action=action, reward=reward, weight=np.ones(len(action)), n_actions=4
    )
    means = _shrunken_means(log, np.arange(len(action)))
    assert means[0] == pytest.approx(0.1, abs=0.02)
    assert means[1] == pytest.approx(0.3, abs=0.02)
    assert 0.2 < means[2] < 0.98
    assert means[3] == pytest.approx(reward.mean())
