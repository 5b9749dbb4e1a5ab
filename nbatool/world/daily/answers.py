"""The ONE simulation: what contacts cause, and what happens on a day.

Every draw belongs to a customer and a day, not to a decision: two policies that send a customer the same thing on the
same day see the same answer, and whatever else differs between them is theirs. So differences between policies are
paired.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from nbatool.world.daily.actions import OFFER_CHANNEL, OFFER_LOST
from nbatool.world.daily.people import CART_P, People
from nbatool.world.latent import Bools, Floats, Ints, Rows

KINDS = ("visit", "add_to_cart", "purchase", "message_sent", "message_opened", "offer_redeemed")
ORDER_SHAPE = 8.0
VISIT_HOURS = (8.0, 22.0)
SOONEST_DAYS, LATEST_DAYS = 0.02, 2.85
"""When the orders a contact brings come, in days after it; inside the window."""


@dataclass(frozen=True)
class Happenings(Rows):
    """Events as columns: customer row, day since 1970 with its fraction, kind, cents, category, offer, contact day.

    Codes and cents are -1 where there is none. `offer` and `contact_day` name the contact an event is about: the world's
    channels carry them with what was sent, opened and redeemed, and not with purchases.
    """

    row: Ints
    day: Floats
    kind: Ints
    cents: Ints
    category: Ints
    offer: Ints
    contact_day: Ints

    def __len__(self) -> int:
        return len(self.row)

    def of(self, kind: str) -> Happenings:
        """Return the events of one kind."""
        return self.take(np.flatnonzero(self.kind == KINDS.index(kind)))


def happenings(
    kind: str,
    row: Ints,
    day: Floats,
    *,
    cents: Ints | None = None,
    category: Ints | None = None,
    offer: Ints | None = None,
    contact_day: Ints | None = None,
) -> Happenings:
    """Return events of one kind."""
    none = np.full(len(row), -1, np.int64)
    given = [none if values is None else values for values in (cents, category, offer, contact_day)]
    return Happenings(row, day, np.full(len(row), KINDS.index(kind), np.int64), *given)


def together(parts: list[Happenings]) -> Happenings:
    """Return all events as one, by day, customer and kind."""
    joined = Happenings(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Happenings)))
    return joined.take(np.lexsort((joined.kind, joined.row, joined.day)))


@dataclass(frozen=True)
class Running(Rows):
    """What contacts still bring, a row an order: who, when, for how much, and which contact it answers."""

    row: Ints
    at: Floats
    cents: Ints
    offer: Ints
    contact_day: Ints

    @classmethod
    def none(cls) -> Running:
        """Return nothing under way."""
        empty = np.zeros(0, np.int64)
        return cls(empty, np.zeros(0), empty, empty, empty)

    def split(self, day: int) -> tuple[Running, Running]:
        """Return what falls before the end of the day, and what is left."""
        today = self.at < day + 1
        return self.take(np.flatnonzero(today)), self.take(np.flatnonzero(~today))

    def with_more(self, more: Running) -> Running:
        """Return both."""
        return Running(
            *(np.concatenate([getattr(self, f.name), getattr(more, f.name)]) for f in fields(Running))
        )


def visits(people: People, day: int, rng: np.random.Generator) -> tuple[Happenings, Bools]:
    """Return the visits of a day, each to one category, and who left something in the cart."""
    n = len(people)
    hour = rng.uniform(*VISIT_HOURS, n) / 24.0
    limits = np.cumsum(people.taste, axis=1)[:, :-1]
    looked_at = (rng.random(n)[:, None] > limits).sum(axis=1)
    left = rng.random(n) < CART_P
    comes = people.visits_on(day)
    row = np.flatnonzero(comes)
    cart = np.flatnonzero(comes & left)
    seen = happenings("visit", row, day + hour[row], category=looked_at[row])
    carts = happenings("add_to_cart", cart, day + hour[cart] + 0.01, category=looked_at[cart])
    return together([seen, carts]), comes & left


def usual_purchases(people: People, lost: Floats, day: int, rng: np.random.Generator) -> Happenings:
    """Return the usual orders of a day, less the share that contacts drove away."""
    counts = rng.poisson(people.buy_rate)
    row = np.repeat(np.arange(len(people)), counts)
    at = day + rng.random(len(row))
    spared = rng.random(len(row)) >= lost[row]
    cents = _cents(people.order_value[row], rng)
    kept = np.flatnonzero(spared)
    return happenings("purchase", row[kept], at[kept], cents=cents[kept])


def contacted(
    people: People, offer: Ints, chance: Floats, works: Bools, day: int, rng: np.random.Generator
) -> tuple[Happenings, Running]:
    """Send the messages at midnight; return what is seen of them, and the orders they will bring.

    Parameters
    ----------
    offer
        Offer code per customer, -1 for nothing, shape (n_customers,).
    chance
        That the offer leads to an order (`actions.responses`), shape (n_customers, n_offers).
    works
        Who is due: a message to anybody else is not even read.
    """
    n = len(people)
    of_reading, of_responding, of_time = rng.random((3, n))
    cents = _cents(people.order_value, rng)
    row = np.flatnonzero(offer >= 0)
    code = offer[row]
    read = people.read_p[row, OFFER_CHANNEL[code]]
    opened = works[row] & (of_reading[row] < read)
    responds = opened & (of_responding[row] * read < chance[row, code])
    took, by = row[responds], code[responds]
    # sooner rather than later
    after = SOONEST_DAYS + (LATEST_DAYS - SOONEST_DAYS) * of_time[took] ** 2
    sent_on = np.full(len(row), day, np.int64)
    parts = [
        happenings("message_sent", row, np.full(len(row), float(day)), offer=code, contact_day=sent_on),
        happenings(
            "message_opened", row[opened], np.full(int(opened.sum()), day + 0.4 * SOONEST_DAYS),
            offer=code[opened], contact_day=sent_on[opened],
        ),
    ]  # fmt: skip
    return together(parts), Running(took, day + after, cents[took], by, sent_on[responds])


def lost_share(offer: Ints) -> Floats:
    """Return the share of usual orders a contact drives away; 0 for nothing."""
    return np.where(offer >= 0, OFFER_LOST[np.maximum(offer, 0)], 0.0)


def purchases_of(due: Running) -> Happenings:
    """Return the orders contacts brought, and the redemptions beside them."""
    orders = happenings("purchase", due.row, due.at, cents=due.cents)
    redeemed = happenings("offer_redeemed", due.row, due.at, offer=due.offer, contact_day=due.contact_day)
    return together([orders, redeemed])


def _cents(mean: Floats, rng: np.random.Generator) -> Ints:
    size = rng.gamma(ORDER_SHAPE, 1.0 / ORDER_SHAPE, len(mean))
    return np.maximum(np.rint(mean * size * 100.0), 1.0).astype(np.int64)
