from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from bandit_worlds import World, draw

from nbatool.measure.logged import LoggedBandit, checked_log
from nbatool.measure.overlap import Overlap, overlap, support
from nbatool.measure.policy_on_log import policy_on_log


def even_log(n: int = 400, m: int = 4, used: int = 4, **more: object) -> LoggedBandit:
    action = np.arange(n) % used
    return checked_log(action, np.ones(n), np.full(n, 1 / used), np.arange(n) // 2, m, **more).log  # type: ignore[arg-type]


def test_effective_decisions_by_hand() -> None:
    found = overlap(policy_on_log(even_log(), np.zeros(400, dtype=np.int64)), clip=3)
    # a hundred rows of weight 4, each another customer's
    assert (found.n, found.n_customers) == (400, 200)
    assert (found.effective, found.effective_customers) == (pytest.approx(100), pytest.approx(100))
    assert (found.mean_weight, found.largest) == (pytest.approx(1), 4)
    assert found.top_share == pytest.approx(4 * 4 / 400)
    assert found.clipped_share == pytest.approx(0.25)
    assert found.clip_bias == pytest.approx(0.25 * 1.0 * 1.0)
    assert found.unsupported == 0


def test_what_was_never_tried_has_no_estimate() -> None:
    log = even_log(used=3)
    policy = np.tile([0.45, 0.0, 0.45, 0.1], (400, 1))
    said = support(
        overlap(policy_on_log(log, policy)), min_effective=10, names=("mail", "call", "sms", "gift")
    )
    assert not said.printed
    assert said.reasons == ('the policy puts 10.0% of its choices on "gift", never tried in the log',)


def test_a_trace_of_the_untried_is_a_warning() -> None:
    policy = np.tile([0.995, 0.0, 0.0, 0.005], (400, 1))
    said = support(overlap(policy_on_log(even_log(used=3), policy)), min_effective=10)
    assert said.printed
    assert "number 3, never tried" in said.warnings[0]


def test_candidates_that_were_not_there_are_unsupported() -> None:
    possible = np.ones((400, 4), dtype=bool)
    possible[::2, 1] = False
    log = even_log(possible=possible)
    found = overlap(policy_on_log(log, np.ones(400, dtype=np.int64)))
    assert found.unsupported == pytest.approx(0.5)
    assert "could not have chosen" in support(found, min_effective=1).reasons[0]


def test_a_logging_probability_of_zero_is_no_support() -> None:
    whole = np.tile([0.5, 0.5, 0.0, 0.0], (400, 1))
    log = checked_log(
        np.arange(400) % 2, np.ones(400), np.full(400, 0.5), np.arange(400), 4, probabilities=whole
    ).log
    assert overlap(policy_on_log(log, np.full((400, 4), 0.25))).unsupported == pytest.approx(0.5)


def test_few_effective_decisions_have_no_estimate() -> None:
    found = overlap(policy_on_log(even_log(), np.zeros(400, dtype=np.int64)))
    assert support(found, min_effective=100).printed
    said = support(found, min_effective=101)
    assert said.reasons == ("only 100 effective decisions of 400 logged: at least 101 are asked for",)


def test_probabilities_that_are_not_the_log_s_have_no_estimate() -> None:
    drawn = draw(World(), 3_000, 0)
    on_log = policy_on_log(drawn.log, drawn.target)
    honest = support(overlap(on_log), min_effective=100)
    assert (honest.printed, honest.reasons) == (True, ())
    log = drawn.log
    halved = checked_log(log.action, log.reward, log.propensity / 2, log.customer, log.n_actions).log
    said = support(overlap(policy_on_log(halved, drawn.target)), min_effective=100)
    assert not said.printed
    assert "the weights average 2.0" in said.reasons[0]


def test_an_empty_log_supports_nothing() -> None:
    log = checked_log(
        np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.int64), 2
    ).log
    said = support(overlap(policy_on_log(log, np.zeros((0, 2)))), min_effective=1)
    assert not said.printed


def test_what_rounds_to_nothing_is_not_warned_of() -> None:
    plain = Overlap(1_000, 1_000, 900.0, 900.0, 0.01, 2.0, 1.0, 0.1, 0.0004, (1,), 0.0, 0.0)
    assert support(plain, min_effective=100).warnings == ()
    (said,) = support(replace(plain, unsupported=0.0006), min_effective=100).warnings
    assert said.startswith("the policy puts 0.1% of its choices")
