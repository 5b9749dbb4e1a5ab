from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from bandit_worlds import World, draw, guessed

from nbatool.measure.customers import Customers
from nbatool.measure.estimators import DoublyRobust, InversePropensity, Parts, all_estimators
from nbatool.measure.intervals import _student, asymptotic, bootstrap
from nbatool.measure.policy_on_log import as_logged, policy_on_log


def mean_of(values: list[float]) -> Parts:
    n = len(values)
    return Parts(np.zeros(n), np.array(values), np.ones(n), np.ones(n))


def drawn_parts(customers: int = 300, seed: int = 0) -> tuple[Parts, Parts, Customers]:
    drawn = draw(World(money=True), customers, seed)
    q = guessed(drawn)
    estimator = DoublyRobust(self_normalised=True)
    on_log = policy_on_log(drawn.log, drawn.target, q)
    return (
        estimator.parts(on_log),
        estimator.parts(as_logged(drawn.log, q)),
        Customers.of(drawn.log.customer),
    )


def test_the_standard_error_of_a_mean_is_the_textbook_s() -> None:
    values = [1.0, 2.0, 4.0, 8.0, 3.0]
    found = asymptotic(mean_of(values), Customers.of(np.arange(5)))
    assert found.value == pytest.approx(np.mean(values))
    assert found.se == pytest.approx(np.std(values, ddof=1) / math.sqrt(5))
    assert (found.n_customers, found.method, found.confidence) == (5, "asymptotic", 0.95)


def test_a_customer_seen_ten_times_is_one_customer() -> None:
    values = [1.0, 2.0, 4.0, 8.0]
    once = asymptotic(mean_of(values), Customers.of(np.arange(4)))
    often = asymptotic(mean_of(np.repeat(values, 10).tolist()), Customers.of(np.repeat(np.arange(4), 10)))
    assert often.se == pytest.approx(once.se)
    assert (often.low, often.high) == (pytest.approx(once.low), pytest.approx(once.high))
    assert asymptotic(mean_of(np.repeat(values, 10).tolist()), Customers.of(np.arange(40))).se < once.se / 3


def test_a_symmetric_interval_is_symmetric_and_a_skewed_one_reaches_further_up() -> None:
    symmetric = asymptotic(mean_of([-1.0, 0.0, 0.0, 1.0] * 50), Customers.of(np.arange(200)))
    assert symmetric.high == pytest.approx(-symmetric.low)
    assert symmetric.high == pytest.approx(_student(NormalDist().inv_cdf(0.975), 199) * symmetric.se)
    for method in (asymptotic, bootstrap):
        skewed = method(mean_of([0.0] * 95 + [20.0] * 5), Customers.of(np.arange(100)))
        assert skewed.high - skewed.value > 1.2 * (skewed.value - skewed.low)


def test_student_s_quantiles() -> None:
    z = NormalDist().inv_cdf(0.975)
    for df, t in ((3, 3.1824), (5, 2.5706), (10, 2.2281), (30, 2.0423), (100_000, 1.9600)):
        assert _student(z, df) == pytest.approx(t, abs=0.04 if df == 3 else 0.003)


def test_bootstrap_and_influence_agree_about_the_standard_error() -> None:
    parts, minus, units = drawn_parts()
    for other in (None, minus):
        a, b = asymptotic(parts, units, minus=other), bootstrap(parts, units, minus=other)
        assert b.value == pytest.approx(a.value)
        assert b.se == pytest.approx(a.se)
        assert b.high - b.low == pytest.approx(a.high - a.low, rel=0.25)


def test_the_draws_are_those_of_brute_force() -> None:
    parts, minus, units = drawn_parts(customers=60)
    found = bootstrap(parts, units, minus=minus, resamples=200, seed=3)
    from nbatool.base.seeds import generator

    random = generator(3, "measure/bootstrap")
    rows = [np.flatnonzero(units.code == c) for c in range(units.n)]
    t = []
    for _ in range(200):
        drawn = random.integers(0, units.n, units.n)
        at = np.concatenate([rows[c] for c in drawn])
        codes = np.concatenate([np.full(len(rows[c]), k) for k, c in enumerate(drawn)])
        a, b = (Parts(p.base[at], p.gain[at], p.mass[at], p.weight[at]) for p in (parts, minus))
        one = asymptotic(a, Customers.of(codes), minus=b)
        t.append((one.value - found.value) / one.se)
    low, high = np.quantile(t, [0.025, 0.975])
    assert found.low == pytest.approx(found.value - high * found.se)
    assert found.high == pytest.approx(found.value - low * found.se)


def test_a_policy_against_itself_differs_by_nothing() -> None:
    parts, _, units = drawn_parts()
    for found in (asymptotic(parts, units, minus=parts), bootstrap(parts, units, minus=parts)):
        assert (found.value, found.se) == (0, pytest.approx(0, abs=1e-9))
        assert (found.low, found.high) == (pytest.approx(0, abs=1e-9), pytest.approx(0, abs=1e-9))


def test_pairing_narrows_a_difference() -> None:
    parts, minus, units = drawn_parts()
    paired = asymptotic(parts, units, minus=minus).se
    apart = math.hypot(asymptotic(parts, units).se, asymptotic(minus, units).se)
    assert paired < 0.8 * apart


def test_neither_order_nor_names_of_customers_matter() -> None:
    drawn = draw(World(money=True), 200, 0)
    shuffle = np.random.default_rng(0).permutation(len(drawn.log))
    for estimator in all_estimators(clip=5, switch=4):
        values = []
        for rows in (np.arange(len(drawn.log)), shuffle):
            log = drawn.log.take(rows)
            parts = estimator.parts(policy_on_log(log, drawn.target[rows], drawn.q[rows]))
            units = Customers.of(drawn.log.customer[rows])
            for one in (asymptotic(parts, units), bootstrap(parts, units, resamples=50)):
                values.append([one.value, one.low, one.high])
        assert values[:2] == [pytest.approx(v, rel=1e-9) for v in values[2:]]


def test_many_customers_are_drawn_in_groups_and_it_does_not_show() -> None:
    drawn = draw(World(money=True), 6_000, 1)
    parts = InversePropensity().parts(policy_on_log(drawn.log, drawn.target))
    each = bootstrap(parts, Customers.of(drawn.log.customer))
    grouped = bootstrap(parts, Customers.of(drawn.log.customer, most_groups=1_500))
    assert Customers.of(drawn.log.customer, most_groups=1_500).n_groups == 1_500
    assert grouped.n_customers == each.n_customers == 6_000
    assert grouped.se == pytest.approx(each.se, rel=0.06)
    for bound in ("low", "high"):
        assert getattr(grouped, bound) == pytest.approx(getattr(each, bound), abs=0.25 * each.se)


def test_one_customer_has_no_interval() -> None:
    one = Customers.of(np.zeros(5, dtype=np.int64))
    for found in (asymptotic(mean_of([1.0] * 5), one), bootstrap(mean_of([1.0] * 5), one)):
        assert found.value == 1
        assert math.isnan(found.low)
        assert math.isnan(found.se)


def test_equal_outcomes_have_a_point() -> None:
    for method in (asymptotic, bootstrap):
        found = method(mean_of([2.0] * 10), Customers.of(np.arange(10)))
        assert (found.low, found.value, found.high) == (2, 2, 2)


def test_per_thousand_customers() -> None:
    found = asymptotic(mean_of([1.0, 2.0, 4.0]), Customers.of(np.arange(3)))
    assert found.times(1000).high == pytest.approx(1000 * found.high)
    assert found.times(1000).se == pytest.approx(1000 * found.se)


def test_a_higher_confidence_is_wider() -> None:
    parts, _, units = drawn_parts()
    for method in (asymptotic, bootstrap):
        wide, narrow = method(parts, units, confidence=0.99), method(parts, units, confidence=0.8)
        assert wide.low < narrow.low < narrow.high < wide.high
