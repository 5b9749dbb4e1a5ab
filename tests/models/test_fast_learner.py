from __future__ import annotations

import numpy as np
import pytest

from nbatool.models.evidence import Moments, neighbours, scale_penalty, solved
from nbatool.models.fast_learner import FastLearner, origin
from nbatool.models.kernel_features import KernelFeatures
from nbatool.models.posterior import PRIOR_COUNT, Posterior

ARMS = [("a", None), ("b", None), ("c", None)]


def test_the_closed_form_is_the_posterior_of_the_outcomes_one_by_one() -> None:
    rng = np.random.default_rng(0)
    phi, arm, y = rng.normal(size=(80, 5)), rng.integers(0, 3, 80), rng.normal(size=80) * 30
    variance = np.array([0.1, 1.0, 0.5, 2.0, 0.3])
    one_by_one = Posterior.start(ARMS, None, variance, noise=700.0)
    one_by_one.update_many(phi, arm, y)
    at_once = solved(Moments.of(phi, arm, y, np.ones(80), 3), variance, 700.0)
    weights, covariance = at_once.coefficients()
    assert weights == pytest.approx(one_by_one.weights, rel=1e-9, abs=1e-9)
    for ours, theirs in zip(covariance, one_by_one.covariance, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-10)
    assert (PRIOR_COUNT * 700.0 + at_once.squares) / (PRIOR_COUNT + 80) == pytest.approx(one_by_one.noise)


def test_the_evidence_is_the_chance_of_each_outcome_after_those_before() -> None:
    """The product of Student's t densities of one-step predictions differs by a constant that priors share."""
    from math import lgamma, log, pi

    rng = np.random.default_rng(1)
    phi, arm, y = rng.normal(size=(40, 3)), rng.integers(0, 3, 40), rng.normal(size=40)
    differences = []
    for variance in (np.full(3, 0.2), np.array([1.0, 3.0, 0.05])):
        learned, total = Posterior.start(ARMS, None, variance, noise=0.7), 0.0
        for x, a, value in zip(phi, arm, y, strict=True):
            count = PRIOR_COUNT + learned.count
            scale = learned.noise + learned.sd(x[None])[0, a] ** 2
            t = (value - learned.mean(x[None])[0, a]) ** 2 / scale
            total += lgamma((count + 1) / 2) - lgamma(count / 2) - 0.5 * log(pi * count * scale)
            total -= (count + 1) / 2 * log(1 + t / count)
            learned.update(x, int(a), float(value))
        differences.append(total - solved(Moments.of(phi, arm, y, np.ones(40), 3), variance, 0.7).evidence)
    assert differences[0] == pytest.approx(differences[1], abs=1e-8)


def test_scales_move_one_step_and_reluctantly() -> None:
    assert neighbours(0.03) == (0.03, 0.1)
    assert neighbours(3.0) == (1.0, 3.0)
    assert scale_penalty((3.0, 1.0)) == pytest.approx(scale_penalty((1.0, 1 / 3)), rel=1e-6)


def test_features_are_the_kernel_and_a_row_has_the_bits_of_many() -> None:
    x = np.random.default_rng(2).normal(size=(700, 3))
    curves = KernelFeatures.fit(x[:60], 60, 0.5, np.random.default_rng(0))
    at = curves.of(curves.landmarks)
    apart = ((curves.landmarks[:, None] - curves.landmarks) ** 2).sum(-1)
    assert at @ at.T == pytest.approx(np.exp(-apart / (2 * curves.width**2)), abs=5e-3)
    many = curves.of(x)
    assert all((curves.of(x[i : i + 1].copy())[0] == many[i]).all() for i in range(0, 700, 23))


def played(world: int, n: int, shift: float = 0.0, scale: float = 1.0) -> list[float]:
    """Rewards of choosing by middling optimism in a world where a product of two numbers decides between two arms."""
    rng = np.random.default_rng(world)
    learner = FastLearner(ARMS, ["x", "y"], ["plan"], seed=1)
    found = []
    for _ in range(n):
        x, y = rng.uniform(-1.5, 1.5, 2)
        context = {"x": float(x), "y": float(y), "plan": rng.choice(["free", "paid"])}
        levels = learner.optimistic(context, 3)[1, 0]
        arm = int(np.argmax(levels))
        best = 0 if x * y > 0 else 1
        reward = float(rng.random() < (1.0 if arm == best else 0.0))
        learner.learn(context, arm, shift + scale * reward)
        found.append(reward)
    return found


def test_it_learns_curves_from_nothing() -> None:
    found = np.array([played(world, 400) for world in range(2)])
    assert found[:, 250:].mean() > 0.75


def test_the_currency_is_no_matter() -> None:
    """In other money, and with the same sum added to every outcome, it still learns."""
    assert played(0, 400, scale=1024.0) == played(0, 400)
    assert np.mean(played(0, 400, shift=500.0, scale=100.0)[250:]) > 0.8


def test_the_same_log_gives_the_same_belief() -> None:
    rng = np.random.default_rng(5)
    both = [FastLearner(ARMS, ["x"], ["t"], seed=3) for _ in range(2)]
    for _ in range(60):
        context = {"x": float(rng.normal()), "t": str(rng.integers(3))}
        arm, outcome = int(rng.integers(3)), float(rng.normal())
        for learner in both:
            learner.learn(context, arm, outcome)
    assert both[0].posterior.to_bytes() == both[1].posterior.to_bytes()
    assert (both[0].expected({"x": 0.3}) == both[1].expected({"x": 0.3})).all()


def test_a_first_refit_on_constant_outcomes_is_no_error() -> None:
    learner = FastLearner(ARMS, ["x"], [], seed=0)
    for i in range(30):
        learner.learn({"x": 1.0}, i % 3, 7.0)
    assert learner.expected({"x": 1.0}) == pytest.approx(np.full(3, 7.0), abs=0.2)


def test_origin_moves_with_the_outcomes() -> None:
    y = np.random.default_rng(0).normal(size=50)
    assert origin(3.0 * y + 100.0) == pytest.approx(3.0 * origin(y) + 100.0)
    assert origin(np.array([0.0] * 999 + [-1e6])) > -2e5
