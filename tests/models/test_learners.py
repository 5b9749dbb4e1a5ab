"""The learners on worlds whose effects are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from nbatool.base.seeds import generator
from nbatool.models import competition
from nbatool.models.choose_learner import Judged, Terms, choose_learner, values_of
from nbatool.models.doubly_robust import Slope, dr_scores, effect_slope, mean_by_customer
from nbatool.models.learners import LEARNERS
from nbatool.models.outcome import OutcomeModel
from nbatool.models.outcome_fit import fit_outcome
from nbatool.models.table import BoolArray, FloatArray, IntArray, Table

DAY_S = 86_400
NAMES = ("a", "b", "c", "action")
NOTHING = np.array([np.nan])


@dataclass(frozen=True)
class World:
    """Customers at one moment: features, what was done (0, 1, … and −1 for nothing), its chance, true effects (n, k)."""

    x: FloatArray
    arm: IntArray
    chance: FloatArray
    y: FloatArray
    effect: FloatArray

    @property
    def is_nothing(self) -> BoolArray:
        return self.arm < 0

    def fit(self, *, weighted: bool = False, terms: Terms | None = None, seed: int = 0) -> OutcomeModel:
        n = len(self.x)
        action = np.where(self.arm < 0, np.nan, self.arm)
        table = Table(
            np.column_stack([self.x, action]), NAMES, ("action",), self.y,
            1.0 / self.chance if weighted else None, np.arange(n), np.zeros(n, dtype=np.int64),
        )  # fmt: skip
        return fit_outcome(
            table, is_nothing=self.is_nothing, action_code=np.maximum(self.arm, 0), window_s=DAY_S, nothing=NOTHING,
            probability=self.chance if weighted else None, terms=terms, seed=seed, threads=1,
        )  # fmt: skip

    def candidates(self) -> FloatArray:
        n, k = self.effect.shape
        x = np.repeat(self.x[:, None, :], k + 1, axis=1)
        code = np.append(np.arange(k, dtype=float), np.nan)
        return np.concatenate([x, np.broadcast_to(code[None, :, None], (n, k + 1, 1))], axis=2).reshape(-1, 4)

    def uplift(self, model: OutcomeModel) -> FloatArray:
        return model.expected(self.candidates(), self.effect.shape[1] + 1)[1]


def world(
    n: int, seed: int, *, kind: str = "money", effects: str = "differ", confounded: bool = False
) -> World:
    """Two actions. Effects "differ": +2 or −2 by the sign of a, and +1 for all; "constant": 1 and 2; "none": 0."""
    random = generator(seed, "learners")
    x = random.normal(size=(n, 3))
    chances = np.tile([1 / 3, 1 / 3, 1 / 3], (n, 1))
    if confounded:
        odd = np.where(x[:, 1] > 0, 0.7, 0.15)
        chances = np.column_stack([odd, np.full(n, 0.15), 0.85 - odd])
    place = (random.random(n)[:, None] > np.cumsum(chances, axis=1)).sum(1)
    arm = np.where(place == 2, -1, place).astype(np.int64)
    effect = {
        "differ": np.column_stack([2.0 * np.sign(x[:, 0]), np.ones(n)]),
        "constant": np.tile([1.0, 2.0], (n, 1)),
        "none": np.zeros((n, 2)),
    }[effects]
    got = np.where(arm < 0, 0.0, effect[np.arange(n), np.maximum(arm, 0)])
    if kind == "money":
        y = 10 + 3 * x[:, 1] + got + random.normal(size=n) * 2
    elif kind == "binary":
        effect = effect / 10
        y = (random.random(n) < np.clip(0.4 + 0.05 * x[:, 1] + got / 10, 0, 1)).astype(float)
    else:
        y = random.poisson(np.clip(4 + 0.5 * x[:, 1] + got, 0.1, None)).astype(float)
    return World(x, arm, chances[np.arange(n), place], y, effect)


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch):
    """Let one learner compete with none, and take it whatever its differences are."""

    def restrict(name: str) -> None:
        monkeypatch.setattr(competition, "learners_for", lambda _: (name,))
        monkeypatch.setattr(
            competition, "choose_learner", lambda *_: competition.Choice(name, "it was asked for", {})
        )

    return restrict


@pytest.mark.parametrize("name", list(LEARNERS))
def test_every_learner_finds_effects_that_are_the_same_for_all(name: str, only) -> None:
    only(name)
    found = world(6_000, 1, effects="constant")
    model = found.fit()
    uplift = found.uplift(model)
    assert model.learner == name
    assert uplift.mean(0) == pytest.approx([1.0, 2.0], abs=0.2)
    assert uplift.std(0).max() < 0.5


@pytest.mark.parametrize("name", ["S", "T", "X", "DR"])
def test_every_learner_finds_who_answers(name: str, only) -> None:
    only(name)
    seen, new = world(6_000, 1), world(2_000, 2)
    model = seen.fit()
    uplift = new.uplift(model)
    assert np.corrcoef(uplift[:, 0], new.effect[:, 0])[0, 1] > 0.9
    assert uplift[:, 1].mean() == pytest.approx(1.0, abs=0.25)
    assert np.abs(uplift[:, 1] - 1.0).mean() < np.abs(uplift[:, 0] - 0.0).mean() / 3
    again = OutcomeModel.from_files(model.to_files())
    assert again.to_files() == model.to_files()
    assert (new.uplift(again) == uplift).all()
    x = new.candidates()
    one = [model.expected(x[3 * i : 3 * i + 3], 3)[1][0].tolist() for i in range(50)]
    assert one == uplift[:50].tolist()
    assert (model.expected(x, 3, threads=2)[1] == uplift).all()


@pytest.mark.parametrize("kind", ["binary", "count", "money"])
def test_chances_counts_and_money(kind: str) -> None:
    seen, new = world(8_000, 3, kind=kind), world(2_000, 4, kind=kind)
    model = seen.fit()
    assert model.card["difference"]["reliable"]
    assert np.corrcoef(new.uplift(model)[:, 0], new.effect[:, 0])[0, 1] > 0.8
    assert model.card["evaluation"]["total"]["ratio"] == pytest.approx(1.0, abs=0.1)
    expected = model.predict(new.candidates())
    assert model.bounds == ((0.0, 1.0) if kind == "binary" else None)
    assert kind != "binary" or (expected.min() >= 0 and expected.max() <= 1)


@pytest.mark.parametrize("name", ["S", "X", "DR", "constant"])
def test_known_chances_take_out_who_was_preferred(name: str, only) -> None:
    """Action 0 went to those with high b, who bring more anyway."""
    only(name)
    seen = world(9_000, 5, effects="constant", confounded=True)
    naive = [seen.y[seen.arm == a].mean() - seen.y[seen.is_nothing].mean() for a in (0, 1)]
    assert naive[0] > 3
    uplift = seen.uplift(seen.fit(weighted=True))
    assert uplift.mean(0) == pytest.approx([1.0, 2.0], abs=0.25)


def test_doubly_robust_values_are_unbiased_whatever_the_model_says() -> None:
    """200 small logs with unequal chances; the model of outcomes is plainly wrong."""
    found = []
    for seed in range(200):
        log = world(400, seed, confounded=True)
        arm = np.where(log.is_nothing, 2, log.arm)
        gamma = dr_scores(log.y, np.full((400, 3), 3.0), arm, log.chance)
        found.append(gamma.mean(0))
    errors = np.std(found, axis=0) / np.sqrt(len(found))
    assert (np.abs(np.mean(found, axis=0) - [10.0, 11.0, 10.0]) < 4 * errors).all()
    assert errors.max() < 0.15


@pytest.mark.slow
def test_no_reliable_difference_is_said_where_there_is_none_and_only_there() -> None:
    null = [world(3_000, seed, effects="constant").fit(seed=seed) for seed in range(20)]
    assert sum(model.learner == "constant" for model in null) >= 18
    for model in null:
        if model.learner == "constant":
            assert any("no reliable difference" in w for w in model.card["warnings"])
            assert not model.card["difference"]["reliable"]
    real = [world(3_000, seed).fit(seed=seed) for seed in range(5)]
    assert all(model.learner != "constant" for model in real)


def test_a_log_without_any_contact_says_so() -> None:
    seen = world(1_000, 1)
    model = World(seen.x, np.full(1_000, -1), np.ones(1_000), seen.y, seen.effect[:, :0]).fit()
    assert model.learner == "constant"
    assert model.card["choice"]["because"] == "no action was ever logged"
    assert seen.uplift(model).tolist() == np.zeros((1_000, 2)).tolist()


def test_without_rows_of_nothing_only_differences_between_actions_are_measured() -> None:
    """The model's own word about nothing must not pass for a measurement: here every effect is the same for all."""
    chosen = 0
    for seed in range(5):
        full = world(4_000, seed, effects="constant")
        rows = np.flatnonzero(~full.is_nothing)
        part = World(full.x[rows], full.arm[rows], full.chance[rows], full.y[rows], full.effect[rows])
        chosen += part.fit(seed=seed).learner != "constant"
    assert chosen <= 1


def test_the_slope_of_real_and_of_imagined_differences() -> None:
    random = generator(0, "slope")
    real = random.normal(size=(4_000, 1))
    gain = real + random.normal(size=(4_000, 1)) * 5
    who, ones = np.arange(4_000), np.ones(4_000)
    found = effect_slope(gain, 2 * real, ones, who)
    assert found.value == pytest.approx(0.5, abs=0.12)
    assert found.reliable
    wrong = [effect_slope(gain, random.normal(size=(4_000, 1)), ones, who).reliable for _ in range(200)]
    assert sum(wrong) <= 12
    assert not effect_slope(gain, np.ones((4_000, 1)), ones, who).reliable


def test_the_error_of_a_slope_counts_customers_not_rows() -> None:
    random = generator(0, "clusters")
    predicted, gain = random.normal(size=(500, 1)), random.normal(size=(500, 1))
    once = effect_slope(gain, predicted, np.ones(500), np.arange(500))
    often = effect_slope(
        np.repeat(gain, 4, 0), np.repeat(predicted, 4, 0), np.ones(2_000), np.repeat(np.arange(500), 4)
    )
    assert (often.value, often.se) == (pytest.approx(once.value), pytest.approx(once.se))


def judged(uplift: dict[str, FloatArray], seed: int = 0) -> Judged:
    """Later rows of the world where action 0 helps or hurts by the sign of a."""
    later = world(6_000, seed)
    arm = np.where(later.is_nothing, 2, later.arm)
    nothing = dict.fromkeys(uplift, 10 + 3 * later.x[:, 1])
    return Judged(later.y, arm, later.chance, np.arange(6_000), nothing, uplift)


def test_the_choice_falls_on_whose_choices_are_worth_most() -> None:
    effect = world(6_000, 0).effect
    ordered_wrong = np.column_stack([-effect[:, 0], effect[:, 1]])
    sure = Slope(1.0, 0.1)
    for right in ("S", "DR"):
        wrong = "DR" if right == "S" else "S"
        log = judged({right: effect, wrong: ordered_wrong})
        choice = choose_learner(log, {right: sure, wrong: sure}, Terms.free(2), seed=0)
        assert choice.name == right
        assert choice.figures[right]["low"] > choice.figures[wrong]["high"]
    value = values_of(judged({"S": effect}), Terms.free(2))["S"].whole
    assert abs(value.value - np.maximum(effect.max(1), 0).mean()) < 4 * value.se


def test_one_uplift_for_all_where_differences_cost_money() -> None:
    effect = world(6_000, 0).effect
    swapped = np.column_stack([-effect[:, 0], effect[:, 1]])
    same = np.tile(effect.mean(0), (6_000, 1))
    choice = choose_learner(
        judged({"S": swapped, "constant": same}),
        {"S": Slope(1.0, 0.1), "constant": Slope(0.0, 0.0)},
        Terms.free(2),
        seed=0,
    )
    assert choice.name == "constant"
    assert "one uplift for all" in choice.because


def test_costs_decide_who_is_worth_a_contact() -> None:
    effect = world(6_000, 0).effect
    cheap, dear = (
        values_of(judged({"S": effect}), Terms(np.ones(2), np.full(2, cost)))["S"].whole
        for cost in (0.0, 1.5)
    )
    assert cheap.value == pytest.approx(1.5, abs=0.2)  # half gain 2, the others 1
    assert dear.value == pytest.approx(0.25, abs=0.2)  # half gain 2 for 1.5
    none = values_of(judged({"S": effect}), Terms(np.ones(2), np.full(2, 9.0)))["S"]
    assert (none.whole.value, none.limited.value) == (0.0, 0.0)


def test_equal_uplifts_share_the_places_whatever_the_order_of_rows() -> None:
    same = np.tile([1.0, 0.5], (6_000, 1))
    log = judged({"S": same})
    order = np.random.default_rng(0).permutation(6_000)
    shuffled = Judged(
        log.y[order], log.arm[order], log.probability[order], log.customer[order],
        {"S": log.nothing["S"][order]}, {"S": same[order]},
    )  # fmt: skip
    one, other = (values_of(each, Terms.free(2))["S"].limited.value for each in (log, shuffled))
    assert one == pytest.approx(other, rel=1e-12)


@pytest.mark.slow
def test_standard_errors_are_of_the_size_of_what_other_customers_would_have_changed() -> None:
    new = world(300, 99)
    models = [world(3_000, seed).fit(seed=seed) for seed in range(6)]
    uplift = np.array([new.uplift(model) for model in models])
    claimed = np.mean(
        [model.uplift_se(new.candidates(), 3, model.expected(new.candidates(), 3)[0]) for model in models],
        axis=0,
    )
    seen = uplift.std(0, ddof=1)
    assert 0.5 < claimed.mean() / seen.mean() < 2.0
    assert (claimed > 0).all()


def test_means_by_customer() -> None:
    values = np.array([1.0, 3.0, 5.0])
    assert mean_by_customer(values, np.arange(3)).se == pytest.approx(np.sqrt(8.0) / 3)
