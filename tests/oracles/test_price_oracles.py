"""Prices against the linear program (HiGHS), against trying every way to choose, and against one unit more."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.limits import against_the_program, chosen_within, program, world
from nbatool.decide.limits import Limit
from nbatool.decide.prices import solve

WORLDS = (0, 1, 2)


@pytest.mark.parametrize("seed", WORLDS)
def test_two_thousand_customers_against_the_program(seed: int) -> None:
    values, possible, limits = world(2_000, 8, seed)
    found = chosen_within(values, possible, limits)
    optimum, earns = program(values, possible, limits)
    assert not found["exceeded"]
    assert found["value"] >= 0.995 * optimum
    assert found["value"] <= optimum * (1 + 1e-9)
    assert optimum * (1 - 1e-9) <= found["upper"] <= optimum * 1.0005
    # HiGHS lists the rows of `most` first, then those of `least`, whose sign is turned round.
    most = [k for k, one in enumerate(limits) if one.most is not None]
    least = [k for k, one in enumerate(limits) if one.least is not None]
    program_prices = np.zeros(len(limits))
    program_prices[most], program_prices[least] = earns[: len(most)], -earns[len(most) :]
    binding = [k for k in range(len(limits)) if limits[k].most != 0.0 or limits[k].name == "most share"]
    assert found["solved"].prices.price[binding] == pytest.approx(program_prices[binding], rel=0.1, abs=0.05)


def test_a_price_is_what_one_more_unit_earns() -> None:
    """The bound is concave in each limit: one unit more earns at most the price, one unit less costs at least it."""
    values, possible, limits = world(3_000, 6, 3)
    solved = solve([(values, possible)], limits)
    for k, limit in enumerate(limits):
        if limit.most is None or limit.most <= 0.0:
            continue
        step = max(limit.most * 0.02, 2.0)

        def bound(changed: Limit, at: int = k) -> float:
            return solve([(values, possible)], [*limits[:at], changed, *limits[at + 1 :]]).upper_bound

        more = (bound(replace(limit, most=limit.most + step)) - solved.upper_bound) / step
        less = (solved.upper_bound - bound(replace(limit, most=limit.most - step))) / step
        unsure = 0.02 * max(abs(less), 0.1)
        assert more - unsure <= solved.prices.price[k] <= less + unsure, limit.name


@pytest.mark.slow
def test_a_hundred_thousand_customers_and_twenty_actions() -> None:
    found = against_the_program(100_000, 20, 0)
    print(found)
    assert not found["exceeded"]
    assert found["ratio"] >= 0.995
    assert found["unsure"] <= 1e-5


money = st.sampled_from([-1.0, 0.5, 1.0, 1.5, 2.0, 3.0, 7.0])
tiny_limit = st.builds(
    lambda use, bound, is_most: (use, bound, is_most),
    st.lists(st.sampled_from([0.0, 0.4, 1.0, 2.0]), min_size=2, max_size=2),
    st.sampled_from([0.0, 1.0, 1.4, 3.0]),
    st.booleans(),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(money, money, st.booleans(), st.booleans()), min_size=1, max_size=5),
    st.lists(tiny_limit, min_size=1, max_size=3),
)
def test_tiny_problems_against_every_way_to_choose(people: Any, asked: Any) -> None:
    values = np.array([[a, b, 0.0] for a, b, _, _ in people])
    possible = np.array([[c, d, True] for _, _, c, d in people])
    limits = []
    for k, (use, bound, is_most) in enumerate(asked):
        # Each least is a share, so that choosing nothing for everybody keeps it.
        shares = np.array([use[0] - 0.5, use[1] - 0.5, 0.0])
        one = (
            Limit(f"{k}", np.array([*use, 0.0]), most=bound) if is_most else Limit(f"{k}", shares, least=0.0)
        )
        limits.append(one)
    best = 0.0
    for ways in product(range(3), repeat=len(people)):
        able = all(possible[i, j] for i, j in enumerate(ways))
        counts = np.bincount(ways, minlength=3)
        kept = all(
            (one.most is None or one.used(counts) <= one.most + 1e-9)
            and (one.least is None or one.used(counts) >= one.least - 1e-9)
            for one in limits
        )
        if able and kept:
            best = max(best, sum(float(values[i, j]) for i, j in enumerate(ways)))
    found = chosen_within(values, possible, limits)
    assert not found["exceeded"]
    assert found["value"] <= best + 1e-9
    assert found["upper"] >= best - 1e-6
