"""What happens in a world: contacts by lot, no event out of its place, a world that can be continued."""

from __future__ import annotations

import numpy as np
import pytest

from nbatool.world.actions import ACTION_IDS, ACTIONS
from nbatool.world.behaviour import Decisions
from nbatool.world.events import CHANNELS, TYPES, Events
from nbatool.world.history import Calendar, World, histories
from nbatool.world.policy import ACTION_P, NOTHING_P
from nbatool.world.season import clock_seconds, season

N = 3000
CALENDAR = Calendar.of(18)


@pytest.fixture(scope="module")
def lived() -> tuple[Events, World]:
    return next(histories(N, CALENDAR, months=18, seed=0))


def of(events: Events, kind: str) -> Events:
    return events.take(np.flatnonzero(events.type == TYPES.index(kind)))


def test_calendar_leaves_every_window_closed() -> None:
    assert np.datetime64(CALENDAR.first_day, "D") == np.datetime64("2017-01-01")
    assert np.datetime64(CALENDAR.end_day, "D") == np.datetime64("2018-07-01")
    assert np.diff([*CALENDAR.wave_days, CALENDAR.end_day]).min() > 30
    assert CALENDAR.wave_days[0] - CALENDAR.first_day > 90


def test_every_event_lies_within_the_history_and_after_signup(lived: tuple[Events, World]) -> None:
    events, world = lived
    assert events.day.min() >= CALENDAR.first_day
    assert events.day.max() < CALENDAR.end_day
    assert (events.day >= world.customers.signup_day[events.row]).all()
    assert set(np.unique(events.type)) == set(range(len(TYPES)))


def test_contacts_go_out_by_lot(lived: tuple[Events, World]) -> None:
    events, world = lived
    sent = of(events, "message_sent")
    assert set(sent.day) == {float(day) for day in CALENDAR.wave_days}
    known = sum(int((world.customers.signup_day < day).sum()) for day in CALENDAR.wave_days)
    assert len(sent) / known == pytest.approx(1 - NOTHING_P, abs=0.012)
    shares = np.bincount(sent.action, minlength=len(ACTIONS)) / known
    np.testing.assert_allclose(shares, ACTION_P, atol=0.008)
    allowed = [[channel in action.channels for channel in CHANNELS] for action in ACTIONS]
    assert np.array(allowed)[sent.action, sent.channel].all()


def test_who_got_nothing_is_like_who_got_something(lived: tuple[Events, World]) -> None:
    events, world = lived
    purchases, sent = of(events, "purchase"), of(events, "message_sent")
    seen: list[list[np.ndarray]] = [[], []]
    for day in CALENDAR.wave_days:
        known = world.customers.signup_day < day
        past = purchases.take(np.flatnonzero((purchases.day < day) & (purchases.day >= day - 90)))
        before = sent.take(np.flatnonzero((sent.day < day) & (sent.day >= day - 90)))
        features = np.column_stack(
            [
                np.bincount(past.row, minlength=N),
                np.bincount(past.row, weights=past.cents, minlength=N),
                np.bincount(before.row, minlength=N),
                world.customers.taste[:, 0],
                day - world.customers.signup_day,
            ]
        )
        got = np.zeros(N, bool)
        got[sent.row[sent.day == day]] = True
        seen[0].append(features[known & ~got])
        seen[1].append(features[known & got])
    nothing, something = (np.vstack(part) for part in seen)
    spread = np.sqrt((nothing.var(axis=0) + something.var(axis=0)) / 2)
    assert (np.abs(nothing.mean(axis=0) - something.mean(axis=0)) / spread).max() < 0.1


def test_nobody_gets_a_message_by_a_channel_they_left(lived: tuple[Events, World]) -> None:
    events, _ = lived
    left, sent = of(events, "unsubscribe"), of(events, "message_sent")
    assert len(left) > 0
    for row, channel, day in zip(left.row, left.channel, left.day, strict=True):
        after = (sent.row == row) & (sent.channel == channel) & (sent.day > day)
        assert not after.any()


def test_an_intent_visit_raises_the_next_days_purchases(lived: tuple[Events, World]) -> None:
    """Within 2 days of an intent visit: PURCHASES_PER_INTENT x (1 - 1/e) = .32 more than otherwise."""
    events, _ = lived
    buys: dict[int, list[float]] = {}
    purchases = of(events, "purchase")
    for row, day in zip(purchases.row, purchases.day, strict=True):
        buys.setdefault(int(row), []).append(float(day))

    def followed(visits: Events, count: int = 4000) -> float:
        some = visits.take(np.arange(0, len(visits), max(len(visits) // count, 1)))
        pairs = zip(some.row, some.day, strict=True)
        return float(np.mean([any(d < t <= d + 2 for t in buys.get(int(r), ())) for r, d in pairs]))

    assert followed(of(events, "add_to_cart")) > followed(of(events, "page_view")) + 0.15


def test_refunds_come_after_their_purchase_on_the_same_day(lived: tuple[Events, World]) -> None:
    events, _ = lived
    purchases, refunds = of(events, "purchase"), of(events, "refund")
    first: dict[tuple[int, int], float] = {}
    for row, day in zip(purchases.row, purchases.day, strict=True):
        first.setdefault((int(row), int(day)), float(day))
    assert len(refunds) / len(purchases) == pytest.approx(0.03, abs=0.005)
    assert all(first[int(r), int(d)] <= d for r, d in zip(refunds.row, refunds.day, strict=True))


def test_offers_are_redeemed_with_a_purchase_after_being_read(lived: tuple[Events, World]) -> None:
    events, _ = lived
    redeemed = of(events, "offer_redeemed")
    assert set(redeemed.action) == {code for code, action in enumerate(ACTIONS) if action.redeemable}
    opened, purchases = of(events, "message_opened"), of(events, "purchase")
    read = set(zip(opened.row.tolist(), opened.action.tolist(), strict=True))
    bought = set(zip(purchases.row.tolist(), purchases.day.tolist(), strict=True))
    assert all(pair in read for pair in zip(redeemed.row.tolist(), redeemed.action.tolist(), strict=True))
    assert all(pair in bought for pair in zip(redeemed.row.tolist(), redeemed.day.tolist(), strict=True))


def test_a_world_continued_alike_is_alike_and_decisions_matter(lived: tuple[Events, World]) -> None:
    _, world = lived
    nothing = Decisions.nothing(N)
    everybody = Decisions(np.full(N, ACTION_IDS.index("coffee_sample")), np.full(N, 2))
    first, after = world.continue_from(nothing, days=30)
    second, _ = world.continue_from(nothing, days=30)
    np.testing.assert_array_equal(first.day, second.day)
    np.testing.assert_array_equal(first.cents, second.cents)
    contacted, tired = world.continue_from(everybody, days=30)
    assert len(of(contacted, "message_sent")) == N
    assert (tired.state.fatigue > after.state.fatigue).all()
    assert after.day == world.day + 30
    assert (after.state.alive <= world.state.alive).all()


def test_gifts_sell_in_december_and_more_at_the_weekend() -> None:
    factor = season(int(np.datetime64("2017-01-01", "D").astype(int)), 365)
    gifts = factor[4].reshape(-1)
    assert gifts[335:359].mean() > 1.5 * gifts[:300].mean()
    saturday = 6  # 2017-01-07
    assert factor[0, saturday] > 1.2 * factor[0, saturday + 3]


def test_the_clock_keeps_days_and_order_and_follows_the_zone() -> None:
    day = 17_000 + np.sort(np.random.default_rng(0).random(5000)) * 3
    for zone in range(4):
        seconds = clock_seconds(day, np.full(len(day), zone))
        assert (np.diff(seconds) >= 0).all()
        np.testing.assert_array_equal(seconds // 86_400, np.floor(day))
    night_in_new_york = clock_seconds(day, np.zeros(len(day), np.int64)) // 3600 % 24
    share = np.isin(night_in_new_york, [6, 7, 8]).mean()  # 1 to 3 o'clock in winter
    assert share < 0.03
