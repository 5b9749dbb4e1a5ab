"""A plain learner must be able to find a good plan in the logged contacts: otherwise the world judges nobody."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from nbatool.world.actions import ACTIONS
from nbatool.world.events import TYPES, Events
from nbatool.world.history import Calendar, World, histories
from nbatool.world.latent import CATEGORIES

N = 8000
NOTHING = len(ACTIONS)


def windowed(events: Events, kind: str, since: float, until: float) -> Events:
    inside = (events.type == TYPES.index(kind)) & (events.day >= since) & (events.day < until)
    return events.take(np.flatnonzero(inside))


def features(events: Events, world: World, day: int) -> npt.NDArray[np.float64]:
    """Recency, frequency, spend, categories, opens and contacts before the day, and two plain attributes."""
    columns = [day - world.customers.signup_day, world.customers.tier, world.customers.household_size]
    for kind in ("purchase", "message_sent", "message_opened", "offer_redeemed", "add_to_cart", "page_view"):
        windows = (windowed(events, kind, day - days, day) for days in (30, 90, 10_000))
        columns += [np.bincount(window.row, minlength=N) for window in windows]
        last = np.full(N, np.nan)
        before = windowed(events, kind, 0, day)
        last[before.row] = before.day
        columns.append(day - last)
    failed = windowed(events, "payment_failed", day - 30, day)
    columns.append(np.bincount(failed.row, minlength=N))
    bought = windowed(events, "purchase", 0, day)
    spend = np.bincount(bought.row, weights=bought.cents / 100.0, minlength=N)
    total = np.maximum(np.bincount(bought.row, minlength=N), 1)
    columns += [spend, spend / total]
    for k in range(len(CATEGORIES)):
        columns.append(np.bincount(bought.row, weights=bought.category == k, minlength=N) / total)
    columns.append(np.bincount(bought.row, weights=bought.on_sale, minlength=N) / total)
    columns.append(np.bincount(bought.row, weights=bought.channel == 2, minlength=N) / total)
    return np.column_stack(columns).astype(float)


@pytest.mark.slow
def test_an_s_learner_finds_three_quarters_of_the_best_possible() -> None:
    lightgbm = pytest.importorskip("lightgbm")
    events, world = next(histories(N, Calendar.of(18), months=18, seed=0))
    inputs, outcomes = [], []
    for day in Calendar.of(18).wave_days:
        known = world.customers.signup_day < day
        sent = windowed(events, "message_sent", day, day + 0.5)
        action = np.full(N, NOTHING)
        action[sent.row] = sent.action
        bought = windowed(events, "purchase", day, day + 30)
        spend = np.bincount(bought.row, weights=bought.cents / 100.0, minlength=N)
        inputs.append(np.column_stack([features(events, world, day), action])[known])
        outcomes.append(spend[known])
    x, y = np.vstack(inputs), np.concatenate(outcomes)
    settings = {
        "objective": "regression", "learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 100,
        "feature_fraction": 0.6, "lambda_l2": 10.0, "num_threads": 1, "verbosity": -1, "seed": 1,
    }  # fmt: skip
    data = lightgbm.Dataset(x, y, categorical_feature=[x.shape[1] - 1])
    model = lightgbm.train(settings, data, 300)
    now = features(events, world, world.day)
    expected = [model.predict(np.column_stack([now, np.full(N, a)])) for a in range(NOTHING + 1)]
    costs = np.array([action.cost for action in ACTIONS])
    guess = np.column_stack(expected[:NOTHING]) - expected[NOTHING][:, None] - costs
    net = world.truth() - costs
    chosen = np.where(guess.max(axis=1) > 0, net[np.arange(N), guess.argmax(axis=1)], 0.0)
    best = np.maximum(net.max(axis=1), 0.0)
    assert 8.0 < y.std() < 30.0
    assert chosen.sum() > 0.75 * best.sum()
    assert net.sum(axis=0).max() < 0.6 * best.sum()
