"""Logs of made-up policies whose true values are known, to see whether estimates and intervals are right."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from nbatool.measure.customers import Customers
from nbatool.measure.direct_model import direct_model
from nbatool.measure.estimators import all_estimators
from nbatool.measure.intervals import asymptotic, bootstrap
from nbatool.measure.logged import LoggedBandit, checked_log
from nbatool.measure.policy_on_log import as_logged, policy_on_log
from nbatool.models.logging_policy import estimate_logging_policy
from nbatool.models.table import Table

Array = npt.NDArray[np.float64]
M = 4  # candidates; the last one is nothing


@dataclass(frozen=True)
class World:
    """Customers decide again and again; active ones are worth more, and react together.

    money: skewed amounts instead of 0/1. sticky: a tenth in a control arm, a tenth in a random arm, all their life.
    sharp: how strongly the logging policy prefers what is good.
    """

    money: bool = False
    sticky: bool = False
    sharp: float = 1.0


@dataclass(frozen=True)
class Drawn:
    log: LoggedBandit
    x: Array
    q: Array
    target: Array
    truth: Array  # float64[n, M]: the logging policy's probabilities


def scores(x: Array) -> Array:
    """What each candidate is truly good for, in units of the mean."""
    a, b = x[:, 0], x[:, 1]
    return np.stack([1 + 0.6 * a, 1.1 - 0.5 * a + 0.4 * b, 0.9 + 0.5 * np.abs(b), 0.7 + 0 * a], axis=1).clip(
        0.05
    )


def target_policy(x: Array) -> Array:
    """The policy to judge: mostly the better half, a little of everything."""
    best = scores(x).argmax(axis=1)
    pi = np.full((len(x), M), 0.05)
    pi[np.arange(len(x)), best] += 1 - M * 0.05
    return pi


def _contexts(random: np.random.Generator, customers: int) -> tuple[Array, npt.NDArray[np.int64], Array]:
    activity = random.gamma(2.0, 0.5, customers)
    size = 1 + random.poisson(2.0 * activity)
    who = np.repeat(np.arange(customers), size)
    x = np.column_stack([random.normal(size=customers)[who] * 0.8 + random.normal(size=len(who)) * 0.6,
                         random.normal(size=len(who)), activity[who]])  # fmt: skip
    return x, who, (0.6 + 0.4 * activity)[who]


def draw(world: World, customers: int, seed: int) -> Drawn:
    """Draw a log of the world."""
    random = np.random.default_rng(seed)
    x, who, level = _contexts(random, customers)
    rate = (0.12 if world.money else 0.2) * np.minimum(scores(x) * level[:, None], 4.0)
    q = rate * 20.0 * np.exp(0.5) if world.money else rate
    wish = np.exp(world.sharp * scores(x))
    within = 0.1 / M + 0.9 * wish / wish.sum(axis=1, keepdims=True)
    overall, used = within, within
    if world.sticky:
        nothing = np.eye(M)[-1][None, :]
        overall = 0.8 * within + 0.1 * nothing + 0.1 / M
        arm = random.choice(3, p=[0.8, 0.1, 0.1], size=customers)[who]
        used = np.where((arm == 0)[:, None], within, np.where((arm == 1)[:, None], nothing, 1 / M))
    n = len(x)
    action = (used.cumsum(axis=1) < random.random(n)[:, None]).sum(axis=1).clip(0, M - 1)
    at = np.arange(n), action
    # outcomes of one customer move together: one draw of luck is shared
    shared = random.random(customers)[who]
    luck = np.where(random.random(n) < 0.3, shared, random.random(n))
    reward = (luck < rate[at]).astype(np.float64)
    if world.money:
        reward *= 20.0 * random.lognormal(0.0, 1.0, n)
    found = checked_log(action, reward, overall[at], who, M, probabilities=overall)
    assert not found.left_out
    return Drawn(found.log, x, q, target_policy(x), overall)


@dataclass(frozen=True)
class Truth:
    """Value per decision of the target policy, and its gain over the log's own."""

    value: float
    gain: float


@lru_cache
def truth_of(world: World, customers: int = 200_000) -> Truth:
    drawn = draw(world, customers, seed=987_654)
    value = float((drawn.target * drawn.q).sum(axis=1).mean())
    return Truth(value, value - float((drawn.truth * drawn.q).sum(axis=1).mean()))


def guessed(drawn: Drawn) -> Array:
    """A model of the outcomes that is wrong in places."""
    return drawn.q * (1 + 0.2 * np.sin(3 * drawn.x[:, :1])) * 1.05


def without_probabilities(drawn: Drawn, seed: int) -> tuple[LoggedBandit, Array]:
    """The same log with its probabilities estimated, and an outcome model learned from it."""
    n = len(drawn.x)
    features = Table(
        drawn.x, ("a", "b", "c"), (), np.zeros(n), None, drawn.log.customer, np.zeros(n, dtype=np.int64)
    )
    found = estimate_logging_policy(features, drawn.log.action, M, seed=seed, threads=1)
    log = replace(drawn.log, propensity=found.propensity, probabilities=None, estimated=True)
    return log, direct_model(log, drawn.x, seed=seed, threads=1).q_hat


def covered(
    world: World, customers: int, times: int, *, estimated: bool = False, draws: int = 299
) -> dict[str, float]:
    """Return how often 95 % intervals hold the truth: 'IPS value asymptotic' → share of `times` logs."""
    truth = truth_of(world)
    hits: dict[str, int] = {}
    for seed in range(times):
        drawn = draw(world, customers, seed)
        log, q_hat = without_probabilities(drawn, seed) if estimated else (drawn.log, guessed(drawn))
        policy, logged = policy_on_log(log, drawn.target, q_hat), as_logged(log, q_hat)
        units = Customers.of(log.customer)
        for estimator in all_estimators(estimated=estimated):
            if not estimator.uses_weights or estimator.name == "switch-DR":
                continue
            parts = estimator.parts(policy)
            for what, true, minus in (
                ("value", truth.value, None),
                ("gain", truth.gain, estimator.parts(logged)),
            ):
                for found in (
                    asymptotic(parts, units, minus=minus),
                    bootstrap(parts, units, minus=minus, resamples=draws, seed=seed),
                ):
                    key = f"{estimator.name} {what} {found.method}"
                    hits[key] = hits.get(key, 0) + (found.low <= true <= found.high)
    return {key: count / times for key, count in hits.items()}
