from __future__ import annotations

import json

import numpy as np
import pytest
from model_worlds import FIVE_DAYS_S, purchases

from nbatool.base.errors import DataError
from nbatool.models import metrics
from nbatool.models.propensity import PropensityModel, fit_propensity
from nbatool.models.propensity_card import recency_rule
from nbatool.models.splits import Fold
from nbatool.models.table import FloatArray, Table

TABLE, TRUTH = purchases(n_customers=1_500)
MODEL = fit_propensity("buy_5d", TABLE, window_s=FIVE_DAYS_S, recency=TABLE.x[:, 1], seed=3, threads=1)


def with_y(table: Table, y: FloatArray) -> Table:
    return Table(table.x, table.names, table.categorical, y, table.weight, table.customer, table.as_of_us)


def test_it_beats_its_baselines_and_is_calibrated() -> None:
    found = MODEL.card["evaluation"]
    assert found["better_than_baseline"]
    assert found["log_loss_gain"]["low"] > 0
    assert 0.72 < found["auc"] < 0.85
    assert found["log_loss"] < min(part["log_loss"] for part in found["baselines"].values())
    assert found["calibration_error"] < 0.04
    assert found["lift_by_decile"][0] > 1.8
    assert found["lift_by_decile"][-1] < 0.6
    assert sum(part["n"] for part in found["calibration_plot"]) == found["n_rows"]
    assert MODEL.card["importance"][0]["feature"] == "a"
    assert MODEL.card["warnings"] == []
    assert np.abs(MODEL.predict(TABLE.x) - TRUTH).mean() < 0.05


def test_one_row_threads_and_a_round_trip_give_the_same_bits() -> None:
    p = MODEL.predict(TABLE.x)
    assert (MODEL.predict(TABLE.x, threads=2) == p).all()
    assert all(MODEL.predict(TABLE.x[i : i + 1])[0] == p[i] for i in range(200))
    files = MODEL.to_files()
    assert sorted(files) == ["propensity-buy_5d.json", "propensity-buy_5d.txt"]
    again = PropensityModel.from_files("buy_5d", files)
    assert (again.predict(TABLE.x) == p).all()
    assert again.to_files() == files
    assert json.loads(files["propensity-buy_5d.json"])["card"] == MODEL.card


def test_row_order_and_threads_change_no_byte() -> None:
    table, _ = purchases(n_customers=200)
    order = np.random.default_rng(0).permutation(len(table))
    recency = np.arange(len(table), dtype=float)
    one = fit_propensity("t", table, window_s=FIVE_DAYS_S, recency=recency, threads=1)
    two = fit_propensity("t", table.take(order), window_s=FIVE_DAYS_S, recency=recency[order], threads=2)
    assert one.to_files() == two.to_files()


@pytest.mark.parametrize("kind", [0.0, 1.0])
def test_one_class_gives_the_base_rate_and_says_so(kind: float) -> None:
    model = fit_propensity("t", with_y(TABLE, np.full(len(TABLE), kind)), window_s=FIVE_DAYS_S)
    assert model.text is None
    assert model.card["evaluation"] is None
    assert model.predict(TABLE.x[:3]).tolist() == pytest.approx([kind] * 3, abs=1e-3)
    assert "base rate" in model.card["warnings"][0]
    assert PropensityModel.from_files("t", model.to_files()).predict(TABLE.x[:1])[0] == model.base_rate


@pytest.mark.parametrize("n", [0, 1, 3])
def test_next_to_no_rows_is_no_error(n: int) -> None:
    model = fit_propensity("t", TABLE.take(np.arange(n)), window_s=FIVE_DAYS_S)
    # without any row no chance is made up: it would be worth money (law 5)
    assert 0 < model.predict(TABLE.x[:1])[0] < 1 if n else model.predict(TABLE.x[:1])[0] == 0
    assert f"only {n} rows" in model.card["warnings"][0]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_noise_is_called_no_better_than_its_baseline(seed: int) -> None:
    y = (np.random.default_rng(seed).random(len(TABLE)) < 0.3).astype(float)
    model = fit_propensity("t", with_y(TABLE, y), window_s=FIVE_DAYS_S)
    assert any("no better than its baseline" in warning for warning in model.card["warnings"])
    assert model.predict(TABLE.x).std() < 0.03


def test_a_leak_is_suspicious_and_few_positives_are_said() -> None:
    y = TABLE.y * (np.random.default_rng(0).random(len(TABLE)) < 0.05)
    leaking = Table(
        np.column_stack([TABLE.x, y + 1]), (*TABLE.names, "leak"), (), y, None, TABLE.customer, TABLE.as_of_us
    )
    warnings = " / ".join(fit_propensity("t", leaking, window_s=FIVE_DAYS_S).card["warnings"])
    assert "suspiciously high" in warnings
    assert "below 200" in warnings


@pytest.mark.parametrize(("kept", "way"), [(0.5, "too high"), (1.5, "too low")])
def test_probabilities_that_are_off_later_are_said(kept: float, way: str) -> None:
    last, draw = TABLE.as_of_us == TABLE.as_of_us.max(), np.random.default_rng(0).random(len(TABLE))
    changed = TABLE.y * (draw < kept) if kept < 1 else np.maximum(TABLE.y, draw < kept - 1)
    y = np.where(last, changed, TABLE.y)
    card = fit_propensity("t", with_y(TABLE, y), window_s=FIVE_DAYS_S).card
    error = card["evaluation"]["calibration_error"]
    assert error > max(0.05, card["evaluation"]["calibration_error_by_chance"])
    said = f"probabilities are off by {error:.3f} on average on later rows ({way})".replace("0.", ".", 1)
    assert said in card["warnings"]


def test_a_calibration_error_that_chance_explains_is_not_warned_of() -> None:
    table, _ = purchases(n_customers=60)
    evaluations = []
    for seed in range(6):
        y = (np.random.default_rng(seed).random(len(table)) < 0.5).astype(float)
        card = fit_propensity("t", with_y(table, y), window_s=FIVE_DAYS_S, seed=seed).card
        evaluations.append(card["evaluation"])
        off = [warning for warning in card["warnings"] if "are off by" in warning]
        assert bool(off) == (
            evaluations[-1]["calibration_error"] > evaluations[-1]["calibration_error_by_chance"]
        )
    assert sum(found["calibration_error"] > 0.05 for found in evaluations) >= 5
    assert (
        sum(found["calibration_error"] > found["calibration_error_by_chance"] for found in evaluations) <= 1
    )


def test_chance_stays_below_its_calibration_error_in_most_samples() -> None:
    random = np.random.default_rng(0)
    p = random.uniform(0.05, 0.6, 400)
    customer = np.arange(400)
    above = 0
    for _ in range(400):
        y = (random.random(400) < p).astype(float)
        found = metrics.calibration_error(metrics.reliability(y, p))
        above += found > metrics.chance_calibration_error(y, p, np.ones(400), customer)
    assert above / 400 < 0.08
    y = (random.random(400) < p).astype(float)
    once = metrics.chance_calibration_error(y, p, np.ones(400), customer)
    # nine copies of a customer's row know no more than one
    many = (np.repeat(a, 9) for a in (y, p, np.ones(400), customer))
    assert metrics.chance_calibration_error(*many) == pytest.approx(once, rel=0.1)


def test_all_positives_after_the_cut_is_no_error() -> None:
    y = (TABLE.as_of_us == TABLE.as_of_us.max()).astype(float)
    assert fit_propensity("t", with_y(TABLE, y), window_s=FIVE_DAYS_S).predict(TABLE.x[:1])[
        0
    ] == pytest.approx(0.25, abs=0.01)


def test_the_recency_rule_learns_the_rate_of_each_bin() -> None:
    recency = np.tile(np.arange(10.0), 40)
    y = (recency < 3).astype(float)
    recency[y == 0] += 0.5
    table = Table(recency[:, None], ("r",), (), y, None, np.arange(400), np.zeros(400, dtype=np.int64))
    rule = recency_rule(table, Fold(np.arange(200), np.arange(200, 400)), recency)
    assert rule[y[200:] == 1].min() > 0.9
    assert rule[y[200:] == 0].max() < 0.15


def test_a_missing_model_is_a_data_error() -> None:
    with pytest.raises(DataError, match="no propensity model 'other'"):
        PropensityModel.from_files("other", MODEL.to_files())
