"""Processes that share what is left: nobody passes a limit that others came near, and a night makes room for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.pacing import CUT_US
from nbatool.base.records import Action
from nbatool.decide.catalogue import Catalogue, Offer
from nbatool.decide.contact_rules import kind_of
from nbatool.decide.live_room import LiveRoom
from nbatool.decide.night_limits import kept
from nbatool.decide.pacing import PublishedLimits
from nbatool.decide.population_limits import BUDGET, STOCK, PopulationLimit, PopulationLimits
from nbatool.decide.prices import Prices
from nbatool.store.contact import Contact
from nbatool.store.online import OnlineStore

OFFERS = tuple(
    Offer(Action(action, action, ("email",), cost=cost), "email", None)
    for action, cost in (("a", 0.5), ("b", 0.2))
)
LIMITS = PopulationLimits(
    (PopulationLimit(BUDGET, 10.0, 86_400), PopulationLimit(STOCK, 12.0, None, "action", "a")),
    Catalogue(OFFERS),
)
PRICES = Prices(tuple(limit.title for limit in LIMITS.limits), np.zeros(2))


def contact(who: str, offer: int, batch: str = "") -> Contact:
    kind = kind_of(OFFERS[offer])
    return Contact(f"c{who}", f"d{who}", 1, kind.action_id, kind.channel, kind.tags, CUT_US, batch, kind.cost)


class Process:
    """One that decides live."""

    def __init__(self, path: Path) -> None:
        self.store = OnlineStore(path)
        totals = self.store.ledger.totals()
        told = PublishedLimits.of(LIMITS, totals, PRICES, cut_us=CUT_US, scale=1.0)
        self.room = LiveRoom(LIMITS, told, totals)

    def decide(self, who: str, offer: int) -> int:
        """Look before, ask again in the transaction; others may write between."""
        self.room.at(CUT_US)
        with self.store.transaction():
            full = self.room.fits(offer, CUT_US)
            if not full:
                self.store.ledger.reserve([contact(who, offer)])
        return full


def test_processes_share_what_is_left(tmp_path: Path) -> None:
    processes = [Process(tmp_path / "online.db") for _ in range(3)]
    said = [processes[k % 3].decide(f"{k}", offer=0) for k in range(15)]
    assert said == [0] * 12 + [2] * 3
    assert [processes[k % 3].decide(f"b{k}", offer=1) for k in range(22)] == [0] * 20 + [1] * 2
    for process in processes:
        assert process.room.at(CUT_US)[1].tolist() == [1, 1]
        process.store.close()


def test_of_a_slate_each_place_counts(tmp_path: Path) -> None:
    process = Process(tmp_path / "online.db")
    process.store.ledger.reserve([contact(f"{k}", 0) for k in range(11)])
    with process.store.transaction():
        assert process.room.fits(0, CUT_US) == 0
        process.store.ledger.reserve([contact("first", 0)])
        assert process.room.fits(0, CUT_US) == 2
        assert process.room.fits(1, CUT_US) == 0
    process.store.close()


def test_a_night_gives_back_what_live_decisions_left_no_room_for(tmp_path: Path) -> None:
    process = Process(tmp_path / "online.db")
    ledger = process.store.ledger
    before = LIMITS.bounds(ledger.totals(), CUT_US)
    chosen, priced = np.zeros(30, np.int64), np.arange(30.0)
    first = kept(before, priced, chosen, np.arange(30))
    night = [contact(f"n{k:02d}", 0, "night") for k in np.flatnonzero(first.keep)]
    assert len(night) == 12
    for k in range(5):
        assert process.decide(f"live{k}", offer=0) == 0
    ledger.reserve_batch("night", night, lambda asked, _held: [True] * len(asked))
    assert process.decide("late", offer=0) == 2
    left = LIMITS.bounds(ledger.totals().without("night"), CUT_US)
    again = kept(left, priced, np.where(first.keep, chosen, -1), np.arange(30))
    out = first.keep & ~again.keep
    assert ledger.give_back([contact(f"n{k:02d}", 0, "night") for k in np.flatnonzero(out)]) == 5
    assert np.flatnonzero(first.keep & again.keep).tolist() == list(range(23, 30))
    assert LIMITS.used(ledger.totals(), CUT_US, CUT_US) == [6.0, 12.0]
    process.store.close()


def test_without_limits_nothing_is_charged_or_full(tmp_path: Path) -> None:
    store = OnlineStore(tmp_path / "online.db")
    none, totals = PopulationLimits((), Catalogue(OFFERS)), store.ledger.totals()
    told = PublishedLimits.of(none, totals, Prices((), np.zeros(0)), cut_us=CUT_US, scale=1.0)
    room = LiveRoom(none, PublishedLimits.from_json(told.to_json()), totals)
    store.ledger.reserve([contact("x", 0)])
    assert [part.tolist() for part in room.at(CUT_US)] == [[0.0, 0.0], [0, 0]]
    assert room.fits(0, CUT_US) == 0
    store.close()
