"""The fast learner's columns: those by which actions work differently, not those by which customers differ anyway."""

from __future__ import annotations

import numpy as np

from nbatool.base.records import Action
from nbatool.models.context_evidence import (
    FEWEST_PER_ARM,
    NO_EVIDENCE,
    differs,
    evidence_of,
    rows_by_arm,
    useful,
)
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
    evidence = evidence_of(numbers, texts, arm, outcome, most_categories=6)
    found = {name: evidence.score(name, outcome) for name in (*numbers, *texts)}
    assert min(found["youth"], found["age"], found["member"]) > 8
    assert max(abs(found["wealth"]), abs(found["noise"])) < 3.5


def test_by_chance_the_score_is_around_nothing() -> None:
    rng = np.random.default_rng(4)
    z, arm = rng.normal(size=(600, 200)), rng.integers(0, 5, 600)
    # Outcomes that vary more for large z are no difference between arms.
    found = [
        differs(z[:, [k]], rows_by_arm(arm), rng.normal(size=600) * (1 + np.abs(z[:, k]))) for k in range(200)
    ]
    assert abs(float(np.mean(found))) < 0.35
    assert np.quantile(found, 0.99) < 4.5


def test_a_flag_of_few_rows_is_no_evidence() -> None:
    """A handful of rows fit the line they draw: their own spread must not pass for precision."""
    rng = np.random.default_rng(7)
    arm, found = np.arange(3000) % 5, []
    for _ in range(200):
        flag = (rng.random(3000) < 0.003).astype(float)[:, None]
        found.append(differs(flag, rows_by_arm(arm), rng.exponential(2.0, 3000)))
    assert np.quantile(found, 0.95) < 3.0


def test_an_arm_that_was_hardly_tried_says_nothing() -> None:
    z = np.linspace(-1, 1, FEWEST_PER_ARM)[:, None]
    assert differs(z, rows_by_arm(np.arange(FEWEST_PER_ARM) % 2), z[:, 0] * 9) == 0.0
    assert differs(np.ones((90, 1)), rows_by_arm(np.arange(90) % 3), np.arange(90.0)) == 0.0


def test_of_columns_that_say_the_same_one_is_taken() -> None:
    numbers, texts, arm, outcome = shop()
    found = evidence_of(numbers, texts, arm, outcome, most_categories=6)
    left = found.left_by(["youth"])
    assert found.score("age", outcome) > 8
    assert abs(found.score("age", left)) < 3.5
    assert found.score("member", left) > 8
    assert set(useful(found, {}, 3)) == {"youth", "member"}
    assert useful(found, {"noise": 100.0}, 1) == ["noise"]


def test_without_decisions_the_prior_orders_and_widths_are_what_they_can_be() -> None:
    prior = {"plan": 3.0, "recent": 2.0, "orders": 1.0}
    assert NO_EVIDENCE.score("plan", np.zeros(0)) == 0.0
    assert useful(NO_EVIDENCE, prior, 8, {"plan": 7, "recent": 2}) == ["plan", "orders"]
    assert useful(NO_EVIDENCE, prior, 10, {"plan": 7, "recent": 2}) == ["plan", "recent", "orders"]


def test_coordinates_are_counted_with_gaps_and_categories() -> None:
    numbers, texts, arm, outcome = shop()
    numbers["noise"][0] = np.nan
    found = evidence_of(numbers, texts, arm, outcome, most_categories=6)
    assert [found.coordinates[name].shape[1] for name in ("wealth", "noise", "member")] == [1, 2, 2]


def test_more_candidates_leave_less_room() -> None:
    def room(n: int) -> int:
        return coordinates_for([Action(str(k), "x", ("email",)) for k in range(n)])

    assert [room(1), room(20), room(500)] == [MOST_COORDINATES - 1, 19, FEWEST_COORDINATES - 1]
