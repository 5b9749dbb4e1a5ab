"""Refunds against a stack of money by hand, and a part held out against training at that time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbatool.models.clv.history import CustomerPurchases, load_purchase_days, read_purchases, train_clv
from nbatool.models.clv.settings import ClvSettings

FIRST = date(2024, 1, 1)  # a Monday
Event = tuple[int, int | None]
"""Day and amount, in ten-thousandths of the currency."""


def connect() -> Any:
    con = duckdb.connect()
    con.execute("set threads = 1")
    con.execute("create table events (source_id varchar, ts timestamp, type varchar, value decimal(18, 4))")
    con.execute(
        "create table customers (source varchar, source_id varchar, valid_from timestamp, timezone varchar)"
    )
    con.execute(
        "create table zone_offsets as select unnest(['UTC', 'Asia/Tokyo']) as zone, timestamp '1900-01-01' as from_ts, "
        "timestamp '2100-01-01' as until_ts, unnest([0, 32400]) as offset_s"
    )
    return con


@pytest.fixture(scope="module")
def con() -> Iterator[Any]:
    connection = connect()
    yield connection
    connection.close()


def fill(con: Any, customers: Sequence[Sequence[Event]], *, hour: int = 9) -> None:
    con.execute("delete from events")
    rows = [
        (f"c{k:03d}", f"{FIRST + timedelta(day)} {hour:02d}:00", None if units is None else f"{units}e-4")
        for k, events in enumerate(customers)
        for day, units in events
    ]
    con.execute(
        "insert into events select unnest($1), unnest($2)::timestamp, 'buy', unnest($3)::decimal(18, 4)",
        [list(column) for column in zip(*rows, strict=True)] if rows else [[], [], []],
    ).fetchall()


def load(con: Any, day: int, **rest: Any) -> None:
    as_of = datetime.combine(FIRST + timedelta(day), datetime.min.time(), tzinfo=UTC)
    load_purchase_days(con, ["buy"], as_of_us=int(as_of.timestamp()) * 1_000_000, **rest)


def bought(con: Any, customer: str = "c000") -> list[Event]:
    query = "select day - $1::date, (spend * 10000)::bigint from purchase_days where customer_id = $2 order by day"
    return [tuple(row) for row in con.execute(query, [FIRST, customer]).fetchall()]


def by_hand(events: Sequence[Event]) -> list[Event]:
    """One stack: a day puts on what it sold, and takes from the top what it gave back."""
    stack: list[list[int]] = []
    days = sorted({day for day, _ in events})
    amounts = {day: [units for d, units in events if d == day] for day in days}
    for day in days:
        stack.append([day, sum(u for u in amounts[day] if u and u > 0)])
        back = -sum(u for u in amounts[day] if u and u < 0)
        for entry in reversed(stack):
            taken = min(back, entry[1])
            entry[1] -= taken
            back -= taken
    result: list[Event] = []
    for day, left in stack:
        unknown = None in amounts[day]
        sold = any(u is not None and u > 0 for u in amounts[day])
        free = 0 in amounts[day] and not sold
        if left or unknown or free:
            result.append((day, None if unknown and not left else left))
    return result


def same(one: CustomerPurchases, other: CustomerPurchases) -> None:
    assert one.customer_ids.tolist() == other.customer_ids.tolist()
    for name in one.purchases.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(one.purchases, name), getattr(other.purchases, name), name)


HISTORY = st.lists(st.tuples(st.integers(0, 12), st.none() | st.integers(-9, 9)), max_size=16)


@pytest.mark.parametrize(
    ("events", "left"),
    [
        ([(0, 100), (9, 20), (9, -100)], [(0, 20)]),
        ([(0, 100), (5, 20), (9, -100)], [(0, 20)]),
        ([(0, 100), (5, 20), (9, -130), (12, 7)], [(12, 7)]),
        ([(0, -100), (5, 20)], [(5, 20)]),
        ([(0, 50), (3, -20), (5, 20), (9, -40)], [(0, 10)]),
        ([(0, None), (0, -5)], [(0, None)]),
        ([(0, 8), (4, None), (6, -5)], [(0, 3), (4, None)]),
        ([(0, 8), (4, None), (4, 6), (6, -6)], [(0, 8), (4, None)]),
        ([(0, 8), (4, 0), (6, -8)], [(4, 0)]),
        ([(4, 0), (4, 6), (6, -6)], []),
    ],
)
def test_money_back_is_of_the_latest_money_spent(con: Any, events: list[Event], left: list[Event]) -> None:
    fill(con, [events])
    load(con, 30)
    assert bought(con) == left == by_hand(events)


@given(st.lists(HISTORY, min_size=1, max_size=4))
def test_any_history_is_netted_like_a_stack(con: Any, customers: list[list[Event]]) -> None:
    fill(con, customers)
    load(con, 13)
    for k, events in enumerate(customers):
        assert bought(con, f"c{k:03d}") == by_hand(events)


@given(st.lists(HISTORY, min_size=1, max_size=4), st.integers(1, 13))
def test_what_is_held_out_was_not_known_before(con: Any, customers: list[list[Event]], days: int) -> None:
    """The part before the cut is what would have been read at the cut; what came later is read as known now."""
    fill(con, customers)
    load(con, 13)
    past = read_purchases(con, held_out_days=days)
    later = {f"c{k:03d}": [e for e in by_hand(h) if e[0] >= 13 - days] for k, h in enumerate(customers)}
    assert past.later.tolist() == [len(later[c]) for c in past.customer_ids]
    spend = [sum(units or 0 for _, units in later[c]) / 10_000 for c in past.customer_ids]
    assert past.later_spend.tolist() == pytest.approx(spend)
    load(con, 13 - days)
    same(past, read_purchases(con))


def test_a_cut_is_local_and_between_periods(con: Any) -> None:
    """At 20:00 UTC it is the next day in Tokyo: Sunday's refund is of the week after, and not known before it."""
    fill(con, [[(0, 10), (7, 20), (13, -20), (14, 6)]], hour=20)
    load(con, 27, zone="Asia/Tokyo", grain_days=7)
    assert bought(con) == [(0, 10), (7, 6)]  # the 6 of the last week went back as well
    past = read_purchases(con, held_out_days=14)
    assert (past.purchases.x.tolist(), past.purchases.age_days.tolist()) == ([1], [7])
    assert (past.purchases.mean_spend.tolist(), past.later.tolist()) == ([0.002], [0])


def test_the_past_model_is_the_one_of_that_time(con: Any) -> None:
    """A world in which the last third takes back half of what was bought before it."""
    rng = np.random.default_rng(3)
    customers = []
    for _ in range(300):
        when = np.sort(rng.integers(0, 240, rng.integers(1, 9)))
        back = [(int(rng.integers(240, 360)), -50_000)] if rng.random() < 0.5 else []
        customers.append([(int(day), int(rng.integers(10, 90)) * 1000) for day in when] + back)
    fill(con, customers)
    load(con, 360)
    past = read_purchases(con, held_out_days=120)
    _, history = train_clv(con, ClvSettings(model="bg_nbd"), 0)
    load(con, 240)
    then = read_purchases(con)
    same(past, then)
    assert history.purchases.x.sum() < then.purchases.x.sum()
