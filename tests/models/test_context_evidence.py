"""The fast learner's columns: those by which actions work differently, not those by which customers differ anyway."""

from __future__ import annotations

import numpy as np

from nbatool.base.records import Action
from nbatool.models.context_evidence import FEWEST_PER_ARM, NO_EVIDENCE, differs, evidence_of
from nbatool.models.learner_context import coordinates_for
from nbatool.models.posterior_prior import FEWEST_COORDINATES, MOST_COORDINATES

N = 3000


def shop() -> tuple[dict[str, np.ndarray], dict[str, list[str | None]], np.ndarray, np.ndarray]:
    """Spending varies with wealth whatever is done; mail works for the young, the gift for members."""
    rng = np.random.default_rng(2)
    wealth, youth, noise = rng.normal(size=(3, N))
    member = rng.random(N) < 0.4
    arm = rng.integers(0, 3, N)
    outcome = 3.0 * wealth + youth * (arm == 0) + 2.0 * member * (arm == 1)
    outcome += np.exp(0.5 * wealth) * rng.normal(size=N)
    numbers = {
        "wealth": wealth,
        "youth": youth,
        "age": 40.0 - 10.0 * youth + rng.normal(size=N),
        "noise": noise,
    }
    return numbers, {"member": ["yes" if m else "no" for m in member]}, arm, outcome


def test_only_what_tells_actions_apart_scores() -> None:
    numbers, texts, arm, outcome = shop()
    found = evidence_of(numbers, texts, arm, outcome, most_categories=6).score
    assert min(found["youth"], found["age"], found["member"]) > 8
    assert max(abs(found["wealth"]), abs(found["noise"])) < 3.5


def test_by_chance_the_score_is_around_nothing() -> None:
    rng = np.random.default_rng(4)
    z, arm = rng.normal(size=(600, 200)), rng.integers(0, 5, 600)
    # Outcomes that vary more for large z are no difference between arms.
    found = [differs(z[:, [k]], arm, rng.normal(size=600) * (1 + np.abs(z[:, k]))) for k in range(200)]
    assert abs(float(np.mean(found))) < 0.35
    assert np.quantile(found, 0.99) < 4.5


def test_an_arm_that_was_hardly_tried_says_nothing() -> None:
    z = np.linspace(-1, 1, FEWEST_PER_ARM)[:, None]
    assert differs(z, np.arange(FEWEST_PER_ARM) % 2, z[:, 0] * 9) == 0.0
    assert differs(np.ones((90, 1)), np.arange(90) % 3, np.arange(90.0)) == 0.0


def test_a_column_that_says_the_same_is_known() -> None:
    numbers, texts, arm, outcome = shop()
    found = evidence_of(numbers, texts, arm, outcome, most_categories=6)
    assert found.is_alike("age", ["noise", "youth"])
    assert not found.is_alike("age", ["noise", "wealth", "member"])
    assert not NO_EVIDENCE.is_alike("age", ["youth"])


def test_coordinates_are_counted_with_gaps_and_categories() -> None:
    numbers, texts, arm, outcome = shop()
    numbers["noise"][0] = np.nan
    found = evidence_of(numbers, texts, arm, outcome, most_categories=6)
    assert [found.coordinates[name].shape[1] for name in ("wealth", "noise", "member")] == [1, 2, 2]


def test_more_candidates_leave_less_room() -> None:
    def room(n: int) -> int:
        return coordinates_for([Action(str(k), "x", ("email",)) for k in range(n)])

    assert [room(1), room(20), room(500)] == [MOST_COORDINATES - 1, 19, FEWEST_COORDINATES - 1]
