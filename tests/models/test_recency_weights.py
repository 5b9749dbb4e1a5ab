"""Old rows count less, and forgetting must earn its place."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nbatool.base.clock import DAY_US
from nbatool.base.errors import UsageError
from nbatool.models.recency_weights import age_weights, chosen_half_life, effective_rows

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


def later_losses(change_on: int) -> np.ndarray:
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
    assert chosen_half_life(DAYS, later_losses(change_on=1000)) == math.inf
    assert chosen_half_life(DAYS, later_losses(change_on=75)) == 5 * DAY_S


def test_candidates_without_a_loss_are_left_out() -> None:
    losses = np.array([[1.0, 1.0], [2.0, 2.0], [np.nan, 0.0]])
    assert chosen_half_life(DAYS, losses) == 5 * DAY_S
    with pytest.raises(UsageError, match="found shape"):
        chosen_half_life(DAYS, losses[:2])
    with pytest.raises(UsageError, match="a number"):
        chosen_half_life(DAYS, np.full((3, 2), np.nan))
