from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from model_worlds import FIVE_DAYS_S, MoneyWorld, money

from nbatool.base.errors import DataError
from nbatool.decide.expected import Expectation
from nbatool.models.conversion import fit_conversion
from nbatool.models.outcome import OutcomeModel
from nbatool.models.outcome_fit import Logged, Scores, fit_outcome, maps_of
from nbatool.models.table import FloatArray, Table

WORLD = money()


def fitted(world: MoneyWorld, y: FloatArray | None = None, threads: int = 1) -> OutcomeModel:
    t = world.table
    table = t if y is None else Table(t.x, t.names, t.categorical, y, None, t.customer, t.as_of_us)
    return fit_outcome(
        table,
        is_nothing=world.is_nothing,
        action_code=world.action_code,
        window_s=FIVE_DAYS_S,
        nothing=np.zeros(1),
        threads=threads,
    )


MODEL = fitted(WORLD)


def test_money_is_calibrated_on_later_rows() -> None:
    card = MODEL.card
    assert (MODEL.kind, card["form"]) == ("effect", "baseline and effect")
    assert 0.95 < card["evaluation"]["total"]["ratio"] < 1.05
    assert card["evaluation"]["deciles_within_two_se"] >= 8
    assert card["evaluation"]["rmse"]["model"] < card["evaluation"]["rmse"]["mean_per_action"]
    assert set(card["evaluation"]["actions"]) == {"nothing", "0", "1"}
    assert card["n_nothing"] + sum(card["n_per_action"].values()) == card["n_rows"] == len(WORLD.table)
    assert card["warnings"] == []


def test_the_known_uplift_comes_back() -> None:
    nothing = MODEL.predict(WORLD.candidates["nothing"])
    for action, expected in (("0", 1.0), ("1", 2.0)):
        uplift = MODEL.predict(WORLD.candidates[action]) - nothing
        assert uplift.mean() == pytest.approx(expected, abs=0.35)
    gain = MODEL.predict(WORLD.candidates["1"]) - nothing
    responds = WORLD.uplift["1"] > 0
    assert gain[responds].mean() - gain[~responds].mean() > 2


def test_one_row_threads_and_a_round_trip_give_the_same_bits() -> None:
    x = WORLD.table.x
    values = MODEL.predict(x)
    assert (MODEL.predict(x, threads=2) == values).all()
    assert all(MODEL.predict(x[i : i + 1])[0] == values[i] for i in range(200))
    files = MODEL.to_files()
    assert sorted(files) == ["outcome-baseline.txt", "outcome-effect.txt", "outcome.json"]
    again = OutcomeModel.from_files(files)
    assert (again.predict(x) == values).all()
    assert again.to_files() == files


def test_row_order_and_threads_change_no_byte() -> None:
    small = money(n_customers=200)
    order = np.random.default_rng(0).permutation(len(small.table))
    shuffled = MoneyWorld(
        small.table.take(order), small.is_nothing[order], small.action_code[order], small.truth[order], {}, {}
    )
    assert fitted(small).to_files() == fitted(shuffled, threads=2).to_files()


def test_zeros_and_ones_stay_probabilities() -> None:
    y = (WORLD.table.y > 0).astype(float)
    model = fitted(WORLD, y)
    p = model.predict(WORLD.table.x)
    assert model.bounds == (0.0, 1.0)
    assert p.min() >= 0
    assert p.max() <= 1
    assert 0.95 < model.card["evaluation"]["total"]["ratio"] < 1.05
    assert (OutcomeModel.from_files(model.to_files()).predict(WORLD.table.x) == p).all()


def test_money_without_a_spike_and_negative_money_work() -> None:
    model = fitted(WORLD, WORLD.table.x[:, 1] * 3 - 1)
    assert np.corrcoef(model.predict(WORLD.table.x), WORLD.table.x[:, 1])[0, 1] > 0.95
    spiky = fitted(WORLD, np.where(WORLD.table.y > 0, WORLD.table.x[:, 1], 0.0))
    assert spiky.bounds is None
    assert spiky.predict(WORLD.table.x).min() < 0


def test_the_candidates_of_a_customer_and_single_rows_get_the_same_bits() -> None:
    names = ("0", "1", "nothing")
    x = np.stack([WORLD.candidates[name][:50] for name in names], axis=1)
    nothing, uplift = MODEL.expected(x.reshape(150, -1), 3)
    assert (nothing == MODEL.predict(x[:, 2])).all()
    for j in (0, 1):
        assert (nothing + uplift[:, j] == MODEL.predict(np.ascontiguousarray(x[:, j]))).all()


def test_the_card_holds_each_actions_uplift_as_measured() -> None:
    for action, expected in (("0", 1.0), ("1", 2.0)):
        found = MODEL.card["uplift_by_action"][action]
        assert found["n"] > 500
        assert 0 < found["se"] < 0.4
        assert abs(found["measured"] - expected) < 3 * found["se"]
        assert abs(found["measured"] - found["predicted"]) < 3 * found["se"]


def test_without_anybody_left_alone_the_outcome_is_calibrated_all_the_same() -> None:
    contacts = np.flatnonzero(~WORLD.is_nothing)
    model = fit_outcome(
        WORLD.table.take(contacts), is_nothing=np.zeros(len(contacts), dtype=bool),
        action_code=WORLD.action_code[contacts], window_s=FIVE_DAYS_S, nothing=np.zeros(1), threads=1,
    )  # fmt: skip
    assert model.predict(WORLD.table.x[contacts]).mean() == pytest.approx(
        WORLD.table.y[contacts].mean(), rel=0.05
    )
    assert any("nobody without a contact" in warning for warning in model.card["warnings"])


def test_outcomes_are_right_in_all_where_boosters_promise_an_effect_nobody_can_check() -> None:
    """Everybody contacted, money twice the score: what nothing brings is fitted beside the effect, not under it."""
    n = 400
    rows, one = np.arange(n), np.ones(n)
    baseline = np.linspace(0, 10, n)
    table = Table(
        np.zeros((n, 1)), ("action",), (), 2 * baseline + 3, None, rows, np.zeros(n, dtype=np.int64)
    )
    logged = Logged(table, np.zeros(n, dtype=bool), np.zeros(n, dtype=np.int64), np.zeros(n))
    scores = Scores(baseline, 3 * one, 0 * one)
    p0, uplift = maps_of(logged, scores, rows).apply(logged, scores, rows)
    assert uplift.tolist() == [3.0] * n
    assert (p0 + uplift).mean() == pytest.approx(table.y.mean())
    assert np.abs(p0 + uplift - table.y).max() < 0.6


def test_what_is_expected_of_an_offer_stays_a_probability() -> None:
    """As in the card and in `predict`, also where an offset would take a chance beyond 1."""
    model = fitted(WORLD, (WORLD.table.y > 0).astype(float))
    sure = replace(model, uplift_map=replace(model.uplift_map, offset={}, other=2.0))
    x = np.stack([WORLD.candidates[name][:50] for name in ("1", "nothing")], axis=1).reshape(100, -1)
    decision = SimpleNamespace(of_candidates=lambda *_: x)
    bundle: Any = SimpleNamespace(outcome=sure, decision=decision, conversion=None)
    catalogue: Any = SimpleNamespace(offers=[SimpleNamespace(candidate=("1", "email"))], actions={})
    sure = replace(sure, card={**sure.card, "actions": ["1", "nothing"], "n_per_action": {"0": 9}})
    bundle.outcome = sure
    customers: Any = range(50)
    found = Expectation(bundle, catalogue).predict(customers, np.zeros((50, 0)))
    assert found.outcome.tolist() == [[1.0]] * 50
    assert found.nothing.max() < 1


@pytest.mark.parametrize("n", [0, 1, 3, 150])
def test_too_few_rows_give_the_mean_and_say_so(n: int) -> None:
    rows = np.arange(n)
    model = fit_outcome(
        WORLD.table.take(rows), is_nothing=WORLD.is_nothing[rows], action_code=WORLD.action_code[rows],
        window_s=FIVE_DAYS_S, nothing=np.zeros(1),
    )  # fmt: skip
    assert model.kind == "constant"
    assert model.predict(WORLD.table.x[:2]).tolist() == pytest.approx(
        [WORLD.table.y[:n].mean() if n else 0.0] * 2
    )
    assert "not trained" in model.card["warnings"][0]
    assert OutcomeModel.from_files(model.to_files()).predict(WORLD.table.x[:1])[0] == model.mean


def test_one_outcome_only_is_no_error() -> None:
    assert fitted(WORLD, np.zeros(len(WORLD.table))).predict(WORLD.table.x[:1]).tolist() == [0.0]


def test_a_version_without_outcome_model_is_a_data_error() -> None:
    with pytest.raises(DataError, match="no outcome model"):
        OutcomeModel.from_files({})


def test_conversion_is_a_probability_of_the_contacts() -> None:
    t = WORLD.table
    contacts = ~WORLD.is_nothing
    y = (np.random.default_rng(0).random(len(t)) < np.where(t.x[:, 3] == 2, 0.5, 0.1)).astype(float)
    table = Table(t.x, t.names, t.categorical, y, None, t.customer, t.as_of_us).take(contacts)
    model = fit_conversion(table, window_s=FIVE_DAYS_S, threads=1)
    assert model.name == "conversion"
    assert model.predict(WORLD.candidates["1"]).mean() == pytest.approx(0.5, abs=0.05)
    assert model.predict(WORLD.candidates["0"]).mean() == pytest.approx(0.1, abs=0.05)
