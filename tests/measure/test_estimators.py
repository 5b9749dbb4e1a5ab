"""Values that can be worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from bandit_worlds import World, draw, guessed

from nbatool.measure.estimators import (
    DirectMethod,
    DoublyRobust,
    Estimator,
    InversePropensity,
    all_estimators,
)
from nbatool.measure.logged import checked_log
from nbatool.measure.policy_on_log import PolicyOnLog, as_logged, policy_on_log

# four decisions between two candidates
LOG = checked_log(
    np.array([0, 1, 0, 1]), np.array([1.0, 0.0, 0.0, 4.0]), np.array([0.5, 0.5, 0.8, 0.2]), np.array([0, 0, 1, 2]), 2
).log  # fmt: skip
POLICY = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
Q = np.array([[0.5, 1.0], [0.5, 1.0], [0.5, 3.0], [0.5, 3.0]])
ON_LOG = policy_on_log(LOG, POLICY, Q)


def test_weights_and_model_values() -> None:
    assert ON_LOG.weight.tolist() == [2.0, 0.0, 0.0, 5.0]
    assert ON_LOG.q_logged.tolist() == [0.5, 1.0, 0.5, 3.0]
    assert ON_LOG.q_policy.tolist() == [0.5, 0.5, 3.0, 3.0]


@pytest.mark.parametrize(
    ("estimator", "value"),
    [
        (DirectMethod(), (0.5 + 0.5 + 3 + 3) / 4),
        (InversePropensity(), (2 * 1 + 5 * 4) / 4),
        (InversePropensity(clip=3), (2 * 1 + 3 * 4) / 4),
        (InversePropensity(self_normalised=True), (2 * 1 + 5 * 4) / 7),
        (DoublyRobust(), 1.75 + (2 * 0.5 + 5 * 1) / 4),
        (DoublyRobust(clip=3), 1.75 + (2 * 0.5 + 3 * 1) / 4),
        (DoublyRobust(self_normalised=True), 1.75 + (2 * 0.5 + 5 * 1) / 7),
        (DoublyRobust(switch=3), 1.75 + 2 * 0.5 / 4),
        (DoublyRobust(switch=5), 1.75 + (2 * 0.5 + 5 * 1) / 4),
    ],
)
def test_by_hand(estimator: Estimator, value: float) -> None:
    assert estimator.parts(ON_LOG).value() == pytest.approx(value, abs=1e-15)


def test_a_policy_given_as_choices_is_the_same_policy() -> None:
    chosen = policy_on_log(LOG, POLICY.argmax(axis=1), Q)
    for one in ("weight", "q_logged", "q_policy", "unsupported"):
        assert getattr(chosen, one).tolist() == getattr(ON_LOG, one).tolist()


def test_the_influence_is_the_derivative_by_a_row_s_weight() -> None:
    for estimator in all_estimators(clip=3, switch=4):
        parts = estimator.parts(ON_LOG)
        psi = parts.influence()
        assert psi.sum() == pytest.approx(0, abs=1e-12)
        for row in range(4):
            step = 1e-6 * np.eye(4)[row]
            up, down = (
                type(parts)(parts.base, parts.gain, parts.mass, parts.weight + s) for s in (step, -step)
            )
            assert psi[row] == pytest.approx(4 * (up.value() - down.value()) / 2e-6, abs=1e-6)


def test_a_row_of_weight_two_is_that_row_twice() -> None:
    twice = LOG.take(np.array([0, 0, 1, 2, 3]))
    double = policy_on_log(twice, POLICY[[0, 0, 1, 2, 3]], Q[[0, 0, 1, 2, 3]])
    heavy = checked_log(
        LOG.action, LOG.reward, LOG.propensity, LOG.customer, 2, weight=np.array([2.0, 1, 1, 1])
    ).log
    for estimator in all_estimators():
        a, b = (estimator.parts(on).value() for on in (double, policy_on_log(heavy, POLICY, Q)))
        assert a == pytest.approx(b, abs=1e-12)


def test_the_log_s_own_policy_is_worth_the_mean_outcome() -> None:
    for q in (None, Q):
        for estimator in all_estimators(switch=1)[1:]:
            assert estimator.parts(as_logged(LOG, q)).value() == pytest.approx(LOG.reward.mean())


def test_weights_of_the_logging_policy_are_one_and_ips_is_the_mean_outcome() -> None:
    drawn = draw(World(sharp=2), 200, 0)
    on_log = policy_on_log(drawn.log, drawn.truth)
    assert on_log.weight == pytest.approx(np.ones(len(drawn.log)))
    assert InversePropensity().parts(on_log).value() == pytest.approx(drawn.log.reward.mean())


def test_self_normalised_values_move_with_the_reward() -> None:
    drawn = draw(World(), 200, 0)
    q = guessed(drawn)
    moved = checked_log(
        drawn.log.action, drawn.log.reward + 7, drawn.log.propensity, drawn.log.customer, drawn.log.n_actions
    ).log
    for estimator, model in (
        (InversePropensity(self_normalised=True), None),
        (DoublyRobust(self_normalised=True), q),
    ):
        before = estimator.parts(policy_on_log(drawn.log, drawn.target, model)).value()
        after = estimator.parts(policy_on_log(moved, drawn.target, model)).value()
        assert after - before == pytest.approx(7, abs=1e-9)
    ips = [InversePropensity().parts(policy_on_log(log, drawn.target)).value() for log in (drawn.log, moved)]
    assert ips[1] - ips[0] != pytest.approx(7, abs=1e-3)


def test_an_exact_model_of_certain_outcomes_leaves_no_correction() -> None:
    drawn = draw(World(), 100, 0)
    certain = drawn.q[np.arange(len(drawn.q)), drawn.log.action]
    log = checked_log(
        drawn.log.action, certain, drawn.log.propensity, drawn.log.customer, drawn.log.n_actions
    ).log
    on_log = policy_on_log(log, drawn.target, drawn.q)
    truth = float((drawn.target * drawn.q).sum(axis=1).mean())
    for estimator in all_estimators():
        if not isinstance(estimator, InversePropensity):
            assert estimator.parts(on_log).value() == pytest.approx(truth)
            assert (estimator.parts(on_log).gain == 0).all()


def test_nothing_in_common_has_no_self_normalised_value() -> None:
    log = checked_log(np.array([0]), np.array([1.0]), np.array([1.0]), np.array([0]), 2).log
    on_log = policy_on_log(log, np.array([1]))
    assert InversePropensity().parts(on_log).value() == 0
    assert math.isnan(InversePropensity(self_normalised=True).parts(on_log).value())
    assert on_log.strange == (1,)
    assert on_log.unsupported.tolist() == [1.0]


def test_what_is_no_policy_is_refused() -> None:
    for policy in (np.full((4, 2), 0.4), np.array([[1.5, -0.5]] * 4), np.full((4, 2), np.nan)):
        with pytest.raises(ValueError, match="do not sum to one"):
            policy_on_log(LOG, policy)
    with pytest.raises(ValueError, match="policy has shape"):
        policy_on_log(LOG, np.ones((3, 2)))
    with pytest.raises(ValueError, match="q_hat has shape"):
        policy_on_log(LOG, POLICY, np.ones((4, 3)))


def test_segments_add_up() -> None:
    mask = np.array([True, False, True, False])
    parts = [InversePropensity().parts(ON_LOG.take(rows)).value() for rows in (mask, ~mask)]
    assert sum(parts) / 2 == pytest.approx(InversePropensity().parts(ON_LOG).value())
    assert isinstance(ON_LOG.take(mask), PolicyOnLog)
