from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbatool.decide.limits import Limit, best_first, limit_lines, share_of_contacts, within

M = 4
"""Three offers and `nothing`."""


def limit(name: str = "x", use: tuple[float, ...] = (1.0, 0.0, 0.0), **bounds: Any) -> Limit:
    return Limit(name, np.array([*use, 0.0]), **bounds)


def out(limits: list[Limit], chosen: list[int], order: list[int] | None = None) -> list[bool]:
    places = np.array(range(len(chosen)) if order is None else order)
    keep: list[bool] = within(limits, places, np.array(chosen)).keep.tolist()
    return keep


def test_those_worth_least_go_first() -> None:
    assert out([limit(most=2.0)], [0, 0, 0, 0, 1]) == [True, True, False, False, True]
    assert out([limit(most=2.0)], [0, 0, 0, 0, 1], [4, 3, 2, 1, 0]) == [False, False, True, True, True]


def test_nothing_and_nobody_use_nothing() -> None:
    assert out([limit(use=(1.0, 1.0, 1.0), most=0.0)], [3, -1, 0]) == [True, True, False]


def test_a_budget_counts_what_contacts_cost() -> None:
    budget = limit("budget", (0.1, 0.2, 5.0), most=0.3)
    assert out([budget], [1, 0, 0]) == [True, True, False]
    assert within([budget], np.arange(2), np.array([1, 0])).used == (pytest.approx(0.3),)


def test_the_sum_of_a_budget_in_cents_is_no_excess() -> None:
    """Ten times .1 is a little above 1 in binary numbers; nobody goes for that."""
    assert all(out([limit("budget", (0.1, 0.0, 0.0), most=0.3)], [0, 0, 0]))


def test_a_most_share_leaves_its_own_contacts_out() -> None:
    limits = share_of_contacts("x", np.array([True, False, False, False]), most=0.5)
    assert out(limits, [0, 0, 0, 1, 2]) == [True, True, False, True, True]
    assert out(limits, [0, 0]) == [False, False]


def test_a_least_share_leaves_other_contacts_out() -> None:
    limits = share_of_contacts("x", np.array([True, False, False, False]), least=0.5)
    assert out(limits, [0, 1, 2, 1]) == [True, True, False, False]


def test_what_one_limit_frees_another_may_use() -> None:
    """The budget takes out the dear contact; the cheap one the stock had taken out before it fits after all."""
    stock = limit("stock", (1.0, 1.0, 0.0), most=1.0)
    budget = limit("budget", (0.0, 5.0, 0.0), most=0.0)
    assert out([stock, budget], [1, 0]) == [False, True]


def test_a_least_that_cannot_be_met_is_reported() -> None:
    found = within([limit(least=3.0)], np.arange(2), np.array([0, 1]))
    assert found.keep.all()
    assert found.short == (2.0,)


def test_the_report_names_each_limit() -> None:
    limits = [limit("stock", most=1.0), limit("other", (0.0, 1.0, 0.0), most=9.0)]
    kept = within(limits, np.arange(3), np.array([0, 0, 1]))
    stock, other = limit_lines(limits, np.array([2.5, 0.0]), kept)
    assert (stock.name, stock.used, stock.price, stock.taken_out, stock.short) == ("stock", 1.0, 2.5, 1, 0.0)
    assert (other.used, other.taken_out) == (1.0, 0)


def test_equal_values_go_by_key() -> None:
    assert best_first(np.array([1.0, 1.0, 2.0]), np.array(["b", "a", "c"])).tolist() == [2, 1, 0]


def test_a_limit_survives_json() -> None:
    one = limit(most=2.0, least=-1.0)
    again = Limit.from_json(json.loads(json.dumps(one.to_json())))
    assert (again.name, again.use.tolist(), again.most, again.least) == ("x", one.use.tolist(), 2.0, -1.0)


@pytest.mark.parametrize(
    ("use", "bounds", "words"),
    [
        ([1.0, 1.0], {"most": 1.0}, "nothing"),
        ([1.0, 0.0], {}, "one finite bound"),
        ([1.0, 0.0], {"most": np.inf}, "one finite bound"),
        ([np.nan, 0.0], {"most": 1.0}, "finite number"),
        ([1.0, 0.0], {"most": 1.0, "least": 2.0}, "above most"),
    ],
)
def test_nonsense_is_refused(use: list[float], bounds: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Limit("x", np.array(use), **bounds)


def test_a_share_is_a_share() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        share_of_contacts("x", np.array([True, False]), most=1.5)


uses = st.lists(st.sampled_from([-0.5, 0.0, 0.1, 0.5, 1.0, 2.0]), min_size=M - 1, max_size=M - 1)
some_limits = st.lists(
    st.builds(
        lambda use, bound, is_most: limit("x", tuple(use), **{"most" if is_most else "least": bound}),
        uses, st.sampled_from([0.0, 0.3, 1.0, 2.5]), st.booleans(),
    ),
    min_size=1, max_size=4,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(some_limits, st.lists(st.integers(-1, M - 1), max_size=12), st.randoms(use_true_random=False))
def test_no_limit_is_ever_exceeded(limits: list[Limit], chosen: list[int], draw: Any) -> None:
    order = list(range(len(chosen)))
    draw.shuffle(order)
    found = within(limits, np.array(order, dtype=int), np.array(chosen, dtype=int))
    made = [j for j, keep in zip(chosen, found.keep.tolist(), strict=True) if keep and 0 <= j < M - 1]
    for one, used, short in zip(limits, found.used, found.short, strict=True):
        assert used == pytest.approx(sum(one.use[j] for j in made), abs=1e-12)
        assert one.most is None or used <= one.most + 1e-9
        if one.least is not None and used < one.least - 1e-9:
            # Only what is not there may be missing: nobody is left whose contact makes it worse.
            assert short == pytest.approx(one.least - used)
            assert all(one.use[j] >= 0.0 for j in made)


@settings(max_examples=100, deadline=None)
@given(
    some_limits, st.lists(st.integers(0, M - 1), min_size=1, max_size=10), st.randoms(use_true_random=False)
)
def test_the_order_of_rows_changes_nothing(limits: list[Limit], chosen: list[int], draw: Any) -> None:
    n = len(chosen)
    mixed = list(range(n))
    draw.shuffle(mixed)
    plain = within(limits, np.arange(n), np.array(chosen)).keep
    place_of = np.argsort(mixed)
    other = within(limits, place_of, np.array(chosen)[mixed]).keep
    assert other.tolist() == plain[mixed].tolist()
