"""Who the customers really are (never written to a file), and the part of them that changes with time.

A customer buys at a rate, spends at a level, has tastes, reads messages or not, minds prices or not, and leaves
for good after an exponential lifetime. `Customers` holds what stays, `State` what moves; arrays share the first
axis `n_customers`. Days are counted from 1970-01-01 UTC (day 17000.5 is noon of day 17000), money is in currency units.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

CATEGORIES = ("coffee", "tea", "bakery", "household", "gifts")
CATEGORY_SHARE = (0.30, 0.17, 0.20, 0.21, 0.12)
CATEGORY_PRICE = np.array([0.9, 0.9, 0.85, 1.15, 1.3])
ZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles")
ZONE_OFFSET_HOURS = (-5, -6, -7, -8)
ZONE_SHARE = (0.45, 0.28, 0.09, 0.18)
REGIONS = ("east", "midwest", "mountain", "west")
TIERS = ("basic", "silver", "gold")
UNSUBSCRIBABLE = ("email", "push")
NEVER = -10_000.0
VIEWS_PER_PURCHASE = 0.8
VIEWS_PER_DAY = 0.008


class Rows:
    """Arrays with one shared first axis; `take` repeats or selects customers."""

    def take(self, rows: npt.NDArray[np.integer]) -> Self:
        """Return the same thing for the given row numbers, which may repeat."""
        return type(self)(*(getattr(self, f.name)[rows] for f in fields(self)))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Customers(Rows):
    """What stays: one row a customer.

    `number` names the customer, `signup_day` may lie before the first day of the world, `buy_rate`, `view_rate` (page views) and `death_rate` are per day,
    `order_value` is the mean of an order at category price 1, `taste` has shape (n_customers, n_categories) and
    sums to 1, `open_p`, `price_sensitivity`, `web_share`, `annoyance`, `card_trouble` lie in 0–1, and
    `response` (mean 1) is the part of the reaction to offers that nothing observable explains.
    """

    number: Ints
    signup_day: Floats
    buy_rate: Floats
    view_rate: Floats
    order_value: Floats
    death_rate: Floats
    taste: Floats
    open_p: Floats
    price_sensitivity: Floats
    web_share: Floats
    annoyance: Floats
    card_trouble: Floats
    response: Floats
    age: Ints
    zone: Ints
    tier: Ints
    household_size: Ints

    def __len__(self) -> int:
        return len(self.number)


@dataclass(frozen=True)
class State(Rows):
    """What moves: one row a customer, as it stands at the start of a day.

    `intent` is the extra purchases per day that recent intent visits still cause (it decays), `fatigue` the
    decayed count of contacts, `last_purchase` and `last_failure` are days (`NEVER` where there is none).
    The rest is the newest contact's effect, until day `effect_until`: extra purchases per day, share of usual
    purchases lost, share off every price, and whether an accepted offer still waits to be redeemed.
    """

    alive: Bools
    intent: Floats
    fatigue: Floats
    last_purchase: Floats
    last_failure: Floats
    unsubscribed: Bools
    action: Ints
    effect_until: Floats
    extra_rate: Floats
    lost: Floats
    discount: Floats
    redeemable: Bools


def draw_customers(
    numbers: Ints, *, first_day: int, days: int, rng: np.random.Generator, browsing: float = 1.0
) -> Customers:
    """Draw customers for a world of `days` days; two in five signed up before it begins.

    Rates are gamma, order values gamma over gamma (the assumptions of BG/NBD and Gamma-Gamma), lifetimes
    exponential with a gamma-distributed rate. `browsing` multiplies page views, and nothing else.
    """
    n = len(numbers)
    before = rng.random(n) < 0.40
    signup = first_day + np.where(before, -rng.uniform(0, 720, n), rng.uniform(0, 0.94 * days, n))
    favourite = rng.choice(len(CATEGORIES), n, p=CATEGORY_SHARE)
    taste = rng.dirichlet(np.full(len(CATEGORIES), 0.9), n) * rng.uniform(0.25, 0.45, n)[:, None]
    taste[np.arange(n), favourite] += 1.0 - taste.sum(axis=1)
    buy_rate = rng.gamma(2.5, 0.0115 / 2.5, n) + 0.005
    order_value = 11.0 * 15.0 / rng.gamma(16.0, 1.0, n)
    worth = np.log(buy_rate * order_value) + rng.normal(0, 0.45, n)
    return Customers(
        number=numbers,
        signup_day=signup,
        buy_rate=buy_rate,
        view_rate=browsing * (VIEWS_PER_PURCHASE * buy_rate + VIEWS_PER_DAY),
        order_value=order_value,
        death_rate=rng.gamma(3.0, 1.0 / 1300.0 / 3.0, n) + 0.0001,
        taste=taste,
        open_p=np.where(rng.random(n) < 0.6, rng.beta(16, 4, n), rng.beta(2, 14, n)),
        price_sensitivity=np.where(rng.random(n) < 0.4, rng.beta(12, 3, n), rng.beta(2, 12, n)),
        web_share=np.where(rng.random(n) < 0.5, rng.beta(14, 3, n), rng.beta(2, 10, n)),
        annoyance=rng.beta(1.5, 2.5, n),
        card_trouble=np.where(rng.random(n) < 0.12, 0.25, 0.01),
        response=rng.gamma(12.0, 1.0 / 12.0, n),
        age=np.clip(rng.normal(44, 15, n), 18, 90).astype(np.int64),
        zone=rng.choice(len(ZONES), n, p=ZONE_SHARE),
        tier=np.digitize(worth, [-1.95, -1.4]),
        household_size=1 + rng.binomial(4, np.where(favourite == CATEGORIES.index("household"), 0.55, 0.3)),
    )


def fresh_state(n: int) -> State:
    """Return the state of customers about whom nothing has happened yet."""
    return State(
        alive=np.ones(n, bool),
        intent=np.zeros(n),
        fatigue=np.zeros(n),
        last_purchase=np.full(n, NEVER),
        last_failure=np.full(n, NEVER),
        unsubscribed=np.zeros((n, len(UNSUBSCRIBABLE)), bool),
        action=np.full(n, -1, np.int64),
        effect_until=np.full(n, NEVER),
        extra_rate=np.zeros(n),
        lost=np.zeros(n),
        discount=np.zeros(n),
        redeemable=np.zeros(n, bool),
    )
