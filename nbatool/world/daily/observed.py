"""What a shop could know at a midnight, as columns: for learners that read no files."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from nbatool.world.daily.actions import WINDOW_DAYS
from nbatool.world.daily.answers import Happenings
from nbatool.world.daily.people import CATEGORIES, TIERS, People
from nbatool.world.latent import Floats, Ints

NAMES = (
    "age", "household_size", "has_app", *(f"tier_{name}" for name in TIERS),
    *(f"favourite_{name}" for name in CATEGORIES), "favourite_unknown",
    *(f"share_of_visits_{name}" for name in CATEGORIES),
    "visits", "orders", "mean_order", "days_since_order", "cart_yesterday", "opened_share",
)  # fmt: skip
LONGEST_DAYS = 60.0


@dataclass
class Observed:
    """Counts of everything seen so far, day by day; `columns` are the features at the next midnight."""

    people: People
    looked_at: Floats = field(init=False)
    orders: Floats = field(init=False)
    spend: Floats = field(init=False)
    sent: Floats = field(init=False)
    opened: Floats = field(init=False)
    last_order: Floats = field(init=False)
    cart: Floats = field(init=False)
    spend_by_day: deque[Floats] = field(default_factory=lambda: deque(maxlen=WINDOW_DAYS))

    def __post_init__(self) -> None:
        n = len(self.people)
        self.looked_at = np.zeros((n, len(CATEGORIES)))
        self.orders, self.spend, self.sent, self.opened = np.zeros((4, n))
        self.last_order = np.full(n, -np.inf)
        self.cart = np.zeros(n)

    def see(self, events: Happenings) -> None:
        """Take in the events of one day."""
        n = len(self.people)
        visit, order = events.of("visit"), events.of("purchase")
        np.add.at(self.looked_at, (visit.row, visit.category), 1.0)
        paid = np.bincount(order.row, weights=order.cents / 100.0, minlength=n).astype(np.float64)
        self.orders += np.bincount(order.row, minlength=n)
        self.spend += paid
        self.last_order[order.row] = order.day
        self.sent += np.bincount(events.of("message_sent").row, minlength=n)
        self.opened += np.bincount(events.of("message_opened").row, minlength=n)
        self.cart = (np.bincount(events.of("add_to_cart").row, minlength=n) > 0).astype(float)
        self.spend_by_day.append(paid)

    def window_spend(self) -> Floats:
        """Return what each customer spent in the window that ends now, shape (n_customers,), in currency."""
        spend: Floats = np.sum(self.spend_by_day, axis=0)
        return spend

    def columns(self, day: int, rows: Ints) -> Floats:
        """Return the features of some customers at the midnight that begins a day, shape (n_rows, n_features)."""
        people = self.people.take(rows)
        looked = self.looked_at[rows]
        visits = looked.sum(axis=1)
        favourite = np.eye(len(CATEGORIES) + 1)[people.favourite]
        parts = [
            people.age, people.household_size, people.has_app, np.eye(len(TIERS))[people.tier], favourite,
            looked / np.maximum(visits, 1.0)[:, None], visits, self.orders[rows],
            self.spend[rows] / np.maximum(self.orders[rows], 1.0),
            np.minimum(day - self.last_order[rows], LONGEST_DAYS), self.cart[rows],
            self.opened[rows] / np.maximum(self.sent[rows], 1.0),
        ]  # fmt: skip
        return np.column_stack([np.asarray(part, float) for part in parts])
