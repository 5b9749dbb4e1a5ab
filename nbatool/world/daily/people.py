"""Who the customers are, what the shop knows of them, and when they come by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbatool.world.latent import Bools, Floats, Ints, Rows

CATEGORIES = ("bakery", "coffee", "gifts", "household", "tea")
TIERS = ("basic", "silver", "gold")
FEWEST_DAYS_BETWEEN = 3
MOST_DAYS_BETWEEN = 6
CART_P = 0.25


@dataclass(frozen=True)
class People(Rows):
    """One row a customer.

    `taste` has shape (n_customers, n_categories) and sums to 1; `read_p` has shape (n_customers, n_channels); usual
    orders come at `buy_rate` per day and cost `order_value` in the mean; `response` (mean 1) multiplies the reaction to
    offers and cannot be seen. A customer comes by every `every_days` days, shifted by `shift`. `favourite` is what the
    customer answered when asked (-1: no answer, and one in ten answers is wrong).
    """

    taste: Floats
    read_p: Floats
    buy_rate: Floats
    order_value: Floats
    response: Floats
    every_days: Ints
    shift: Ints
    tier: Ints
    household_size: Ints
    has_app: Bools
    age: Ints
    favourite: Ints

    def __len__(self) -> int:
        return len(self.buy_rate)

    def visits_on(self, day: int) -> Bools:
        """Return who comes by on this day; no customer does so twice within an outcome window."""
        comes: Bools = (day + self.shift) % self.every_days == 0
        return comes


def draw_people(n: int, rng: np.random.Generator) -> People:
    """Draw customers: gamma rates, gamma-over-gamma order values, one clear taste each."""
    favourite = rng.integers(0, len(CATEGORIES), n)
    taste = rng.dirichlet(np.full(len(CATEGORIES), 1.5), n) * rng.uniform(0.3, 0.8, n)[:, None]
    taste[np.arange(n), favourite] += 1.0 - taste.sum(axis=1)
    has_app = rng.random(n) < 0.45
    email = rng.beta(8, 3, n)
    push = np.where(has_app, rng.beta(14, 2, n), rng.beta(1, 20, n))
    answer = np.where(rng.random(n) < 0.9, taste.argmax(axis=1), rng.integers(0, len(CATEGORIES), n))
    every = rng.integers(FEWEST_DAYS_BETWEEN, MOST_DAYS_BETWEEN + 1, n)
    return People(
        taste=taste,
        read_p=np.column_stack([email, push]),
        buy_rate=rng.gamma(3.0, 0.024 / 3.0, n) + 0.004,
        order_value=9.0 * 15.0 / rng.gamma(16.0, 1.0, n),
        response=rng.gamma(14.0, 1.0 / 14.0, n),
        every_days=every,
        shift=rng.integers(0, every),
        tier=rng.choice(3, n, p=[0.5, 0.28, 0.22]),
        household_size=1 + rng.binomial(4, 0.4, n),
        has_app=has_app,
        age=np.clip(rng.normal(44, 15, n), 18, 90).astype(np.int64),
        favourite=np.where(rng.random(n) < 0.25, -1, answer),
    )
