"""What changed is found in the closed windows, each looked at once, and what was known of it fades."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from nbatool.base.clock import DAY_US
from nbatool.decide.rebase import ActionChange, changes_of
from nbatool.features.choice import as_timestamp
from nbatool.learn.change import Change
from nbatool.learn.close import Closed
from nbatool.learn.feed import Fed
from nbatool.learn.learning import LearnReport
from nbatool.learn.watching import watch
from nbatool.learn.windows import Windows
from nbatool.report.learn_report import learn_json, learn_text
from nbatool.store.sql import statement

SWITCH, DAYS, PER_DAY = 25, 40, 120


class Lookup:
    """Knows that every decision was expected to bring 5; of some it knows nothing any more."""

    def choice(self, decision_id: str, slot: int = 1, as_of_us: int | None = None) -> Any:
        assert as_of_us == int(decision_id.split("_")[1]) * DAY_US  # one night's file is asked, not all
        return None if decision_id.endswith("7") else SimpleNamespace(foreseen=5.0, slot=slot)


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect()
    made.execute("set timezone = 'UTC'")
    for table in ("decisions", "closed", "reviewed"):
        made.execute(statement(f"store/create_{table}"))
    return made


def close_day(con: duckdb.DuckDBPyConnection, day: int) -> None:
    """Decisions of a day, closed three days later: tea brings less from the switch on; some had no choice."""
    rng = np.random.default_rng(day)
    rows = [(f"d_{day:03d}_{k:04d}", ("tea", "coffee")[k % 2]) for k in range(PER_DAY)]
    outcome = rng.normal(5.0, 4.0, PER_DAY) - 3.0 * np.array([a == "tea" and day >= SWITCH for _, a in rows])
    names = [name for name, _ in rows]
    n = PER_DAY
    log = pa.table(
        {
            "position": pa.array(range(day * 2 * n + 1, (day + 1) * 2 * n + 1)),
            "decision_id": [*names, *(f"f_{name}" for name in names)],
            "action_id": [action for _, action in rows] * 2,
            "removed": [[0, 0]] * n + [[3, 0]] * n,
            "outcome": [*outcome.tolist(), *[-1000.0] * n],
        }
    )
    con.register("log", log)
    times = {"as_of": as_timestamp(day * DAY_US), "closed_at": as_timestamp((day + 3) * DAY_US)}
    con.execute(
        "insert into decisions (source, decision_id, as_of, slot, action_id, removed, batch_id) "
        "select 'nbatool', decision_id, $as_of, 1, action_id, removed, '' from log",
        {"as_of": times["as_of"]},
    )
    con.execute(
        "insert into closed select position, decision_id, 1, $as_of, outcome, $closed_at from log", times
    )
    con.unregister("log")


def stored(con: duckdb.DuckDBPyConnection) -> tuple[Any, Any]:
    return con.execute("select * from watched").fetchall(), con.execute("select * from changes").fetchall()


def test_a_change_is_found_once_and_kept(con: duckdb.DuckDBPyConnection) -> None:
    found: list[Change] = []
    for day in range(DAYS):
        close_day(con, day)
        found += watch(con, Lookup())  # type: ignore[arg-type]
        assert watch(con, Lookup()) == ()  # type: ignore[arg-type]
    assert [change.action_id for change in found] == ["tea"]
    assert SWITCH - 1 <= found[0].since_us // DAY_US <= SWITCH + 1
    assert found[0].seen_us // DAY_US <= SWITCH + 3
    one = con.execute("select action_id, epoch_us(since), kept from changes").fetchall()
    assert one[0][:2] == ("tea", found[0].since_us)
    assert 0 < one[0][2] < 0.05


def test_days_taken_together_are_days_taken_one_by_one(con: duckdb.DuckDBPyConnection) -> None:
    other = duckdb.connect()
    other.execute("set timezone = 'UTC'")
    for table in ("decisions", "closed", "reviewed"):
        other.execute(statement(f"store/create_{table}"))
    for day in range(30):
        close_day(con, day)
        close_day(other, day)
        if day % 7 == 0:
            watch(con, Lookup())  # type: ignore[arg-type]
    watch(con, Lookup())  # type: ignore[arg-type]
    watch(other, Lookup())  # type: ignore[arg-type]
    assert stored(con) == stored(other)


def test_a_run_that_is_killed_finds_the_same_again(
    con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(30):
        close_day(con, day)
    with monkeypatch.context() as broken:
        broken.setattr("nbatool.learn.watching._row", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            watch(con, Lookup())  # type: ignore[arg-type]
    assert stored(con) == ([], [])
    assert len(watch(con, Lookup())) == 1  # type: ignore[arg-type]


def test_nothing_closed_is_nothing_to_watch(con: duckdb.DuckDBPyConnection) -> None:
    assert watch(con, Lookup()) == ()  # type: ignore[arg-type]
    assert stored(con) == ([], [])


CHANGE = Change("mail", 20 * DAY_US, 22 * DAY_US, 0.0, -2.0, 5.0, 3.0, 396, 80, -0.5, 30.0, 20.0)


def test_the_newest_changes_are_read_oldest_first(
    con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert changes_of(con) == []
    for day, action in ((3, "tea"), (9, "tea"), (6, "coffee")):
        row = {"since": as_timestamp((day - 1) * DAY_US), "seen": as_timestamp(day * DAY_US), "kept": 0.5}
        con.execute(statement("learn/insert_change"), {"action_id": action, "detail": "{}", **row})
    assert [c.since_us // DAY_US for c in changes_of(con)] == [2, 5, 8]
    monkeypatch.setattr("nbatool.decide.rebase.MOST_CHANGES", 2)
    assert changes_of(con) == [ActionChange("coffee", 5 * DAY_US, 0.5), ActionChange("tea", 8 * DAY_US, 0.5)]


def test_people_are_told_what_changed() -> None:

    report = LearnReport(0, Closed(), Windows(), Fed(), None, (CHANGE,), "USD")
    assert "changed   mail brings less than before since 1970-01-21: 3.00 USD" in learn_text(report)
    told = learn_json(report)["changes"]
    assert [(c["action_id"], c["since"], c["outcome_after"]) for c in told] == [
        ("mail", "1970-01-21T00:00:00Z", 3.0)
    ]
    assert learn_json(LearnReport(0, Closed(), Windows(), Fed(), None))["changes"] == []


def test_what_taught_nothing_is_not_said_to_be_learned() -> None:
    live, fed = Closed(windows=5, learned=3), Fed(learned=10, other_version=4, no_choice=1)
    told = learn_json(report := LearnReport(0, live, Windows(), fed, "v1"))
    assert (told["closed"], told["learned"], told["not_learned"]) == (5, 13, 7)
    assert "learned   from 13 outcomes; 7 taught it nothing: decided by another version" in learn_text(report)
    # Without a fast learner nobody could have learned.
    told = learn_json(LearnReport(0, Closed(windows=5), Windows(), Fed(), None))
    assert (told["learned"], told["not_learned"]) == (0, 0)
