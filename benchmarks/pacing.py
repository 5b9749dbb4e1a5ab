"""A day of live decisions over a budget, or a budget and a capacity: how much of them is spent, and what it earned.

Traffic has a strong daily profile, values are log-normal, and the night's price is right, three times too low or too
high, or 0. Compared with the best that one price for the whole day could have earned, known only afterwards.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.runs import child
from benchmarks.scale import Bench
from benchmarks.table import Row
from nbatool.base.records import Action
from nbatool.decide.catalogue import Catalogue, Offer
from nbatool.decide.contact_rules import kind_of
from nbatool.decide.limits import Limit
from nbatool.decide.live_room import LiveRoom
from nbatool.decide.pacing import DAY_US, PublishedLimits
from nbatool.decide.population_limits import (
    BUDGET,
    CAPACITY,
    LEAST_SHARE,
    MOST_SHARE,
    STOCK,
    PopulationLimit,
    PopulationLimits,
)
from nbatool.decide.prices import Prices, solve
from nbatool.store.contact import ContactKind
from nbatool.store.contact_totals import bucket_of

SEEDS = range(5)
WRONG = (1.0, 1 / 3, 3.0, 0.0)
CUT_US = 20_000 * DAY_US + 2 * 3_600_000_000 + 17 * 60_000_000
TRAFFIC = tuple(0.05 + max(0.0, np.sin((hour - 6) * np.pi / 16)) ** 2 for hour in range(24))
"""Nearly nobody at night, most at two in the afternoon."""
DAY_S = 86_400
LEAST_SPENT, MOST_US = 0.97, 15.0


class Counts:
    """Contacts in memory, as `ContactTotals` tells of them."""

    def __init__(self, kinds: Sequence[ContactKind]) -> None:
        self.kinds, self.version = list(kinds), 0
        self._n: dict[int, np.ndarray[Any, np.dtype[np.int64]]] = {}

    def refresh(self) -> bool:
        return False

    def add(self, kind: int, at_us: int, n: int = 1) -> None:
        self._n.setdefault(bucket_of(at_us), np.zeros(len(self.kinds), np.int64))[kind] += n
        self.version += 1

    def since(self, bucket: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        found = [n for hour, n in self._n.items() if hour >= bucket]
        return np.sum(found, axis=0) if found else np.zeros(len(self.kinds), np.int64)

    def ever(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        return self.since(-(2**62))


@dataclass(frozen=True)
class Day:
    """A day's visitors: when each comes (µs), and what the offers are worth to them before prices (n, m)."""

    at_us: Any
    values: Any
    limits: PopulationLimits
    spread: float


def day(n: int, seed: int, *, capacity: bool, wanted: float = 0.25, unit: float = 1.0) -> Day:
    """Draw visitors; the budget is a part of what they would use, the capacity bites beside it."""
    rng = np.random.default_rng(seed)
    costs = unit * np.array([0.1, 0.2, 0.5, 1.0, 0.3])
    values = np.exp(rng.normal(0.0, 1.0, (n, 1)) + rng.normal(-0.5, 0.6, (n, len(costs)))) - costs
    cut_hour = (CUT_US % DAY_US) / 3.6e9
    hours = rng.choice(24, n, p=np.array(TRAFFIC) / sum(TRAFFIC)) + rng.random(n)
    at_us = CUT_US + (np.sort((hours - cut_hour) % 24) * 3.6e9).astype(np.int64)
    channels = ("email", "email", "push", "push", "sms")
    offers = tuple(
        Offer(Action(f"a{j}", f"a{j}", (channel,), cost=float(cost)), channel, None)
        for j, (channel, cost) in enumerate(zip(channels, costs, strict=True))
    )
    best = values.argmax(axis=1)
    said = [PopulationLimit(BUDGET, float(round(wanted * costs[best].sum(), 2)), DAY_S)]
    if capacity:
        room = int(0.5 * wanted * np.isin(best, (0, 1)).sum())
        said.append(PopulationLimit(CAPACITY, float(room), DAY_S, "channel", "email"))
    limits = PopulationLimits(tuple(said), Catalogue(offers), live_share=1.0)
    return Day(at_us, values, limits, float(values.max(axis=1).std()))


def hindsight(visitors: Day) -> tuple[Prices, float]:
    """Prices for the whole day, and what nobody can earn more than."""
    full = np.column_stack([visitors.values, np.zeros(len(visitors.values))])
    bounds = [
        Limit(limit.title, use, most=limit.amount)
        for limit, use in zip(visitors.limits.limits, visitors.limits.uses, strict=True)
    ]
    solved = solve([(full, np.ones_like(full, dtype=np.bool_))], bounds)
    return solved.prices, solved.upper_bound


def lived(
    visitors: Day,
    prices: Prices,
    traffic: Sequence[float] | None,
    *,
    totals: Counts | None = None,
    cut_us: int = CUT_US,
) -> dict[str, Any]:
    """Let everybody come; return the parts of the limits that were used and the value."""
    limits = visitors.limits
    totals = Counts([kind_of(offer) for offer in limits.catalogue.offers]) if totals is None else totals
    told = PublishedLimits.of(limits, totals, prices, cut_us=cut_us, scale=visitors.spread, traffic=traffic)
    room = LiveRoom(limits, told, totals)
    value, made = 0.0, np.zeros(len(limits.catalogue.offers) + 1)
    for at_us, worth in zip((visitors.at_us + cut_us - CUT_US).tolist(), visitors.values, strict=True):
        charge, full = room.at(at_us)
        priced = np.where(full == 0, worth - charge, -np.inf)
        offer = int(priced.argmax())
        if priced[offer] > 0.0 and not room.fits(offer, at_us):
            totals.add(offer, at_us)
            made[offer] += 1
            value += float(worth[offer])
    used = (limits.uses * made).sum(axis=1).tolist()
    return {"parts": [u / limit.amount for u, limit in zip(used, limits.limits, strict=True)], "value": value}


def looks(place: str, n_offers: int = 20, days: int = 30, times: int = 1_000) -> dict[str, Any]:
    """Median times (µs) of a look at nine limits over a month of contacts: with nothing new, and after each contact."""
    from pathlib import Path

    from nbatool.store.contact import Contact
    from nbatool.store.online import OnlineStore

    offers = tuple(
        Offer(Action(f"a{j}", f"a{j}", (channel,), ("x",) * (j % 2), cost=0.1 * j), channel, None)
        for j, channel in enumerate(("email", "push") * (n_offers // 2))
    )
    said = [PopulationLimit(BUDGET, 1e6, DAY_S), PopulationLimit(BUDGET, 1e7, days * DAY_S)]
    said += [PopulationLimit(CAPACITY, 1e6, DAY_S, "channel", channel) for channel in ("email", "push")]
    said += [PopulationLimit(STOCK, 1e6, None, "action", f"a{j}") for j in range(3)]
    said += [
        PopulationLimit(MOST_SHARE, 0.9, None, "tag", "x"),
        PopulationLimit(LEAST_SHARE, 0.1, None, "tag", "x"),
    ]
    limits = PopulationLimits(tuple(said), Catalogue(offers))
    online = OnlineStore(Path(place) / "online.db")

    def contact(k: int, at_us: int) -> Contact:
        kind = kind_of(offers[k % n_offers])
        return Contact(
            f"c{k}", f"d{k}-{at_us}", 1, kind.action_id, kind.channel, kind.tags, at_us, "", kind.cost
        )

    with online.transaction():
        for hour in range(days * 24):
            online.ledger.reserve([contact(j, CUT_US - hour * 3_600_000_000) for j in range(n_offers)])
    totals = online.ledger.totals()
    prices = Prices(tuple(limit.title for limit in said), np.linspace(0.1, 0.9, len(said)))
    room = LiveRoom(limits, PublishedLimits.of(limits, totals, prices, cut_us=CUT_US, scale=1.0), totals)
    took: dict[str, list[float]] = {"same": [], "fits": [], "new": []}
    for k in range(times):
        now_us = CUT_US + 1_000_000 * (k + 1)
        took["same"].append(_us(room.at, now_us))
        with online.transaction():
            online.ledger.reserve([contact(n_offers * (1 + k), now_us)])
            took["fits"].append(_us(room.fits, 0, now_us))
        online.ledger.reserve([contact(n_offers * (1 + k) + 1, now_us)])
        took["new"].append(_us(room.at, now_us))
    online.close()
    return {name: float(np.median(us)) for name, us in took.items()}


def _us(look: Callable[..., object], *asked: int) -> float:
    started = time.perf_counter_ns()
    look(*asked)
    return (time.perf_counter_ns() - started) / 1000


def scenario(n: int, seed: int, capacity: bool, wrong: float, known: bool) -> dict[str, Any]:
    """One day, with a night's price so many times what it should be."""
    visitors = day(n, seed, capacity=capacity)
    prices, most = hindsight(visitors)
    found = lived(visitors, Prices(prices.names, prices.price * wrong), TRAFFIC if known else None)
    parts = [part for part, price in zip(found["parts"], prices.price.tolist(), strict=True) if price > 0.0]
    return {"least": min(parts), "most": max(found["parts"]), "value": found["value"] / most}


def days(n: int, capacity: bool, known: bool) -> dict[str, Any]:
    found = [scenario(n, seed, capacity, wrong, known) for seed in SEEDS for wrong in WRONG]
    return {
        "least": min(one["least"] for one in found), "most": max(one["most"] for one in found),
        "value": min(one["value"] for one in found), "mean": float(np.mean([one["value"] for one in found])),
    }  # fmt: skip


def measure(bench: Bench) -> list[Row]:
    n = 10 * bench.scale.decisions
    rows = []
    for capacity in (False, True):
        for known in (True, False):
            found = child("pacing:days", n=n, capacity=capacity, known=known)
            what = f"{'budget and capacity' if capacity else 'budget'}, traffic {'known' if known else 'unknown'}"
            met = found["least"] >= LEAST_SPENT and found["most"] <= 1.0 + 1e-12
            rows.append(
                Row(
                    "pacing", f"{what}: used {found['least']:.1%}–{found['most']:.1%}, value ≥ {found['value']:.1%}",
                    f"mean {found['mean']:.1%}", mark="97–100 % used", met=met,
                )
            )  # fmt: skip
    place = bench.shops.root / "pacing"
    shutil.rmtree(place, ignore_errors=True)
    took = child("pacing:looks", place=str(place))
    shutil.rmtree(place)
    what = f"a look at 9 limits, nothing new ({took['new']:.1f} µs after a contact, {took['fits']:.1f} µs asked again)"
    mark = f"≤ {MOST_US:g} µs"
    rows.append(Row("pacing", what, f"{took['same']:.1f} µs", mark=mark, met=took["same"] <= MOST_US))
    return rows
