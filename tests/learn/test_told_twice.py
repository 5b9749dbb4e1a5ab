"""An outcome that is told live and by a file counts once, where both name it."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_shop import source
from windows_world import SETTINGS, World, live, us

from nbatool.base.clock import format_time
from nbatool.store.answer_journal import Answer
from nbatool.store.online import OnlineStore

EVENTS = {
    "customer_id": "id",
    "ts": "ts",
    "type": "type",
    "value": "value",
    "event_id": "eid",
    "action_id": "act",
}
CRM = {"decision_id": "d", "value": "v", "ts": "t", "objective": "o", "outcome_id": "oid"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def say(world: World, decision_id: str, outcome_id: str, objective: str, value: str, day: float = 1) -> None:
    online = OnlineStore(world.shop.root / "data" / "online.db")
    online.answers.add(Answer(decision_id, outcome_id, objective, value, "", us(day), us(day), "credited"))
    online.close()


def loaded(world: World, events: list[str], outcomes: list[str]) -> None:
    world.shop.write(
        "e.csv",
        "id,ts,type,value,eid,act\n" + "\n".join([*events, f"z,{format_time(us(40))},visit,,z,"]) + "\n",
    )
    world.shop.write(
        "o.csv", "d,v,t,o,oid\n" + "\n".join(outcomes or ["d_none,1,2024-03-02,stars,none"]) + "\n"
    )
    text = (
        SETTINGS + source("e.csv", name="e", **EVENTS) + source("o.csv", name="crm", kind="outcomes", **CRM)
    )
    world.shop.load(world.shop.configure(text))


@pytest.mark.parametrize("file_first", [False, True])
def test_by_outcome_id(world: World, record: object, file_first: bool) -> None:
    loaded(world, [], [])
    live(world, record, "d_a", "a")
    say(world, "d_a", "x1", "stars", "3.0000")
    say(world, "d_a", "x2", "stars", "1.0000")
    if not file_first:
        world.learn(2)  # drains them
    rows = ["d_a,3,2024-03-02,stars,x1", "d_a,5,2024-03-02,stars,x3", "d_b,3,2024-03-02,stars,x2"]
    world.shop.root.joinpath("o.csv").unlink()
    loaded(world, [], rows)
    world.learn(6)
    assert world.closed() == {"d_a": 2.0 * (3 + 1 + 5)}
    told = world.shop.rows("select source, outcome_id from outcomes where decision_id = 'd_a' order by all")
    assert told == [("crm", "x1"), ("crm", "x3"), ("nbatool", "stars/x2")]


def test_by_event_id(world: World, record: object) -> None:
    day = format_time(us(1))
    loaded(world, [f"a,{day},buy,20,e1,", f"a,{day},redeem,,e2,mail", f"b,{day},redeem,,e2,letter"], [])
    live(world, record, "d_a", "a")
    live(world, record, "d_b", "b")
    say(world, "d_a", "e1", "spend", "20.0000")
    say(world, "d_a", "e9", "spend", "4.0000")  # of no event that is loaded
    say(world, "d_a", "e2", "taken", "1.0000")
    # The event of this one is of another action and does not count: what was said of the decision does.
    say(world, "d_b", "e2", "taken", "1.0000")
    world.learn(6)
    assert world.closed() == {"d_a": 20.0 + 4.0 + 10.0, "d_b": 10.0}
