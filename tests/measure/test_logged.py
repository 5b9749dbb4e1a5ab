from __future__ import annotations

import numpy as np
import pytest

from nbatool.measure.logged import CheckedLog, checked_log

NAN, INF = np.nan, np.inf


def check(propensity: list[float], **changed: object) -> CheckedLog:
    n = len(propensity)
    given: dict[str, object] = {
        "action": np.zeros(n, dtype=np.int64),
        "reward": np.ones(n),
        "customer": np.arange(n),
        "n_actions": 2,
    }
    return checked_log(propensity=np.array(propensity), **(given | changed))  # type: ignore[arg-type]


def test_every_wrong_probability_has_its_reason() -> None:
    found = check([0.5, 0.0, -0.1, 1.5, NAN, 1e-12, INF, 1 + 1e-9])
    assert found.kept.tolist() == [0, 7]
    assert found.left_out == {
        "the probability is missing": 1,
        "the probability is zero or negative": 2,
        "the probability is above one": 2,
        "the probability is too small to be true": 1,
    }
    assert found.log.propensity.tolist() == [0.5, 1.0]
    assert len(found.log) + sum(found.left_out.values()) == 8


def test_wrong_outcomes_actions_and_weights_are_left_out() -> None:
    found = check(
        [0.5] * 7,
        reward=np.array([1.0, NAN, INF, -1e12, -5.0, 0.0, 0.0]),
        action=np.array([0, 0, 0, 0, 1, 2, 0]),
        weight=np.array([1, 1, 1, 1, 1, 1, NAN]),
    )
    assert found.kept.tolist() == [0, 4]
    assert found.left_out == {
        "the action is no candidate": 1,
        "the outcome is missing": 1,
        "the outcome is beyond what can be true": 2,
        "the row's weight is missing or negative": 1,
    }


def test_a_row_wrong_twice_counts_once() -> None:
    found = check([0.0, 0.5], reward=np.array([NAN, 1.0]), action=np.array([-1, 0]))
    assert found.left_out == {"the action is no candidate": 1}
    assert found.kept.tolist() == [1]


def test_whole_distributions_must_be_distributions_and_agree() -> None:
    whole = np.array([[0.5, 0.5], [0.5, 0.6], [0.9, 0.1], [NAN, 0.5], [1.1, -0.1]], dtype=np.float32)
    found = check([0.5] * 5, probabilities=whole)
    assert found.left_out == {
        "the probabilities do not sum to one": 3,
        "the action's probability differs from its place in the probabilities": 1,
    }
    assert found.kept.tolist() == [0]


def test_an_action_outside_its_candidates_is_left_out() -> None:
    possible = np.array([[True, True], [False, True]])
    found = check([0.5, 0.5], possible=possible)
    assert found.left_out == {"the action was not among its candidates": 1}
    assert found.log.possible is not None
    assert found.log.possible.shape == (1, 2)


def test_anonymous_rows_are_customers_of_their_own() -> None:
    found = check([0.5] * 5, customer=np.array([-1, 9, -1, 9, 4]))
    code = found.log.customer
    assert code[1] == code[3]
    assert len(set(code.tolist())) == 4 == found.log.n_customers
    assert code.max() == 3


def test_an_empty_log_stays_empty() -> None:
    found = check([])
    assert (len(found.log), found.log.n_customers, found.left_out) == (0, 0, {})


def test_arrays_of_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="reward has shape"):
        check([0.5, 0.5], reward=np.ones(3))
    with pytest.raises(ValueError, match="possible has shape"):
        check([0.5, 0.5], possible=np.ones((2, 3), dtype=bool))
