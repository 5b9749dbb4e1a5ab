"""How sure one is of uplifts before a night: of the model's and of what was learned since, together."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from nbatool.decide.practice import learned_from, typical_error
from nbatool.models.posterior import Posterior

ARMS = [("a", "email"), ("b", "email"), ("nothing", None)]


def bundle(errors: dict[str, float] | None) -> Any:
    """A version whose model measured uplifts with these errors; None: it has no model of outcomes."""
    if errors is None:
        return SimpleNamespace(outcome=None)
    card = {
        "uplift_by_action": {k: {"se": v} for k, v in errors.items()},
        "n_per_action": {"0": 300, "1": 500},
    }
    return SimpleNamespace(outcome=SimpleNamespace(card=card))


def belief(outcomes: int) -> Posterior:
    made = Posterior.start(ARMS, None, np.array([1.0, 1.0]), noise=4.0)
    for k in range(outcomes):
        made.update(np.array([1.0, k % 5 - 2.0]), k % 3, 1.0)
    return made


def test_nobody_has_learned_anything() -> None:
    assert learned_from(bundle(None), None, 0.0) == (0.0, math.inf)
    assert learned_from(bundle(None), belief(0), 3.0) == (0.0, math.inf)
    assert learned_from(bundle({}), belief(0), 3.0) == (0.0, math.inf)
    assert learned_from(bundle({"a": math.inf}), None, 0.0) == (0.0, math.inf)


def test_the_model_speaks_for_itself() -> None:
    n, error = learned_from(bundle({"a": 0.3, "b": 0.4}), None, 0.0)
    assert [n, error] == pytest.approx([800.0, math.sqrt(0.125)])


def test_both_errors_count_and_the_larger_log() -> None:
    n, error = learned_from(bundle({"a": 0.3, "b": 0.4}), belief(30), 0.5)
    assert [n, error] == pytest.approx([800.0, math.sqrt(0.125 + 0.25)])
    assert learned_from(bundle(None), belief(30), 0.5) == (30.0, 0.5)


def test_the_typical_error_is_that_of_a_difference_to_nothing() -> None:
    made, phi = belief(300), np.array([[1.0, -1.0], [1.0, 2.0]])
    draws = made.draws(phi, np.random.default_rng(0).standard_normal((40_000, 3)))
    spread = (draws[:, :, :-1] - draws[:, :, -1:]).var(0).mean()
    assert typical_error(made, phi) == pytest.approx(math.sqrt(spread), rel=0.02)
    assert typical_error(belief(3000), phi) < typical_error(made, phi)


def test_without_anybody_to_choose_for_nothing_is_unsure() -> None:
    assert typical_error(None, np.ones((3, 2))) == 0.0
    assert typical_error(belief(3), np.ones((0, 2))) == 0.0
