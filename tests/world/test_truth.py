"""The truth: closed form against simulation, and what kind of world it makes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from nbatool.base.errors import DataError
from nbatool.base.seeds import generator
from nbatool.world.actions import ACTION_IDS, ACTIONS, COSTS
from nbatool.world.behaviour import Decisions, simulate
from nbatool.world.events import TYPES
from nbatool.world.history import Calendar, World, histories
from nbatool.world.policy import by_lot
from nbatool.world.truth import HORIZON_DAYS, Truth, load_truth, plan_value, usual_spend
from nbatool.world.write import generate

N = 300
TIMES = 1500
WEB = 2


def world_at_end(customers: int, seed: int) -> World:
    return next(histories(customers, Calendar.of(18), months=18, seed=seed))[1]


@pytest.fixture(scope="module")
def world() -> World:
    return world_at_end(N, seed=3)


def simulated_spend(
    world: World, action: int, *, seed: int, days: tuple[int, ...] = (HORIZON_DAYS,)
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return mean and standard error of each customer's spend over many continuations with the same draws."""
    n = len(world.customers)
    rows = np.repeat(np.arange(n), TIMES)
    customers, state = world.customers.take(rows), world.state.take(rows)
    decisions = Decisions(np.full(len(rows), action), np.full(len(rows), WEB))
    spend = np.zeros(len(rows))
    rng = generator(seed, "monte carlo")
    start = world.day
    for step in days:
        events, state = simulate(customers, state, decisions, start=start, days=step, rng=rng)
        bought = events.take(np.flatnonzero(events.type == TYPES.index("purchase")))
        spend += np.bincount(bought.row, weights=bought.cents / 100.0, minlength=len(rows))
        decisions, start = Decisions.nothing(len(rows)), start + step
    table = spend.reshape(n, TIMES)
    return table.mean(axis=1), table.std(axis=1) / np.sqrt(TIMES)


def assert_agrees(
    mean: npt.NDArray[np.float64], error: npt.NDArray[np.float64], truth: npt.NDArray[np.float64]
) -> None:
    """The differences are noise of the size their standard errors say, customer by customer and in all."""
    still = error == 0
    np.testing.assert_allclose(mean[still], truth[still], atol=1e-9)
    z = (mean - truth)[~still] / error[~still]
    assert np.abs(z).max() < 4.5
    assert 0.8 < z.std() < 1.2
    assert abs((mean - truth).sum()) < 4 * np.sqrt((error**2).sum())


def test_spend_without_contact_is_what_simulation_gives(world: World) -> None:
    mean, error = simulated_spend(world, -1, seed=1)
    assert_agrees(mean, error, usual_spend(world.customers, world.state, world.day, HORIZON_DAYS))


@pytest.mark.slow
@pytest.mark.parametrize("action", range(len(ACTIONS)), ids=ACTION_IDS)
def test_uplift_is_what_simulation_gives(world: World, action: int) -> None:
    nothing, nothing_error = simulated_spend(world, -1, seed=1)
    with_action, action_error = simulated_spend(world, action, seed=2)
    assert_agrees(with_action - nothing, np.hypot(nothing_error, action_error), world.truth()[:, action])


@pytest.mark.slow
def test_uplift_counts_a_contact_that_still_works(world: World) -> None:
    """Eight days after everybody got something, a new contact replaces what is left of it."""
    lot = by_lot(world.customers, world.state, generator(0, "lot"))
    _, later = world.continue_from(lot, days=8)
    assert (later.state.effect_until > later.day).mean() > 0.5
    action = ACTION_IDS.index("ten_percent_off")
    nothing, nothing_error = simulated_spend(later, -1, seed=1)
    with_action, action_error = simulated_spend(later, action, seed=2)
    assert_agrees(with_action - nothing, np.hypot(nothing_error, action_error), later.truth()[:, action])


@pytest.mark.slow
def test_many_short_steps_have_the_law_of_a_long_one(world: World) -> None:
    action = ACTION_IDS.index("coffee_sample")
    stepwise, error = simulated_spend(world, action, seed=4, days=(1, 2, 4, 7, 16))
    usual = usual_spend(world.customers, world.state, world.day, HORIZON_DAYS)
    assert_agrees(stepwise, error, usual + world.truth()[:, action])


def test_who_is_gone_gains_nothing(world: World) -> None:
    gone = ~world.state.alive
    assert gone.any()
    assert (world.truth()[gone] == 0).all()


def test_truth_depends_on_what_a_shop_can_see() -> None:
    """Each action works for its own people, all else equal."""
    world = world_at_end(400, seed=1)
    coffee = ACTION_IDS.index("coffee_sample")
    win_back = ACTION_IDS.index("win_back")
    lapsed = replace(world, state=replace(world.state, last_purchase=np.full(400, world.day - 120.0)))
    active = replace(world, state=replace(world.state, last_purchase=np.full(400, world.day - 3.0)))
    alive = world.state.alive
    assert (lapsed.truth()[alive, win_back] > active.truth()[alive, win_back]).all()
    lovers = alive & (world.customers.taste[:, 0] > 0.6)
    others = alive & (world.customers.taste[:, 0] < 0.2)
    assert world.truth()[lovers, coffee].mean() > 2.0
    assert world.truth()[others, coffee].mean() < 0.1
    tired = replace(world, state=replace(world.state, fatigue=np.full(400, 3.0)))
    fresh = replace(world, state=replace(world.state, fatigue=np.zeros(400)))
    assert (tired.truth()[alive] < fresh.truth()[alive]).all()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Truth:
    root = tmp_path_factory.mktemp("world")
    generate(root, customers=2000, seed=0, format="parquet")
    return load_truth(root / "truth.parquet")


def test_no_action_is_best_for_all_and_some_do_harm(written: Truth) -> None:
    net = written.net
    best = np.where(net.max(axis=1) > 0, net.argmax(axis=1), -1)
    shares = {
        name: float((best == code).mean()) for code, name in enumerate(("nothing", *ACTION_IDS), start=-1)
    }
    assert shares["nothing"] > 0.2
    assert max(shares[name] for name in ACTION_IDS) < 0.3
    assert sum(share > 0.03 for name, share in shares.items() if name != "nothing") >= 5
    assert (net.mean(axis=0) < 0).sum() >= 2
    assert (written.uplift.min(axis=0) < -0.2).all()


def test_knowing_the_customer_is_worth_twice_the_best_single_action(written: Truth) -> None:
    nothing = plan_value({}, written)
    assert nothing.plan == nothing.nothing == 0
    assert nothing.regret == nothing.best_possible
    assert 0 < nothing.best_single < 0.5 * nothing.best_possible
    assert 1.0 < nothing.best_possible / nothing.customers < 5.0


def test_plan_value_by_hand() -> None:
    uplift = np.array([[2.0, 1.0], [0.5, 3.0], [-1.0, 0.2]])
    truth = Truth(("a", "b", "c"), ("x", "y"), uplift, np.array([1.0, 0.5]))
    value = plan_value({"a": "x", "b": "y", "c": "nothing"}, truth)
    assert (value.plan, value.best_possible, value.regret, value.share) == (3.5, 3.5, 0.0, 1.0)
    assert (value.contacts, value.best_single, value.best_single_action) == (2, 2.7, "y")
    assert plan_value((["c", "b"], ["x", "x"]), truth).plan == pytest.approx(-2.5)


def test_plan_value_refuses_what_it_does_not_know() -> None:
    truth = Truth(("a",), ("x",), np.zeros((1, 1)), np.zeros(1))
    with pytest.raises(DataError, match='no customer "b"'):
        plan_value({"b": "x"}, truth)
    with pytest.raises(DataError, match="one action per customer"):
        plan_value((["a", "a"], ["x", "x"]), truth)


def test_truth_file_is_the_world_rounded(written: Truth, tmp_path: Path) -> None:
    world = world_at_end(2000, seed=0)
    np.testing.assert_allclose(written.uplift, world.truth(), atol=0.0006)
    assert written.customer_ids[:2] == ("c000000", "c000001")
    np.testing.assert_array_equal(written.costs, [COSTS[name] for name in ACTION_IDS])
    generate(tmp_path, customers=3)
    free = load_truth(tmp_path / "truth.parquet", dict.fromkeys(ACTION_IDS, 0.0))
    np.testing.assert_array_equal(free.net, free.uplift)
