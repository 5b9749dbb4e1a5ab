"""What was decided, answered and closed live, as rows of the warehouse's decision log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa

from nbatool.base.records import NOTHING
from nbatool.ingest.arrow_stream import incoming
from nbatool.ingest.decision_log import (
    CONTACT_SCHEMA,
    DECISION_SCHEMA,
    OUTCOME_SCHEMA,
    load_contact_states,
    load_decisions,
    load_outcomes,
)
from nbatool.store.answer_journal import Answer
from nbatool.store.decision_record import DecisionRecord
from nbatool.store.learned import Lesson
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb

CLOSED_SCHEMA = pa.schema(
    [
        ("place", pa.int64()),
        ("decision_id", pa.string()),
        ("as_of_us", pa.int64()),
        ("outcome", pa.float64()),
        ("closed_us", pa.int64()),
    ]
)
Row = dict[str, Any]
SHOWN = 100
"""In the place of the step that ruled a candidate out: it stands above in the same slate."""


def insert_decisions(con: duckdb.DuckDBPyConnection, decisions: Sequence[DecisionRecord]) -> None:
    """Add live decisions; what was answered to a caller counts as sent until it is released."""
    rows = [row for decision in decisions for row in decision_rows(decision)]
    load_decisions(con, pa.Table.from_pylist(rows, DECISION_SCHEMA))
    sent = [
        {"decision_id": row["decision_id"], "status": "sent", "ts_us": row["as_of_us"]}
        for row in rows
        if row["action_id"] != NOTHING
    ]
    load_contact_states(con, pa.Table.from_pylist(sent, CONTACT_SCHEMA))


def insert_answers(con: duckdb.DuckDBPyConnection, answers: Sequence[Answer]) -> None:
    """Add outcomes, confirmations and releases; what came late stays in the journal and counts for nothing.

    So does what was said of a closed window by somebody who could not know that it is: its outcome stands.
    """
    kept = [answer for answer in answers if answer.told != "late"]
    ids = list({answer.decision_id for answer in kept})
    closed = {row[0] for row in con.execute(statement("ingest/closed_windows"), {"ids": ids}).fetchall()}
    kept = [answer for answer in kept if answer.decision_id not in closed]
    outcomes = [
        {
            "decision_id": a.decision_id, "slot": None, "outcome_id": f"{a.objective}/{a.outcome_id}",
            "objective": a.objective, "ts_us": a.ts_us, "value": a.value,
        }
        for a in kept
        if not a.status
    ]  # fmt: skip
    states = [{"decision_id": a.decision_id, "status": a.status, "ts_us": a.ts_us} for a in kept if a.status]
    load_outcomes(con, pa.Table.from_pylist(outcomes, OUTCOME_SCHEMA))
    load_contact_states(con, pa.Table.from_pylist(states, CONTACT_SCHEMA))


def insert_closed(con: duckdb.DuckDBPyConnection, lessons: Sequence[tuple[int, Lesson]]) -> None:
    """Add windows closed live, in the order they were closed."""
    rows = [
        {
            "place": position, "decision_id": lesson.decision_id, "as_of_us": lesson.as_of_us,
            "outcome": lesson.outcome, "closed_us": lesson.closed_us,
        }
        for position, lesson in lessons
    ]  # fmt: skip
    with incoming(con, pa.Table.from_pylist(rows, CLOSED_SCHEMA)):
        con.execute(statement("ingest/insert_live_closed")).fetchall()


def decision_rows(decision: DecisionRecord) -> list[Row]:
    """Return a decision as rows of ``decisions``, one a slot."""
    candidates = msgspec.json.encode(decision.candidates).decode()
    detail = {
        "live": True, "seed": decision.seed, "request_id": decision.request_id, "expected": decision.expected,
        "phi": decision.phi, "closes_us": decision.closes_us,
    }  # fmt: skip
    shared: Row = {
        "decision_id": decision.decision_id,
        "customer_id": decision.customer_id,
        "as_of_us": decision.as_of_us,
        "arm": decision.arm,
        "policy": decision.model_version,
        "candidates": candidates,
        "net_values": decision.net_value,
        "context": msgspec.json.encode(decision.context).decode() if decision.context else None,
        "detail": msgspec.json.encode(detail).decode(),
    }
    known = None not in decision.probability
    rows: list[Row] = []
    removed = list(decision.removed)
    for number, slot in enumerate(decision.slots, start=1):
        action_id, channel = decision.candidates[slot.candidate]
        rows.append(
            shared
            | {
                "slot": number, "action_id": action_id, "channel": channel, "probability": slot.probability,
                "probability_in_arm": slot.probability_in_arm, "removed": removed,
                # All chances are known of the first place; a later one's depend on what stands before it.
                "probabilities": decision.probability if number == 1 and known else None,
            }
        )  # fmt: skip
        shown = [action == action_id for action, _ in decision.candidates]
        removed = [SHOWN if above else step for above, step in zip(shown, removed, strict=True)]
    return rows
