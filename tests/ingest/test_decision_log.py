"""What was decided live gets into the log once, in the caller's own transaction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from nbatool.ingest.decision_log import (
    CONTACT_SCHEMA,
    DECISION_SCHEMA,
    OUTCOME_SCHEMA,
    load_contact_states,
    load_decisions,
    load_outcomes,
)
from nbatool.store.sql import statement
from nbatool.store.warehouse import TABLES

DECISION = {
    "decision_id": "d1", "as_of_us": 10, "slot": 1, "action_id": "tea", "channel": "web", "probability": 0.5,
    "probability_in_arm": 0.6, "arm": "policy", "policy": "v1", "candidates": '[["tea","web"],["nothing",null]]',
    "probabilities": [0.5, 0.5], "net_values": [1.25, 0.0], "removed": [0, 0], "context": '{"page":"home"}',
}  # fmt: skip
OUTCOME = {"decision_id": "d1", "outcome_id": "k", "objective": "spend", "ts_us": 20, "value": "2.5500"}


@pytest.fixture
def con() -> Iterator[Any]:
    connection = duckdb.connect()
    for table in TABLES:
        connection.execute(statement(f"store/create_{table}"))
    yield connection
    connection.close()


def rows(schema: pa.Schema, *values: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(values), schema=schema)


def test_once(con: Any) -> None:
    decisions = rows(
        DECISION_SCHEMA, DECISION, DECISION, {**DECISION, "slot": 2}, {**DECISION, "decision_id": "d2"}
    )
    outcomes = rows(OUTCOME_SCHEMA, OUTCOME, OUTCOME, {**OUTCOME, "slot": 1})
    contacts = rows(CONTACT_SCHEMA, *[{"decision_id": "d1", "status": "sent", "ts_us": k} for k in (30, 20)])
    con.begin()
    assert [load_decisions(con, decisions), load_decisions(con, decisions)] == [3, 0]
    assert [load_outcomes(con, outcomes), load_outcomes(con, outcomes)] == [2, 0]
    assert [load_contact_states(con, contacts), load_contact_states(con, contacts)] == [1, 0]
    con.commit()
    assert con.execute("select candidates from candidate_sets").fetchall() == [(DECISION["candidates"],)]
    assert con.execute("select epoch_us(ts) from contact_states").fetchall() == [
        (30,)
    ]  # the last word counts
    assert load_decisions(con, decisions, source="other") == 3


def test_nothing_without_the_callers_commit(con: Any) -> None:
    con.begin()
    load_decisions(con, rows(DECISION_SCHEMA, DECISION))
    con.rollback()
    assert con.execute("select count(*) from decisions").fetchall() == [(0,)]
    assert con.execute("select count(*) from candidate_sets").fetchall() == [(0,)]


def test_all_that_is_told_is_kept(con: Any) -> None:
    load_decisions(con, rows(DECISION_SCHEMA, DECISION))
    [found] = con.execute(
        "select source, epoch_us(as_of), probability_in_arm, arm, probabilities, net_values, removed, context, batch_id "
        "from decisions"
    ).fetchall()
    assert found == (
        "nbatool", 10, 0.6, "policy", [0.5, 0.5], [1.25, 0.0], [0, 0], '{"page":"home"}', "@live",
    )  # fmt: skip


def test_no_rows(con: Any) -> None:
    assert load_decisions(con, rows(DECISION_SCHEMA)) == 0
