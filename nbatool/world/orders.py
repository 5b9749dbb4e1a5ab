"""When a customer comes by and when they order: the random processes behind `behaviour`."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from nbatool.world.actions import ACTIONS
from nbatool.world.latent import CATEGORIES, Bools, Customers, Floats, Ints, Rows, State
from nbatool.world.season import season

INTENT_PER_PURCHASE = 0.5
PURCHASES_PER_INTENT = 0.5
INTENT_DAYS = 2.0
FIRST_ORDER_P = 0.7
FIRST_ORDER_DELAY_DAYS = 1e-6
FOCUS = np.array([-1 if action.focus is None else CATEGORIES.index(action.focus) for action in ACTIONS])


@dataclass(frozen=True)
class Presence(Rows):
    """When a customer is there within the simulated days, in days from their start: `begin` <= t < `stop`."""

    begin: Floats
    stop: Floats


@dataclass(frozen=True)
class Points(Rows):
    """Things happening: row number of the customer, days from the start, category code."""

    row: Ints
    at: Floats
    category: Ints


def joined(parts: list[Points]) -> Points:
    """Return all points as one."""
    return Points(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Points)))


def presence(
    customers: Customers, state: State, start: int, days: int, rng: np.random.Generator
) -> tuple[Presence, Bools]:
    """Draw who is there when, and who is still there at the end; who signs up later is not there yet."""
    begin = np.clip(customers.signup_day - start, 0.0, days)
    leaves = begin + rng.exponential(1.0, len(customers)) / customers.death_rate
    stop = np.where(state.alive, np.minimum(leaves, days), begin)
    return Presence(begin, stop), state.alive & (leaves >= days)


def tastes_drawn(customers: Customers, row: Ints, rng: np.random.Generator) -> Ints:
    """Draw one category per row number, by the customer's tastes."""
    limits = np.cumsum(customers.taste, axis=1)[:, :-1]
    drawn: Ints = (rng.random(len(row))[:, None] > limits[row]).sum(axis=1)
    return drawn


def scattered(mean: Floats, begin: Floats, stop: Floats, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """Draw a Poisson number of uniform times for each customer; return row numbers and times."""
    row = np.repeat(np.arange(len(mean)), rng.poisson(mean))
    return row, begin[row] + rng.random(len(row)) * (stop - begin)[row]


def usual_orders(
    customers: Customers, there: Presence, start: int, days: int, rng: np.random.Generator
) -> Points:
    """Draw orders nobody asked for: Poisson by season (thinned from the season's top), and first orders."""
    factor = season(start, days)
    top = factor.max()
    row, at = scattered(customers.buy_rate * (there.stop - there.begin) * top, there.begin, there.stop, rng)
    category = tastes_drawn(customers, row, rng)
    day = np.minimum(at.astype(np.int64), days - 1)
    kept = rng.random(len(row)) * top < factor[category, day]
    joins = (customers.signup_day >= start) & (customers.signup_day < start + days)
    first = np.flatnonzero(joins & (rng.random(len(customers)) < FIRST_ORDER_P))
    first_orders = Points(
        first, there.begin[first] + FIRST_ORDER_DELAY_DAYS, tastes_drawn(customers, first, rng)
    )
    return joined([Points(row, at, category).take(np.flatnonzero(kept)), first_orders])


def visits(customers: Customers, there: Presence, per_day: Floats, rng: np.random.Generator) -> Points:
    """Draw visits at a constant rate while the customer is there."""
    row, at = scattered(per_day * (there.stop - there.begin), there.begin, there.stop, rng)
    return Points(row, at, tastes_drawn(customers, row, rng))


def caused_orders(
    customers: Customers, state: State, there: Presence, intents: Points, days: int, rng: np.random.Generator
) -> tuple[Points, Floats]:
    """Draw the orders that intent visits cause (before and now); return them and the intent left at the end."""
    reach = 1.0 - np.exp(-there.stop / INTENT_DAYS)
    old = np.repeat(np.arange(len(customers)), rng.poisson(state.intent * INTENT_DAYS * reach))
    old_at = -INTENT_DAYS * np.log1p(-rng.random(len(old)) * reach[old])
    source = np.repeat(np.arange(len(intents.row)), rng.poisson(PURCHASES_PER_INTENT, len(intents.row)))
    row = intents.row[source]
    at = intents.at[source] + rng.exponential(INTENT_DAYS, len(source))
    here = np.flatnonzero(at < there.stop[row])
    new = Points(row[here], at[here], intents.category[source[here]])
    fresh = PURCHASES_PER_INTENT / INTENT_DAYS * np.exp((intents.at - days) / INTENT_DAYS)
    left = state.intent * np.exp(-days / INTENT_DAYS)
    left += np.bincount(intents.row, weights=fresh, minlength=len(customers))
    return joined([Points(old, old_at, tastes_drawn(customers, old, rng)), new]), left


def extra_orders(
    customers: Customers, state: State, there: Presence, start: int, days: int, rng: np.random.Generator
) -> Points:
    """Draw the orders the newest contact adds, uniform over what is left of its time."""
    until = np.minimum(np.clip(state.effect_until - start, 0.0, days), there.stop)
    row, at = scattered(state.extra_rate * until, np.zeros(len(customers)), until, rng)
    category = tastes_drawn(customers, row, rng)
    focus = FOCUS[state.action[row]]
    return Points(row, at, np.where(focus < 0, category, focus))
