"""Calibration and metrics against brute force, closed forms and a second implementation."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbatool.models import metrics
from nbatool.models.calibration import Calibrator, fit_calibrator, fit_isotonic, fit_platt, logistic, pava
from nbatool.models.monotone import fit_monotone


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(1, 4)), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_pava_is_the_best_of_all_monotone_partitions(values: list[tuple[int, int]]) -> None:
    y, w = np.array([v for v, _ in values], float), np.array([k for _, k in values], float)
    fit, _ = pava(y, w)
    assert (np.diff(fit) >= 0).all()
    best = math.inf
    for cuts in itertools.product([False, True], repeat=len(y) - 1):
        block = np.concatenate([[0], np.cumsum(cuts)]).astype(int)
        means = np.bincount(block, w * y) / np.bincount(block, w)
        if (np.diff(means) >= 0).all():
            best = min(best, float((w * (y - means[block]) ** 2).sum()))
    assert float((w * (y - fit) ** 2).sum()) == pytest.approx(best, abs=1e-9)


def test_pava_agrees_with_scipy() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    random = np.random.default_rng(0)
    y, w = random.normal(size=300), random.random(300) + 0.1
    assert pava(y, w)[0] == pytest.approx(optimize.isotonic_regression(y, weights=w).x)


def test_platt_finds_the_maximum_of_the_likelihood() -> None:
    random = np.random.default_rng(0)
    raw = random.normal(size=4_000)
    y = (random.random(4_000) < 1 / (1 + np.exp(-(2 * raw - 1)))).astype(float)
    fitted = fit_platt(raw, y, np.ones(4_000))
    assert (fitted.a, fitted.b) == (pytest.approx(2, abs=0.15), pytest.approx(-1, abs=0.15))
    best = metrics.log_loss(y, fitted.apply(raw))
    for da, db in ((0.01, 0), (-0.01, 0), (0, 0.01), (0, -0.01)):
        assert metrics.log_loss(y, Calibrator(fitted.a + da, fitted.b + db).apply(raw)) > best


def test_platt_never_turns_the_order_round() -> None:
    raw = np.arange(100.0)
    fitted = fit_platt(raw, (raw < 50).astype(float), np.ones(100))
    assert fitted.a == 0
    assert fitted.apply(raw) == pytest.approx(np.full(100, 0.5))
    assert fit_platt(raw, (raw < 50).astype(float), np.ones(100), min_slope=0.02).a == 0.02


def test_isotonic_reproduces_block_rates_and_stays_off_zero_and_one() -> None:
    raw = np.repeat([0.0, 1.0, 2.0, 3.0], 10)
    y = np.concatenate([np.zeros(10), np.arange(10) < 6, np.arange(10) < 4, np.ones(10)]).astype(float)
    curve = fit_isotonic(raw, y, np.ones(40))
    assert curve.apply(np.array([1.5])).tolist() == pytest.approx([0.5])
    assert curve.apply(np.array([-9.0, 9.0])).tolist() == pytest.approx([0.5 / 41, 1 - 0.5 / 41])


def test_the_better_calibrator_is_chosen() -> None:
    random = np.random.default_rng(0)
    raw = random.uniform(-3, 3, 20_000)
    half = np.arange(20_000) % 2
    straight = (random.random(20_000) < 1 / (1 + np.exp(-raw))).astype(float)
    stepped = (random.random(20_000) < np.where(raw < 1, 0.1, 0.3)).astype(float)
    assert fit_calibrator(raw, straight, np.ones(20_000), half).kind == "platt"
    chosen = fit_calibrator(raw, stepped, np.ones(20_000), half)
    assert chosen.kind == "isotonic"
    assert chosen.log_loss is not None
    assert chosen.log_loss["isotonic"] < chosen.log_loss["platt"]
    again = Calibrator.from_json(chosen.to_json())
    assert (again.apply(raw) == chosen.apply(raw)).all()


@given(st.integers(0, 1_000), st.sampled_from(["noise", "curve", "reverse", "ties"]))
@settings(max_examples=25, deadline=None)
def test_the_money_map_keeps_every_order_and_the_total(seed: int, shape: str) -> None:
    random = np.random.default_rng(seed)
    n = int(random.integers(2, 9_000))
    x = random.gamma(2, 5, n) if shape != "ties" else random.integers(0, 4, n).astype(float)
    y = {"noise": 0 * x, "curve": x**1.5, "reverse": -x, "ties": x}[shape] + random.normal(size=n)
    w = random.random(n) + 0.1
    curve = fit_monotone(x, y, w)
    at = np.sort(np.concatenate([random.uniform(-50, 200, 500), curve.x, x[:200]]))
    assert (np.diff(curve.apply(at)) >= 0).all()
    grid = np.linspace(-100, 300, 3_000)
    assert (np.diff(curve.apply(grid)) > 0).all()
    assert np.average(curve.apply(x), weights=w) == pytest.approx(np.average(y, weights=w), abs=1e-6)


def test_the_money_map_finds_a_curve() -> None:
    random = np.random.default_rng(0)
    x = random.uniform(0, 10, 60_000)
    curve = fit_monotone(x, x**2 / 5 + random.normal(size=60_000), np.ones(60_000))
    at = np.linspace(1, 9, 30)
    assert curve.apply(at) == pytest.approx(at**2 / 5, abs=0.4)


def test_maps_give_the_same_bits_for_one_row_and_many() -> None:
    random = np.random.default_rng(0)
    x = random.gamma(2, 5, 5_000)
    y = (random.random(5_000) < 0.3).astype(float)
    for apply in (
        fit_monotone(x, x + random.normal(size=5_000), np.ones(5_000)).apply,
        fit_platt(x, y, np.ones(5_000)).apply,
        fit_isotonic(x, y, np.ones(5_000)).apply,
        logistic,
    ):
        everything = apply(x)
        assert all(apply(x[i : i + 1])[0] == everything[i] for i in range(1_000))
    assert logistic(np.array([0.3]))[0] == 1 / (1 + math.exp(-0.3))
    assert logistic(np.array([-1e9, 1e9])).tolist() == [1 / (1 + math.exp(30)), 1 / (1 + math.exp(-30))]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4), st.integers(1, 3)), min_size=2, max_size=25))
@settings(max_examples=60, deadline=None)
def test_auc_counts_pairs(rows: list[tuple[bool, int, int]]) -> None:
    y, score, w = (np.array(column, float) for column in zip(*rows, strict=True))
    pairs = total = 0.0
    for i, j in itertools.product(range(len(y)), repeat=2):
        if y[i] == 1 and y[j] == 0:
            total += w[i] * w[j]
            pairs += w[i] * w[j] * (1.0 if score[i] > score[j] else 0.5 if score[i] == score[j] else 0.0)
    found = metrics.auc(y, score, w)
    assert math.isnan(found) if total == 0 else found == pytest.approx(pairs / total)


def test_metrics_match_their_closed_forms() -> None:
    y, p = np.array([1.0, 0.0, 1.0, 0.0]), np.array([0.8, 0.4, 0.5, 0.1])
    chances = (0.8, 0.6, 0.5, 0.9)
    assert metrics.log_loss(y, p) == pytest.approx(-sum(map(math.log, chances)) / 4)
    assert metrics.brier(y, p) == pytest.approx((0.04 + 0.16 + 0.25 + 0.01) / 4)
    assert metrics.brier(y, p, np.array([1.0, 0, 0, 0])) == pytest.approx(0.04)
    assert metrics.wilson(0.0, 10)[1] == pytest.approx(0.2775, abs=1e-4)  # Wilson 1927, 0 of 10
    y, p = np.repeat([0.0, 1.0], 50), np.repeat([0.2, 0.8], 50)
    bins = metrics.reliability(y, p, n_bins=2)
    assert [(part.n, part.realised) for part in bins] == [(50, 0.0), (50, 1.0)]
    assert metrics.calibration_error(bins) == pytest.approx(0.2)
    assert metrics.lift_by_decile(y, p) == (2.0,) * 5 + (0.0,) * 5


def test_the_ratio_counts_a_customers_rows_as_one() -> None:
    y, p = np.array([2.0, 2.0, 0.0, 0.0]), np.ones(4)
    alone = metrics.realised_ratio(y, p, np.ones(4), np.arange(4))
    together = metrics.realised_ratio(y, p, np.ones(4), np.array([0, 0, 1, 1]))
    assert (alone.ratio, alone.ratio_se) == (1.0, pytest.approx(2 / 4))
    assert together.ratio_se == pytest.approx(math.sqrt(8) / 4)
    doubled = metrics.realised_ratio(2 * y, p, np.ones(4), np.arange(4))
    assert doubled.ratio == 2.0
