"""The decision log as it is learned from: what counts, whose outcome is whose, and the chances of all candidates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from small_shop import Shop

from nbatool.base.config import Objective
from nbatool.features.choice import as_timestamp
from nbatool.features.labels import load_moment_actions
from nbatool.features.moments import Moments, load_moments
from nbatool.ingest.decision_log import (
    CONTACT_SCHEMA,
    DECISION_SCHEMA,
    OUTCOME_SCHEMA,
    load_contact_states,
    load_decisions,
    load_outcomes,
)
from nbatool.models.decision_table import DecisionTable, read_decision_table
from nbatool.models.past_decisions import taken
from nbatool.store.sql import statement
from nbatool.store.warehouse import open_warehouse

S, FAR = 1_000_000, 10**15
AMONG = [["mail", "email"], ["web", "web"], ["nothing", None]]
ORDER = Objective.model_validate({"name": "order", "within": "1h"})


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    workspace = Shop(tmp_path).configure('[[objective]]\nname = "order"\nwithin = "1h"\n')
    with open_warehouse(workspace) as warehouse:
        yield warehouse.con


def decide(con: duckdb.DuckDBPyConnection, *rows: dict[str, Any], source: str = "nbatool") -> None:
    plain: dict[str, Any] = {
        "customer_id": "c1", "as_of_us": 1000 * S, "slot": 1, "action_id": "mail", "channel": "email",
        "probability": 0.5, "arm": "policy", "policy": "v1", "candidates": json.dumps(AMONG),
        "probabilities": [0.5, 0.2, 0.3], "removed": [0, 0, 0],
    }  # fmt: skip
    load_decisions(con, pa.Table.from_pylist([plain | row for row in rows], DECISION_SCHEMA), source=source)


def close(con: duckdb.DuckDBPyConnection, **outcomes: float) -> None:
    for k, (name, outcome) in enumerate(outcomes.items()):
        con.execute(
            "insert into closed values (?, ?, 1, now()::timestamp, ?, now()::timestamp)", [k, name, outcome]
        )


def post(con: duckdb.DuckDBPyConnection, *rows: dict[str, Any], source: str) -> None:
    plain = {"slot": None, "outcome_id": "o", "objective": "order", "ts_us": None}
    load_outcomes(con, pa.Table.from_pylist([plain | row for row in rows], OUTCOME_SCHEMA), source=source)


def read(con: duckdb.DuckDBPyConnection, *objectives: Objective) -> DecisionTable | None:
    return read_decision_table(con, objectives or (ORDER,), from_us=0, until_us=FAR, closed_us=FAR)


def table(con: duckdb.DuckDBPyConnection, *objectives: Objective) -> DecisionTable:
    found = read(con, *objectives)
    assert found is not None
    return found


def brought(con: duckdb.DuckDBPyConnection, *objectives: Objective) -> list[float]:
    """The outcomes of the log, with the events of its customers."""
    found = table(con, *objectives)
    load_moments(con, Moments(found.customer_id.tolist(), found.as_of_us), "UTC")
    load_moment_actions(con, found.action_id.tolist())
    return [float(value) for value in found.brought(objectives or (ORDER,))]


def test_an_empty_log(con: duckdb.DuckDBPyConnection) -> None:
    assert read(con) is None
    decide(con, {"decision_id": "open"})
    assert read(con) is None


def test_own_decisions_count_when_closed_with_what_they_were_closed_with(
    con: duckdb.DuckDBPyConnection,
) -> None:
    decide(con, {"decision_id": "a"}, {"decision_id": "b", "customer_id": "c0"}, {"decision_id": "open"})
    post(con, {"decision_id": "a", "value": "99"}, source="nbatool")
    close(con, a=3.5, b=-1.0)
    found = table(con)
    assert found.customer_id.tolist() == ["c0", "c1"]
    assert brought(con) == found.closed_outcome.tolist() == [-1.0, 3.5]
    assert found.is_closed.all()
    assert found.policy.tolist() == ["nbatool/v1"] * 2


def test_the_outcome_of_a_slate_teaches_once_and_that_of_each_place_where_it_names_its_action(
    con: duckdb.DuckDBPyConnection,
) -> None:
    decide(con, {"decision_id": "a"}, {"decision_id": "a", "slot": 2, "action_id": "web", "channel": "web"})
    con.execute(
        "insert into closed select k, 'a', k, now()::timestamp, 4.0, now()::timestamp from range(1, 3) t(k)"
    )
    assert table(con).slot.tolist() == [1]
    own = Objective.model_validate({"name": "order", "within": "1h", "event": "order", "match_action": True})
    assert table(con, own).slot.tolist() == [1, 2]


def test_times_bound_what_is_read(con: duckdb.DuckDBPyConnection) -> None:
    decide(con, *({"decision_id": f"d{k}", "as_of_us": k * S} for k in range(5)))
    close(con, **{f"d{k}": float(k) for k in range(5)})
    found = read_decision_table(con, (ORDER,), from_us=1 * S, until_us=3 * S, closed_us=FAR)
    assert found is not None
    assert found.closed_outcome.tolist() == [1.0, 2.0]


def test_imported_decisions_have_what_was_posted_in_their_window(con: duckdb.DuckDBPyConnection) -> None:
    decide(con, {"decision_id": "a"}, {"decision_id": "b"}, {"decision_id": "none"}, source="crm")
    hour = 3600 * S
    post(
        con,
        {"decision_id": "a", "outcome_id": "1", "value": "2"},
        {"decision_id": "a", "outcome_id": "2", "value": "3", "ts_us": 1000 * S},
        {"decision_id": "a", "outcome_id": "before", "value": "1000", "ts_us": 1000 * S - 1},
        {"decision_id": "a", "outcome_id": "after", "value": "1000", "ts_us": 1000 * S + hour},
        {"decision_id": "a", "outcome_id": "other", "value": "1000", "objective": "clicks"},
        {"decision_id": "b", "outcome_id": "unnamed", "value": "7", "objective": None},
        source="crm",
    )
    assert brought(con) == [5.0, 7.0, 0.0]
    assert not table(con).is_closed.any()


def test_objectives_measure_clip_and_add_up(con: duckdb.DuckDBPyConnection) -> None:
    decide(con, {"decision_id": "a"}, source="crm")
    post(
        con,
        *({"decision_id": "a", "outcome_id": f"o{k}", "value": v} for k, v in enumerate(("4", "9", "0"))),
        {"decision_id": "a", "outcome_id": "c", "value": "1", "objective": "click"},
        source="crm",
    )
    order = {"name": "order", "within": "1h", "measure": "sum", "clip_event": 5, "clip_outcome": 8}
    click = {"name": "click", "within": "1h", "measure": "any", "weight": -2}
    for objectives, expected in (
        ([order], 8.0),
        ([order | {"clip_outcome": None}], 9.0),
        ([order | {"measure": "count", "clip_event": None, "clip_outcome": None}], 2.0),
        ([order, click], 6.0),
    ):
        assert brought(con, *(Objective.model_validate(o) for o in objectives)) == [expected]


def test_two_sources_may_number_their_decisions_alike(con: duckdb.DuckDBPyConnection) -> None:
    for source, value in (("crm", "1"), ("shop", "20")):
        decide(con, {"decision_id": "1", "customer_id": source}, source=source)
        post(con, {"decision_id": "1", "value": value}, source=source)
    assert brought(con) == [1.0, 20.0]
    # A file of outcomes alone belongs to whoever has a decision of that name.
    post(con, {"decision_id": "1", "outcome_id": "late", "value": "300"}, source="till")
    assert brought(con) == [301.0, 320.0]
    assert table(con).policy.tolist() == ["crm/v1", "shop/v1"]


def test_an_outcome_of_one_place_is_that_places(con: duckdb.DuckDBPyConnection) -> None:
    decide(
        con,
        {"decision_id": "s"},
        {"decision_id": "s", "slot": 2, "action_id": "web", "channel": "web"},
        source="crm",
    )
    post(
        con,
        {"decision_id": "s", "slot": 2, "value": "4"},
        {"decision_id": "s", "outcome_id": "all", "value": "1"},
        source="crm",
    )
    assert brought(con) == [1.0, 4.0]  # what was told of all stands at the first
    assert table(con).slot.tolist() == [1, 2]


def test_an_outcome_of_a_whole_slate_counts_once_at_its_first_place(con: duckdb.DuckDBPyConnection) -> None:
    web = {"action_id": "web", "channel": "web"}
    decide(con, *({"decision_id": "s", "slot": slot, **web} for slot in (1, 2, 3)), source="log")
    # Each row of some logs is a decision of its own, wherever it stood.
    decide(con, {"decision_id": "t", "slot": 3, "customer_id": "c2"}, source="log")
    told = ({"decision_id": name, "value": "5"} for name in "st")
    post(con, *told, {"decision_id": "s", "slot": 2, "outcome_id": "p", "value": "1"}, source="log")
    many = Objective.model_validate({"name": "order", "within": "1h", "measure": "sum"})
    assert brought(con, many) == [5.0, 1.0, 0.0, 5.0]
    # It settles all of it: nothing else is waited for.
    assert telling(con) == ["log"]


def telling(con: duckdb.DuckDBPyConnection, *objectives: str, as_of_us: int = FAR) -> list[str]:
    asked = {"as_of": as_timestamp(as_of_us), "objectives": list(objectives or ("order",)), "unnamed": None}
    return [row for (row,) in con.execute(statement("models/telling_sources"), asked).fetchall()]


def test_what_came_with_every_decision_of_a_source_waits_for_no_window(
    con: duckdb.DuckDBPyConnection,
) -> None:
    for source, customer in (("one", "c1"), ("two", "c2")):
        decide(con, {"decision_id": "1", "customer_id": customer}, source=source)
    assert telling(con) == []
    post(con, {"decision_id": "1", "value": "5"}, source="one")
    assert telling(con) == ["one"]
    assert telling(con, "order", "click") == []
    # What another source says of a decision says nothing of those it is silent about.
    post(con, {"decision_id": "1", "value": "5"}, source="till")
    assert telling(con) == ["one"]
    decide(con, {"decision_id": "2", "as_of_us": 2000 * S}, source="one")
    assert (telling(con), telling(con, as_of_us=2000 * S)) == ([], ["one"])
    post(con, {"decision_id": "2", "value": "0", "ts_us": 2000 * S}, source="one")
    assert telling(con) == []  # it happened later, to somebody to whom something happened
    post(con, {"decision_id": "2", "value": "0", "outcome_id": "with"}, source="one")
    assert telling(con) == ["one"]
    decide(con, {"decision_id": "never"}, source="one")
    load_contact_states(
        con, pa.Table.from_pylist([{"decision_id": "never", "status": "released"}], CONTACT_SCHEMA)
    )
    assert telling(con) == ["one"]


def test_what_was_posted_and_what_happened_count_together(con: duckdb.DuckDBPyConnection) -> None:
    """Told twice under one id it is one; else they add up before anything is measured or clipped."""
    decide(con, {"decision_id": "a"}, {"decision_id": "b", "customer_id": "c2"}, source="crm")
    event = (
        "insert into events (source, event_id, source_id, ts, type, value, batch_id) values "
        "('till', ?, ?, make_timestamp(?), 'buy', 20, 'b')"
    )
    for name, who in (("e1", "c1"), ("e2", "c2")):
        con.execute(event, [name, who, 1001 * S])
    post(
        con,
        {"decision_id": "a", "outcome_id": "e1", "value": "20"},
        {"decision_id": "b", "outcome_id": "e1", "value": "20"},  # of another customer's event
        source="posts",
    )
    order = {"name": "order", "within": "1h", "event": "buy"}
    for changes, expected in (
        ({"measure": "sum", "clip_outcome": 30}, [20.0, 30.0]),
        ({"measure": "sum", "clip_event": 15}, [15.0, 30.0]),
        ({"measure": "any"}, [1.0, 1.0]),
        ({"measure": "count"}, [1.0, 2.0]),
        ({"measure": "count", "event": "visit"}, [1.0, 1.0]),  # the ids are of events that do not count
    ):
        assert brought(con, Objective.model_validate(order | changes)) == expected


def test_every_anonymous_visitor_is_somebody_else(con: duckdb.DuckDBPyConnection) -> None:
    decide(con, *({"decision_id": f"d{k}", "customer_id": None} for k in range(3)), {"decision_id": "d3"})
    close(con, d0=0, d1=1, d2=2, d3=3)
    found = table(con)
    assert len(set(found.customer_id)) == 4
    assert found.is_anonymous.sum() == 3
    assert found.is_anonymous[found.customer_id == "c1"].tolist() == [False]


def test_what_was_released_was_never_shown(con: duckdb.DuckDBPyConnection) -> None:
    decide(con, {"decision_id": "a"}, {"decision_id": "b"})
    close(con, a=1, b=2)
    states = [{"decision_id": "a", "status": s, "ts_us": None} for s in ("sent", "released")]
    states += [{"decision_id": "b", "status": "sent", "ts_us": None}]
    load_contact_states(con, pa.Table.from_pylist(states, CONTACT_SCHEMA))
    assert brought(con) == [2.0]


def test_the_last_thing_said_of_a_contact_counts(con: duckdb.DuckDBPyConnection) -> None:
    """Released and then sent it was made; whatever closes, replays and counts decisions goes by the same rule."""
    decide(con, {"decision_id": "a"}, {"decision_id": "b"})
    close(con, a=1, b=2)
    said = {"a": ("released", "sent"), "b": ("sent", "released")}
    states = [
        {"decision_id": name, "status": status, "ts_us": (2000 + k) * S}
        for name, both in said.items()
        for k, status in enumerate(both)
    ]
    load_contact_states(con, pa.Table.from_pylist(states, CONTACT_SCHEMA))
    assert brought(con) == [1.0]
    newest = {"most": 10, "until": as_timestamp(FAR)}
    for name, asked in (
        ("models/closed_newest", newest),
        ("decide/closed_newest", {**newest, "each_slot": False}),
    ):
        assert [row[-1] for row in con.execute(statement(name), asked).fetchall()] == [1.0]
    times = {"from_ts": as_timestamp(0), "until_ts": as_timestamp(FAR)}
    assert con.execute(statement("measure/decided_counts"), times).fetchall() == [(2, 1, 0)]


def test_without_a_choice_there_is_nothing_to_learn(con: duckdb.DuckDBPyConnection) -> None:
    alone = {"action_id": "nothing", "channel": None, "removed": [4, 3, 0], "probability": 1.0}
    decide(con, {"decision_id": "alone", **alone}, {"decision_id": "two", "removed": [4, 0, 0]})
    decide(con, {"decision_id": "unknown", "removed": None, "customer_id": "c2"})
    close(con, alone=1, two=2, unknown=3)
    assert brought(con) == [2.0, 3.0]


COLUMNS = [("mail", "email"), ("web", "web"), ("nothing", None)]


def test_the_chances_and_the_candidates_of_every_row(con: duckdb.DuckDBPyConnection) -> None:
    decide(
        con,
        {"decision_id": "a", "probabilities": [0.5, 0.2, 0.3]},
        {"decision_id": "b", "probabilities": [1.0, 0.0, 0.0]},
        {"decision_id": "c", "probabilities": [0.7, 0.0, 0.3], "removed": [0, 4, 0]},
        {"decision_id": "d", "probabilities": None, "removed": [0, 4, 0]},
        {"decision_id": "e", "probabilities": None, "removed": None, "candidates": None},
        {
            "decision_id": "f",
            "probabilities": [0.4, 0.6],
            "removed": [0, 0],
            "candidates": json.dumps(AMONG[::2]),
        },
    )
    close(con, a=0, b=1, c=2, d=3, e=4, f=5)
    chance, possible = table(con).distributions(COLUMNS)
    assert chance is not None
    assert possible is not None
    nan = np.nan
    assert chance == pytest.approx(
        np.array([[0.5, 0.2, 0.3], [1, 0, 0], [0.7, 0, 0.3], [nan] * 3, [nan] * 3, [0.4, 0, 0.6]]),
        nan_ok=True,
    )
    # That the policy would never have chosen it makes a candidate no less possible.
    assert possible.tolist() == [
        [True] * 3, [True] * 3, [True, False, True], [True, False, True], [True] * 3, [True, False, True],
    ]  # fmt: skip


def test_rows_that_were_taken_keep_their_chances(con: duckdb.DuckDBPyConnection) -> None:
    decide(con, *({"decision_id": f"d{k}", "probabilities": [k / 10, 0, 1 - k / 10]} for k in range(6)))
    close(con, **{f"d{k}": float(k) for k in range(6)})
    chance, _ = taken(table(con), np.array([4, 1])).distributions(COLUMNS)
    assert chance is not None
    assert chance[:, 0] == pytest.approx([0.4, 0.1])


def test_a_log_that_tells_no_channel_means_the_only_one(con: duckdb.DuckDBPyConnection) -> None:
    decide(
        con,
        {"decision_id": "a", "channel": None, "candidates": '[["mail",null],["web",null],["nothing",null]]'},
        source="crm",
    )
    chance, possible = table(con).distributions(COLUMNS)
    assert chance is not None
    assert possible is not None
    assert chance == pytest.approx(np.array([[0.5, 0.2, 0.3]]))
    assert possible.all()


def test_channels_are_one_candidate_where_they_are_not_told_apart(con: duckdb.DuckDBPyConnection) -> None:
    by_channel = [["mail", "email"], ["mail", "sms"], ["nothing", None]]
    decide(con, {"decision_id": "a", "candidates": json.dumps(by_channel), "removed": [4, 0, 0]})
    close(con, a=0)
    chance, possible = table(con).distributions([("mail", None), ("nothing", None)])
    assert chance is not None
    assert possible is not None
    assert chance == pytest.approx(np.array([[0.7, 0.3]]))
    assert possible.all()


def test_nobody_said_what_the_candidates_were(con: duckdb.DuckDBPyConnection) -> None:
    decide(
        con, {"decision_id": "a", "candidates": None, "probabilities": None, "removed": None}, source="crm"
    )
    assert table(con).distributions(COLUMNS) == (None, None)
    assert table(con).candidates == (("mail", "email"),)
