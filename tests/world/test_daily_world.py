"""The world that answers day by day: its truth against simulation, its switch, and what two policies share."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import numpy.typing as npt
import pytest

from nbatool.base.errors import UsageError
from nbatool.base.seeds import generator
from nbatool.world.daily import DailyWorld, Switch
from nbatool.world.daily.actions import ACTION_IDS, ACTIONS, OFFER_ACTION, OFFERS, WINDOW_DAYS
from nbatool.world.daily.answers import KINDS, Happenings
from nbatool.world.daily.files import customer_frame, event_frame
from nbatool.world.daily.observed import NAMES, Observed
from nbatool.world.daily.world import EVERYTHING, RING

Ints = npt.NDArray[np.int64]
N = 400
TIMES = 4000


@pytest.fixture(scope="module")
def world() -> DailyWorld:
    return DailyWorld.begin(N, seed=2)


def by_lot(world: DailyWorld, seed: int = 0) -> Ints:
    return generator(seed, f"lot/{world.day}").integers(-1, len(OFFERS), len(world.people))


def nothing(world: DailyWorld) -> Ints:
    return np.full(len(world.people), -1, np.int64)


def same(a: Happenings, b: Happenings) -> bool:
    return all(np.array_equal(getattr(a, f.name), getattr(b, f.name)) for f in fields(Happenings))


def window_spend(world: DailyWorld, offers: Ints) -> npt.NDArray[np.float64]:
    """What each customer spends within the window after the offers, nothing being sent later."""
    spend = np.zeros(len(world.people))
    for _ in range(WINDOW_DAYS):
        events, world = world.live(offers)
        bought = events.of("purchase")
        spend += np.bincount(bought.row, weights=bought.cents / 100.0, minlength=len(spend))
        offers = nothing(world)
    return spend


@pytest.mark.parametrize("switched", [False, True])
def test_the_truth_is_what_simulation_gives(world: DailyWorld, switched: bool) -> None:
    """For due and other customers, each with an offer by lot (or nothing), over many lives."""
    some = np.concatenate([np.flatnonzero(world.due)[:50], np.flatnonzero(~world.due)[:10]])
    rows = np.repeat(some, TIMES)
    switch = Switch(0, EVERYTHING) if switched else None
    many = DailyWorld.of(world.people.take(rows), world.day, world.day, seed=5, switch=switch)
    many = replace(many, cart=world.cart[rows])
    each = by_lot(world)[some]
    spend = window_spend(many, np.repeat(each, TIMES)).reshape(len(some), TIMES)
    mean, error = spend.mean(axis=1), spend.std(axis=1) / np.sqrt(TIMES)
    expected = many.expected[::TIMES][np.arange(len(some)), each]
    z = (mean - expected) / error
    assert np.abs(z).max() < 4.0
    assert 0.75 < z.std() < 1.25
    assert abs((mean - expected).sum()) < 3 * np.sqrt((error**2).sum())


def test_the_same_decisions_give_the_same_days() -> None:
    first, second = DailyWorld.begin(50, seed=4), DailyWorld.begin(50, seed=4)
    for _ in range(5):
        lot = by_lot(first)
        events, first = first.live(lot)
        again, second = second.live(lot)
        assert same(events, again)
    other, _ = DailyWorld.begin(50, seed=5).live(nothing(first))
    assert not same(other, DailyWorld.begin(50, seed=4).live(nothing(first))[0])


def test_two_policies_see_the_same_answers_where_they_do_the_same(world: DailyWorld) -> None:
    """Half the customers get something else on the first day; nothing differs for the others, then or later."""
    differ = np.arange(N) % 2 == 0
    one, two = world, world
    parted = 0
    for step in range(6):
        lot = by_lot(one)
        other = np.where(differ & (step == 0), (lot + 2) % (len(OFFERS) + 1) - 1, lot)
        first, one = one.live(lot)
        second, two = two.live(other)
        mine = [events.take(np.flatnonzero(~differ[events.row])) for events in (first, second)]
        assert same(*mine)
        parted += int(not same(first, second))
        for kind in ("visit", "add_to_cart"):
            assert same(first.of(kind), second.of(kind))
        np.testing.assert_array_equal(one.best_value, two.best_value)
    assert parted >= 1


def test_a_usual_order_is_there_or_driven_away_but_never_another(world: DailyWorld) -> None:
    survey = np.full(N, OFFERS.index(("survey", "email")))
    alone, contacted = nothing(world), survey
    lost = kept = 0
    one, two = world, world
    for _ in range(WINDOW_DAYS):
        first, one = one.live(alone)
        second, two = two.live(contacted)
        usual = set(zip(first.of("purchase").row, first.of("purchase").cents, strict=True))
        answers = set(zip(second.of("offer_redeemed").row, second.of("offer_redeemed").day, strict=True))
        bought = second.of("purchase")
        left = {
            (r, c)
            for r, d, c in zip(bought.row, bought.day, bought.cents, strict=True)
            if (r, d) not in answers
        }
        assert left <= usual
        lost, kept = lost + len(usual - left), kept + len(left)
        contacted = nothing(world)
    assert 0.1 < lost / (lost + kept) < 0.4  # 25 % are driven away


def test_a_switch_turns_the_truth_on_its_day_as_it_says() -> None:
    plain = DailyWorld.begin(N, seed=3)
    turned = DailyWorld.begin(N, seed=3, switch=Switch(2, RING))
    compared = 0
    for day in range(4):
        if day < 2:
            np.testing.assert_array_equal(turned.net, plain.net)
        else:
            costless_was, costless_is = plain.uplift, turned.uplift
            for a, as_now in enumerate(RING):
                for j, (action, channel) in enumerate(OFFERS):
                    if action != ACTION_IDS[a] or (ACTION_IDS[as_now], channel) not in OFFERS:
                        continue
                    like = OFFERS.index((ACTION_IDS[as_now], channel))
                    if ACTIONS[a].lost == ACTIONS[as_now].lost:
                        compared += 1
                        np.testing.assert_allclose(costless_is[:, j], costless_was[:, like], atol=1e-12)
            assert (turned.net.argmax(axis=1) != plain.net.argmax(axis=1))[turned.due].mean() > 0.2
        events, plain = plain.live(nothing(plain))
        same_day, turned = turned.live(nothing(turned))
        assert same(events, same_day)
    assert compared >= 2 * 4


def test_messages_work_only_on_who_came_by_and_windows_never_overlap(world: DailyWorld) -> None:
    came: dict[int, set[int]] = {}
    opened = taken = 0
    for _ in range(14):
        due = set(np.flatnonzero(world.due).tolist())
        if world.day - 1 in came:
            assert due == came[world.day - 1]
        day = world.day
        events, world = world.live(np.full(N, OFFERS.index(("coffee_sample", "email"))))
        came[day] = set(events.of("visit").row.tolist())
        assert set(events.of("message_opened").row.tolist()) <= due
        redeemed = events.of("offer_redeemed")
        assert (redeemed.day - redeemed.contact_day < WINDOW_DAYS).all()
        assert (redeemed.day > redeemed.contact_day).all()
        opened, taken = opened + len(events.of("message_opened")), taken + len(redeemed)
    assert opened > taken > 0
    assert any(sum(row in rows for rows in came.values()) > 1 for row in range(N))
    for row in range(N):
        days = [day for day, rows in came.items() if row in rows]
        assert (np.diff(days) >= WINDOW_DAYS).all()


def test_no_action_is_best_for_all_and_often_none_is_worth_its_cost(world: DailyWorld) -> None:
    net = world.net[world.due]
    best = np.where(net.max(axis=1) > 0, OFFER_ACTION[net.argmax(axis=1)], -1)
    shares = [float((best == code).mean()) for code in range(-1, len(ACTIONS))]
    assert shares[0] > 0.12
    assert max(shares[1:]) < 0.35
    assert sum(share > 0.05 for share in shares[1:]) >= 5
    assert 0 < net.mean(axis=0).max() < 0.4 * world.best_value[world.due].mean()


def test_regret_is_what_the_oracle_would_earn_more(world: DailyWorld) -> None:
    lot = by_lot(world)
    assert (world.regret(lot) >= 0).all()
    oracle = np.where(world.net.max(axis=1) > 0, world.net.argmax(axis=1), -1)
    assert (world.regret(oracle) == 0).all()
    np.testing.assert_array_equal(world.regret(nothing(world)), world.best_value)
    assert world.value(np.full(N, 0))[~world.due].max() < 0  # a message to who is not due only costs


def test_decisions_that_are_none_are_refused(world: DailyWorld) -> None:
    for wrong in (np.zeros(N - 1, np.int64), np.full(N, len(OFFERS)), np.full(N, -2)):
        with pytest.raises(UsageError, match=f"each of the {N} customers"):
            world.live(wrong)
    with pytest.raises(UsageError, match="at least 1"):
        DailyWorld.begin(0)
    with pytest.raises(UsageError, match="each of the actions"):
        Switch(3, (0, 0, 1, 2, 3, 4, 5))


def test_a_days_file_names_the_decisions_answered(world: DailyWorld) -> None:
    day = world.day
    ids = {day: [f"d{row}" if row % 2 else None for row in range(N)]}
    offers = np.where(np.arange(N) % 2, OFFERS.index(("tea_sample", "push")), -1)
    rows = []
    for _ in range(WINDOW_DAYS):
        events, world = world.live(offers)
        rows.append(event_frame(world.day - 1, events, ids))
        offers = nothing(world)
    frame = rows[0].vstack(rows[1]).vstack(rows[2])
    assert frame["event_id"].is_unique().all()
    sent = frame.filter(frame["type"] == "message_sent")
    assert len(sent) == N // 2
    assert sent["action_id"].unique().to_list() == ["tea_sample"]
    about = frame.filter(frame["type"].is_in(["message_sent", "message_opened", "offer_redeemed"]))
    assert about["decision_id"].to_list() == [f"d{int(c[1:])}" for c in about["customer_id"]]
    rest = frame.filter(frame["type"].is_in(["purchase", "visit", "add_to_cart"]))
    assert rest["decision_id"].null_count() == len(rest)
    assert (frame["ts"].str.slice(0, 10) >= str(np.datetime64(day, "D"))).all()
    assert set(frame["type"]) <= set(KINDS)
    assert customer_frame(world.people)["customer_id"].n_unique() == N


def test_what_is_observed_counts_events_and_sees_no_future() -> None:
    start = DailyWorld.before_history(100, seed=1)
    seen, parts = Observed(start.people), []
    for events, after in start.history():
        seen.see(events)
        parts.append(events)
        start = after
    rows = np.arange(100)
    x = {name: seen.columns(start.day, rows)[:, k] for k, name in enumerate(NAMES)}
    bought = np.concatenate([part.of("purchase").row for part in parts])
    np.testing.assert_array_equal(x["orders"], np.bincount(bought, minlength=100))
    np.testing.assert_array_equal(x["cart_yesterday"] > 0, start.cart)
    last = np.bincount(parts[-1].of("purchase").row, parts[-1].of("purchase").cents / 100.0, minlength=100)
    assert (seen.window_spend() >= last).all()
    assert np.isfinite(seen.columns(start.day, rows)).all()
