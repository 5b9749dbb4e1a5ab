"""The ONE simulation: customers, their state and what is decided for them in; events and the new state out.

History, closed loops and the check of the truth by Monte Carlo all run it. In continuous time, for each customer
there: usual orders (Poisson, by season), intent visits that cause orders over the next days, and the effect of
the newest contact (`actions`). Every process is memoryless given `State`, so 30 days at once and 30 times one
day have the same law.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from nbatool.world.actions import ACTIONS, EFFECT_DAYS, FATIGUE_DAYS, effects, unsubscribe_p
from nbatool.world.events import CHANNELS, Events, events_of, together
from nbatool.world.latent import CATEGORY_PRICE, UNSUBSCRIBABLE, Bools, Customers, Floats, Ints, Rows, State
from nbatool.world.orders import (
    INTENT_PER_PURCHASE,
    Points,
    caused_orders,
    extra_orders,
    joined,
    presence,
    usual_orders,
    visits,
)

T = TypeVar("T", bound=np.generic)

REFUND_P = 0.03
ORDER_SHAPE = 8.0
DISCOUNT = np.array([action.discount for action in ACTIONS])


@dataclass(frozen=True)
class Decisions(Rows):
    """What goes out now: codes of action and channel per customer; -1 is nothing."""

    action: Ints
    channel: Ints

    @classmethod
    def nothing(cls, n: int) -> Decisions:
        """Return decisions that leave everybody alone."""
        return cls(np.full(n, -1, np.int64), np.full(n, -1, np.int64))


def simulate(
    customers: Customers,
    state: State,
    decisions: Decisions,
    *,
    start: int,
    days: int,
    rng: np.random.Generator,
) -> tuple[Events, State]:
    """Live through `days` days from day `start`; return what happened and the state at the end.

    Decisions go out at the very start, to customers who signed up before it; a contact replaces the effect of the
    one before. Purchases carry the price paid; refunds come the same day and are negative.
    """
    messages, state = contact(customers, state, decisions, start, rng)
    there, alive = presence(customers, state, start, days, rng)
    usual = usual_orders(customers, there, start, days, rng)
    intents = visits(customers, there, customers.buy_rate * INTENT_PER_PURCHASE, rng)
    caused, intent = caused_orders(customers, state, there, intents, days, rng)
    extra = extra_orders(customers, state, there, start, days, rng)
    views = visits(customers, there, customers.view_rate, rng)
    stayed = not_lost(state, joined([usual, caused]), start, rng)
    orders = joined([stayed, extra])
    purchases = priced(customers, state, orders, start, rng)
    failures = failed_payments(customers, orders, start, rng)
    redemptions, redeemable = redeemed(state, orders, start)
    ended = replace(
        state,
        alive=alive,
        intent=np.where(alive, intent, 0.0),
        fatigue=state.fatigue * np.exp(-days / FATIGUE_DAYS),
        last_purchase=latest(state.last_purchase, purchases),
        last_failure=latest(state.last_failure, failures),
        redeemable=redeemable,
    )
    seen = events_of("page_view", views.row, start + views.at, category=views.category, channel="web")
    carts = events_of(
        "add_to_cart", intents.row, start + intents.at, category=intents.category, channel="web"
    )
    parts = [messages, seen, carts, purchases, refunds(purchases, rng), failures, redemptions]
    return together(parts), ended


def contact(
    customers: Customers, state: State, decisions: Decisions, start: int, rng: np.random.Generator
) -> tuple[Events, State]:
    """Send the messages; return sent, opened and unsubscribe events, and the state with the effects begun."""
    row = np.flatnonzero((decisions.action >= 0) & (customers.signup_day < start))
    action, channel = decisions.action[row], decisions.channel[row]
    who, was = customers.take(row), state.take(row)
    would = effects(who, was, float(start))
    one = (np.arange(len(row)), action)
    opened = was.alive & (rng.random(len(row)) < who.open_p)
    takes = opened & (rng.random(len(row)) < would.take[one])
    leaves = (channel < len(UNSUBSCRIBABLE)) & (rng.random(len(row)) < unsubscribe_p(who, was)) & was.alive
    soon = start + 0.05 * rng.random(len(row))
    began = replace(
        state,
        fatigue=placed(state.fatigue, row, was.fatigue + 1.0),
        action=placed(state.action, row, action),
        effect_until=placed(state.effect_until, row, np.full(len(row), start + EFFECT_DAYS)),
        extra_rate=placed(state.extra_rate, row, np.where(opened, would.extra[one] / EFFECT_DAYS, 0.0)),
        lost=placed(state.lost, row, would.lost[one]),
        discount=placed(state.discount, row, np.where(takes, DISCOUNT[action], 0.0)),
        redeemable=placed(state.redeemable, row, takes),
        unsubscribed=unsubscribed_after(state, row[leaves], channel[leaves]),
    )
    sent_at = np.full(len(row), float(start))
    message = {"channel": channel, "action": action}
    parts = [
        events_of("message_sent", row, sent_at, **message),
        events_of("message_opened", row[opened], soon[opened], **{k: v[opened] for k, v in message.items()}),
        events_of("unsubscribe", row[leaves], soon[leaves], channel=channel[leaves]),
    ]
    return together(parts), began


def placed(before: npt.NDArray[T], row: Ints, now: npt.NDArray[T]) -> npt.NDArray[T]:
    """Return a copy with the values of some rows replaced."""
    after = before.copy()
    after[row] = now
    return after


def unsubscribed_after(state: State, row: Ints, channel: Ints) -> Bools:
    """Return who no longer takes which channel."""
    after = state.unsubscribed.copy()
    after[row, channel] = True
    return after


def not_lost(state: State, orders: Points, start: int, rng: np.random.Generator) -> Points:
    """Return the orders that happen in spite of the newest contact."""
    within = start + orders.at < state.effect_until[orders.row]
    annoyed = within & (rng.random(len(orders.row)) < state.lost[orders.row])
    return orders.take(np.flatnonzero(~annoyed))


def priced(
    customers: Customers, state: State, orders: Points, start: int, rng: np.random.Generator
) -> Events:
    """Return purchases: gamma-distributed values at the category's price, less the discount taken.

    Who minds prices buys reduced goods more often; that shows, and changes nothing else.
    """
    row = orders.row
    size = rng.gamma(ORDER_SHAPE, 1.0 / ORDER_SHAPE, len(row))
    off = np.where(start + orders.at < state.effect_until[row], state.discount[row], 0.0)
    paid = customers.order_value[row] * CATEGORY_PRICE[orders.category] * size * (1.0 - off)
    web = rng.random(len(row)) < customers.web_share[row]
    on_sale = rng.random(len(row)) < 0.08 + 0.75 * customers.price_sensitivity[row]
    return events_of(
        "purchase",
        row,
        start + orders.at,
        cents=np.maximum(np.rint(paid * 100.0), 1.0).astype(np.int64),
        category=orders.category,
        channel=np.where(web, CHANNELS.index("web"), CHANNELS.index("store")),
        on_sale=on_sale.astype(np.int64),
    )


def refunds(purchases: Events, rng: np.random.Generator) -> Events:
    """Return refunds of some purchases, in whole or in part, later the same day."""
    some = purchases.take(np.flatnonzero(rng.random(len(purchases)) < REFUND_P))
    rest_of_day = np.floor(some.day) + 1.0 - some.day
    part = np.where(rng.random(len(some)) < 0.6, 1.0, 0.5)
    return events_of(
        "refund",
        some.row,
        some.day + 0.95 * rest_of_day * rng.random(len(some)),
        cents=-np.maximum(np.floor(some.cents * part), 1.0).astype(np.int64),
        category=some.category,
        channel=some.channel,
    )


def failed_payments(customers: Customers, orders: Points, start: int, rng: np.random.Generator) -> Events:
    """Return failed card payments, a moment before the order that then went through."""
    failed = np.flatnonzero(rng.random(len(orders.row)) < customers.card_trouble[orders.row])
    at = start + orders.at[failed]
    tried = np.maximum(at - 0.02 * (at - np.floor(at)), customers.signup_day[orders.row[failed]])
    return events_of("payment_failed", orders.row[failed], tried, channel="web")


def redeemed(state: State, orders: Points, start: int) -> tuple[Events, Bools]:
    """Return offers redeemed with the first order after they were taken, and whose offers still wait."""
    at = start + orders.at
    counts = state.redeemable[orders.row] & (at < state.effect_until[orders.row])
    first = np.full(len(state.redeemable), np.inf)
    np.minimum.at(first, orders.row[counts], at[counts])
    row = np.flatnonzero(np.isfinite(first))
    events = events_of("offer_redeemed", row, first[row], action=state.action[row])
    return events, state.redeemable & ~np.isfinite(first)


def latest(before: Floats, events: Events) -> Floats:
    """Return the day of each customer's latest event, or the day before them."""
    after = before.copy()
    np.maximum.at(after, events.row, events.day)
    return after
