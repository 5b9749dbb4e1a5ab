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


def belief(outcomes: int, *, related: bool = False) -> Posterior:
    relation = np.full((3, 3), 0.5) + 0.5 * np.eye(3) if related else None
    made = Posterior.start(ARMS, relation, np.array([1.0, 1.0]), noise=4.0)
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


@pytest.mark.parametrize("outcomes", [0, 300])
def test_the_typical_error_is_that_of_a_difference_to_nothing(outcomes: int) -> None:
    """What arms have in common with `nothing` is no doubt about an uplift."""
    made, phi = belief(outcomes, related=True), np.array([[1.0, -1.0], [1.0, 2.0]])
    variances = [made.uplift_sd(phi, arm) ** 2 for arm in range(2)]
    assert typical_error(made, phi) == pytest.approx(math.sqrt(np.mean(variances)))
    if not outcomes:
        # each coefficient has variance 4; a difference of two that correlate by .5 has 4 + 4 − 2 · .5 · 4 = 4
        assert typical_error(made, phi) == pytest.approx(math.sqrt(4 * np.mean([2.0, 5.0])))
    assert typical_error(belief(3000), phi) < typical_error(belief(300), phi)


def test_without_anybody_to_choose_for_nothing_is_unsure() -> None:
    assert typical_error(None, np.ones((3, 2))) == 0.0
    assert typical_error(belief(3), np.ones((0, 2))) == 0.0
