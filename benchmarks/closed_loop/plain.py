"""Policies without a model: nothing, a lottery, the best single action, A/B test then commit, hand-written rules."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from benchmarks.closed_loop.trial import N_ARMS, NOTHING, Closed
from nbatool.base.seeds import generator
from nbatool.world.daily import DailyWorld
from nbatool.world.daily.actions import OFFERS
from nbatool.world.daily.observed import NAMES
from nbatool.world.latent import Floats, Ints

TEST_DAYS = 10


@dataclass
class Fixed:
    """The same arm for everybody."""

    name: str
    arm: int

    def choose(self, day: int, x: Floats, net: Floats) -> tuple[Ints, Floats]:  # noqa: ARG002
        return np.full(len(x), self.arm), np.ones(len(x))

    def learn(self, closed: Closed) -> None: ...

    def close(self) -> None: ...


def best_single(start: DailyWorld, days: int) -> Fixed:
    """Return the one offer (or nothing) that is truly worth most to everybody due, over all the days."""
    world = start
    for _, after in start.history():
        world = after
    total = np.zeros(len(OFFERS))
    for _ in range(days):
        total += world.net[world.due].sum(axis=0)
        _, world = world.live(np.full(len(world.people), -1))
    top = int(total.argmax())
    return Fixed("best single action", top if total[top] > 0 else NOTHING)


@dataclass
class Lottery(Fixed):
    """Every arm alike."""

    seed: int = 0

    def choose(self, day: int, x: Floats, net: Floats) -> tuple[Ints, Floats]:  # noqa: ARG002
        drawn = generator(self.seed, f"lottery/{day}").integers(0, N_ARMS, len(x))
        return drawn, np.full(len(x), 1.0 / N_ARMS)


@dataclass
class CommitAfterTest(Lottery):
    """Equal shares for `TEST_DAYS` days, then for good the arm that earned most on average in closed windows."""

    total: Floats = field(default_factory=lambda: np.zeros(N_ARMS))
    count: Floats = field(default_factory=lambda: np.zeros(N_ARMS))
    winner: int | None = None

    def choose(self, day: int, x: Floats, net: Floats) -> tuple[Ints, Floats]:
        if day < TEST_DAYS:
            return super().choose(day, x, net)
        if self.winner is None:
            self.winner = int((self.total / np.maximum(self.count, 1.0)).argmax())
        return np.full(len(x), self.winner), np.ones(len(x))

    def learn(self, closed: Closed) -> None:
        self.total += np.bincount(closed.arm, weights=closed.reward, minlength=N_ARMS)
        self.count += np.bincount(closed.arm, minlength=N_ARMS)


@dataclass
class Rules(Fixed):
    """What a marketer who knows what each action is meant for would write down; the first rule that fits wins."""

    def choose(self, day: int, x: Floats, net: Floats) -> tuple[Ints, Floats]:  # noqa: ARG002
        column = {name: x[:, k] for k, name in enumerate(NAMES)}
        app = column["has_app"] > 0
        arm = np.full(len(x), NOTHING)
        # the last rule written is the first to fit: each one overwrites those above it
        arm[column["tier_gold"] > 0] = _offer("gold_bonus", "email")
        arm[(column["tier_gold"] > 0) & app] = _offer("gold_bonus", "push")
        arm[column["household_size"] >= 4] = _offer("family_pack", "email")
        for taste, action in (("bakery", "bakery_box"), ("tea", "tea_sample"), ("coffee", "coffee_sample")):
            likes = column[f"favourite_{taste}"] > 0
            arm[likes] = _offer(action, "email")
            if (action, "push") in OFFERS:
                arm[likes & app] = _offer(action, "push")
        arm[(column["cart_yesterday"] > 0) & app] = _offer("free_shipping", "push")
        return arm, np.ones(len(x))


def _offer(action_id: str, channel: str) -> int:
    return OFFERS.index((action_id, channel))
