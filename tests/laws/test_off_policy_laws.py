"""What holds of every estimate on every log."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbatool.measure.customers import Customers
from nbatool.measure.estimators import DoublyRobust, InversePropensity, all_estimators
from nbatool.measure.intervals import asymptotic, bootstrap
from nbatool.measure.logged import LoggedBandit, checked_log
from nbatool.measure.overlap import overlap
from nbatool.measure.policy_on_log import PolicyOnLog, as_logged, policy_on_log

Log = tuple[LoggedBandit, np.ndarray, np.ndarray, np.ndarray]


@st.composite
def logs(draw: st.DrawFn) -> Log:
    """A log of up to 60 decisions, the logging policy, another policy, an outcome model."""
    n, m = draw(st.integers(2, 60)), draw(st.integers(2, 5))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    logging, policy = (random.dirichlet(np.ones(m), n) * 0.9 + 0.1 / m for _ in range(2))
    action = (logging.cumsum(axis=1) < random.random(n)[:, None]).sum(axis=1).clip(0, m - 1)
    reward = random.lognormal(size=n) * (random.random(n) < 0.5)
    customer = random.integers(0, max(2, n // 2), n)
    log = checked_log(action, reward, logging[np.arange(n), action], customer, m).log
    return log, logging, policy, random.normal(size=(n, m))


@given(logs(), st.integers(0, 2**32))
@settings(max_examples=60)
def test_the_order_of_rows_does_not_matter(drawn: Log, seed: int) -> None:
    log, _, policy, q = drawn
    shuffle = np.random.default_rng(seed).permutation(len(log))
    a, b = policy_on_log(log, policy, q), policy_on_log(log.take(shuffle), policy[shuffle], q[shuffle])
    for estimator in all_estimators(clip=4, switch=3):
        assert estimator.parts(a).value() == pytest.approx(estimator.parts(b).value(), abs=1e-9, nan_ok=True)
        assert estimator.parts(a).influence()[shuffle] == pytest.approx(
            estimator.parts(b).influence(), abs=1e-7, nan_ok=True
        )
    assert overlap(a).effective == pytest.approx(overlap(b).effective)


@given(logs())
@settings(max_examples=60)
def test_the_logging_policy_is_worth_its_mean_outcome(drawn: Log) -> None:
    log, logging, _, _ = drawn
    for on_log in (policy_on_log(log, logging), as_logged(log)):
        for estimator in (InversePropensity(), InversePropensity(self_normalised=True), DoublyRobust()):
            assert estimator.parts(on_log).value() == pytest.approx(log.reward.mean())


@given(logs(), st.floats(-50, 50), st.floats(0.1, 20))
@settings(max_examples=60)
def test_self_normalised_values_follow_any_scale_of_outcomes(drawn: Log, shift: float, scale: float) -> None:
    log, _, policy, q = drawn
    other = checked_log(
        log.action, shift + scale * log.reward, log.propensity, log.customer, log.n_actions
    ).log
    for estimator, before, after in (
        (InversePropensity(self_normalised=True), None, None),
        (DoublyRobust(self_normalised=True), q, scale * q),
        (DoublyRobust(), q, shift + scale * q),
    ):
        a = estimator.parts(policy_on_log(log, policy, before)).value()
        b = estimator.parts(policy_on_log(other, policy, after)).value()
        assert b == pytest.approx(shift + scale * a, abs=1e-6)


@given(logs())
@settings(max_examples=60)
def test_influences_sum_to_nothing_and_intervals_hold_their_value(drawn: Log) -> None:
    log, _, policy, q = drawn
    on_log: PolicyOnLog = policy_on_log(log, policy, q)
    units = Customers.of(log.customer)
    for estimator in all_estimators(clip=10, switch=5):
        parts = estimator.parts(on_log)
        assert parts.influence().sum() == pytest.approx(0, abs=1e-6)
        if units.n < 2:
            continue
        for found in (asymptotic(parts, units), bootstrap(parts, units, resamples=20)):
            assert found.value == pytest.approx(parts.value())
            assert found.se >= 0
            assert found.low <= found.high


@given(logs(), st.floats(1, 5))
@settings(max_examples=60)
def test_clipping_moves_a_value_by_no_more_than_it_says(drawn: Log, clip: float) -> None:
    log, _, policy, q = drawn
    for estimator, model in ((InversePropensity, None), (DoublyRobust, q)):
        on_log = policy_on_log(log, policy, model)
        moved = abs(estimator(clip).parts(on_log).value() - estimator().parts(on_log).value())
        assert moved <= overlap(on_log, clip=clip).clip_bias + 1e-9
