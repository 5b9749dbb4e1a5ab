"""Old rows count less, and forgetting must earn its place."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from model_worlds import FIVE_DAYS_S

from nbatool.base.clock import DAY_US
from nbatool.base.errors import UsageError
from nbatool.base.seeds import generator
from nbatool.models import outcome_fit
from nbatool.models.half_life import HalfLife, choose_half_life, half_lives, unforgetting
from nbatool.models.later_losses import later_losses
from nbatool.models.logged import Logged
from nbatool.models.newest import newest_rows
from nbatool.models.outcome import OutcomeModel
from nbatool.models.outcome_fit import fit_outcome
from nbatool.models.recency_weights import age_weights, chosen_half_life, effective_rows
from nbatool.models.shrinkage import fit_shrinkage, shrink
from nbatool.models.table import Table
from nbatool.report.forgetting import forgetting_text

DAY_S = 86_400.0
DAYS = [5 * DAY_S, 30 * DAY_S, math.inf]


def test_a_row_counts_half_at_its_half_life() -> None:
    ages = np.array([0, 10, 20, 40])
    weights = age_weights(100 * DAY_US - ages * DAY_US, 100 * DAY_US, 20 * DAY_S)
    np.testing.assert_allclose(weights, [1.0, 0.5**0.5, 0.5, 0.25])
    assert (age_weights(np.array([0, 5]), 10**15, math.inf) == 1.0).all()
    assert age_weights(np.array([2 * DAY_US]), DAY_US, DAY_S).tolist() == [1.0]
    assert effective_rows(weights) < 4


@pytest.mark.parametrize("half_life", [0.0, -1.0, math.nan])
def test_a_half_life_is_above_zero(half_life: float) -> None:
    with pytest.raises(UsageError, match="above 0"):
        age_weights(np.array([0]), 0, half_life)


def losses_of_means(change_on: int) -> np.ndarray:
    """Loss of predicting each of the last ten days by the weighted mean of the days before, in a world that changes."""
    rng = np.random.default_rng(0)
    y = rng.normal(np.where(np.arange(100)[:, None] < change_on, 0.0, 3.0), 1.0, (100, 50))
    losses = np.empty((len(DAYS), 10))
    for k, half_life in enumerate(DAYS):
        for block, day in enumerate(range(90, 100)):
            weights = age_weights(np.arange(day) * DAY_US, day * DAY_US, half_life)
            guess = (weights * y[:day].mean(axis=1)).sum() / weights.sum()
            losses[k, block] = ((y[day] - guess) ** 2).mean()
    return losses


def test_forgetting_is_chosen_where_the_world_changed_and_only_there() -> None:
    assert chosen_half_life(DAYS, losses_of_means(change_on=1000)) == math.inf
    assert chosen_half_life(DAYS, losses_of_means(change_on=75)) == 5 * DAY_S


def test_candidates_without_a_loss_are_left_out() -> None:
    losses = np.array([[1.0, 1.0], [2.0, 2.0], [np.nan, 0.0]])
    assert chosen_half_life(DAYS, losses) == 5 * DAY_S
    with pytest.raises(UsageError, match="found shape"):
        chosen_half_life(DAYS, losses[:2])
    with pytest.raises(UsageError, match="a number"):
        chosen_half_life(DAYS, np.full((3, 2), np.nan))


def log_of(seed: int, *, days: float = 90.0, switch_on: float | None = None, n: int = 3_000) -> Logged:
    """Two actions and nothing at random; the one suits those with a high first column and the other the others, until
    the day they change places."""
    random = generator(seed, "switching world")
    x = random.normal(size=(n, 3))
    code = random.integers(-1, 2, n)
    day = random.random(n) * days
    suits = np.where(day < (math.inf if switch_on is None else switch_on), 1.0, -1.0)
    uplift = np.where(code < 0, 0.0, 0.5 + suits * np.where(code == 0, 2.0, -2.0) * x[:, 0])
    y = 5 + 2 * x[:, 1] + uplift + 2 * random.normal(size=n)
    names = ("a", "b", "c", "action")
    table = Table(
        np.column_stack([x, code + 1.0]),
        names,
        ("action",),
        y,
        None,
        np.arange(n),
        (day * DAY_US).astype(np.int64),
    )
    return Logged(table, code < 0, (code + 1).astype(np.int64), code.astype(np.float64) + 1.0)


def trained(log: Logged, order: np.ndarray | None = None) -> OutcomeModel:
    rows = np.arange(len(log)) if order is None else order
    return fit_outcome(
        log.table.take(rows), is_nothing=log.is_nothing[rows], action_code=log.action_code[rows],
        window_s=FIVE_DAYS_S, nothing=np.zeros(1), threads=1,
    )  # fmt: skip


def error_after(model: OutcomeModel) -> float:
    """Mean squared error of the uplifts beside those after the switch."""
    x = generator(0, "new customers").normal(size=(500, 3))
    truth = 0.5 + np.column_stack([-2.0 * x[:, 0], 2.0 * x[:, 0]])
    asked = np.column_stack([np.repeat(x, 3, axis=0), np.tile([1.0, 2.0, 0.0], 500)])
    shrunk = shrink(
        model.expected(asked, 3)[1], model.shrinkage.weights([1, 2]), model.shrinkage.shares([1, 2])
    )
    return float(((shrunk - truth) ** 2).mean())


def test_a_stationary_world_is_not_forgotten() -> None:
    chosen = [choose_half_life(log_of(seed), 1, window_s=FIVE_DAYS_S, seed=seed) for seed in range(20)]
    assert sum(each.days is None for each in chosen) >= 17
    # a level that drifts for everybody, whatever was done, is no reason to forget whom to send what
    drifting = log_of(0)
    season = np.sin(drifting.table.as_of_us / DAY_US / 15)
    moved = replace(drifting, table=replace(drifting.table, y=drifting.table.y + 2 * season))
    assert choose_half_life(moved, 1, window_s=FIVE_DAYS_S, seed=0).days is None


def test_a_world_that_turned_around_is_forgotten_fast() -> None:
    for seed in range(5):
        found = choose_half_life(log_of(seed, switch_on=45), 1, window_s=FIVE_DAYS_S, seed=seed)
        assert found.days in {11, 22}
        assert found.losses[found.seconds] < found.losses[math.inf]


def test_uplifts_follow_a_world_that_turned_around(monkeypatch: pytest.MonkeyPatch) -> None:
    log = log_of(0, switch_on=45, n=4_000)
    following = trained(log)
    monkeypatch.setattr(outcome_fit, "choose_half_life", lambda *_, **__: unforgetting("for the test"))
    remembering = trained(log)
    assert error_after(following) < 0.6 * error_after(remembering)
    assert following.card["half_life"] in {11, 22}
    assert remembering.card["half_life"] is None
    assert following.card["effective_rows"] < 3_000 < remembering.card["effective_rows"] == 4_000
    tried = {each["half_life"]: each["loss"] for each in following.card["half_life_losses"]}
    assert set(tried) == {11, 22, 45, None}
    assert tried[following.card["half_life"]] < tried[None]
    assert "11 days" in forgetting_text(following.card, 11)


def test_rows_in_another_order_are_forgotten_alike() -> None:
    log = log_of(1, switch_on=45, n=2_000)
    shuffled = generator(0, "order").permutation(len(log))
    one, other = trained(log), trained(log, shuffled)
    assert one.card["half_life"] is not None
    assert one.to_files() == other.to_files()


def test_age_multiplies_the_weight_of_contacts_and_of_nothing_alike() -> None:
    log = log_of(0)
    given = generator(0, "given weights").random(len(log)) + 0.5
    log = replace(log, table=replace(log.table, weight=given))
    now_us = 60 * DAY_US
    found = HalfLife(10 * DAY_S, "", {}).weighted(log, now_us)
    assert found.recency is not None
    np.testing.assert_allclose(found.table.weights(), given * found.recency)
    later = log.table.as_of_us >= now_us
    assert (found.recency[later] == 1).all()
    assert (found.recency[~later] == age_weights(log.table.as_of_us[~later], now_us, 10 * DAY_S)).all()
    assert unforgetting("").weighted(log, now_us) is log


def test_no_later_decision_is_seen_by_what_it_judges() -> None:
    """Outcomes of the last block, and of what had not closed before a block, leave every other loss as it was."""
    log = log_of(0)
    before = later_losses(log, 1, DAYS, window_s=FIVE_DAYS_S, seed=0)
    last = log.table.as_of_us >= np.sort(log.table.as_of_us)[-100]
    wild = replace(log, table=replace(log.table, y=np.where(last, 1e3 * log.table.x[:, 0], log.table.y)))
    after = later_losses(wild, 1, DAYS, window_s=FIVE_DAYS_S, seed=0)
    assert before is not None
    assert after is not None
    assert before.shape == (3, 10)
    assert (before[:, :-2] == after[:, :-2]).all()
    assert (after[:, -1] > 10 * before[:, -1]).all()


def test_mailings_in_waves_are_judged_by_parts_of_the_customers() -> None:
    log = log_of(0, switch_on=42, n=4_000)
    waves = log.table.as_of_us // (14 * DAY_US) * (14 * DAY_US)
    found = choose_half_life(
        replace(log, table=replace(log.table, as_of_us=waves)), 1, window_s=FIVE_DAYS_S, seed=0
    )
    assert found.days is not None
    assert found.days < 42


def test_too_little_to_tell_is_not_forgotten() -> None:
    few = choose_half_life(log_of(0, n=500), 1, window_s=FIVE_DAYS_S, seed=0)
    assert (few.days, few.because) == (None, "too few decisions to tell")
    short = choose_half_life(log_of(0, days=3), 1, window_s=FIVE_DAYS_S, seed=0)
    assert (short.days, short.because) == (None, "the log is too short to tell")
    assert half_lives(np.zeros(0, dtype=np.int64), 0) == ()
    card = few.to_card(np.arange(500))
    assert (card["effective_rows"], card["half_life_losses"]) == (500, [])


def test_shrinkage_counts_the_rows_that_are_left() -> None:
    random = np.random.default_rng(0)
    code, y = np.repeat([0, 1], 1_000), random.normal(size=2_000)
    recency = np.where((code == 0) & (np.arange(2_000) >= 10), 1e-9, 1.0)
    found = fit_shrinkage(y, recency, code, np.ones(2_000, dtype=bool), np.arange(2_000), recency)
    assert found.weight[0] < 0.05 < found.weight[1]
    assert found.shares([0, 1]) == pytest.approx([10 / 1_010, 1_000 / 1_010], rel=1e-3)


def test_of_a_log_too_long_the_newest_are_kept() -> None:
    times = np.repeat(np.arange(100) * DAY_US, 10)
    who = np.tile(np.arange(10), 100)
    rows, start = newest_rows(times, who, most=300, span_us=20 * DAY_US, seed=0)
    assert (start, len(rows)) == (70 * DAY_US, 300)
    assert set(times[rows].tolist()) == set(times[times >= 70 * DAY_US].tolist())
    # a busy log must cover later decisions too: customers are drawn, not days left out
    rows, start = newest_rows(times, who, most=300, span_us=59 * DAY_US, seed=0)
    assert start == 40 * DAY_US
    assert len(rows) == pytest.approx(300, rel=0.2)
    assert len(np.unique(times[rows])) == 60
    every, start = newest_rows(times, who, most=1_000, span_us=0, seed=0)
    assert (len(every), start) == (1_000, None)
