"""Outcome windows of decisions that a person looks at: none while they wait, from when they go out afterwards."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from windows_world import World, night, us

from nbatool.activate.log_export import ExportSettings, export_log
from nbatool.activate.night_log import BATCH
from nbatool.activate.reviewed_log import log_reviewed
from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.ingest.decision_log import CONTACT_SCHEMA, load_contact_states
from nbatool.models.decision_table import read_decision_table
from nbatool.models.known_outcomes import KnownOutcomes
from nbatool.models.past_decisions import usable_rows
from nbatool.report.learn_report import learn_json, learn_text
from nbatool.store.reviews import Review
from nbatool.store.sql import statement
from nbatool.store.warehouse import open_warehouse
from nbatool.store.workspace import open_workspace


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def review(decision_id: str, day: float = 0, out_as_of_us: int | None = None) -> Review:
    return Review(
        decision_id, decision_id[2:], 1, "mail", "email", us(day), us(day), 1.0, "dear", {}, "approved", "ann", us(day), "",
        out_as_of_us,
    )  # fmt: skip


def reviewed(
    world: World, day: float, waiting: Sequence[str] = (), going: Sequence[tuple[Review, float]] = (),
    not_out: dict[str, float] | None = None,
) -> dict[str, float | None]:  # fmt: skip
    """Say what a night of a day leaves waiting and lets go; return what the log says, in days after the first."""
    with open_warehouse(open_workspace(world.shop.root)) as warehouse:
        warehouse.con.begin()
        queue = {name: us(decided) for name, decided in (not_out or {}).items()}
        log_reviewed(warehouse.con, us(day), waiting, [(each, us(at)) for each, at in going], queue)
        warehouse.con.commit()
    rows = world.shop.rows("select decision_id, epoch_us(out_at) from reviewed order by decision_id")
    return {name: None if at_us is None else (at_us - us(0)) / (us(1) - us(0)) for name, at_us in rows}


def said(world: World, decision_id: str, status: str, day: float) -> None:
    with open_warehouse(open_workspace(world.shop.root)) as warehouse:
        row = {"decision_id": decision_id, "status": status, "ts_us": us(day)}
        load_contact_states(warehouse.con, pa.Table.from_pylist([row], CONTACT_SCHEMA))


def states(world: World, status: str) -> set[str]:
    rows = world.shop.rows(f"select decision_id from contact_states where status = '{status}'")
    return {name for (name,) in rows}


def test_what_waits_neither_closes_nor_expires_and_delays_nobody(world: World) -> None:
    world.events(("b", 1, "mailed", "", "mail"), ("a", 1, "mailed", "", "mail"), ("a", 2, "buy", "30", ""))
    world.log(
        [night("d_a", "a", "mail"), night("d_b", "b", "mail"), night("d_n", "c", "nothing")], batch=BATCH
    )
    reviewed(world, 0, ["d_a"])
    report = world.learn(3)
    assert report.windows.open == 2, "the window of what waits has not begun"
    report = world.learn(30)
    assert world.closed() == {"d_b": -0.5, "d_n": -0.5}
    assert (report.windows.expired, report.windows.waiting, report.windows.open) == (0, 0, 0)
    assert states(world, "expired") == set()


def test_a_night_of_nothing_but_reviews_contacted_nobody(world: World) -> None:
    world.events()
    world.log([night("d_a", "a", "mail"), night("d_n", "c", "nothing")], batch=BATCH)
    reviewed(world, 0, ["d_a"])
    report = world.learn(30)
    assert report.windows.unconfirmed == ()
    assert world.closed() == {"d_n": -0.5}


def test_what_went_out_is_judged_from_then_on(world: World) -> None:
    """Approved after five days: an event of day 2 is no outcome, one of day 7 is, one of day 10 comes too late."""
    world.events(
        ("a", 2, "buy", "30", ""), ("a", 4.9, "redeem", "", "mail"), ("a", 5.1, "mailed", "", "mail"),
        ("a", 7, "buy", "20", ""), ("a", 10, "buy", "50", ""),
    )  # fmt: skip
    posted = [
        {"decision_id": "d_a", "outcome_id": str(day), "objective": "stars", "ts_us": us(day), "value": value}
        for day, value in ((3, "100"), (6, "4"), (10, "1000"))
    ]
    world.log([night("d_a", "a", "mail")], outcomes=posted, batch=BATCH)
    reviewed(world, 0, ["d_a"])
    world.learn(4)
    assert reviewed(world, 5, going=[(review("d_a"), 5)]) == {"d_a": 5}
    report = world.learn(10.9)
    assert (report.windows.closed, report.windows.open, report.windows.first_ends_us) == (0, 1, us(11))
    assert world.learn(11).windows.closed == 1
    assert world.closed() == {"d_a": 20.0 + 2 * 4}
    assert world.shop.rows("select epoch_us(as_of) from closed") == [(us(0),)], "it was decided then"
    file = export_log(open_workspace(world.shop.root), ExportSettings("csv")).file
    with Path(file).open(encoding="utf-8") as exported:
        [row] = csv.DictReader(exported)
    assert (float(row["outcome"]), float(row["outcome_stars"])) == (28, 4)


@pytest.mark.parametrize("mailed", [4.9, 5.0, 7.9, 8.0])
def test_it_is_confirmed_or_expires_counted_from_when_it_went_out(world: World, mailed: float) -> None:
    """A contact like it counts within three days of going out; one before, or later, is another's."""
    world.events(("a", mailed, "mailed", "", "mail"))
    world.log([night("d_a", "a", "mail")], batch=BATCH)
    reviewed(world, 5, going=[(review("d_a"), 5)])
    world.learn(11)
    in_time = 5 <= mailed < 8
    assert (set(world.closed()), states(world, "expired")) == (
        ({"d_a"}, set()) if in_time else (set(), {"d_a"})
    )
    if not in_time:
        rows = world.shop.rows("select epoch_us(ts) from contact_states where status = 'expired'")
        assert rows == [(us(8),)]


def test_a_contact_confirms_what_went_out_and_not_what_waits(world: World) -> None:
    world.events(("a", 6, "mailed", "", "mail"), ("b", 6, "mailed", "", "mail"))
    rows = [night("d_a", "a", "mail"), night("d_a2", "a", "mail", day=5.5)]
    world.log([*rows, night("d_b", "b", "mail"), night("d_b4", "b", "mail", day=4)], batch=BATCH)
    reviewed(world, 5, going=[(review("d_a"), 5), (review("d_b"), 5)])
    reviewed(world, 5.5, ["d_a2"])
    world.learn(20)
    assert set(world.closed()) == {"d_a", "d_b"}, "the newest before it, by when they went out"


def test_whom_the_night_left_alone_waits_for_what_went_out_later(world: World) -> None:
    world.events()
    world.log([night("d_a", "a", "mail"), night("d_n", "c", "nothing")], batch=BATCH)
    reviewed(world, 4, going=[(review("d_a"), 5.5)])
    assert world.learn(6).windows.waiting == 1, "its contact may still be confirmed"
    said(world, "d_a", "sent", 8)
    world.learn(20)
    assert set(world.closed()) == {"d_a", "d_n"}


def test_a_rejected_one_teaches_nothing_and_never_expires(world: World) -> None:
    world.events(("a", 1, "mailed", "", "mail"), ("a", 2, "buy", "30", ""))
    world.log([night("d_a", "a", "mail"), night("d_b", "b", "mail")], batch=BATCH)
    reviewed(world, 0, ["d_a", "d_b"])
    said(world, "d_a", "released", 1)
    for day in (6, 30):
        world.learn(day)
    assert (world.closed(), states(world, "expired")) == ({}, set())
    assert reviewed(world, 0) == {"d_a": None}, "scored again, only what nobody spoke about is replaced"
    world.learn(40)
    assert (world.closed(), states(world, "expired")) == ({}, {"d_b"})


def test_the_same_night_scored_again_replaces_what_it_said(world: World) -> None:
    world.events()
    assert reviewed(world, 0, ["d_a", "d_b"]) == {"d_a": None, "d_b": None}
    assert reviewed(world, 0, ["d_b", "d_c"]) == {"d_b": None, "d_c": None}
    assert reviewed(world, 1, ["d_x"]) == {"d_b": None, "d_c": None, "d_x": None}
    assert reviewed(world, 2, going=[(review("d_b"), 2.5)]) == {"d_b": 2.5, "d_c": None, "d_x": None}
    out = review("d_b", out_as_of_us=us(2))
    assert reviewed(world, 2, going=[(out, 2.75)])["d_b"] == 2.5, "what went out keeps its first time"
    # The first attempt was killed before its file was written: it goes out with the next.
    assert reviewed(world, 3, going=[(review("d_b"), 3.5)])["d_b"] == 3.5
    # Approved and scored again: the very night it was decided in may be the one it goes out with.
    again = reviewed(world, 1, ["d_x"], going=[(review("d_x", 1), 1.25)])
    assert again == {"d_b": 3.5, "d_c": None, "d_x": 1.25}
    assert reviewed(world, 1, ["d_x"])["d_x"] == 1.25


def test_nobody_knows_its_outcome_before_its_window_ended(world: World) -> None:
    """Whoever looks at an earlier time: the window of an ordinary decision ends on day 6, this one's on day 11."""
    world.events(("a", 5.5, "mailed", "", "mail"), ("b", 1, "mailed", "", "mail"))
    world.log([night("d_a", "a", "mail"), night("d_b", "b", "mail")], batch=BATCH)
    reviewed(world, 5, going=[(review("d_a"), 5)])
    world.learn(20)
    assert set(world.closed()) == {"d_a", "d_b"}
    workspace = open_workspace(world.shop.root)
    config, terms = workspace.config, OutcomeTerms.of(workspace.config)
    with open_warehouse(workspace) as warehouse:
        con = warehouse.con
        for day, known in ((6, {"b"}), (10.9, {"b"}), (11, {"a", "b"})):
            at = KnownOutcomes.at(con, config, us(day))
            table = read_decision_table(
                con, terms.objectives, from_us=0, until_us=us(day), closed_us=at.closed_us
            )
            assert table is not None
            found = {table.customer_id[row]: row for row in usable_rows(table, at)}
            assert set(found) == known
            times = con.execute(
                statement("models/usable_times"), {**at.to_sql(), "each_slot": False}
            ).fetchall()
            assert times == [(us(0), len(known))]
            asked = {"most": 9, "until": at.to_sql()["closed_until"]}
            assert {
                row[0] for row in con.execute(statement("models/closed_newest"), asked).fetchall()
            } == known
            replayed = con.execute(
                statement("decide/closed_newest"), {**asked, "each_slot": False}
            ).fetchall()
            assert {row[1] for row in replayed} == known
            judged = con.execute(statement("measure/decision_times"), {**at.to_sql(), "types": []}).fetchall()
            assert judged == [(us(0), len(known))]
        assert table.as_of_us[found["a"]] == us(0), "what was known is what was known when it was decided"
        assert table.began_us[found["a"]] == us(5)


def test_learn_says_how_many_wait(world: World) -> None:
    world.events()
    report = world.learn(1)
    assert "review " not in learn_text(report)
    waits = replace(report, in_review=1234)
    assert learn_json(waits)["in_review"] == 1234
    assert "review    1,234 decisions wait for a person" in learn_text(waits)


@pytest.mark.parametrize("mailed", [4.9, 5.0, 5.2, 8.4, 8.5])
def test_a_contact_like_it_counts_from_its_night_on(world: World, mailed: float) -> None:
    """In the file of day 5, to go out at 5.5: a little earlier is like any contact of that night."""
    world.events(("a", mailed, "mailed", "", "mail"), ("a", 5.4, "buy", "30", ""), ("a", 6, "buy", "7", ""))
    world.log([night("d_a", "a", "mail")], batch=BATCH)
    reviewed(world, 5, going=[(review("d_a"), 5.5)])
    world.learn(20)
    in_time = 5 <= mailed < 8.5
    assert world.closed() == ({"d_a": 7.0} if in_time else {})
    assert states(world, "expired") == (set() if in_time else {"d_a"})


def test_a_contact_that_names_it_confirms_it_before_its_send_time(world: World) -> None:
    world.events(("a", 6, "buy", "7", ""))
    world.log([night("d_a", "a", "mail")], batch=BATCH)
    reviewed(world, 5, going=[(review("d_a"), 5.5)])
    said(world, "d_a", "sent", 5.2)
    world.learn(20)
    assert world.closed() == {"d_a": 7.0}


def test_the_queue_of_before_this_log_waits_like_any(world: World) -> None:
    """What is in the queue and not in the log is kept in it, but what an earlier scoring of this night left there."""
    world.events(("a", 9, "mailed", "", "mail"), ("a", 10, "buy", "7", ""))
    world.log([night("d_a", "a", "mail"), night("d_b", "b", "mail")], batch=BATCH)
    queue = {"d_a": 0.0, "d_b": 0.0, "d_gone": 1.0, "d_x": 1.0}
    assert reviewed(world, 1, ["d_x"], not_out=queue) == {"d_a": None, "d_b": None, "d_x": None}
    world.learn(8)
    assert (world.closed(), states(world, "expired")) == ({}, set())
    queue = {"d_a": 0.0, "d_b": 0.0}
    assert reviewed(world, 8, going=[(review("d_a"), 8.5)], not_out=queue)["d_a"] == 8.5
    assert reviewed(world, 9, not_out={"d_b": 0.0})["d_a"] == 8.5
    world.learn(30)
    assert (world.closed(), states(world, "expired")) == ({"d_a": 7.0}, set())
