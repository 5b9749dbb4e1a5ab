"""Many outcomes at once give the belief that one after the other gives; forgetting an arm is having seen less of it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nbatool.models import replay
from nbatool.models.posterior import PRIOR_COUNT, Posterior
from nbatool.models.posterior_prior import default_variance
from nbatool.models.replay import SCALES, Sums, _evidence, believed, share_kept

ARMS = [("a", "email"), ("b", "email"), ("nothing", None)]
RELATED = np.array([[1.0, 0.6, 0.25], [0.6, 1.0, 0.25], [0.25, 0.25, 1.0]])
LINKED = {
    "alone": np.eye(3),
    "related": RELATED,
    "two of three": np.array([[1, 0.5, 0], [0.5, 1, 0], [0, 0, 1]]),
}
D = 14


def prior(relation: np.ndarray, scale: float = 1.0, half_life_s: float | None = None) -> Posterior:
    variance = default_variance(D, trained=False) * scale
    return Posterior.start(ARMS, relation, variance, noise=1.5, half_life_s=half_life_s)


def foretold(
    belief: Posterior, phi: np.ndarray, arm: np.ndarray, residual: np.ndarray, weight: np.ndarray
) -> float:
    """The log density of each outcome given those before it (Student's t), summed: the evidence, slowly."""
    total = 0.0
    for i in range(len(phi)):
        count, noise = PRIOR_COUNT + belief.count, belief.noise
        error, spread = belief.update(phi[i], int(arm[i]), float(residual[i]), float(weight[i]))
        scale = noise * spread
        total += (
            math.lgamma((count + 1) / 2) - math.lgamma(count / 2) - 0.5 * math.log(math.pi * count * scale)
        )
        total -= (count + 1) / 2 * math.log1p(error * error / scale / count)
    return total


def log_of(spread: float, n: int = 900) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    phi = np.column_stack([np.ones(n), rng.normal(size=(n, D - 1))])
    arm = rng.integers(0, 3, n)
    return phi, arm, (phi * rng.normal(size=(3, D))[arm]).sum(1) * spread + rng.normal(size=n)


@pytest.mark.parametrize("relation", LINKED.values(), ids=LINKED)
def test_all_at_once_is_one_after_the_other(relation: np.ndarray) -> None:
    phi, arm, y = log_of(0.3)
    weight = np.random.default_rng(1).uniform(0.2, 1.0, len(y))
    found = believed(prior(relation), Sums.of(phi, arm, y, weight, 3))
    again = Posterior.start(ARMS, relation, found.variance, noise=1.5)
    again.update_many(phi, arm, y, weight)
    seen = phi[:50]
    assert found.mean(seen) == pytest.approx(again.mean(seen), abs=1e-9)
    ratio = found.sd(seen) ** 2 / again.sd(seen) ** 2 * again.noise / found.noise
    assert ratio == pytest.approx(np.ones((50, 3)), rel=1e-8)
    assert found.count == pytest.approx(weight.sum())


def test_noise_is_what_is_left_over() -> None:
    phi, arm, y = log_of(0.3)
    found = believed(prior(RELATED), Sums.of(phi, arm, y, np.ones(len(y)), 3))
    again = Posterior.start(ARMS, RELATED, found.variance, noise=1.5)
    again.update_many(phi, arm, y)
    assert found.noise == pytest.approx(again.noise, rel=1e-9)
    faint = believed(prior(RELATED), Sums.of(phi, arm, y, np.full(len(y), 0.5), 3))
    # Old outcomes count less; they were no noisier for it.
    assert faint.noise == pytest.approx(found.noise, rel=0.1)


@pytest.mark.parametrize("relation", LINKED.values(), ids=LINKED)
def test_the_evidence_is_what_was_foretold(relation: np.ndarray) -> None:
    phi, arm, y = log_of(0.3, 80)
    sums = Sums.of(phi, arm, y, np.ones(len(y)), 3)
    told = [foretold(prior(relation, scale), phi, arm, y, np.ones(len(y))) for scale in SCALES]
    found = [_evidence(prior(relation), sums, scale, 1.5) for scale in SCALES]
    assert np.diff(found) == pytest.approx(np.diff(told), abs=1e-8)


def test_the_prior_becomes_as_strong_as_the_outcomes_say() -> None:
    def strength(spread: float, n: int) -> float:
        phi, arm, y = log_of(spread, n)
        found = believed(prior(RELATED), Sums.of(phi, arm, y, np.ones(n), 3))
        return float(found.variance[1] / prior(RELATED).variance[1])

    assert strength(0.0, 900) < 1.0 == strength(1.0, 3)
    assert strength(3.0, 900) > 1.0


def test_without_outcomes_nothing_is_known() -> None:
    start = prior(RELATED)
    nothing = Sums.of(np.zeros((0, D)), np.zeros(0, np.int64), np.zeros(0), np.zeros(0), 3)
    assert believed(start, nothing).to_bytes() == start.to_bytes()


def test_coordinates_that_tell_no_arms_apart_fade(monkeypatch: pytest.MonkeyPatch) -> None:
    """One coordinate matters, and to one arm: its prior variance stays, the others' falls, and the error with it."""
    n, truth, errors, ahead = 1_000, np.zeros((3, D)), [], []
    truth[1, 3] = 0.4
    for seed in range(5):
        rng = np.random.default_rng(seed)
        phi = np.column_stack([np.ones(n), rng.normal(size=(n, D - 1))])
        arm = rng.integers(0, 3, n)
        sums = Sums.of(phi, arm, phi[:, 3] * truth[arm, 3] + rng.normal(0.0, 2.0, n), np.ones(n), 3)
        found = believed(prior(RELATED), sums)
        with monkeypatch.context() as without:
            without.setattr(replay, "ROUNDS", 0)
            alike = believed(prior(RELATED), sums)
        errors.append([((each.weights - truth) ** 2).sum() for each in (found, alike)])
        ahead.append(found.variance[3] / np.delete(found.variance, [0, 3]).max())
    ours, theirs = np.mean(errors, axis=0)
    assert ours < 0.75 * theirs
    assert min(ahead) > 1.0
    assert np.mean(ahead) > 1.5


def test_few_outcomes_do_not_say_which_coordinate_matters() -> None:
    phi, arm, y = log_of(0.3, 3 * D)
    found = believed(prior(RELATED), Sums.of(phi, arm, y, np.ones(len(y)), 3))
    assert np.ptp(found.variance / prior(RELATED).variance) == pytest.approx(0.0)


def test_a_small_shift_seen_on_many_outcomes_is_no_change() -> None:
    """A twentieth of the spread is certain after forty thousand outcomes, and not worth forgetting for; half of it is."""
    start = Posterior.start([("a", None)], None, np.array([1.0]), noise=1.0)

    def seen(mean: float, n: float) -> Sums:
        return Sums(np.array([[[n]]]), np.array([[n * mean]]), n * (mean**2 + 1), n)

    none = seen(0.0, 0.0)
    assert share_kept(start, none, seen(0.0, 40_000.0), seen(0.05, 40_000.0), 0.003) == 1.0
    assert share_kept(start, none, seen(0.0, 40_000.0), seen(0.5, 400.0), 0.003) < 0.1
