from __future__ import annotations

import numpy as np
import pytest

from nbatool.models.balancing import balance_actions
from nbatool.models.table import Table


def drawn(n: int, seed: int = 0) -> tuple[Table, np.ndarray, np.ndarray]:
    """Two actions; the second goes to those with much of the first column, and a kind of its own."""
    random = np.random.default_rng(seed)
    x = np.column_stack([random.normal(size=n), random.integers(0, 3, n).astype(float)])
    chance = 1 / (1 + np.exp(-(x[:, 0] + 0.5 * (x[:, 1] == 2))))
    action = (random.random(n) < chance).astype(np.int64)
    x[::10, 0] = np.nan
    table = Table(
        x, ("much", "kind"), ("kind",), np.zeros(n), None, np.arange(n), np.zeros(n, dtype=np.int64)
    )
    return table, action, np.where(action == 1, chance, 1 - chance)


def test_every_action_s_rows_look_like_all_rows() -> None:
    table, action, _ = drawn(4_000)
    allowed = np.ones((4_000, 2), dtype=bool)
    found = balance_actions(table, action, np.full(4_000, 0.5), allowed)
    assert found.before > 0.3
    assert found.after < 0.01
    for a in (0, 1):
        rows = action == a
        weight = 1 / found.propensity[rows]
        assert weight.sum() == pytest.approx(4_000, rel=0.02)
        kind = table.x[:, 1] == 2
        assert weight[kind[rows]].sum() == pytest.approx(kind.sum(), rel=0.03)
        known = ~np.isnan(table.x[:, 0])
        mean = (weight * np.where(known, table.x[:, 0], 0)[rows]).sum() / weight[known[rows]].sum()
        assert mean == pytest.approx(table.x[known, 0].mean(), abs=0.03)


def test_right_probabilities_hardly_move() -> None:
    table, action, chance = drawn(20_000)
    found = balance_actions(table, action, chance, np.ones((20_000, 2), dtype=bool))
    assert np.quantile(np.abs(found.propensity / chance - 1), 0.95) < 0.1


def test_rows_where_an_action_was_not_possible_are_not_its_goal() -> None:
    table, action, chance = drawn(4_000)
    allowed = np.ones((4_000, 3), dtype=bool)
    allowed[:, 1] = table.x[:, 1] != 0
    action, chance = np.where(allowed[:, 1], action, 0), np.where(allowed[:, 1], chance, 1.0)
    found = balance_actions(table, action, chance, allowed)
    assert (1 / found.propensity[action == 1]).sum() == pytest.approx(allowed[:, 1].sum(), rel=0.02)
    assert allowed[:, 1].sum() < 3_000


def test_few_rows_are_scaled_and_no_more() -> None:
    table, action, chance = drawn(15)
    small = 0.3 + 0.1 * chance
    found = balance_actions(table, action, small, np.ones((15, 2), dtype=bool))
    for a in (0, 1):
        ratio = found.propensity[action == a] / small[action == a]
        assert ratio == pytest.approx(np.full(len(ratio), ratio[0]))
        assert (1 / found.propensity[action == a]).sum() == pytest.approx(15, rel=0.01)
