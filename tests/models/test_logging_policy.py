from __future__ import annotations

import numpy as np
import pytest
from bandit_worlds import M, World, draw

from nbatool.models.logging_policy import LoggingPolicy, estimate_logging_policy
from nbatool.models.table import FloatArray, IntArray, Table


def table(x: FloatArray, customer: IntArray) -> Table:
    n = len(x)
    return Table(
        x,
        tuple(f"x{at}" for at in range(x.shape[1])),
        (),
        np.zeros(n),
        None,
        customer,
        np.zeros(n, dtype=np.int64),
    )


def estimated(world: World, customers: int, seed: int = 0) -> tuple[LoggingPolicy, FloatArray, IntArray]:
    drawn = draw(world, customers, seed)
    found = estimate_logging_policy(table(drawn.x, drawn.log.customer), drawn.log.action, M, threads=1)
    return found, drawn.truth, drawn.log.action


def test_probabilities_come_near_the_truth_and_are_calibrated() -> None:
    found, truth, action = estimated(World(sharp=3), 3_000)
    assert found.source == "estimated"
    assert np.abs(found.probability - truth).mean() < 0.05
    assert found.probability.sum(axis=1) == pytest.approx(np.ones(len(truth)))
    assert found.probability.sum(axis=0) == pytest.approx(np.bincount(action))
    for k in range(M):
        sure = found.probability[:, k] > 0.4
        assert sure.any() == (k < 3)
        if not sure.any():
            continue
        assert (action[sure] == k).mean() == pytest.approx(found.probability[sure, k].mean(), abs=0.04)
    assert found.log_loss < found.log_loss_constant - 0.2
    assert "estimated from what was known" in found.verdict()


def test_chance_gives_plain_shares() -> None:
    for seed in range(3):
        found, _, action = estimated(World(sharp=0), 600, seed)
        assert found.source == "constant"
        share = np.bincount(action) / len(action)
        assert found.probability == pytest.approx(np.tile(share, (len(action), 1)))
        assert found.propensity == pytest.approx(share[action])
        assert "nothing known tells more" in found.verdict()


def test_impossible_candidates_get_nothing_and_shares_are_of_the_possible() -> None:
    random = np.random.default_rng(0)
    n = 2_000
    possible = np.ones((n, 3), dtype=bool)
    possible[::2, 0] = False
    wish = np.where(possible, [[3.0, 1.0, 1.0]], 0.0)
    wish /= wish.sum(axis=1, keepdims=True)
    action = (wish.cumsum(axis=1) < random.random(n)[:, None]).sum(axis=1)
    found = estimate_logging_policy(
        table(random.normal(size=(n, 2)), np.arange(n)), action, 3, possible=possible, threads=1
    )
    assert found.source == "constant"
    assert (found.probability[::2, 0] == 0).all()
    assert found.probability == pytest.approx(wish, abs=0.05)


def test_trimming_bounds_every_weight_and_is_told() -> None:
    drawn = draw(World(sharp=6), 1_500, 0)
    given = table(drawn.x, drawn.log.customer), drawn.log.action, M
    found = estimate_logging_policy(*given, trim=0.05, threads=1)
    assert found.propensity.min() == 0.05
    assert found.trimmed_share == dict(found.below)[0.05] > 0
    assert found.trim == 0.05


def test_order_and_threads_do_not_matter() -> None:
    drawn = draw(World(sharp=3), 500, 0)
    shuffle = np.random.default_rng(0).permutation(len(drawn.x))
    a = estimate_logging_policy(table(drawn.x, drawn.log.customer), drawn.log.action, M, threads=1)
    b = estimate_logging_policy(
        table(drawn.x[shuffle], drawn.log.customer[shuffle]), drawn.log.action[shuffle], M, threads=2
    )
    assert a.probability[shuffle] == pytest.approx(b.probability, abs=1e-9)


def test_rare_and_unseen_actions() -> None:
    drawn = draw(World(sharp=3), 500, 0)
    action = np.where(np.arange(len(drawn.x)) < 4, 4, drawn.log.action)
    found = estimate_logging_policy(table(drawn.x, drawn.log.customer), action, 6, threads=1)
    assert found.probability[:, 4].mean() == pytest.approx(4 / len(action))
    assert (found.probability[:, 5] == 0).all()
    one = estimate_logging_policy(table(drawn.x, drawn.log.customer), np.zeros_like(action), 2, threads=1)
    assert (one.propensity == 1).all()


def test_an_action_that_was_not_possible_is_refused() -> None:
    with pytest.raises(ValueError, match="not among the candidates"):
        estimate_logging_policy(
            table(np.zeros((2, 1)), np.arange(2)),
            np.array([0, 1]),
            2,
            possible=np.array([[True, True], [True, False]]),
        )
