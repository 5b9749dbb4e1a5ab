"""Where every decision is replayed by the fast learner, it competes with the trained learners, and wins where it should."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nbatool.base.seeds import generator
from nbatool.models.choose_learner import Judged, Terms, choose_learner
from nbatool.models.doubly_robust import Slope
from nbatool.models.learners import NoLearner
from nbatool.models.linear_rival import LINEAR, FastArms, Rival
from nbatool.models.logged import Logged
from nbatool.models.outcome import OutcomeModel
from nbatool.models.outcome_fit import fit_outcome
from nbatool.models.table import Table

DAY_S = 86_400
NAMES = ("a", "b", "c", "kind", "action")
RELATED = np.array([[1.0, 0.5, 0.25], [0.5, 1.0, 0.25], [0.25, 0.25, 1.0]])


def log_of(n: int, seed: int, effect: str) -> tuple[Logged, FastArms, np.ndarray]:
    """Two actions by lot; the first one's effect is ±1 with b ("linear"), by the sign of a·b ("trees"), or alike."""
    random = generator(seed, "rival")
    x = np.column_stack([random.normal(size=(n, 3)), random.integers(0, 3, n)])
    arm = random.integers(0, 3, n)
    first = {"linear": x[:, 1], "trees": 3.0 * np.sign(x[:, 0] * x[:, 1]), "none": np.zeros(n)}[effect]
    truth = np.column_stack([first + 0.5 * (x[:, 3] == 1) * (effect != "none"), np.full(n, 0.5)])
    y = (
        5
        + x[:, 2]
        + np.where(arm < 2, truth[np.arange(n), np.minimum(arm, 1)], 0.0)
        + 2 * random.normal(size=n)
    )
    none = arm == 2
    table = Table(
        np.column_stack([x, np.where(none, np.nan, arm)]), NAMES, ("kind", "action"), y, None,
        np.arange(n), np.zeros(n, dtype=np.int64),
    )  # fmt: skip
    logged = Logged(table, none, np.minimum(arm, 1), np.where(none, np.nan, arm))
    return logged, FastArms(arm, RELATED, np.array([0, 1]), frozenset(NAMES[:4])), truth


def fitted(n: int, effect: str, *, replays: bool = True) -> OutcomeModel:
    logged, arms, _ = log_of(n, 3, effect)
    return fit_outcome(
        logged.table, is_nothing=logged.is_nothing, action_code=logged.action_code, window_s=DAY_S,
        nothing=np.array([np.nan]), probability=np.full(n, 1 / 3), arms=replace(arms, are_replayed=replays), threads=1,
    )  # fmt: skip


def test_its_differences_are_those_of_the_customers() -> None:
    logged, arms, truth = log_of(4_000, 1, "linear")
    learned, asked = np.arange(3_000), np.arange(3_000, 4_000)
    left = logged.table.y[learned] - 5.0
    nothing, uplift = Rival.of(logged, arms, left, learned).differences(asked)
    assert nothing == pytest.approx(logged.table.x[asked, 2], abs=0.6)
    assert np.corrcoef(uplift[:, 0], truth[asked, 0])[0, 1] > 0.97
    assert uplift[:, 1].std() < 0.25


def test_it_sees_what_the_fast_learner_sees() -> None:
    logged, arms, truth = log_of(4_000, 1, "linear")
    learned, asked = np.arange(3_000), np.arange(3_000, 4_000)
    blind = replace(arms, columns=frozenset({"a", "c", "kind"}))
    uplift = Rival.of(logged, blind, logged.table.y[learned] - 5.0, learned).differences(asked)[1]
    assert abs(np.corrcoef(uplift[:, 0], truth[asked, 0])[0, 1]) < 0.4


def test_of_rows_it_has_not_seen_it_reads_no_outcome() -> None:
    logged, arms, _ = log_of(1_000, 1, "linear")
    learned, asked = np.arange(700), np.arange(700, 1_000)
    left = logged.table.y[learned] - 5.0
    other = replace(
        logged, table=replace(logged.table, y=np.where(np.arange(1_000) < 700, logged.table.y, 1e9))
    )
    for one, again in zip(
        Rival.of(logged, arms, left, learned).differences(asked), Rival.of(other, arms, left, learned).differences(asked), strict=True
    ):  # fmt: skip
        assert (one == again).all()


def test_linear_differences_are_left_to_it() -> None:
    model = fitted(3_000, "linear")
    assert model.card["learner"] == LINEAR
    assert model.learner == NoLearner.name
    assert model.card["difference"]["reliable"]
    assert "the fast learner" in model.card["form"]
    figures = model.card["choice"]["learners"]
    assert figures[LINEAR]["value"] > figures["constant"]["value"]


def test_differences_only_trees_find_are_left_to_trees() -> None:
    model = fitted(3_000, "trees")
    assert model.learner == model.card["learner"] != LINEAR
    assert model.learner != NoLearner.name


def test_it_competes_only_where_it_replays_what_is_learned_from() -> None:
    assert LINEAR not in fitted(1_500, "linear", replays=False).card["choice"]["learners"]


def test_what_is_not_replayed_says_how_large_differences_may_still_be() -> None:
    """Many rows without any difference leave little room; those that are replayed say so themselves."""
    few, many = (fitted(n, "none", replays=False).card["difference"]["may_be"] for n in (600, 6_000))
    assert many[1] < 0.3 * few[1] < 0.3
    assert many[0] < 0.02
    found = fitted(6_000, "linear", replays=False).card["difference"]["may_be"]
    assert found[1] > 2 * many[1]
    assert fitted(600, "none").card["difference"]["may_be"] is None


def test_trees_must_be_clearly_worth_more() -> None:
    """Equal choices: the one that knows how little it knows is kept."""
    n = 400
    uplift = np.random.default_rng(0).normal(size=(n, 1))
    judged = Judged(
        np.ones(n), np.arange(n) % 2, np.full(n, 0.5), np.arange(n), dict.fromkeys(("S", LINEAR), np.zeros(n)),
        {"S": uplift, LINEAR: uplift + 1e-9},
    )  # fmt: skip
    sure = Slope(1.0, 0.1)
    assert choose_learner(judged, {"S": sure, LINEAR: sure}, Terms.free(1), 0).name == LINEAR
    assert choose_learner(judged, {"S": sure, LINEAR: Slope(0.0, 1.0)}, Terms.free(1), 0).name == "constant"


def test_it_forgets_as_the_replay_does_whatever_the_models_forget() -> None:
    """The first half of the time has the opposite effect; a short half-life of the fast learner's own sees the second."""
    logged, arms, _ = log_of(4_000, 5, "linear")
    day = np.repeat([0, 100], 2_000)
    y = np.where(day == 0, 10.0 - logged.table.y, logged.table.y)
    table = replace(logged.table, y=y, as_of_us=day * DAY_S * 1_000_000)
    learned, asked = np.arange(4_000), np.arange(3_000, 4_000)

    def slope(half_life_s: float, recency: np.ndarray | None) -> float:
        changed = replace(logged, table=table, recency=recency)
        found = Rival.of(changed, replace(arms, half_life_s=half_life_s), y - 5.0, learned).differences(
            asked
        )[1]
        return float(np.polyfit(table.x[asked, 1], found[:, 0], 1)[0])

    faded = 2.0 ** ((day - 100) / 5.0)
    assert slope(5.0 * DAY_S, None) == slope(5.0 * DAY_S, faded) > 0.7
    assert abs(slope(np.inf, faded)) < 0.3
