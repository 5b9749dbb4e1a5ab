"""A world at a midnight: its truth, and the day after some decisions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from nbatool.base.errors import UsageError
from nbatool.base.seeds import generator
from nbatool.world.daily.actions import (
    ACTIONS,
    OFFER_COST,
    OFFER_LOST,
    OFFERS,
    WINDOW_DAYS,
    responses,
)
from nbatool.world.daily.answers import (
    Happenings,
    Running,
    contacted,
    lost_share,
    purchases_of,
    together,
    usual_purchases,
    visits,
)
from nbatool.world.daily.people import People, draw_people
from nbatool.world.latent import Bools, Floats, Ints

FIRST_DECISION = "2018-07-01"
HISTORY_DAYS = 60
AS_MEANT = tuple(range(len(ACTIONS)))
PAIR = (0, 5, 2, 3, 4, 1, 6)
"""The coffee sample works for tea drinkers, and the tea sample for coffee drinkers."""
RING = (1, 5, 2, 3, 4, 0, 6)
"""The three samples trade their people in a ring; the other actions go on as they were meant."""
EVERYTHING = (5, 4, 1, 0, 3, 2, 6)
"""Every action that works for anybody works for other people."""


@dataclass(frozen=True, slots=True)
class Switch:
    """From day `on` (counted from the first decision) each action works for the people of `works_as`."""

    on: int
    works_as: tuple[int, ...] = RING

    def __post_init__(self) -> None:
        if sorted(self.works_as) != list(AS_MEANT):
            raise UsageError(
                f"works_as must name each of the actions 0 to {len(ACTIONS) - 1} once: {self.works_as}"
            )


@dataclass(frozen=True)
class DailyWorld:
    """Customers at midnight (UTC) at the start of `day`; `day` counts from 1970, `first_day` is the first decision's.

    Who came by the day before is *due*: a message works on them, and on nobody else.

    Examples
    --------
    >>> world = DailyWorld.begin(50, seed=1)
    >>> best = np.where(world.net.max(axis=1) > 0, world.net.argmax(axis=1), -1)
    >>> events, after = world.live(best)
    >>> after.day - world.day, bool((events.day < after.day).all()), float(world.regret(best).sum())
    (1, True, 0.0)
    """

    people: People
    day: int
    first_day: int
    seed: int
    running: Running
    lost: Floats
    lost_until: Ints
    cart: Bools
    switch: Switch | None = None

    @classmethod
    def begin(cls, customers: int, *, seed: int = 0, switch: Switch | None = None) -> DailyWorld:
        """Return a world at the first decision, after `HISTORY_DAYS` days in which nobody was ever contacted."""
        world = cls.before_history(customers, seed=seed, switch=switch)
        for _, after in world.history():
            world = after
        return world

    @classmethod
    def before_history(cls, customers: int, *, seed: int = 0, switch: Switch | None = None) -> DailyWorld:
        """Return the same world at the start of its history."""
        if customers < 1:
            raise UsageError(f"{customers} customers make no world: ask for at least 1")
        first = int(np.datetime64(FIRST_DECISION, "D").astype(np.int64))
        people = draw_people(customers, generator(seed, "daily/people"))
        return cls.of(people, first - HISTORY_DAYS, first, seed=seed, switch=switch)

    @classmethod
    def of(cls, people: People, day: int, first_day: int, *, seed: int, switch: Switch | None) -> DailyWorld:
        """Return a world of given people about whom nothing has happened yet."""
        n = len(people)
        return cls(
            people,
            day,
            first_day,
            seed,
            Running.none(),
            np.zeros(n),
            np.zeros(n, np.int64),
            np.zeros(n, bool),
            switch,
        )

    def history(self) -> Iterator[tuple[Happenings, DailyWorld]]:
        """Yield the days before the first decision: what happened, and the world after it."""
        nothing = np.full(len(self.people), -1, np.int64)
        world = self
        while world.day < world.first_day:
            events, world = world.live(nothing)
            yield events, world

    @property
    def due(self) -> Bools:
        """Who came by the day before."""
        return self.people.visits_on(self.day - 1)

    @property
    def works_as(self) -> tuple[int, ...]:
        """Whose people each action works for today."""
        switched = self.switch is not None and self.day >= self.first_day + self.switch.on
        return self.switch.works_as if self.switch is not None and switched else AS_MEANT

    @property
    def usual(self) -> Floats:
        """Expected spend within the window of somebody left alone, shape (n_customers,), in currency.

        Without what earlier contacts still bring: for those who are due there is no such thing.
        """
        return self.people.buy_rate * self.people.order_value * WINDOW_DAYS

    @property
    def uplift(self) -> Floats:
        """Expected spend within the window with each offer less that with nothing, shape (n_customers, n_offers).

        Exact: chance of the extra order × its mean value, less the usual orders driven away; for those who are not due
        only the latter.
        """
        chance = responses(self.people, self.cart, self.works_as) * self.due[:, None]
        uplift: Floats = chance * self.people.order_value[:, None] - OFFER_LOST * self.usual[:, None]
        return uplift

    @property
    def expected(self) -> Floats:
        """Expected spend within the window with each offer and, last, with nothing, (n_customers, n_offers + 1)."""
        return np.column_stack([self.usual[:, None] + self.uplift, self.usual])

    @property
    def net(self) -> Floats:
        """Uplift less the cost of the contact, shape (n_customers, n_offers)."""
        return self.uplift - OFFER_COST

    @property
    def best_value(self) -> Floats:
        """What the oracle's choice is worth beyond nothing, shape (n_customers,); never below 0."""
        best: Floats = np.maximum(self.net.max(axis=1), 0.0)
        return best

    def value(self, offers: Ints) -> Floats:
        """Return the true net value of what each customer got, shape (n_customers,); -1 is nothing and worth 0."""
        got = np.take_along_axis(self.net, np.maximum(offers, 0)[:, None], axis=1)[:, 0]
        return np.where(offers >= 0, got, 0.0)

    def regret(self, offers: Ints) -> Floats:
        """Return what the oracle's choice is expected to earn beyond what was chosen, per customer; never below 0."""
        return self.best_value - self.value(offers)

    def live(self, offers: Ints) -> tuple[Happenings, DailyWorld]:
        """Send the offers at midnight and live through the day; return its events and the next midnight.

        Parameters
        ----------
        offers
            Offer code (place in `OFFERS`) per customer, -1 for nothing.
        """
        self._check(offers)
        lost = np.where(offers >= 0, lost_share(offers), np.where(self.day < self.lost_until, self.lost, 0.0))
        until = np.where(offers >= 0, self.day + WINDOW_DAYS, self.lost_until)
        chance = responses(self.people, self.cart, self.works_as)
        messages, more = contacted(self.people, offers, chance, self.due, self.day, self._rng("contact"))
        today, left = self.running.with_more(more).split(self.day)
        usual = usual_purchases(self.people, lost, self.day, self._rng("usual"))
        came, cart = visits(self.people, self.day, self._rng("visit"))
        events = together([messages, purchases_of(today), usual, came])
        after = replace(self, day=self.day + 1, running=left, lost=lost, lost_until=until, cart=cart)
        return events, after

    def _rng(self, what: str) -> np.random.Generator:
        return generator(self.seed, f"daily/{what}/{self.day}")

    def _check(self, offers: Ints) -> None:
        if offers.shape != (len(self.people),) or offers.min() < -1 or offers.max() >= len(OFFERS):
            raise UsageError(
                f"one offer code from -1 (nothing) to {len(OFFERS) - 1} is needed for each of the "
                f"{len(self.people)} customers; found shape {offers.shape}"
            )
