"""Decisions of many nights are found by asking few files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from nbatool.learn import answers
from nbatool.learn.answers import DecisionLookup
from nbatool.store.night_decisions import NightChunk, NightReader, NightTerms, write_night
from nbatool.store.nights import Night, Nights
from nbatool.store.online import OnlineStore

NIGHTS = 6


class Counts:
    """How often the list of nights was read, and which files were opened and asked."""

    def __init__(self) -> None:
        self.lists, self.opened, self.asked = 0, 0, 0


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counts:
    made = Counts()
    listed, opens, choice = Nights.all, NightReader.__init__, NightReader.choice

    def all_(self: Nights) -> list[Night]:
        made.lists += 1
        return listed(self)

    def init(self: NightReader, path: Path) -> None:
        made.opened += 1
        opens(self, path)

    def asked(self: NightReader, decision_id: str) -> object:
        made.asked += 1
        return choice(self, decision_id)

    monkeypatch.setattr(Nights, "all", all_)
    monkeypatch.setattr(NightReader, "__init__", init)
    monkeypatch.setattr(NightReader, "choice", asked)
    monkeypatch.setattr(answers, "MOST_OPEN_NIGHTS", 2)
    return made


def add_night(online: OnlineStore, folder: Path, day: int, name: str, ids: list[str]) -> None:
    n = len(ids)
    terms = NightTerms(day, day + 5, 0, "v1", [("mail", "email"), ("nothing", None)])
    with write_night(folder / name, terms) as writer:
        writer.add(NightChunk(ids, np.zeros(n, dtype=np.int64), np.ones(n), np.ones((n, 1))))
    online.nights.register(Night(name, day, day + 5, 0, n, day))


@pytest.fixture
def online(tmp_path: Path) -> Iterator[OnlineStore]:
    made = OnlineStore(tmp_path / "online.db")
    for day in range(NIGHTS):
        add_night(made, tmp_path, day, f"decisions-{day}.db", [f"d_{day}_{k}" for k in range(3)])
    yield made
    made.close()


def test_whoever_knows_the_moment_asks_one_file(online: OnlineStore, tmp_path: Path, counts: Counts) -> None:
    lookup = DecisionLookup(online, tmp_path)
    for day in range(NIGHTS):
        for k in range(3):
            found = lookup.choice(f"d_{day}_{k}", as_of_us=day)
            assert found is not None
            assert (found.decision_id, found.as_of_us) == (f"d_{day}_{k}", day)
    assert lookup.choice("d_0_0", as_of_us=1) is None
    assert lookup.choice("d_0_0", as_of_us=99) is None
    assert (counts.lists, counts.opened, counts.asked) == (1, NIGHTS + 1, 3 * NIGHTS + 1)
    lookup.close()


def test_the_files_hit_last_stay_open(online: OnlineStore, tmp_path: Path, counts: Counts) -> None:
    lookup = DecisionLookup(online, tmp_path)
    assert lookup.find("d_0_0") is not None
    before = counts.opened
    assert before == NIGHTS
    assert lookup.find("d_0_1") is not None  # the oldest night, asked first now
    assert (counts.opened, counts.asked) == (before, NIGHTS + 1)
    assert lookup.find("unknown") is None
    assert lookup.find("d_0_2") is not None
    assert counts.asked == NIGHTS + 1 + NIGHTS + 1
    assert lookup.find("d_3_0") is not None
    opened = counts.opened
    assert [lookup.find(name) is not None for name in ("d_0_0", "d_3_1", "d_0_1")] == [True] * 3
    assert counts.opened == opened
    assert counts.lists == 1
    lookup.close()


def test_a_night_decided_again_is_found_after_a_refresh(online: OnlineStore, tmp_path: Path) -> None:
    lookup = DecisionLookup(online, tmp_path)
    assert lookup.find("d_2_0") is not None
    add_night(online, tmp_path, 2, "decisions-2b.db", ["new"])
    online.nights.sweep(tmp_path, 0)
    lookup.refresh()
    assert lookup.find("d_2_0") is None  # its file is open still, but left the list
    assert lookup.find("new") is not None
    assert lookup.find("d_5_0", as_of_us=5) is not None
    lookup.close()
