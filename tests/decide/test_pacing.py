"""Live prices: the night's at the cut, in step with the day afterwards, and no limit ever passed."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.pacing import CUT_US, LEAST_SPENT, TRAFFIC, Counts, day, hindsight, lived, scenario
from nbatool.base.records import Action
from nbatool.decide.catalogue import Catalogue, Offer
from nbatool.decide.contact_rules import kind_of
from nbatool.decide.live_room import LiveRoom
from nbatool.decide.pacing import DAY_US, UNIFORM, PublishedLimits, early, plan_of
from nbatool.decide.population_limits import (
    BUDGET,
    CAPACITY,
    LEAST_SHARE,
    MOST_SHARE,
    STOCK,
    PopulationLimit,
    PopulationLimits,
)
from nbatool.decide.prices import Prices
from nbatool.store.contact_totals import HOUR_US, bucket_of

DAY_S = 86_400
OFFERS = tuple(
    Offer(Action(action, action, (channel,), tags, cost=cost), channel, None)
    for action, channel, tags, cost in (
        ("a", "email", ("x",), 0.5), ("b", "push", (), 0.3), ("c", "push", ("x",), 0.0), ("d", "email", (), 1.1),
    )
)  # fmt: skip
SAID = (
    PopulationLimit(BUDGET, 4.0, DAY_S), PopulationLimit(CAPACITY, 3.0, 7_200, "channel", "email"),
    PopulationLimit(STOCK, 9.0, None, "action", "c"), PopulationLimit(MOST_SHARE, 0.7, None, "channel", "push"),
    PopulationLimit(LEAST_SHARE, 0.1, None, "tag", "x"),
)  # fmt: skip
LIMITS = PopulationLimits(SAID, Catalogue(OFFERS), live_share=1.0)
KINDS = [kind_of(offer) for offer in OFFERS]
PRICES = Prices(tuple(limit.title for limit in SAID), np.array([0.7, 0.1, 0.3, 0.2, -0.1]))


def room_of(totals: Counts, prices: Prices = PRICES, **said: Any) -> LiveRoom:
    return LiveRoom(
        LIMITS, PublishedLimits.of(LIMITS, totals, prices, cut_us=CUT_US, scale=1.5, **said), totals
    )


def test_at_the_cut_the_price_is_the_nights_to_the_last_bit() -> None:
    totals = Counts(KINDS)
    totals.add(0, CUT_US, 1)
    totals.add(1, CUT_US - 7 * HOUR_US, 3)
    room = room_of(totals)
    charge, _ = room.at(CUT_US)
    assert charge.tolist() == PRICES.charge(LIMITS.bounds(totals, CUT_US))[:-1].tolist()
    assert room.at_night[0].tolist() == charge.tolist()
    assert room.at_night[1].tolist() == [0] * 4
    assert room.price(CUT_US) == PRICES.price.tolist()


@given(
    prices=st.lists(st.floats(-1e3, 1e3), min_size=5, max_size=5),
    costs=st.lists(st.floats(0.0, 1e3), min_size=1, max_size=9),
    repeated=st.integers(1, 4),
)
def test_a_charge_is_the_nights_to_the_last_bit(
    prices: list[float], costs: list[float], repeated: int
) -> None:
    offers = tuple(
        Offer(Action(f"a{j}", "", ("email",), ("x",), cost=cost), "email", None)
        for j, cost in enumerate(costs)
    )
    said = [
        replace(limit, amount=limit.amount + k)
        for k in range(repeated)
        for limit in SAID
        if limit.window_s is not None
    ]
    limits = PopulationLimits(tuple(said), Catalogue(offers))
    found = Prices(tuple(limit.title for limit in said), np.resize(np.array(prices), len(said)))
    totals = Counts([kind_of(offer) for offer in offers])
    room = LiveRoom(limits, PublishedLimits.of(limits, totals, found, cut_us=CUT_US, scale=1.0), totals)
    assert room.at(CUT_US)[0].tolist() == found.charge(limits.bounds(totals, CUT_US))[:-1].tolist()


def test_a_price_rises_with_what_is_spent_and_falls_with_what_is_not() -> None:
    totals = Counts(KINDS)
    room = room_of(totals, traffic=UNIFORM)
    noon = CUT_US + 12 * HOUR_US
    lags = room.price(noon)
    totals.add(0, noon, 5)
    ahead = room.price(noon)
    assert lags[0] < PRICES.price[0] < ahead[0]
    assert room.at(noon)[0][0] > room_of(Counts(KINDS)).at(CUT_US)[0][0]
    # A window shorter than the day, and shares, keep theirs.
    assert ahead[1] == lags[1] == 0.1
    assert ahead[3:] == lags[3:] == PRICES.price.tolist()[3:]
    assert room.price(CUT_US + DAY_US) == room.price(CUT_US - 1) == PRICES.price.tolist()


def test_every_process_charges_the_same() -> None:
    """Another order of kinds, and published through JSON."""
    totals, other = Counts(KINDS), Counts(KINDS[::-1])
    told = PublishedLimits.of(LIMITS, totals, PRICES, cut_us=CUT_US, scale=1.5)
    read = PublishedLimits.from_json(json.loads(json.dumps(told.to_json())))
    assert read.to_json() == told.to_json()
    rooms = LiveRoom(LIMITS, told, totals), LiveRoom(LIMITS, read, other)
    for k in range(12):
        now_us = CUT_US + k * 2 * HOUR_US
        charges = [room.at(now_us)[0].tolist() for room in rooms]
        assert charges[0] == charges[1]
        totals.add(k % 4, now_us)
        other.add(3 - k % 4, now_us)


@given(
    times=st.lists(st.tuples(st.integers(0, 70), st.integers(0, 3)), max_size=80),
    held=st.lists(st.tuples(st.integers(-30, 20), st.integers(0, 3)), max_size=8),
)
def test_no_limit_is_ever_passed(times: list[tuple[int, int]], held: list[tuple[int, int]]) -> None:
    """Offers tried at half hours of a day and a half, over what a night and days before had left."""
    totals = Counts(KINDS)
    for hour, offer in held:
        totals.add(offer, CUT_US + hour * HOUR_US)
    room = room_of(totals)
    made = [(bucket_of(CUT_US) + hour, offer) for hour, offer in held]
    before = [over(made, limit, bucket_of(CUT_US)) for limit in SAID]
    for half, offer in sorted(times):
        now_us = CUT_US + half * HOUR_US // 2
        found = room.fits(offer, now_us)
        assert found == room.at(now_us)[1][offer]
        if not found:
            totals.add(offer, now_us)
            made.append((bucket_of(now_us), offer))
            for limit, was in zip(SAID, before, strict=True):
                grows = limit.use_of(KINDS[offer]) * (-1 if limit.what == LEAST_SHARE else 1) > 0
                assert not grows or over(made, limit, bucket_of(CUT_US)) <= max(was, 1e-9)


def over(made: list[tuple[int, int]], limit: PopulationLimit, first: int) -> float:
    """By how much a limit is passed, by the plainest count: in any of its windows, of all time or of the day."""
    uses = [(hour, limit.use_of(KINDS[offer])) for hour, offer in made]
    if limit.what == STOCK:
        return sum(use for _, use in uses) - limit.amount
    if limit.hours is None:
        used = sum(use for hour, use in uses if hour >= first)
        return -used if limit.what == LEAST_SHARE else used
    windows = [sum(u for h, u in uses if hour <= h < hour + limit.hours) for hour, _ in uses]
    return max(windows, default=0.0) - limit.amount


def test_what_does_not_fit_is_named() -> None:
    totals = Counts(KINDS)
    totals.add(0, CUT_US, 3)
    room = room_of(totals)
    assert room.at(CUT_US)[1].tolist() == [2, 0, 0, 2]  # three mails in two hours: no fourth
    totals.add(1, CUT_US, 6)
    assert room.at(CUT_US)[1].tolist() == [
        2,
        0,
        0,
        1,
    ]  # nor is there money for d; seven pushes of ten are allowed
    totals.add(1, CUT_US, 1)
    assert room.at(CUT_US)[1].tolist() == [1, 4, 4, 1]


amounts = st.lists(st.floats(0.0, 100.0), min_size=24, max_size=24)


@given(before=amounts, traffic=amounts.filter(lambda w: sum(w) > 1e-3), minute=st.integers(0, 59))
def test_a_plan_spends_all_there_is_and_nothing_before_it_is_there(
    before: list[float], traffic: list[float], minute: int
) -> None:
    before = sorted(before, reverse=True)  # windows slide: less and less of the past is in them
    plan = plan_of(60.0, before, traffic, 5 * HOUR_US + minute * 60_000_000)
    there = [max(60.0 - used, 0.0) for used in before]
    assert len(plan.at_s) == len(plan.spent) == 25
    assert plan.whole == there[-1]
    assert all(a <= b + 1e-9 for a, b in pairwise(plan.spent))
    assert all(spent <= most + 1e-9 for spent, most in zip(plan.spent[1:], there, strict=True))
    left = [plan.left(t) for t in range(-1, 86_401, 613)]
    assert all(a >= b - 1e-9 for a, b in pairwise(left))
    assert left[0] == plan.whole


def test_an_even_plan_follows_the_traffic() -> None:
    traffic = [1.0 + hour for hour in range(24)]
    plan = plan_of(300.0, [0.0] * 24, traffic, 0)
    assert plan.spent[1:] == pytest.approx(np.cumsum(traffic).tolist())
    assert sum(early(CUT_US)) == pytest.approx(1.0)
    assert max(early(CUT_US)) == early(CUT_US)[bucket_of(CUT_US) % 24]


@pytest.mark.parametrize("traffic", [[1.0] * 23, [0.0] * 24, [-1.0] + [1.0] * 23])
def test_traffic_is_24_weights(traffic: list[float]) -> None:
    with pytest.raises(ValueError, match="24 weights"):
        room_of(Counts(KINDS), traffic=traffic)
    with pytest.raises(ValueError, match="the limits are budget 4 in 1d"):
        room_of(Counts(KINDS), Prices(("x",), np.zeros(1)))


@pytest.mark.slow
@pytest.mark.parametrize("capacity", [False, True])
@pytest.mark.parametrize(("known", "value"), [(True, 0.95), (False, 0.75)])
@pytest.mark.parametrize("wrong", [1.0, 1 / 3, 3.0, 0.0])
def test_a_day_spends_what_there_is_and_no_more(
    capacity: bool, known: bool, value: float, wrong: float
) -> None:
    for seed in range(5):
        found = scenario(4_000, seed, capacity, wrong, known)
        assert found["least"] >= LEAST_SPENT
        assert found["most"] <= 1.0 + 1e-9
        assert found["value"] >= value


@pytest.mark.slow
def test_a_day_after_a_day_finds_what_slides_out_of_the_window() -> None:
    """The second day's budget is freed hour by hour, as the first day spent it."""
    visitors = day(2_000, 7, capacity=False)
    prices, most = hindsight(visitors)
    totals = Counts([kind_of(offer) for offer in visitors.limits.catalogue.offers])
    first = lived(visitors, prices, TRAFFIC, totals=totals, cut_us=CUT_US)
    second = lived(visitors, prices, TRAFFIC, totals=totals, cut_us=CUT_US + DAY_US)
    assert first["parts"][0] == pytest.approx(1.0, abs=0.03)
    assert second["parts"][0] == pytest.approx(1.0, abs=0.06)
    assert second["value"] >= 0.7 * most
