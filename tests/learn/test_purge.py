"""The journals of the online store lose what the warehouse has and nobody needs, and nothing else, whatever is killed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from windows_world import World, live, us

from nbatool.base.clock import DAY_US
from nbatool.ingest.drain import Drained
from nbatool.learn.purge import purge
from nbatool.store.answer_journal import Answer
from nbatool.store.online import LiveEvent, OnlineStore, Published
from nbatool.store.warehouse import open_warehouse
from nbatool.store.workspace import open_workspace


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def online(world: World) -> Any:
    opened = OnlineStore(world.shop.root / "data" / "online.db")
    yield opened
    opened.close()


def held(online: OnlineStore) -> tuple[list[str], list[str], list[str]]:
    return (
        [event.event_id for _, event in online.journal_after(0)],
        [found.decision.decision_id for found in online.decisions.after(0)],
        [
            f"{answer.decision_id}/{answer.status or answer.outcome_id}"
            for _, answer in online.answers.after(0)
        ],
    )


def stored(world: World) -> tuple[Any, ...]:
    return tuple(
        world.shop.rows(query)
        for query in (
            "select event_id from events where source = '@live' order by 1",
            "select decision_id from decisions order by 1",
            "select decision_id, outcome_id from outcomes order by all",
            "select decision_id, outcome from closed order by 1",
        )
    )


def fill(world: World, record: Any, online: OnlineStore) -> None:
    """Windows end on day 6 with their wait, and are over on day 9."""
    world.events(("a", 1, "buy", "20", ""))
    for name in ("a", "b", "gone"):
        live(world, record, f"d_{name}", name)
    online.append([LiveEvent("e1", "a", us(0.5), "visit"), LiveEvent("e2", "a", us(8), "visit")])
    online.answers.add(Answer("d_a", "1", "stars", "3.0000", "", us(1), us(1), "credited"))
    online.answers.add(Answer("d_a", "2", "stars", "3.0000", "", us(7), us(7), "late"))
    online.answers.add(Answer("d_gone", "", "", None, "released", us(1), us(1), "released"))
    online.answers.add(Answer("d_later", "9", "stars", "1.0000", "", us(9), us(9), "unknown"))


def test_what_is_drained_and_over_goes(world: World, record: Any, online: OnlineStore) -> None:
    fill(world, record, online)
    online.publish(Published("state-1.db", "v1", us(30), 1, 0))
    everything = held(online)
    world.learn(9)
    assert (
        held(online) == everything
    )  # not over: a window that ended this very moment may still be asked about
    before = stored(world)
    world.learn(9.1)
    assert held(online) == (["e1", "e2"], [], everything[2])
    world.learn(15.1)
    # e2 is not in the state in force; a late answer is nowhere else; and one may be of a decision still to come.
    assert held(online) == (["e2"], [], ["d_a/2", "d_later/9"])
    world.learn(30)
    assert held(online) == (["e2"], [], ["d_a/2"])
    assert stored(world) == before
    online.publish(Published("state-2.db", "v1", us(30), 2, 0))
    world.learn(31)
    assert held(online) == ([], [], ["d_a/2"])
    # Positions go on: what comes now is drained, not taken for what went.
    online.append([LiveEvent("e3", "a", us(31), "visit")])
    live(world, record, "d_new", "a")
    world.learn(31.5)
    assert ("e3",) in stored(world)[0]
    assert ("d_new",) in stored(world)[1]


def test_a_window_that_waits_for_data_keeps_its_decision(
    world: World, record: Any, online: OnlineStore
) -> None:
    world.until = 3
    fill(world, record, online)
    world.learn(100)
    assert "d_a" in held(online)[1]
    assert "d_a/1" in held(online)[2]


def test_the_same_answer_after_its_decision_went_changes_nothing(
    world: World, record: Any, online: OnlineStore
) -> None:
    fill(world, record, online)
    world.learn(30)
    before = stored(world)
    online.answers.add(Answer("d_a", "1", "stars", "3.0000", "", us(1), us(30), "unknown"))
    live(world, record, "d_a", "a")  # the same request again
    world.learn(31)
    assert stored(world) == before
    assert held(online)[1] == []  # it was closed before, and is over


def test_nothing_undrained_goes(world: World, record: Any, online: OnlineStore) -> None:
    fill(world, record, online)
    for found in online.decisions.after(0):
        online.decisions.mark_closed(found.decision.decision_id, us(6))
    online.publish(Published("state-1.db", "v1", us(99), 99, 0))
    everything = held(online)
    with open_warehouse(open_workspace(world.shop.root)) as warehouse:
        none = Drained()
        assert set(purge(online, warehouse, none, over_us=us(99), window_us=DAY_US).values()) == {0}
        assert held(online) == everything
        purge(online, warehouse, replace(none, decisions=1, events=1), over_us=us(99), window_us=DAY_US)
    assert held(online) == (everything[0][1:], everything[1][1:], everything[2])


@pytest.mark.parametrize("dies_after", range(4))
def test_killed_between_its_transactions(
    world: World, record: Any, online: OnlineStore, dies_after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was deleted was in the warehouse, and running it again finishes the job."""
    monkeypatch.setattr("nbatool.learn.purge.MOST_AT_ONCE", 1)
    fill(world, record, online)
    online.publish(Published("state-1.db", "v1", us(30), 2, 0))
    events, decisions, answers = held(online)
    calls, real = iter(range(99)), OnlineStore.purge

    def dies(self: OnlineStore, journal: str, values: Any) -> int:
        gone = real(self, journal, values)
        if next(calls) == dies_after:
            raise KeyboardInterrupt  # inside the transaction: this deletion is undone
        return gone

    monkeypatch.setattr(OnlineStore, "purge", dies)
    with pytest.raises(KeyboardInterrupt):
        world.learn(40)
    monkeypatch.setattr(OnlineStore, "purge", real)
    reopened = OnlineStore(world.shop.root / "data" / "online.db")
    left = held(reopened)
    reopened.close()
    kept = stored(world)
    assert set(events) - set(left[0]) <= {row[0] for row in kept[0]}
    assert set(decisions) - set(left[1]) <= {row[0] for row in kept[1]}
    gone = set(answers) - set(left[2])
    assert gone <= {f"{d}/{o.removeprefix('stars/')}" for d, o in kept[2]} | {"d_gone/released"}
    assert len(decisions) - len(left[1]) <= dies_after
    world.learn(41)
    assert held(online) == ([], [], ["d_a/2"])
    assert stored(world) == kept
