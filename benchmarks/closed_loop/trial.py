"""One policy lived through the days: what it chose, and what that is truly worth."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from nbatool.world.daily import DailyWorld
from nbatool.world.daily.actions import OFFER_COST, OFFERS, WINDOW_DAYS
from nbatool.world.daily.observed import Observed
from nbatool.world.latent import Bools, Floats, Ints

NOTHING = len(OFFERS)
"""Arm of `nothing`, last, for policies; the world's own code for it is -1."""
N_ARMS = len(OFFERS) + 1
ARM_COST: Floats = np.append(OFFER_COST, 0.0)


@dataclass(frozen=True)
class Closed:
    """Decisions of one day whose windows have closed; `reward` is the spend in the window less the contact's cost."""

    day: int
    x: Floats
    arm: Ints
    probability: Floats
    reward: Floats


class Policy(Protocol):
    """Chooses an arm for each customer who is due, and is told what came of it when the window closes."""

    name: str

    def choose(self, day: int, x: Floats, net: Floats) -> tuple[Ints, Floats]:
        """Return arm and its probability per row. `net` is the truth: only the oracle's kin may look at it."""

    def learn(self, closed: Closed) -> None: ...

    def close(self) -> None: ...


@dataclass
class Trace:
    """By day: what was chosen is truly worth, and the oracle's choice; in currency, summed over customers."""

    name: str
    seed: int
    value: list[float] = field(default_factory=list)
    best: list[float] = field(default_factory=list)
    contacts: list[int] = field(default_factory=list)
    decisions: list[int] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, world: DailyWorld, offers: Ints, judged: Bools) -> None:
        """Count one night; only customers of `judged` who are due have anything to gain."""
        # a message to somebody who is not due costs money and earns nothing: it counts
        self.value.append(float(world.value(offers)[judged].sum()))
        who = judged & world.due
        self.best.append(float(world.best_value[who].sum()))
        self.contacts.append(int((offers[judged] >= 0).sum()))
        self.decisions.append(int(who.sum()))

    @property
    def regret(self) -> Floats:
        lost: Floats = np.array(self.best) - np.array(self.value)
        return lost


def lived(policy: Policy, start: DailyWorld, days: int) -> Trace:
    """Let a policy decide every night, in this process; `start` is the world before its history."""
    trace, seen, world = Trace(policy.name, start.seed), Observed(start.people), start
    for events, after in start.history():
        seen.see(events)
        world = after
    began = time.perf_counter()
    waiting: dict[int, tuple[Ints, Closed]] = {}
    everybody = np.ones(len(world.people), bool)
    with closing(policy):
        for _ in range(days):
            closes = world.day - WINDOW_DAYS
            if closes in waiting:
                rows, made = waiting.pop(closes)
                reward = seen.window_spend()[rows] - ARM_COST[made.arm]
                policy.learn(Closed(made.day, made.x, made.arm, made.probability, reward))
            rows = np.flatnonzero(world.due)
            x = seen.columns(world.day, rows)
            arm, probability = policy.choose(world.day - world.first_day, x, world.net[rows])
            waiting[world.day] = rows, Closed(world.day, x, arm, probability, np.zeros(len(rows)))
            offers = np.full(len(world.people), -1, np.int64)
            offers[rows] = np.where(arm == NOTHING, -1, arm)
            trace.add(world, offers, everybody)
            events, world = world.live(offers)
            seen.see(events)
    trace.seconds = time.perf_counter() - began
    return trace
