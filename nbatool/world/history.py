"""Months of behaviour, wave after wave; what comes out can be continued, decision by decision."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from nbatool.base.errors import UsageError
from nbatool.base.seeds import generator
from nbatool.world.behaviour import Decisions, simulate
from nbatool.world.events import Events, together
from nbatool.world.latent import Customers, Floats, State, draw_customers, fresh_state
from nbatool.world.policy import by_lot
from nbatool.world.truth import true_uplift

END = "2018-07-01"
WAVES = 14
WAVE_GAP_DAYS = 32
BLOCK = 10_000
"""Customers drawn from one random stream: memory is bounded by it, and no result depends on what runs with what."""


@dataclass(frozen=True)
class Calendar:
    """First and last day (since 1970) and the days on which contacts went out."""

    first_day: int
    end_day: int
    wave_days: tuple[int, ...]

    @classmethod
    def of(cls, months: int, waves: int = WAVES, end: str = END) -> Calendar:
        """Return the calendar of whole months up to `end`, waves counted back from it so that each window closed."""
        last = np.datetime64(end, "D")
        first = (last.astype("M8[M]") - months).astype("M8[D]")
        end_day, first_day = int(last.astype(np.int64)), int(first.astype(np.int64))
        wave_days = tuple(end_day - WAVE_GAP_DAYS * k for k in range(waves, 0, -1))
        if waves < 1 or wave_days[0] < first_day + 30:
            fits = (end_day - first_day - 30) // WAVE_GAP_DAYS
            raise UsageError(f"{waves} waves do not fit into {months} months: 1 to {max(fits, 1)} do")
        return cls(first_day, end_day, wave_days)


@dataclass(frozen=True)
class World:
    """Customers at a moment: midnight (UTC) at the start of `day`.

    Examples
    --------
    >>> world = World.begin(100, seed=1)
    >>> events, world = world.continue_from(Decisions.nothing(100), days=30)
    >>> bool((events.day < world.day).all())
    True
    """

    customers: Customers
    state: State
    day: int
    seed: int
    stream: str

    @classmethod
    def begin(
        cls, customers: int, *, months: int = 18, seed: int = 0, block: int = 0, browsing: float = 1.0
    ) -> World:
        """Return customers of one block on the first day, before anything happened."""
        calendar = Calendar.of(months, waves=1)
        name = f"world/{block}"
        numbers = np.arange(block * BLOCK, block * BLOCK + customers)
        drawn = draw_customers(
            numbers,
            first_day=calendar.first_day,
            days=calendar.end_day - calendar.first_day,
            rng=generator(seed, name),
            browsing=browsing,
        )
        return cls(drawn, fresh_state(customers), calendar.first_day, seed, name)

    def continue_from(self, decisions: Decisions, *, days: int) -> tuple[Events, World]:
        """Send the decisions now and live through the days; return the events and the world after them.

        The draws depend on the seed, the block and the day only: the same decisions give the same events.
        """
        rng = generator(self.seed, f"{self.stream}/{self.day}")
        events, state = simulate(self.customers, self.state, decisions, start=self.day, days=days, rng=rng)
        return events, replace(self, state=state, day=self.day + days)

    def truth(self) -> Floats:
        """Return the true uplift of each action now, shape (n_customers, n_actions), in currency."""
        return true_uplift(self.customers, self.state, self.day)


def live_through(world: World, calendar: Calendar) -> tuple[Events, World]:
    """Return everything that happened until the end of the calendar, and the world there."""
    stops = (calendar.first_day, *calendar.wave_days, calendar.end_day)
    parts = []
    for start, stop in pairwise(stops):
        decisions = Decisions.nothing(len(world.customers))
        if start in calendar.wave_days:
            lot = generator(world.seed, f"{world.stream}/policy/{start}")
            decisions = by_lot(world.customers, world.state, lot)
        events, world = world.continue_from(decisions, days=stop - start)
        parts.append(events)
    return together(parts), world


def histories(
    customers: int, calendar: Calendar, *, months: int, seed: int, browsing: float = 1.0
) -> Iterator[tuple[Events, World]]:
    """Yield the history of block after block of customers."""
    for block in range(-(-customers // BLOCK)):
        size = min(BLOCK, customers - block * BLOCK)
        world = World.begin(size, months=months, seed=seed, block=block, browsing=browsing)
        yield live_through(world, calendar)
