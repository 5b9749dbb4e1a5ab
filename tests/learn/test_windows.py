"""Closing windows in the warehouse on worlds one can check by hand: who earned what, who expired, each once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from small_shop import source
from windows_world import SETTINGS, World, live, night, us

from nbatool.activate.night_log import BATCH
from nbatool.ingest.decision_log import (
    CONTACT_SCHEMA,
    DECISION_SCHEMA,
    OUTCOME_SCHEMA,
    load_contact_states,
    load_decisions,
    load_outcomes,
)
from nbatool.learn.answers import DecisionLookup
from nbatool.models.lessons import LivePosterior
from nbatool.models.posterior import Posterior
from nbatool.report.learn_report import learn_json, learn_text
from nbatool.store.answer_journal import Answer
from nbatool.store.closing import Mark
from nbatool.store.decision_record import Slot
from nbatool.store.learned import LearnedSnapshot
from nbatool.store.night_decisions import NightChunk, NightTerms, write_night
from nbatool.store.nights import Night
from nbatool.store.online import OnlineStore
from nbatool.store.warehouse import open_warehouse
from nbatool.store.workspace import open_workspace


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_outcomes_are_the_weighted_sum_within_the_window(world: World) -> None:
    world.events(
        ("a", -0.1, "buy", "7", ""),  # before the decision
        ("a", 0, "buy", "20", ""),
        ("a", 4.9, "buy", "150", ""),  # clipped
        ("a", 5, "buy", "1000", ""),  # the window has ended
        ("a", 1, "redeem", "", "mail"),
        ("a", 1.5, "redeem", "", "mail"),
        ("b", 1, "redeem", "", "letter"),  # of another action
        ("b", 3, "redeem", "", "mail"),  # too late for this objective
        ("c", 1, "buy", "5", ""),
    )
    posted = [
        {"decision_id": "d_c", "outcome_id": "1", "objective": "stars", "ts_us": us(1), "value": "4"},
        {
            "decision_id": "d_c",
            "outcome_id": "2",
            "objective": None,
            "ts_us": None,
            "value": "1.5",
        },  # the posted one
        {"decision_id": "d_c", "outcome_id": "3", "objective": "stars", "ts_us": us(6), "value": "100"},
        {"decision_id": "d_c", "outcome_id": "4", "objective": "spend", "ts_us": us(2), "value": "10"},
        {"decision_id": "d_other", "outcome_id": "1", "objective": "stars", "ts_us": us(1), "value": "9"},
    ]
    ids = {"d_a": "a", "d_b": "b", "d_c": "c", "d_e": None}
    world.log([night(d, c, "mail") for d, c in ids.items()], sent=tuple(ids), outcomes=posted)
    assert world.learn(5.9).windows.closed == 0
    report = world.learn(6)
    assert (report.windows.closed, report.windows.by_default) == (4, 2)
    assert world.closed() == {"d_a": 130.0, "d_b": -0.5, "d_c": 26.0, "d_e": -0.5}
    again = world.learn(7)
    assert (again.windows.closed, again.windows.expired) == (0, 0)
    assert len(world.closed()) == 4


def test_only_contacts_that_were_made_and_nothing_earn_outcomes(world: World) -> None:
    world.events(
        ("seen", 1, "mailed", "", "mail"),
        ("late", 3.5, "mailed", "", "mail"),  # after the reservation
        ("other", 1, "mailed", "", "letter"),
        ("none", 1, "buy", "3", ""),
    )
    rows = [night(f"d_{c}", c, "mail") for c in ("seen", "late", "other", "sent", "released")]
    world.log([*rows, night("d_none", "none", "nothing")], sent=("d_sent", "d_released"))
    with open_warehouse(open_workspace(world.shop.root)) as warehouse:
        state = [{"decision_id": "d_released", "status": "released", "ts_us": us(1)}]
        load_contact_states(warehouse.con, pa.Table.from_pylist(state, CONTACT_SCHEMA))
    report = world.learn(6)
    assert set(world.closed()) == {"d_seen", "d_sent", "d_none"}
    assert (report.windows.expired, report.windows.released, report.windows.waiting) == (2, 1, 0)
    assert set(world.shop.rows("select decision_id from contact_states where status = 'expired'")) == {
        ("d_late",),
        ("d_other",),
        ("d_released",),
    }
    again = world.learn(7).windows
    assert (again.expired, again.released) == (0, 0)


def test_one_contact_confirms_the_newest_decision_before_it(world: World) -> None:
    world.events(("a", 2.5, "mailed", "", "mail"), ("b", 0, "mailed", "", "mail"))
    world.log(
        [night(f"d_{day}", "a", "mail", day=day) for day in (0, 1, 2, 3)]
        + [night("d_b", "b", "mail", day=-1)]
    )
    world.learn(20)
    assert set(world.closed()) == {"d_2", "d_b"}


def test_short_windows_wait_for_the_confirmation(world: World) -> None:
    settings = SETTINGS.replace('"5d"', '"1d"').replace('"2d"', '"1d"').replace('wait = "1d"', 'wait = "1h"')
    world.events(("a", 0.5, "buy", "3", ""))
    world.shop.configure(
        settings + source("events.csv", customer_id="id", ts="ts", type="type", value="value")
    )
    world.log([night("d_a", "a", "mail"), night("d_n", "a", "nothing")])
    assert (world.learn(2).windows.closed, world.learn(2).windows.waiting) == (1, 1)
    with open_warehouse(open_workspace(world.shop.root)) as warehouse:
        state = [{"decision_id": "d_a", "status": "sent", "ts_us": us(1)}]
        load_contact_states(warehouse.con, pa.Table.from_pylist(state, CONTACT_SCHEMA))
    assert world.learn(2.5).windows.closed == 1
    assert world.closed() == {"d_n": 3.0, "d_a": 3.0}


def test_live_decisions_come_in_and_count_as_sent_until_released(world: World, record: Any) -> None:
    world.events(("a", 1, "buy", "20", ""))
    for name in ("a", "b", "c"):
        live(world, record, f"d_{name}", name)
    live(world, record, "d_slate", "a", slots=[Slot(0, 0.5, 0.5), Slot(1, 0.5, 0.5)])
    online = OnlineStore(world.shop.root / "data" / "online.db")
    online.answers.add(Answer("d_b", "", "", None, "released", us(1), us(1), "released"))
    online.answers.add(Answer("d_c", "1", "stars", "3.0000", "", us(1), us(1), "credited"))
    online.answers.add(Answer("d_c", "2", "stars", "9.0000", "", us(1), us(9), "late"))
    report = world.learn(6)
    assert (report.windows.closed, report.windows.released) == (4, 1)
    rows = world.shop.rows("select decision_id, slot, outcome from closed order by decision_id, slot")
    assert rows == [("d_a", 1, 20.0), ("d_c", 1, 6.0), ("d_slate", 1, 20.0), ("d_slate", 2, 20.0)]
    # Whoever answers now is late, though the journal alone would not know; what was released is over too.
    closed = {d.decision.decision_id for d in online.decisions.after(0) if d.closed_us}
    assert closed == {"d_a", "d_b", "d_c", "d_slate"}
    assert online.learned.lessons_after(0) == []
    online.close()
    world.learn(7)
    assert world.shop.rows("select count(*) from decisions")[0][0] == 5
    assert world.shop.rows("select count(*) from outcomes")[0][0] == 1
    stored = world.shop.rows(
        "select source_id, action_id, channel, probability, arm, policy, context, detail->>'seed' from decisions where decision_id = 'd_a'"
    )
    assert stored == [("a", "mail", "email", 0.8, "policy", "v1", '{"page":"home"}', "0")]


@pytest.mark.parametrize("killed_after", [None, 1, 2])
def test_the_fast_learner_takes_in_each_window_once(
    world: World, record: Any, killed_after: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Night and live decisions, closed in two goes; also when the feeding breaks off in between."""
    monkeypatch.setattr("nbatool.learn.feed.MOST_AT_ONCE", 2)
    world.events(("n0", 1, "buy", "12", ""), ("n1", 1, "buy", "30", ""), ("l", 1, "buy", "5", ""))
    data = world.shop.root / "data"
    start = Posterior.start(
        [("mail", "email"), ("nothing", None)], None, np.ones(2), noise=4.0, half_life_s=90 * 86400.0
    )
    online = OnlineStore(data / "online.db")
    online.learned.put_in_force(LearnedSnapshot("v1", start.to_bytes(), 0, 0, us(0)))
    ids = [f"d_n{k}" for k in range(4)]
    with write_night(
        data / "decisions-1.db", NightTerms(us(0), us(6), 0, "v1", [("mail", "email"), ("nothing", None)])
    ) as writer:
        writer.add(
            NightChunk(
                ids, np.array([0, 0, 0, 1]), np.array([2.0, 2.0, 2.0, 1.0]), np.tile([1.0, 0.5], (4, 1))
            )
        )
    online.nights.register(Night("decisions-1.db", us(0), us(6), 0, 4, 0))
    world.log([night(d, d[2:], "nothing" if d == "d_n3" else "mail") for d in ids], sent=tuple(ids))
    live(world, record, "d_l", "l", expected=[2.0, 1.0], phi=[1.0, 0.5])
    live(world, record, "d_old", "x", model_version="v0")
    direct = start.copy()
    # The order in which windows are closed: by moment, then id.
    for residual in (5.0 - 2.0, 12.0 - 2.0, 30.0 - 2.0, -0.5 - 2.0):
        direct.update(np.array([1.0, 0.5]), 0, residual)
    direct.update(np.array([1.0, 0.5]), 1, -0.5 - 1.0)
    if killed_after is not None:
        keep, calls = LivePosterior.keep, iter(range(99))

        def breaks(self: LivePosterior, closed_position: int | None = None) -> None:
            if next(calls) == killed_after:
                raise KeyboardInterrupt
            keep(self, closed_position)

        monkeypatch.setattr(LivePosterior, "keep", breaks)
        with pytest.raises(KeyboardInterrupt):
            world.learn(6)
        monkeypatch.setattr(LivePosterior, "keep", keep)
    report = world.learn(6)
    done_before = 0 if killed_after is None else 2 * killed_after
    assert report.fed.learned + report.fed.other_version == 6 - done_before
    learner = LivePosterior(online, 90 * 86400)
    found = learner.current("v1")
    assert found is not None
    phi = np.array([[1.0, 0.5], [1.0, -1.0]])
    np.testing.assert_array_equal(found.mean(phi), direct.mean(phi))
    assert learner.closed_position == 6
    world.learn(30)
    assert learner.current("v1") is not None
    np.testing.assert_array_equal(learner.current("v1").mean(phi), direct.mean(phi))  # type: ignore[union-attr]
    # The night's file has served.
    assert (online.nights.all(), list(data.glob("decisions-*"))) == ([], [])
    online.close()


def test_what_was_posted_of_a_whole_slate_counts_at_its_first_place(world: World, record: Any) -> None:
    world.events()
    live(world, record, "d_slate", "a", slots=[Slot(0, 0.5, 0.5), Slot(1, 0.5, 0.5)])
    told = {"decision_id": "d_slate", "outcome_id": "1", "objective": "stars", "ts_us": us(1), "value": "4"}
    world.log([], outcomes=[told])
    with open_warehouse(open_workspace(world.shop.root)) as warehouse:
        # Another log numbers its decisions alike, and what came with its own is not ours.
        other = pa.Table.from_pylist([night("d_slate", "b", "mail")], DECISION_SCHEMA)
        load_decisions(warehouse.con, other, source="log")
        rows = pa.Table.from_pylist([told | {"value": "100"}], OUTCOME_SCHEMA)
        load_outcomes(warehouse.con, rows, source="log")
    world.learn(6)
    assert world.shop.rows("select slot, outcome from closed order by slot") == [(1, 8.0), (2, -0.5)]


def test_windows_closed_live_are_not_closed_again(world: World, record: Any) -> None:
    world.events(("a", 1, "buy", "20", ""))
    posted = SETTINGS[: SETTINGS.index("[[objective]]")] + '[[objective]]\nname = "stars"\nwithin = "5d"\n'
    world.shop.configure(posted)
    start = Posterior.start(
        [("mail", "email"), ("nothing", None)], None, np.ones(2), noise=4.0, half_life_s=90 * 86400.0
    )
    online = OnlineStore(world.shop.root / "data" / "online.db")
    online.learned.put_in_force(LearnedSnapshot("v1", start.to_bytes(), 0, 0, us(0)))
    live(world, record, "d_a", "a")
    live(world, record, "d_b", "b")
    online.answers.add(Answer("d_a", "1", "stars", "3.0000", "", us(1), us(1), "credited"))
    report = world.learn(6)
    assert (report.live.windows, report.live.by_default, report.windows.closed, report.learned) == (
        2,
        1,
        0,
        2,
    )
    assert world.closed() == {"d_a": 3.0, "d_b": -0.5}
    again = world.learn(7)
    assert (again.live.windows, again.windows.closed, again.learned) == (0, 0, 0)
    direct = start.copy()
    for residual in (3.0 - 2.0, -0.5 - 2.0):
        direct.update(np.array([1.0, 0.5]), 0, residual)
    found = LivePosterior(online, 90 * 86400).current("v1")
    assert found is not None
    np.testing.assert_array_equal(found.mean(np.array([[1.0, 0.5]])), direct.mean(np.array([[1.0, 0.5]])))
    online.close()


def test_the_mark_says_what_was_closed(world: World) -> None:
    """As `learn -` reads it in online.db: of a night of which some wait, which contacts were closed."""
    settings = SETTINGS.replace('"5d"', '"1d"').replace('"2d"', '"1d"').replace('wait = "1d"', 'wait = "1h"')
    world.events(("a", 0.5, "mailed", "", "mail"))
    world.shop.configure(
        settings
        + source("events.csv", customer_id="id", ts="ts", type="type", value="value", action_id="action")
    )
    world.log([night(f"d_{c}", c, "mail") for c in "abc"] + [night("d_n", "n", "nothing")], batch=BATCH)
    world.shop.rows(
        f"insert into contact_states values ('d_c', 'released', make_timestamp({us(1)})) returning 1"
    )
    closing = OnlineStore(world.shop.root / "data" / "online.db").closing
    report = world.learn(2)
    assert (report.windows.closed, report.windows.waiting) == (2, 1)
    assert closing.mark() == Mark(us(2) - us(1 + 1 / 24) + us(0), us(-1))
    assert [closing.has_contact(f"d_{c}") for c in "abcn"] == [True, False, True, False]
    world.learn(1)
    assert closing.mark().settled_us == us(-1)
    world.learn(3)
    assert closing.mark().settled_us == us(0)
    assert not closing.has_contact("d_a")


def test_what_is_answered_after_the_mark_is_late_though_nothing_is_closed_yet(
    world: World, record: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the mark and the closing: whoever answers then is late, and the next closing counts without them."""
    world.events(("a", 1, "buy", "20", ""))
    live(world, record, "d_a", "a")

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("nbatool.learn.learning.close_windows", killed)
        with pytest.raises(KeyboardInterrupt):
            world.learn(7)
    assert world.closed() == {}
    online = OnlineStore(world.shop.root / "data" / "online.db")
    lookup = DecisionLookup(online, world.shop.root / "data")
    known = lookup.find("d_a")
    assert known is not None
    assert known.closed
    world.learn(7)
    assert world.closed() == {"d_a": 20.0}


def test_what_is_said_of_a_closed_window_does_not_reach_the_log(world: World) -> None:
    """By somebody who could not know: the night has left online.db, so what is said was told to be unknown."""
    world.events(("a", 1, "mailed", "", "mail"))
    world.log([night("d_a", "a", "mail")])
    world.learn(7)
    online = OnlineStore(world.shop.root / "data" / "online.db")
    online.answers.add(Answer("d_a", "", "", None, "released", us(1), us(9), "unknown"))
    online.answers.add(Answer("d_a", "1", "stars", "3.0000", "", us(1), us(9), "unknown"))
    world.learn(8)
    assert world.closed() == {"d_a": -0.5}
    assert world.shop.rows("select status from contact_states") == []
    assert world.shop.rows("select value from outcomes") == []


def test_learn_says_what_is_open_and_until_when(world: World) -> None:
    world.events()
    world.log([night("d_a", "a", "mail"), night("d_b", "b", "mail", day=1)])
    report = world.learn(3)
    assert (report.windows.open, report.windows.first_ends_us) == (2, us(6))
    assert "open      2 decisions wait: the first window ends 2024-03-07" in learn_text(report)
    assert "--as-of" not in learn_text(report)  # the clock runs
    stands = replace(report, clock_runs=False)
    assert "learn --as-of 2024-03-07T00:00:00Z" in learn_text(stands)
    assert "load newer events" in learn_text(replace(stands, data_until_us=us(5)))
    said = learn_json(world.learn(6.5))
    assert (said["open"], said["first_window_ends"]) == (1, "2024-03-08T00:00:00Z")
