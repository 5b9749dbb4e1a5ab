"""What a replay makes of closed decisions: how wide its prior is, what age and change leave of an outcome."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from nbatool.base.clock import DAY_US
from nbatool.decide.rebase import ActionChange, Replay, prior_variance
from nbatool.models.posterior import Posterior
from nbatool.models.posterior_prior import default_variance
from nbatool.models.replay import believed

ARMS = [("tea", "email"), ("tea", "push"), ("coffee", "email"), ("nothing", None)]
D, SWITCH = 4, 30


def bundle(learner: str | None) -> Any:
    card = {"learner": learner, "n_rows": 1000}
    return SimpleNamespace(outcome=None if learner is None else SimpleNamespace(card=card))


def test_a_version_that_tells_nobody_apart_leaves_everything_to_the_fast_learner() -> None:
    wide = default_variance(D, trained=False).tolist()
    assert prior_variance(bundle(None), D).tolist() == wide
    assert [prior_variance(bundle(name), D).tolist() for name in ("constant", "linear")] == [wide, wide]


def test_what_trees_left_of_their_own_rows_moves_them_little() -> None:
    assert prior_variance(bundle("S"), D).tolist() == default_variance(D, trained=True).tolist()


def log_of(changed: bool) -> Replay:
    """Forty a day for forty days; from the switch on, tea works for the others, if it changed."""
    rng = np.random.default_rng(3)
    n = 40 * 40
    day, arm = np.repeat(np.arange(40), 40), rng.integers(0, 4, n)
    phi = np.column_stack([np.ones(n), rng.normal(size=(n, D - 1))])
    turned = np.where((day >= SWITCH) & (arm < 2) & changed, -1.0, 1.0)
    residual = 2.0 * phi[:, 1] * (arm < 2) * turned + phi[:, 2] * (arm == 2) + rng.normal(size=n)
    return Replay(phi, arm.astype(np.int64), residual, day * DAY_US)


def prior() -> Posterior:
    return Posterior.start(ARMS, None, default_variance(D, trained=False), noise=1.0)


ALARM = ActionChange("tea", SWITCH * DAY_US, 0.003)


def test_an_outcome_fades_by_its_age() -> None:
    replay = Replay(np.ones((3, 1)), np.zeros(3, np.int64), np.zeros(3), np.array([0, 20, 40]) * DAY_US)
    assert replay.faded(30 * DAY_US, 10 * 86_400).tolist() == [0.125, 0.5, 1.0]


def test_a_change_is_forgotten_on_all_channels_of_its_action_and_nowhere_else() -> None:
    replay = log_of(changed=True)
    weight = replay.forgotten(prior(), [ALARM], np.ones(len(replay.arm)))
    old = (replay.as_of_us < ALARM.since_us) & (replay.arm < 2)
    assert (weight[old] <= 0.05).all()
    assert (weight[~old] == 1.0).all()
    belief = believed(prior(), replay.sums(weight, 4))
    assert (belief.weights[:2, 1] < -1.0).all()
    assert belief.weights[2, 2] > 0.8
    stubborn = believed(prior(), replay.sums(np.ones(len(replay.arm)), 4))
    assert (stubborn.weights[:2, 1] > 0.0).all()


def test_a_false_alarm_costs_little() -> None:
    replay = log_of(changed=False)
    weight = replay.forgotten(prior(), [ALARM], np.ones(len(replay.arm)))
    assert weight.min() > 0.2


def test_an_alarm_before_or_after_all_outcomes_changes_nothing() -> None:
    replay = log_of(changed=True)
    for day in (0, 99):
        alarm = ActionChange("tea", day * DAY_US, 0.003)
        assert (replay.forgotten(prior(), [alarm], np.ones(len(replay.arm))) == 1.0).all()
    assert (replay.forgotten(prior(), [ActionChange("gone", 10 * DAY_US, 0.1)], np.ones(1600)) == 1.0).all()
