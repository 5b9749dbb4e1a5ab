"""Small synthetic worlds with known truth, for the model tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbatool.base.seeds import generator
from nbatool.models.table import BoolArray, FloatArray, IntArray, Table, row_order

WEEK_US = 7 * 86_400 * 1_000_000
FIVE_DAYS_S = 5 * 86_400


def sorted_rows(table: Table) -> Table:
    return table.take(row_order(table))


@dataclass(frozen=True)
class MoneyWorld:
    """Two-part money, known uplift: half the customers gain 4 from action 1, everybody 1 from action 0."""

    table: Table
    is_nothing: BoolArray
    action_code: IntArray
    truth: FloatArray
    candidates: dict[str, FloatArray]
    uplift: dict[str, FloatArray]


def purchases(n_customers: int = 1_000, n_moments: int = 4, seed: int = 0) -> tuple[Table, FloatArray]:
    """Return a 0/1 table and the true probabilities: logit = 1.2·a − .7; b and the category mean nothing."""
    random = generator(seed, "purchases")
    n = n_customers * n_moments
    x = np.column_stack([random.normal(size=(n, 2)), random.integers(0, 4, n)])
    x[random.random(n) < 0.05, 1] = np.nan
    truth = 1 / (1 + np.exp(-(1.2 * x[:, 0] - 0.7)))
    y = (random.random(n) < truth).astype(np.float64)
    customer = np.tile(np.arange(n_customers), n_moments)
    as_of = np.repeat(np.arange(n_moments) * WEEK_US, n_customers)
    return Table(x, ("a", "b", "kind"), ("kind",), y, None, customer, as_of), truth


def money(n_customers: int = 2_500, n_moments: int = 4, seed: int = 0) -> MoneyWorld:
    random = generator(seed, "money")
    n = n_customers * n_moments
    x = random.normal(size=(n, 3))
    code = random.integers(-1, 2, n)  # −1 is nothing
    chance = 1 / (1 + np.exp(-x[:, 0]))
    amounts = {
        "nothing": 10 + 2 * x[:, 1],
        "0": 10 + 2 * x[:, 1] + 1 / chance,
        "1": 10 + 2 * x[:, 1] + 4 * (x[:, 2] > 0) / chance,
    }
    mean = np.choose(code + 1, [amounts["nothing"], amounts["0"], amounts["1"]])
    y = np.where(random.random(n) < chance, mean + random.normal(size=n), 0.0)
    full = {name: np.column_stack([x, np.full(n, float(k))]) for k, name in enumerate(("nothing", "0", "1"))}
    table = Table(
        np.column_stack([x, code + 1.0]),
        ("a", "b", "c", "action"),
        ("action",),
        y,
        None,
        np.tile(np.arange(n_customers), n_moments),
        np.repeat(np.arange(n_moments) * WEEK_US, n_customers),
    )
    uplift = {name: chance * (amounts[name] - amounts["nothing"]) for name in ("0", "1")}
    return MoneyWorld(table, code < 0, code.astype(np.int64), chance * mean, full, uplift)
