from __future__ import annotations

import numpy as np
import pytest
from model_worlds import purchases

from nbatool.models.assignment import nothing_weights
from nbatool.models.balance import Difference, balance
from nbatool.models.table import Table

TABLE, _ = purchases(n_customers=1_500)


def differences(found: tuple[Difference, ...]) -> dict[str, float]:
    return {one.feature: one.d for one in found}


def test_random_assignment_gives_weights_of_one() -> None:
    for seed in range(3):
        is_nothing = np.random.default_rng(seed).random(len(TABLE)) < 0.25
        found = nothing_weights(TABLE, is_nothing, seed=seed, threads=1)
        assert found.source == "constant"
        assert found.weight == pytest.approx(np.ones(len(TABLE)))
        assert found.balance.causal
        assert "comparable" in found.balance.verdict


def test_chosen_customers_are_weighted_back_to_everybody() -> None:
    chance = 1 / (1 + np.exp(-1.2 * TABLE.x[:, 0]))
    is_nothing = np.random.default_rng(0).random(len(TABLE)) < chance
    found = nothing_weights(TABLE, is_nothing, seed=0, threads=1)
    assert found.source == "estimated"
    assert found.balance.before[0].feature == "a"
    assert found.balance.before[0].d > 0.8
    assert differences(found.balance.after)["a"] < 0.15
    assert np.corrcoef(found.probability, chance)[0, 1] > 0.95
    for rows in (is_nothing, ~is_nothing):
        assert found.weight[rows].mean() == pytest.approx(1)
    shuffle = np.random.default_rng(1).permutation(len(TABLE))
    again = nothing_weights(TABLE.take(shuffle), is_nothing[shuffle], seed=0, threads=2)
    assert (again.probability == found.probability[shuffle]).all()


def test_logged_probabilities_are_used_and_trimmed() -> None:
    is_nothing = np.arange(len(TABLE)) % 2 == 0
    known = np.where(np.arange(len(TABLE)) % 4 < 2, 0.001, 0.5)
    found = nothing_weights(TABLE, is_nothing, known, seed=0)
    assert found.source == "logged"
    assert set(found.probability) == {0.02, 0.5}
    assert found.weight[0] / found.weight[2] == pytest.approx(25)


def test_nobody_to_compare_with_is_not_causal() -> None:
    found = nothing_weights(TABLE, np.zeros(len(TABLE), dtype=bool), seed=0)
    assert not found.balance.causal
    assert "nobody" in found.balance.verdict
    assert found.weight == pytest.approx(np.ones(len(TABLE)))


def test_standardised_differences_by_hand() -> None:
    x = np.array([[0.0, 0], [2, 0], [1, 1], [3, 1], [np.nan, 1]])
    group = np.array([True, True, False, False, False])
    rows = Table(x, ("a", "kind"), ("kind",), np.zeros(5), None, np.arange(5), np.zeros(5, dtype=np.int64))
    found = balance(rows, group, np.ones(5))
    expected = {"a": max(1.0, (1 / 3) / np.sqrt((0 + 2 / 9) / 2)), "kind": 99.0}
    assert differences(found.before) == pytest.approx(expected)
    assert not found.causal
    assert found.verdict.startswith("not causal:")
    assert "kind" in found.verdict
    even = balance(rows.take(np.arange(4)), np.array([True, False, False, True]), np.array([1.0, 1, 1, 1]))
    assert differences(even.before)["kind"] == 0.0


def test_the_standard_error_is_that_of_random_groups() -> None:
    """Over random halves of the customers, d scatters as its standard error says; a customer's rows stand together."""
    rng = np.random.default_rng(0)
    customer = np.repeat(np.arange(400), 3)
    x = rng.normal(size=400)[customer] + 0.1 * rng.normal(size=1_200)
    table = Table(x[:, None], ("a",), (), np.zeros(1_200), None, customer, np.zeros(1_200, dtype=np.int64))
    found = []
    for _ in range(300):
        group = (rng.random(400) < 0.5)[customer]
        one = balance(table, group, np.ones(1_200)).before[0]
        found.append((one.d, one.se))
    d, se = np.array(found).T
    assert np.sqrt((d**2).mean()) == pytest.approx(se.mean(), rel=0.12)
    assert se.mean() == pytest.approx(0.1, rel=0.05)


def test_a_handful_of_customers_shows_nothing() -> None:
    rows = TABLE.take(np.arange(40))
    is_nothing = np.random.default_rng(0).random(40) < 0.5
    found = balance(rows, is_nothing, np.ones(40))
    assert not found.causal
    assert "too few customers" in found.verdict or "differ in" in found.verdict


def test_a_rare_feature_may_differ_by_chance() -> None:
    rng = np.random.default_rng(3)
    n = 20_000
    x = rng.normal(size=(n, 3))
    x[rng.random(n) < 0.995, 2] = np.nan
    rows = Table(x, ("a", "b", "rare"), (), np.zeros(n), None, np.arange(n), np.zeros(n, dtype=np.int64))
    group = rng.random(n) < 0.3
    rare = x[:, 2]
    assert abs(np.nanmean(rare[group]) - np.nanmean(rare[~group])) > 0.1
    found = balance(rows, group, np.ones(n))
    assert found.causal
    assert "but for what chance explains: rare (0." in found.verdict


def test_chance_excuses_no_difference_that_is_seen() -> None:
    rng = np.random.default_rng(0)
    n = 2_000
    x = rng.normal(size=(n, 3))
    group = rng.random(n) < 0.5
    x[group, 1] += 0.2
    rows = Table(x, ("a", "b", "c"), (), np.zeros(n), None, np.arange(n), np.zeros(n, dtype=np.int64))
    found = balance(rows, group, np.ones(n))
    assert not found.causal
    assert "most in b" in found.verdict
