from __future__ import annotations

import numpy as np
import pytest

from nbatool.models.evidence import Moments, solved
from nbatool.models.posterior import Posterior
from nbatool.models.posterior_prior import default_variance
from nbatool.models.prior_choice import foretold, learned

ARMS = [("a", None), ("b", None), ("nothing", None)]


def log_of(spread: float, n: int = 1500) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Contexts, arms, residuals whose coefficients have the spread asked for beside noise of 1, and weights."""
    rng = np.random.default_rng(3)
    phi = np.column_stack([np.ones(n), rng.normal(size=(n, 9))])
    arm = rng.integers(0, 3, n)
    return phi, arm, (phi * rng.normal(size=(3, 10))[arm]).sum(1) * spread + rng.normal(size=n), np.ones(n)


def belief(spread: float, n: int = 1500) -> Posterior:
    return learned(ARMS, None, *log_of(spread, n), trained=True, noise=1.0, half_life_s=None)


def test_a_log_that_says_more_is_believed_more() -> None:
    sizes = [belief(spread).variance[1] / default_variance(10)[1] for spread in (0.0, 0.07, 0.5)]
    assert sizes[0] <= sizes[1] < sizes[2]
    assert sizes[0] <= 1 < sizes[2]


def test_without_outcomes_the_default_stays() -> None:
    assert belief(1.0, 0).variance.tolist() == default_variance(10).tolist()
    assert belief(1.0, 3).variance.tolist() == default_variance(10).tolist()


def test_what_was_foretold_is_the_evidence() -> None:
    phi, arm, y, weight = log_of(0.3, 60)
    differences = []
    for variance in (default_variance(10), default_variance(10, trained=False)):
        told = foretold(Posterior.start(ARMS, None, variance, noise=0.8), phi, arm, y, weight)
        differences.append(told - solved(Moments.of(phi, arm, y, weight, 3), variance, 0.8).evidence)
    assert differences[0] == pytest.approx(differences[1], abs=1e-8)


def test_the_belief_is_that_of_all_outcomes() -> None:
    phi, arm, y, weight = log_of(0.3)
    found = belief(0.3)
    again = Posterior.start(ARMS, None, found.variance, noise=1.0)
    again.update_many(phi, arm, y, weight)
    assert again.to_bytes() == found.to_bytes()
