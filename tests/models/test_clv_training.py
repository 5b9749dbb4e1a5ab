"""Fitting on simulated customers, fallbacks, JSON."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from nbatool.base.errors import DataError
from nbatool.models.clv.fallback import pooled_parameters
from nbatool.models.clv.families import BG_NBD, FAMILIES, MBG_NBD
from nbatool.models.clv.fit_check import fit_check
from nbatool.models.clv.holdout import Errors, HoldoutReport, holdout_report
from nbatool.models.clv.model import ClvModel
from nbatool.models.clv.purchases import Purchases, collapse
from nbatool.models.clv.selection import choose_family
from nbatool.models.clv.settings import ClvSettings
from nbatool.models.clv.training import fit_clv

SETTINGS = ClvSettings()


def simulated(n: int, seed: int = 1, mean_spend: float = 20.0) -> Purchases:
    """A Pareto/NBD base with Gamma-Gamma spend; several purchases of a day count once."""
    rng = np.random.default_rng(seed)
    x, t_x, ages, spend = [], [], [], []
    for _ in range(n):
        age = int(rng.integers(60, 500))
        rate, lifetime = rng.gamma(0.8, 1 / 50), rng.exponential(1 / max(rng.gamma(0.9, 1 / 90), 1e-9))
        days = np.unique(np.ceil(rng.uniform(0, age, rng.poisson(rate * age))))
        days = days[days <= lifetime]
        level = mean_spend * 2.7 / 6 / rng.gamma(3.7, 1.0) * 6
        x.append(len(days))
        t_x.append(int(days.max()) if len(days) else 0)
        ages.append(age)
        spend.append(
            round(level * rng.gamma(6 * len(days), 1) / 6 / len(days) + 0.01, 2) if len(days) else np.nan
        )
    return Purchases.of(np.array(x), np.array(t_x), np.array(ages), np.array(spend))


def reordered(purchases: Purchases, order: np.ndarray) -> Purchases:
    return replace(
        purchases, **{name: getattr(purchases, name)[order] for name in purchases.__dataclass_fields__}
    )


@pytest.fixture(scope="module")
def base() -> Purchases:
    return simulated(3000)


@pytest.fixture(scope="module")
def model(base: Purchases) -> ClvModel:
    return fit_clv(base, SETTINGS, 0)


def test_the_card_shows_choice_and_check(model: ClvModel, base: Purchases) -> None:
    card = model.card
    assert not model.fallback
    assert model.warnings == ()
    assert card["unit"] == "week"
    assert [c["model"] for c in card["candidates"]] == list(FAMILIES)
    assert all(c["converged"] and c["held_out_log_likelihood"] < 0 for c in card["candidates"])
    check = card["fit_check"]
    assert check["repeat_purchases_seen"] == base.x.sum()
    assert check["repeat_purchases_expected"] == pytest.approx(base.x.sum(), rel=0.05)
    seen = [bucket["customers_seen"] for bucket in check["by_repeat_purchases"]]
    expected = [bucket["customers_expected"] for bucket in check["by_repeat_purchases"]]
    assert sum(seen) == len(base)
    assert sum(expected) == pytest.approx(len(base), abs=1)
    assert seen[0] == (base.x == 0).sum()
    assert seen[-1] == (base.x >= 7).sum()
    assert expected == pytest.approx(seen, abs=0.03 * len(base))


def test_a_better_model_is_chosen_beyond_chance_and_ties_stay_with_bg_nbd(base: Purchases) -> None:
    rows, _ = collapse(base)
    selection = choose_family(rows, seed=0)
    assert selection.n_held_out == 600
    assert selection.chosen is not None
    gains = {c.family.name: (c.gain, c.gain_error) for c in selection.candidates}
    assert gains["bg_nbd"] == (0.0, 0.0)
    beyond = [name for name, (gain, error) in gains.items() if gain and error and gain > 2 * error]
    best = max(selection.candidates, key=lambda c: c.held_out_log_likelihood or -np.inf)
    assert selection.chosen.family is (best.family if beyond else BG_NBD)


def test_customer_order_changes_no_bit(model: ClvModel, base: Purchases) -> None:
    order = np.random.default_rng(5).permutation(len(base))
    shuffled = reordered(base, order)
    again = fit_clv(shuffled, SETTINGS, 0)
    assert again.to_json() == model.to_json()
    first, second = model.predict(base), again.predict(shuffled)
    for name in first.__dataclass_fields__:
        assert getattr(first, name)[order].tobytes() == getattr(second, name).tobytes()


def test_a_customer_scores_the_same_alone(model: ClvModel, base: Purchases) -> None:
    together = model.predict(base)
    for i in (0, 17, 2999):
        alone = model.predict(reordered(base, np.array([i])))
        assert alone.clv[0] == together.clv[i]
        assert alone.p_alive[0] == together.p_alive[i]
        assert alone.clv_quantile[0] == 0.5


def test_json_gives_back_the_same_bits(model: ClvModel, base: Purchases) -> None:
    text = model.to_json()
    again = ClvModel.from_json(text)
    assert again == model
    assert again.to_json() == text
    assert again.predict(base).clv.tobytes() == model.predict(base).clv.tobytes()


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: {},
        lambda c: {**c, "format": "other"},
        lambda c: {**c, "family": "oracle"},
        lambda c: {**c, "parameters": [1.0]},
        lambda c: {**c, "parameters": [float("nan")] * 4},
        lambda c: {**c, "parameters": [-1.0, 1.0, 1.0, 1.0]},
        lambda c: {**c, "settings": {"horizon_s": -1}},
        lambda c: {**c, "extra": 1},
        lambda c: [c],
    ],
)
def test_a_damaged_model_is_refused(model: ClvModel, damage) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DataError, match="lifetime value model"):
        ClvModel.from_json(json.dumps(damage(json.loads(model.to_json()))))


def test_value_follows_horizon_discount_and_margin(model: ClvModel, base: Purchases) -> None:
    year = model.predict(base)
    half = model.predict(base, replace(SETTINGS, margin=0.5))
    assert half.clv == pytest.approx(year.clv / 2, rel=1e-12)
    assert (half.clv_quantile == year.clv_quantile).all()
    short = model.predict(base, replace(SETTINGS, horizon_s=SETTINGS.horizon_s // 12))
    assert (short.clv < year.clv).all()
    assert (short.expected_purchases < year.expected_purchases).all()
    free = model.predict(base, replace(SETTINGS, discount_per_year=0.0))
    assert free.clv == pytest.approx(free.expected_purchases * free.spend_per_purchase)
    share = year.clv / free.clv
    assert ((share > 1 / 1.1) & (share < 1)).all()
    assert ((year.p_alive >= 0) & (year.p_alive <= 1)).all()


def test_a_configured_model_is_fitted_without_choosing(base: Purchases) -> None:
    fitted = fit_clv(base, ClvSettings(model="mbg_nbd"), 0)
    assert fitted.family == "mbg_nbd"
    assert fitted.card["chosen_by"] == "configuration"
    assert fitted.card["candidates"] == []


def test_price_level_does_not_matter(base: Purchases, model: ClvModel) -> None:
    yen = fit_clv(replace(base, mean_spend=base.mean_spend * 15_000), ClvSettings(model=model.family), 0)
    assert yen.spend.kind == "gamma_gamma"
    assert model.spend.v is not None
    assert yen.spend.v is not None
    assert yen.spend.p == pytest.approx(model.spend.p, rel=1e-4)
    assert yen.spend.v == pytest.approx(model.spend.v * 15_000, rel=1e-4)


def test_spend_that_follows_frequency_is_warned_of(base: Purchases) -> None:
    bound = replace(base, mean_spend=np.where(base.x > 0, 5.0 * base.x + base.t_x_days % 3 + 1, np.nan))
    assert any("correlate" in warning for warning in fit_clv(bound, ClvSettings(model="bg_nbd"), 0).warnings)


def test_equal_spends_need_no_distribution(base: Purchases) -> None:
    flat = replace(base, mean_spend=np.where(base.x > 0, 9.99, np.nan))
    model = fit_clv(flat, ClvSettings(model="bg_nbd"), 0)
    assert model.predict(flat).spend_per_purchase == pytest.approx(np.full(len(base), 9.99), rel=1e-3)


def some(x: list[int], t_x: list[int], age: list[int], **rest: object) -> Purchases:
    return Purchases.of(np.array(x), np.array(t_x), np.array(age), **rest)  # type: ignore[arg-type]


def test_two_customers_fall_back() -> None:
    two = some(
        [3, 0], [42, 0], [70, 70], mean_spend=np.array([10.0, np.nan]), first_spend=np.array([10.0, 30.0])
    )
    model = fit_clv(two, SETTINGS, 0)
    assert model.fallback
    assert "2 customers" in model.warnings[0]
    assert model.card["model"] == "pooled_rate"
    scores = model.predict(two)
    assert scores.expected_purchases[0] > scores.expected_purchases[1] > 0
    assert (scores.clv > 0).all()
    assert ((scores.p_alive > 0) & (scores.p_alive < 1)).all()
    # pooled mean (3·10 + 10 + 30)/5 = 14, worth two purchases against the customer's own
    assert scores.spend_per_purchase.tolist() == pytest.approx([(3 * 10 + 2 * 14) / 5, 14.0])
    assert ClvModel.from_json(model.to_json()) == model


def test_nobody_came_back() -> None:
    once = some([0] * 500, [0] * 500, list(range(1, 501)), first_spend=np.full(500, 25.0))
    model = fit_clv(once, SETTINGS, 0)
    scores = model.predict(once)
    assert model.fallback
    assert "more than one day" in model.warnings[0]
    # the older the only purchase, the less is expected
    assert (np.diff(scores.expected_purchases) < 0).all()
    assert (np.diff(scores.p_alive) < 0).all()
    assert 0 < scores.expected_purchases.max() < 0.1
    assert scores.spend_per_purchase[0] == 25.0


def test_the_fallback_reproduces_its_total() -> None:
    rows, _ = collapse(some([3, 0, 40], [42, 0, 60], [70, 70, 70]))
    parameters = pooled_parameters(rows)
    assert parameters is not None
    assert MBG_NBD.total_expected(parameters, rows) == pytest.approx(43.5, rel=1e-9)


def test_everything_on_the_last_day_is_unknown() -> None:
    today = some([0] * 300, [0] * 300, [0] * 300, first_spend=np.full(300, 5.0))
    model = fit_clv(today, SETTINGS, 0)
    assert model.family == "none"
    assert model.fallback
    assert "last day" in model.warnings[0]
    scores = model.predict(today)
    assert np.isnan(scores.clv).all()
    assert np.isnan(scores.p_alive).all()
    assert np.isnan(scores.clv_quantile).all()
    assert ClvModel.from_json(model.to_json()) == model


def test_no_purchases_at_all() -> None:
    nobody = some([], [], [])
    model = fit_clv(nobody, SETTINGS, 0)
    assert model.warnings == (
        "no purchases: lifetime values, expected purchases and p_alive are unknown (null)",
    )
    assert len(model.predict(nobody).clv) == 0
    assert holdout_report(model, nobody, np.array([]), 30) is None


def test_unknown_amounts_leave_the_counts(base: Purchases) -> None:
    free = replace(base, paid=np.zeros_like(base.paid), mean_spend=np.full(len(base), np.nan))
    model = fit_clv(free, ClvSettings(model="bg_nbd"), 0)
    scores = model.predict(free)
    assert np.isnan(scores.clv).all()
    assert (scores.expected_purchases > 0).all()
    assert any("no purchase carries a positive amount" in warning for warning in model.warnings)


def test_when_no_model_converges_the_pooled_rate_serves(
    base: Purchases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nbatool.models.clv.fitting._attempt", lambda *_: None)
    for name in ("auto", "pareto_nbd"):
        model = fit_clv(base, ClvSettings(model=name), 0)
        assert model.fallback
        assert "did not converge" in model.warnings[0]
        assert model.card["fit_check"]["repeat_purchases_expected"] == pytest.approx(
            base.x.sum() + 0.5, abs=0.1
        )
        assert (model.predict(base).clv > 0).all()


def test_everybody_alike_does_not_crash() -> None:
    alike = some([4] * 400, [80] * 400, [90] * 400, mean_spend=np.full(400, 10.0))
    model = fit_clv(alike, SETTINGS, 0)
    scores = model.predict(alike)
    assert np.isfinite(scores.clv).all()
    assert (scores.clv_quantile == 0.5).all()


def test_nothing_reaches_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    fit_clv(some([1] * 200, [1] * 200, [400] * 200), SETTINGS, 0)
    assert capsys.readouterr().out == ""


def test_a_fit_that_misses_its_own_data_is_said() -> None:
    rows, _ = collapse(simulated(300))
    check, warnings = fit_check(BG_NBD, (0.01, 50.0, 1.0, 1.0), rows, seed=0)
    assert "ranking, not as money" in warnings[0]
    assert check["repeat_purchases_seen"] == rows.repeat_purchases


def test_a_far_horizon_is_said(base: Purchases) -> None:
    model = fit_clv(base, ClvSettings(horizon_s=5 * 365 * 86_400, model="bg_nbd"), 0)
    assert any("extrapolated" in warning for warning in model.warnings)


@pytest.mark.parametrize(
    ("expected", "actual", "said"),
    [
        (121.0, 100, True),
        (119.0, 100, False),
        (79.0, 100, True),
        (60.0, 50, False),
        (6.0, 4, False),
        (3.0, 0, True),
    ],
)
def test_a_poor_forecast_is_said(expected: float, actual: int, said: bool) -> None:
    errors = Errors(expected, 1.0, 1.0, None)
    warning = HoldoutReport("BG/NBD", 90, 500, actual, errors, errors).warning
    assert (warning is not None) is said
    assert warning is None or warning == (
        f"BG/NBD expected {expected:.0f} repeat purchases in the last 90 days where {actual} came: "
        "read lifetime values as a ranking, not as money"
    )


def test_holdout_figures_by_hand(model: ClvModel) -> None:
    two = some([0, 4], [0, 60], [100, 100])
    report = holdout_report(model, two, np.array([1, 3]), 50)
    assert report is not None
    assert report.actual == 4
    assert report.naive.expected == 2.0
    assert report.naive.mae == 1.0
    assert report.naive.aggregate_error == -0.5
    assert report.predicted.expected == pytest.approx(model.expected_purchases(two, 50).sum())
    assert json.dumps(report.to_card(), allow_nan=False)
