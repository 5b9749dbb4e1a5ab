"""Windows the loaded events do not reach stay open, and a night nobody confirmed teaches nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from calls import call
from small_shop import source
from windows_world import SETTINGS, World, night, us

from nbatool.activate.night_log import BATCH
from nbatool.base.clock import format_time
from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.ingest.live import load_live
from nbatool.learn.reach import Reach, reach_of
from nbatool.learn.windows import UnconfirmedNight
from nbatool.report.learn_report import learn_json, learn_text
from nbatool.store.answer_journal import Answer
from nbatool.store.online import OnlineStore
from nbatool.store.warehouse import open_warehouse
from nbatool.store.workspace import open_workspace


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_window_beyond_the_newest_event_waits_for_data(world: World) -> None:
    world.until = 4.9
    world.events(("a", 1, "buy", "20", ""))
    world.log(
        [night("d_0", "a", "nothing", day=-1), night("d_1", "c", "nothing"), night("d_2", "b", "nothing")]
    )
    report = world.learn(1000)
    assert world.closed() == {"d_0": 20.0}
    assert (report.windows.closed, report.windows.waiting_for_data, report.data_until_us) == (1, 2, us(4.9))
    told = learn_json(report)
    assert (told["waiting_for_data"], told["data_until"]) == (2, "2024-03-05T21:36:00Z")
    assert (
        "waiting   2 outcome windows for data: they end later than the events loaded, and the newest event is of "
        "2024-03-05 21:36 UTC. Load newer events: nbatool"
    ) in learn_text(report)
    # Newer events come, and what was silence is an outcome.
    world.until = 5
    world.shop.root.joinpath("events.csv").unlink()
    world.events(("b", 3, "buy", "7", ""))
    assert world.learn(1000).windows.waiting_for_data == 0
    assert world.closed() == {"d_0": 20.0, "d_1": -0.5, "d_2": 7.0}


def test_what_was_posted_closes_no_window_before_the_events_are_there(world: World) -> None:
    world.until = 2
    world.events()
    posted = [{"decision_id": "d_1", "outcome_id": "1", "objective": "stars", "ts_us": us(1), "value": "4"}]
    world.log([night("d_1", "a", "nothing"), night("d_2", "b", "nothing")], outcomes=posted)
    assert world.learn(30).windows.waiting_for_data == 2
    # Where no objective waits for events, the wait alone decides.
    world.shop.configure(
        SETTINGS[: SETTINGS.index("[[objective]]")] + '[[objective]]\nname = "stars"\nwithin = "5d"\n'
    )
    report = world.learn(30)
    assert (report.windows.closed, report.windows.waiting_for_data, report.data_until_us) == (2, 0, None)
    assert world.closed() == {"d_1": 4.0, "d_2": -0.5}


def test_each_objective_waits_for_the_sources_that_bring_its_events(world: World) -> None:
    """Visits of today say nothing about whether yesterday's purchases are loaded, nor does one told live."""
    for name, kind, day in (("web", "visit", 50), ("shop", "buy", 12), ("till", "redeem", 30)):
        time = format_time(us(day))
        world.shop.write(
            f"{name}.csv", f"id,ts,type,value\na,{time},{kind},1\nb,{format_time(us(1))},other,1\n"
        )
    text = "".join(
        source(f"{name}.csv", name=name, customer_id="id", ts="ts", type="type", value="value")
        for name in ("web", "shop", "till")
    )
    workspace = world.shop.configure(SETTINGS + text)
    world.shop.load(workspace)
    terms = OutcomeTerms.of(workspace.config)
    with open_warehouse(workspace) as warehouse:
        event = ("e1", "a", us(60), "buy", "3", None, None, None, None)
        load_live(warehouse, [event], position=1)
        assert reach_of(warehouse.con, terms) == Reach(us(12), us(7))
        warehouse.con.execute("delete from events where source = 'shop'")
        assert reach_of(warehouse.con, terms) == Reach(us(30), us(28))  # purchases come live alone
        warehouse.con.execute("delete from events")
        assert reach_of(warehouse.con, terms) == Reach(0, 0)


def test_the_files_of_a_night_are_kept_while_its_windows_wait(world: World) -> None:
    from nbatool.store.nights import Night

    world.until = 3
    world.events()
    online = OnlineStore(world.shop.root / "data" / "online.db")
    online.nights.register(Night("decisions-1.db", us(0), us(6), 0, 1, 0))
    world.learn(100)
    assert len(online.nights.all()) == 1
    world.until = 9
    world.shop.root.joinpath("events.csv").unlink()
    world.events()
    world.learn(100)
    assert online.nights.all() == []
    online.close()


def some_night(world: World, day: float) -> None:
    """A night that contacts two and leaves two alone."""
    rows = [night(f"d{day:g}_{c}", c, "mail" if c in "ab" else "nothing", day=day) for c in "abcd"]
    world.log(rows, batch=BATCH)


def test_a_night_without_any_confirmation_teaches_nothing(world: World) -> None:
    world.events(("c", 1, "buy", "3", ""), ("a", 11, "mailed", "", "mail"), ("c", 22, "buy", "4", ""))
    some_night(world, 0)
    some_night(world, 10)
    world.log(
        [night("d20_c", "c", "nothing", day=20)], batch=BATCH
    )  # contacts nobody, and so needs no confirmation
    report = world.learn(30)
    assert world.closed() == {"d10_a": -0.5, "d10_c": -0.5, "d10_d": -0.5, "d20_c": 4.0}
    assert report.windows.unconfirmed == (UnconfirmedNight(us(0), 2, 2),)
    assert report.windows.expired == 3
    assert learn_json(report)["unconfirmed_nights"] == [
        {"as_of": "2024-03-01T00:00:00Z", "contacts": 2, "nothing": 2}
    ]
    assert (
        "warning   none of the 2 contacts of 2024-03-01 00:00 UTC was ever confirmed as sent: that night teaches nothing"
    ) in learn_text(report)
    assert "learn -" in learn_text(report)
    again = world.learn(31)
    assert (again.windows.unconfirmed, again.windows.closed, again.windows.expired) == ((), 0, 0)


def test_what_a_night_left_alone_waits_for_the_first_confirmation(world: World) -> None:
    world.events(("c", 0.5, "buy", "3", ""))
    short = SETTINGS.replace('"5d"', '"1d"').replace('"2d"', '"1d"').replace('wait = "1d"', 'wait = "1h"')
    world.shop.configure(short + source("events.csv", customer_id="id", ts="ts", type="type", value="value"))
    some_night(world, 0)
    report = world.learn(2)
    assert (report.windows.closed, report.windows.waiting) == (0, 4)
    online = OnlineStore(world.shop.root / "data" / "online.db")
    online.answers.add(Answer("d0_a", "", "", None, "sent", us(2.1), us(2.1), "confirmed"))
    online.close()
    report = world.learn(2.5)
    assert world.closed() == {"d0_a": -0.5, "d0_c": 3.0, "d0_d": -0.5}
    assert (report.windows.waiting, world.learn(4).windows.unconfirmed) == (1, ())


def test_a_night_all_of_whose_contacts_were_released_teaches_nothing(world: World) -> None:
    world.events()
    some_night(world, 0)
    online = OnlineStore(world.shop.root / "data" / "online.db")
    for name in "ab":
        online.answers.add(Answer(f"d0_{name}", "", "", None, "released", us(1), us(1), "released"))
    online.close()
    assert world.learn(10).windows.unconfirmed == (UnconfirmedNight(us(0), 2, 2),)
    assert world.closed() == {}


def test_an_unconfirmed_night_is_in_no_training_and_no_replay(world: World) -> None:
    from nbatool.store.sql import statement

    world.events(("c", 1, "buy", "3", ""))
    some_night(world, 0)
    world.log([night("d10_c", "c", "nothing", day=10)], batch=BATCH)
    world.learn(30)
    with open_warehouse(open_workspace(world.shop.root)) as warehouse:
        con = warehouse.con
        replayed = con.execute(
            statement("decide/closed_newest"), {"most": 100, "each_slot": False, "until": "2100-01-01"}
        ).fetchall()
        span: dict[str, Any] = {
            "from_ts": "2000-01-01",
            "until_ts": "2100-01-01",
            "closed_until": "2100-01-01",
            "every": False,
            "each_slot": False,
        }
        con.execute(statement("models/create_logged"), span)
        assert con.execute("select decision_id from logged").fetchall() == [("d10_c",)]
    assert len(replayed) == 1


def test_the_command_says_what_waits(world: World) -> None:
    world.until = 2
    world.events()
    world.log([night("d_1", "a", "nothing")])
    done = call(world.shop.root, "learn", "--as-of", "2030-01-01")
    assert "waiting   1 outcome windows for data" in done.out
    told = call(world.shop.root, "learn", "--json", "--as-of", "2030-01-01").json
    assert (told["closed"], told["waiting_for_data"], told["data_until"]) == (0, 1, "2024-03-03T00:00:00Z")
