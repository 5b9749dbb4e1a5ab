"""Lifetime value against published figures, against lifetimes, and against the models' definitions."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from nbatool.models.clv.families import BG_NBD, FAMILIES, MBG_NBD, PARETO_NBD, Family
from nbatool.models.clv.fitting import fit_family, log_likelihood
from nbatool.models.clv.history import CustomerPurchases, load_purchase_days, read_purchases, train_clv
from nbatool.models.clv.holdout import holdout_report
from nbatool.models.clv.libraries import lifetimes, quiet
from nbatool.models.clv.purchases import Purchases, Rows, collapse
from nbatool.models.clv.settings import ClvSettings
from nbatool.models.clv.spend import fit_spend
from nbatool.models.clv.training import fit_clv

PUBLISHED = {
    "bg_nbd": (0.243, 4.414, 0.793, 2.426),
    "mbg_nbd": (0.525, 6.183, 0.891, 1.614),
    "pareto_nbd": (0.553, 10.578, 0.606, 11.669),
}
WEEKS_HELD_OUT = 39
FAMILY_LIST = list(FAMILIES.values())


def cdnow(path: Path, *, id_column: int) -> Any:
    rows = [line.split() for line in path.read_text().splitlines()]
    rows = [row for row in rows if row and row[-1] != "dollar_value"]
    con = duckdb.connect()
    con.execute("create table events (source_id varchar, ts timestamp, type varchar, value decimal(18, 4))")
    con.execute(
        "create table customers (source varchar, source_id varchar, valid_from timestamp, timezone varchar)"
    )
    con.execute(
        "create table zone_offsets as select 'UTC' as zone, timestamp '1900-01-01' as from_ts, "
        "timestamp '2100-01-01' as until_ts, 0 as offset_s"
    )
    columns = [[row[i] for row in rows] for i in (id_column, -3, -1)]
    con.execute(
        "insert into events select unnest($1), strptime(unnest($2), '%Y%m%d'), 'purchase', unnest($3)::decimal(18, 4)",
        columns,
    ).fetchall()
    load_purchase_days(
        con, ["purchase"], as_of_us=int(datetime(1998, 7, 1, tzinfo=UTC).timestamp()) * 1_000_000
    )
    return con


@pytest.fixture(scope="module")
def sample_days(real_data: Path) -> Iterator[Any]:
    con = cdnow(real_data / "cdnow" / "CDNOW_sample.txt", id_column=1)
    yield con
    con.close()


@pytest.fixture(scope="module")
def sample(sample_days: Any) -> CustomerPurchases:
    return read_purchases(sample_days, held_out_days=7 * WEEKS_HELD_OUT)


@pytest.mark.real_data
def test_cdnow_sample_has_the_papers_counts(sample: CustomerPurchases) -> None:
    purchases = sample.purchases
    assert len(purchases) == 2357
    assert (purchases.x > 0).sum() == 946
    assert purchases.x.sum() == 2457
    assert sample.later.sum() == 1882
    assert purchases.age_days.max() == 272


@pytest.mark.real_data
@pytest.mark.parametrize("family", FAMILY_LIST, ids=lambda f: f.name)
def test_cdnow_parameters_are_the_published_ones(sample: CustomerPurchases, family: Family) -> None:
    rows, _ = collapse(sample.purchases)
    fit = fit_family(family, rows, seed=0)
    assert fit is not None
    assert fit.parameters == pytest.approx(PUBLISHED[family.name], abs=0.005)
    known = {"bg_nbd": -9582.43, "pareto_nbd": -9594.98}
    if family.name in known:
        assert fit.log_likelihood == pytest.approx(known[family.name], abs=0.01)


@pytest.mark.real_data
def test_cdnow_gamma_gamma_is_the_published_one(sample: CustomerPurchases) -> None:
    spend, warnings = fit_spend(sample.purchases)
    assert (spend.p, spend.q, spend.v) == pytest.approx((6.25, 3.74, 15.44), abs=0.01)
    assert spend.n_customers == 946
    assert warnings == ()
    assert spend.correlation == pytest.approx(0.11, abs=0.01)


@pytest.mark.real_data
def test_cdnow_holdout_of_the_model_chosen(sample: CustomerPurchases) -> None:
    figures = {}
    for name in ("auto", *FAMILIES):
        model = fit_clv(sample.purchases, ClvSettings(model=name), 0)
        report = holdout_report(model, sample.purchases, sample.later, 7 * WEEKS_HELD_OUT, sample.later_spend)
        assert report is not None
        figures[name] = report
        print(f"{name}: {report.sentence}; MAE {report.predicted.mae:.4f}, RMSE {report.predicted.rmse:.4f}")
    chosen = figures["auto"]
    assert chosen.predicted.rmse <= 1.61
    assert abs(chosen.predicted.aggregate_error or 1.0) <= 0.15
    assert chosen.predicted.mae < chosen.naive.mae
    assert figures["bg_nbd"].predicted.mae == pytest.approx(0.7855, abs=0.0005)
    assert figures["pareto_nbd"].predicted.mae == pytest.approx(0.7545, abs=0.0005)
    assert figures["bg_nbd"].spend_mae == pytest.approx(30.41, abs=0.01)


@pytest.mark.real_data
def test_cdnow_choice_does_not_hang_on_the_seed(sample: CustomerPurchases) -> None:
    chosen = [fit_clv(sample.purchases, ClvSettings(), seed).family for seed in range(5)]
    print(chosen)
    assert chosen == ["bg_nbd"] * 5  # .3 between BG/NBD and MBG/NBD over all customers: a tie


@pytest.mark.real_data
def test_training_reports_a_holdout_of_its_own(sample_days: Any) -> None:
    model, history = train_clv(sample_days, ClvSettings(), 0)
    holdout = model.card["holdout"]
    assert holdout["held_out_days"] == 181
    assert abs(holdout["predicted"]["aggregate_error"]) < 0.15
    assert "repeat purchases expected" in holdout["sentence"]
    assert np.isfinite(model.predict(history.purchases).clv).all()


@pytest.mark.real_data
def test_cdnow_master_runs(real_data: Path) -> None:
    con = cdnow(real_data / "cdnow" / "CDNOW_master.txt", id_column=0)
    history = read_purchases(con, held_out_days=7 * WEEKS_HELD_OUT)
    con.close()
    assert len(history.purchases) == 23_570
    model = fit_clv(history.purchases, ClvSettings(), 0)
    report = holdout_report(model, history.purchases, history.later, 7 * WEEKS_HELD_OUT)
    assert report is not None
    print(report.sentence)
    assert abs(report.predicted.aggregate_error or 1.0) <= 0.15
    scores = model.predict(history.purchases)
    assert np.isfinite(scores.clv).all()
    assert (scores.clv > 0).all()


def fitted_peer(family: Family, parameters: tuple[float, ...]) -> Any:
    peer = getattr(lifetimes(), family.fitter)()
    peer.params_ = dict(zip(family.parameter_names, parameters, strict=True))
    return peer


CASES = Rows(
    x=np.array([0.0, 0.0, 1.0, 3.0, 12.0, 26.0]),
    t_x=np.array([0.0, 0.0, 38.0, 10.0, 30.0, 39.0]),
    age=np.array([0.0, 38.86, 38.86, 39.0, 30.0, 39.5]),
    customers=np.array([1, 2, 3, 1, 1, 1]),
)


@pytest.mark.parametrize("family", FAMILY_LIST, ids=lambda f: f.name)
def test_formulas_equal_lifetimes(family: Family) -> None:
    parameters = PUBLISHED[family.name]
    peer, (x, t_x, age) = fitted_peer(family, parameters), (CASES.x, CASES.t_x, CASES.age)
    with quiet():
        alive = peer.conditional_probability_alive(x, t_x, age)
        expected = peer.conditional_expected_number_of_purchases_up_to_time(39, x, t_x, age)
        new = peer.expected_number_of_purchases_up_to_time(39)
    ours = family.alive_probability(parameters, x, t_x, age)
    assert ours == pytest.approx(alive, rel=1e-9)
    assert ours * family.expected_if_alive(parameters, np.array(39.0), x, age) == pytest.approx(
        expected, rel=1e-8
    )
    assert family.expected_of_new(parameters, np.array([39.0]))[0] == pytest.approx(new, rel=1e-9)


@pytest.mark.parametrize("family", FAMILY_LIST, ids=lambda f: f.name)
def test_likelihood_equals_lifetimes_back_in_weeks(family: Family) -> None:
    parameters = PUBLISHED[family.name]
    # The peer's is over scaled parameters: logged and a mean, but for Pareto/NBD, where it is a sum over mean weight.
    peer = getattr(lifetimes(), family.fitter)
    given = np.array(parameters) if family is PARETO_NBD else np.log(parameters)
    with quiet():
        found = peer._negative_log_likelihood(given, CASES.x, CASES.t_x, CASES.age, CASES.customers, 0.0)
    scale = CASES.customers.mean() if family is PARETO_NBD else CASES.customers.sum()
    assert log_likelihood(family, parameters, CASES) == pytest.approx(-found * scale, rel=1e-9)


def quadrature(family: Family, parameters: tuple[float, ...], x: float, t_x: float, age: float) -> float:
    """The density of the purchase times by its definition: integrated over what differs between customers."""
    integrate = importlib.import_module("scipy.integrate")
    stats = importlib.import_module("scipy.stats")
    r, alpha, third, fourth = parameters
    rate = stats.gamma(r, scale=1 / alpha)
    if family is PARETO_NBD:
        leaving = stats.gamma(third, scale=1 / fourth)

        def density(lam: float, mu: float) -> float:
            gone = mu / (lam + mu) * lam**x * np.exp(-(lam + mu) * t_x)
            alive = lam / (lam + mu) * lam**x * np.exp(-(lam + mu) * age)
            return float((gone + alive) * rate.pdf(lam) * leaving.pdf(mu))

        return float(integrate.dblquad(density, 0, np.inf, 0, np.inf, epsabs=1e-12)[0])
    drop_out, chances = stats.beta(third, fourth), x if family is BG_NBD else x + 1

    def density_of(lam: float, p: float) -> float:
        alive = (1 - p) ** chances * lam**x * np.exp(-lam * age)
        gone = p * (1 - p) ** (chances - 1) * lam**x * np.exp(-lam * t_x) if chances else 0.0
        return float((alive + gone) * rate.pdf(lam) * drop_out.pdf(p))

    return float(integrate.dblquad(density_of, 0, 1, 0, np.inf, epsabs=1e-12)[0])


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILY_LIST, ids=lambda f: f.name)
@pytest.mark.parametrize("row", [(0.0, 0.0, 10.0), (2.0, 4.0, 10.0)], ids=["once", "thrice"])
def test_likelihoods_are_densities_of_the_same_thing(family: Family, row: tuple[float, float, float]) -> None:
    # shapes above 1, so that the quadrature has no pole to stumble over
    parameters = (1.5, 4.0, 1.8, 2.5)
    x, t_x, age = (np.array([value]) for value in row)
    with quiet():
        wanted = quadrature(family, parameters, *row)
    assert np.exp(family.log_likelihood(parameters, x, t_x, age)[0]) == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("family", FAMILY_LIST, ids=lambda f: f.name)
@pytest.mark.parametrize("shape", [0.3, 1.0, 1.7])
def test_expectations_equal_simulation(family: Family, shape: float) -> None:
    parameters = (0.9, 6.0, shape, 3.0)
    age = np.full(400_000, 30.0)
    drawn = family.simulate(parameters, age, np.random.default_rng(7))
    error = drawn.std() / np.sqrt(len(age))
    assert family.expected_of_new(parameters, age[:1])[0] == pytest.approx(drawn.mean(), abs=5 * error)


@pytest.mark.parametrize("family", FAMILY_LIST, ids=lambda f: f.name)
def test_extreme_histories_stay_finite(family: Family) -> None:
    x = np.array([0.0, 1.0, 300.0, 3000.0, 3000.0, 20000.0])
    t_x = np.array([0.0, 1 / 7, 400.0, 430.0, 500.0, 2900.0])
    age = np.array([2000.0, 2000.0, 500.0, 500.0, 500.0, 3000.0])
    for parameters in (
        PUBLISHED[family.name],
        (0.05, 0.2, 0.1, 0.15),
        (40.0, 300.0, 1.0, 1.0),
        (2.0, 9.0, 30.0, 4.0),
    ):
        found = family.log_likelihood(parameters, x, t_x, age)
        alive = family.alive_probability(parameters, x, t_x, age)
        assert np.isfinite(found).all()
        assert ((alive >= 0) & (alive <= 1)).all()
        before = np.zeros(len(x))
        for weeks in (0.1, 5.0, 52.0, 520.0):
            expected = family.expected_if_alive(parameters, np.array(weeks), x, age)
            assert np.isfinite(expected).all()
            assert (expected >= before).all()
            assert (expected <= (parameters[0] + x) / (parameters[1] + age) * weeks * (1 + 1e-6)).all()
            before = expected


@pytest.mark.parametrize("family", [BG_NBD, MBG_NBD], ids=lambda f: f.name)
def test_no_jump_at_the_pole_of_the_closed_form(family: Family) -> None:
    x, age, weeks = np.array([0.0, 4.0]), np.array([10.0, 40.0]), np.array(52.0)
    at = [family.expected_if_alive((0.5, 6.0, a, 0.8), weeks, x, age) for a in (0.9999, 1.0, 1.0001)]
    assert at[1] == pytest.approx((at[0] + at[2]) / 2, rel=1e-5)


@pytest.mark.parametrize("family", FAMILY_LIST, ids=lambda f: f.name)
def test_collapsed_rows_fit_as_all_customers_do(family: Family) -> None:
    rng = np.random.default_rng(3)
    age_days = rng.integers(20, 60, 1500)
    stay = np.minimum(rng.exponential(1 / rng.gamma(0.7, 0.05, 1500)), age_days)
    days = [np.unique(np.ceil(rng.uniform(0, s, rng.poisson(rng.gamma(0.8, 0.2) * s)))) for s in stay]
    x = np.array([len(d) for d in days])
    t_x_days = np.array([min(int(d.max()), a) if len(d) else 0 for d, a in zip(days, age_days, strict=True)])
    x = np.minimum(x, t_x_days)
    rows, _ = collapse(Purchases.of(x, t_x_days, age_days))
    assert len(rows.x) < 1000
    together = fit_family(family, rows, seed=0)
    single = Rows(x.astype(float), t_x_days / 7, age_days / 7, np.ones(1500, np.int64))
    alone = fit_family(family, single, seed=0)
    assert together is not None
    assert alone is not None
    assert together.log_likelihood == pytest.approx(alone.log_likelihood, abs=0.01)


@pytest.mark.slow
def test_a_million_customers() -> None:
    """Fit with choice, spend and prediction; the budget is 10 s and is only printed here, machines differ."""
    clock = importlib.import_module("time")
    rng, n = np.random.default_rng(0), 1_000_000
    age = rng.integers(0, 720, n)
    stay = np.minimum(rng.exponential(1 / np.maximum(rng.gamma(0.6, 1 / 82, n), 1e-12)), age)
    x = rng.poisson(rng.gamma(0.55, 1 / 74, n) * stay)
    t_x = np.where(x > 0, np.ceil(stay * rng.random(n) ** (1 / np.maximum(x, 1))), 0).astype(np.int64)
    t_x = np.minimum(t_x, age)
    x = np.minimum(x, t_x)
    mean = np.where(
        x > 0,
        np.round(rng.gamma(6 * np.maximum(x, 1)) / np.maximum(x, 1) / rng.gamma(3.7, 1, n) + 0.01, 2),
        0,
    )
    purchases = Purchases.of(x, t_x, age, np.where(x > 0, mean, np.nan))
    lifetimes()
    start = clock.perf_counter()
    model = fit_clv(purchases, ClvSettings(), 0)
    scores = model.predict(purchases)
    took = clock.perf_counter() - start
    print(f"1,000,000 customers, {model.card['n_rows']:,} rows, {model.card['title']}: {took:.2f} s")
    assert took < 60
    assert np.isfinite(scores.clv).all()
    assert model.card["fit_check"]["repeat_purchases_expected"] == pytest.approx(int(x.sum()), rel=0.02)


@pytest.mark.parametrize("family", FAMILY_LIST, ids=lambda f: f.name)
def test_customers_who_hardly_differ_end_the_search(family: Family) -> None:
    """Nobody leaves for good here: drop-out parameters run away along a ridge."""
    rng = np.random.default_rng(3)
    age_days = rng.integers(20, 60, 1500)
    x = np.minimum(rng.poisson(rng.gamma(0.8, 0.05, 1500) * age_days), age_days)
    t_x_days = np.where(x > 0, np.maximum(x, (age_days * rng.uniform(0.3, 1, 1500)).astype(int)), 0)
    purchases = Purchases.of(x, t_x_days, age_days)
    model = fit_clv(purchases, ClvSettings(model=family.name), 0)
    assert model.fallback or "penalty" in model.warnings[0]
    assert len(model.warnings) > 0
    expected = model.predict(purchases).expected_purchases
    assert np.isfinite(expected).all()
    assert model.card["fit_check"]["repeat_purchases_expected"] == pytest.approx(int(x.sum()), rel=0.2)
