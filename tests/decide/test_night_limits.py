"""Limits at night: what other arms use is taken off first, equal customers are told apart, and nothing is exceeded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.limits import world
from nbatool.decide.arm_probabilities import Worth, arm_probabilities
from nbatool.decide.arms import CONTROL, POLICY, RANDOM
from nbatool.decide.exploration import probabilities
from nbatool.decide.exploration_terms import ExplorationTerms
from nbatool.decide.limits import Limit
from nbatool.decide.night_limits import (
    NightPrices,
    expected_contacts,
    kept,
    night_prices,
    tie_width,
)
from nbatool.decide.tie_breaks import tie_breaks, tie_keys

EXPLORING = ExplorationTerms(
    "inverse_gap", share=0.2, min_probability=0.005, max_loss=0.5, gamma=30.0, spread=1.0
)
WIDTH = 1e-3


def keys_of(n: int) -> Any:
    return tie_keys(f"c{k}" for k in range(n))


def everybody(n: int, arm: int = POLICY) -> Any:
    return np.full(n, arm, np.int8)


def drawn(values: Any, possible: Any, arm: Any, found: NightPrices, seed: int = 0) -> Any:
    """The best at the prices for the policy arm, anything possible at random for the random one, nothing for control."""
    n, m = values.shape
    priced = values + tie_breaks(keys_of(n), m, found.width) - found.charge
    best = np.where(possible, priced, -np.inf).argmax(axis=1)
    random = np.where(possible, np.random.default_rng(seed).random((n, m)), -1.0).argmax(axis=1)
    chosen = np.where(arm == POLICY, best, np.where(arm == RANDOM, random, m - 1))
    return chosen, priced[np.arange(n), chosen]


def exceeded(limits: list[Limit], used: Any) -> list[str]:
    return [
        limit.name
        for limit, one in zip(limits, used, strict=True)
        if (limit.most is not None and one > limit.most + 1e-9 * max(abs(limit.most), 1.0))
    ]


@pytest.mark.parametrize("precision", [np.float64, np.float32])
def test_a_night_by_steps_comes_near_the_best_possible(precision: Any) -> None:
    values, possible, limits = world(6_000, 8, 3)
    found = night_prices(
        values.astype(precision), possible, everybody(6_000), limits, keys=keys_of(6_000), width=WIDTH
    )
    chosen, priced = drawn(values, possible, everybody(6_000), found)
    left = kept(limits, priced, chosen, np.arange(6_000))
    assert found.solved is not None
    assert exceeded(limits, left.used) == []
    assert values[np.arange(6_000), chosen][left.keep].sum() >= 0.99 * found.solved.upper_bound
    lines = found.lines(left)
    assert [line.name for line in lines] == [limit.name for limit in limits]
    assert sum(line.taken_out for line in lines) == int((~left.keep).sum())
    assert found.charge[-1] == 0.0


def test_control_uses_nothing_and_sets_no_price() -> None:
    values, possible, limits = world(4_000, 6, 1)
    arm = np.where(np.arange(4_000) % 4 == 0, CONTROL, POLICY).astype(np.int8)
    rows = np.flatnonzero(arm == POLICY)
    all_ = night_prices(values, possible, arm, limits, keys=keys_of(4_000), width=WIDTH)
    only = night_prices(
        values[rows], possible[rows], everybody(len(rows)), limits, keys=keys_of(4_000)[rows], width=WIDTH
    )
    assert all_.prices.to_json() == only.prices.to_json()


def test_what_other_arms_use_is_taken_off_first() -> None:
    values, possible, limits = world(6_000, 6, 2)
    limits = limits[:4]
    arm = np.where(np.arange(6_000) % 5 == 0, RANDOM, POLICY).astype(np.int8)
    zeros = np.zeros(values.shape)
    chances = arm_probabilities(RANDOM, Worth(zeros, zeros, zeros[0], possible))[arm == RANDOM]
    others = expected_contacts(chances)
    assert others.sum() == pytest.approx((arm == RANDOM).sum())
    found = night_prices(values, possible, arm, limits, keys=keys_of(6_000), width=WIDTH, others=others)
    blind = night_prices(values, possible, arm, limits, keys=keys_of(6_000), width=WIDTH)
    assert found.solved is not None
    for limit, used in zip(limits, found.solved.used, strict=True):
        assert limit.most is not None
        assert used + limit.used(others) <= 1.01 * max(limit.most, limit.used(others))
    assert found.prices.price[0] > blind.prices.price[0]
    chosen, priced = drawn(values, possible, arm, found)
    assert exceeded(limits, kept(limits, priced, chosen, np.arange(6_000)).used) == []


def test_exploring_is_told_which_rows_it_is_asked_about() -> None:
    values, possible, limits = world(3_000, 5, 4)
    arm = np.where(np.arange(3_000) % 3 == 0, CONTROL, POLICY).astype(np.int8)
    asked: set[int] = set()

    def choose(priced: Any, may: Any, rows: Any) -> Any:
        asked.update(rows.tolist())
        assert (may == possible[rows]).all()
        return probabilities(priced, may, EXPLORING)

    found = night_prices(values, possible, arm, limits, keys=keys_of(3_000), width=WIDTH, choose=choose)
    assert asked == set(np.flatnonzero(arm == POLICY).tolist())
    assert found.solved is not None
    assert exceeded(limits, np.array(found.solved.used) * 0.98) == []


def test_equal_customers_are_told_apart() -> None:
    """A thousand alike and a stock of a hundred: a hundred get it, not all and none."""
    values = np.tile([2.0, 1.0, 0.0], (1_000, 1))
    possible = np.ones_like(values, dtype=np.bool_)
    stock = [Limit("stock", np.array([1.0, 0.0, 0.0]), most=100.0)]
    found = night_prices(
        values, possible, everybody(1_000), stock, keys=keys_of(1_000), width=tie_width(1.0, stock)
    )
    chosen, _ = drawn(values, possible, everybody(1_000), found)
    assert 90 <= (chosen == 0).sum() <= 110


def test_small_nights() -> None:
    values, possible, limits = world(30, 3, 0)
    none_left = [Limit(one.name, np.abs(one.use), most=0.0) for one in limits]
    found = night_prices(values, possible, everybody(30), none_left, keys=keys_of(30), width=WIDTH)
    chosen, priced = drawn(values, possible, everybody(30), found)
    left = kept(none_left, priced, chosen, np.arange(30))
    assert exceeded(none_left, left.used) == []
    unlimited = night_prices(values, possible, everybody(30), [], keys=keys_of(30), width=tie_width(1.0, []))
    assert (unlimited.charge.tolist(), unlimited.width, unlimited.prices.names) == ([0.0] * 4, 0.0, ())
    assert kept([], priced, chosen, np.arange(30)).keep.all()
    assert unlimited.lines(kept([], priced, chosen, np.arange(30))) == []
    for arm in (everybody(30, CONTROL), everybody(0)):
        n = len(arm)
        nobody = night_prices(values[:n], possible[:n], arm, limits, keys=keys_of(n), width=WIDTH)
        assert nobody.prices.price.tolist() == [0.0] * len(limits)
    assert kept(limits, np.zeros(0), np.zeros(0, np.int64), np.arange(0)).used == (0.0,) * len(limits)


@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 60),
    standing=st.floats(0.0, 1.0),
    tight=st.floats(0.0, 1.0),
)
def test_what_is_kept_exceeds_nothing_whatever_the_order_of_rows(
    seed: int, n: int, standing: float, tight: float
) -> None:
    rng = np.random.default_rng(seed)
    _, _, limits = world(max(n, 2), 5, seed)
    limits = [
        Limit(one.name, one.use, None if one.most is None else tight * one.most, one.least) for one in limits
    ]
    chosen = np.where(rng.random(n) < standing, -1, rng.integers(0, 6, n))
    priced = rng.integers(0, 4, n) / 2.0
    ids = np.array([f"c{k}" for k in rng.permutation(n)])
    found = kept(limits, priced, chosen, ids)
    assert exceeded(limits, found.used) == []
    assert found.keep[(chosen < 0) | (chosen == 5)].all()
    mixed = rng.permutation(n)
    again = kept(limits, priced[mixed], chosen[mixed], ids[mixed])
    assert again.keep.tolist() == found.keep[mixed].tolist()
    assert again.by.tolist() == found.by[mixed].tolist()
