"""The catalogue, and what each action does to whom.

A contact works for `EFFECT_DAYS` days. It makes a share of usual purchases not happen (annoyance, felt whether or
not the message is read). If it is read it adds purchases, and if it carries a discount and the customer takes it,
every price falls. What it does depends on things a shop can see (tastes, recency, tenure, contacts, redemptions,
household) and on a little that it cannot (`Customers.response`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbatool.world.latent import CATEGORIES, CATEGORY_PRICE, Customers, Floats, State

EFFECT_DAYS = 21.0
FATIGUE_DAYS = 45.0


@dataclass(frozen=True, slots=True)
class Action:
    """One entry of the catalogue.

    `cost` is per contact, `discount` the share off a taker's prices; `focus` is the category the extra purchases
    fall in (none: the customer's own tastes).
    """

    id: str
    name: str
    channels: tuple[str, ...]
    tags: tuple[str, ...]
    cost: float
    discount: float = 0.0
    redeemable: bool = False
    focus: str | None = None


ACTIONS = (
    Action("bundle_tip", "Tip: bundles for a full house", ("email", "web"), ("advice", "household"), 0.25,
           focus="household"),
    Action("coffee_sample", "Free coffee sample", ("email", "push", "web"), ("sample", "coffee"), 0.60,
           redeemable=True, focus="coffee"),
    Action("free_shipping", "Free shipping on the next order", ("email", "push", "web"), ("promo", "shipping"), 0.90,
           redeemable=True),
    Action("loyalty_bonus", "Bonus for loyal members", ("email", "push", "web"), ("loyalty",), 0.60,
           redeemable=True),
    Action("payment_reminder", "Check your payment card", ("email", "push", "web"), ("service",), 0.20),
    Action("survey", "How are we doing?", ("email", "web"), ("service", "survey"), 0.10),
    Action("ten_percent_off", "Ten percent off everything", ("email", "push", "web"), ("promo", "discount"), 0.30,
           discount=0.10, redeemable=True),
    Action("win_back", "We miss you", ("email", "web"), ("promo", "win_back"), 0.50,
           discount=0.05, redeemable=True),
)  # fmt: skip
ACTION_IDS = tuple(action.id for action in ACTIONS)
COSTS = {action.id: action.cost for action in ACTIONS}


@dataclass(frozen=True)
class Effects:
    """What each action would do, shape (n_customers, n_actions).

    `extra` is the mean of purchases added if it is read, `lost` the share of usual purchases that do not happen,
    `take` the chance that a reader takes the offer.
    """

    extra: Floats
    lost: Floats
    take: Floats


def above(x: Floats, threshold: float, width: float) -> Floats:
    """Return a soft step from 0 to 1 around the threshold (logistic)."""
    step: Floats = 1.0 / (1.0 + np.exp(np.clip((threshold - x) / width, -50.0, 50.0)))
    return step


def effects(customers: Customers, state: State, day: float) -> Effects:
    """Return what each action would do if it went out on this day."""
    taste = {name: customers.taste[:, k] for k, name in enumerate(CATEGORIES)}
    recency = day - state.last_purchase
    tenure = day - customers.signup_day
    failed = (day - state.last_failure < 30.0).astype(float)
    family = (customers.household_size >= 3).astype(float)
    gold = (customers.tier == 2).astype(float)
    lapsed = above(recency, 60.0, 5.0)
    online = above(customers.web_share, 0.5, 0.06)
    extra = {
        "bundle_tip": 1.15 * above(taste["household"], 0.40, 0.05) * (0.35 + 0.65 * family),
        "coffee_sample": 1.20 * above(taste["coffee"], 0.40, 0.05),
        "free_shipping": 0.85 * online * (1.0 - lapsed),
        "loyalty_bonus": 1.10 * gold * above(tenure, 240.0, 30.0),
        "payment_reminder": 1.20 * failed,
        "survey": 0.15 * above(-tenure, -90.0, 10.0),
        "ten_percent_off": 1.10 * above(customers.price_sensitivity, 0.5, 0.08),
        "win_back": 1.15 * lapsed,
    }
    lost = {
        "survey": np.full(len(customers), 0.12),
        "payment_reminder": 0.10 * (1.0 - failed),
        "win_back": 0.20 * (1.0 - lapsed),
        "ten_percent_off": np.zeros(len(customers)),
    }
    tired = state.fatigue * customers.annoyance
    usual_loss = np.full(len(customers), 0.02)
    mood = customers.response / (1.0 + 0.3 * tired)
    take = 0.15 + 0.80 * customers.price_sensitivity
    offers = np.array([float(action.redeemable) for action in ACTIONS])
    return Effects(
        extra=np.column_stack([extra[a] * mood for a in ACTION_IDS]),
        lost=np.clip(np.column_stack([lost.get(a, usual_loss) + 0.06 * tired for a in ACTION_IDS]), 0.0, 0.9),
        take=take[:, None] * offers,
    )


def unsubscribe_p(customers: Customers, state: State) -> Floats:
    """Return the chance that a contact by email or push makes the customer leave that channel."""
    return np.clip(0.001 + 0.010 * state.fatigue * customers.annoyance, 0.0, 0.2)


def extra_value(customers: Customers) -> Floats:
    """Return the mean value of an extra purchase, shape (n_customers, n_actions)."""
    own = customers.taste @ CATEGORY_PRICE
    price = [
        np.full(len(customers), CATEGORY_PRICE[CATEGORIES.index(action.focus)]) if action.focus else own
        for action in ACTIONS
    ]
    value: Floats = customers.order_value[:, None] * np.column_stack(price)
    return value
