"""The decision log from memory: decisions, outcomes and contact states into the warehouse, each once.

For what happened live, drained from its journal. Files come in by :mod:`nbatool.ingest.source_load`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from nbatool.base.source_settings import OWN_SOURCE
from nbatool.ingest.arrow_stream import incoming
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb

LIVE_BATCH: Final = "@live"

DECISION_SCHEMA: Final = pa.schema(
    [
        ("decision_id", pa.string()),
        ("customer_id", pa.string()),  # null: anonymous
        ("as_of_us", pa.int64()),
        ("slot", pa.int32()),  # from 1
        ("action_id", pa.string()),
        ("channel", pa.string()),
        ("probability", pa.float64()),
        ("probability_in_arm", pa.float64()),
        ("arm", pa.string()),
        ("policy", pa.string()),
        ("candidates", pa.string()),  # JSON [[action_id, channel or null], …]
        ("probabilities", pa.list_(pa.float32())),
        ("net_values", pa.list_(pa.float32())),
        ("removed", pa.list_(pa.int8())),
        ("context", pa.string()),  # JSON object
        ("detail", pa.string()),  # JSON
    ]
)
OUTCOME_SCHEMA: Final = pa.schema(
    [
        ("decision_id", pa.string()),
        ("slot", pa.int32()),  # null: of the whole decision
        ("outcome_id", pa.string()),
        ("objective", pa.string()),
        ("ts_us", pa.int64()),
        ("value", pa.string()),  # text, so that no binary fraction rounds it wrongly
    ]
)
CONTACT_SCHEMA: Final = pa.schema(
    [("decision_id", pa.string()), ("status", pa.string()), ("ts_us", pa.int64())]
)


def load_decisions(
    con: duckdb.DuckDBPyConnection, rows: pa.Table, *, source: str = OWN_SOURCE, batch_id: str = LIVE_BATCH
) -> int:
    """Store decisions that are not there yet, and the lists of candidates they chose from.

    Nothing is begun or committed: the caller's transaction holds this and its watermark.

    Parameters
    ----------
    rows
        Of :data:`DECISION_SCHEMA`. Those stored already by (source, decision_id, slot), or standing twice among
        them, change nothing.

    Returns
    -------
    int
        How many were new.
    """
    with incoming(con, rows.select(DECISION_SCHEMA.names).cast(DECISION_SCHEMA)):
        _run(con, "insert_logged_candidate_sets")
        return _run(con, "insert_logged_decisions", source=source, batch_id=batch_id)


def load_outcomes(
    con: duckdb.DuckDBPyConnection, rows: pa.Table, *, source: str = OWN_SOURCE, batch_id: str = LIVE_BATCH
) -> int:
    """Store outcomes of :data:`OUTCOME_SCHEMA` that are not there yet, by (source, decision_id, slot, outcome_id).

    As :func:`load_decisions` otherwise.
    """
    with incoming(con, rows.select(OUTCOME_SCHEMA.names).cast(OUTCOME_SCHEMA)):
        return _run(con, "insert_logged_outcomes", source=source, batch_id=batch_id)


def load_contact_states(con: duckdb.DuckDBPyConnection, rows: pa.Table) -> int:
    """Store contact states of :data:`CONTACT_SCHEMA` that are not there yet, or were said again later.

    As :func:`load_decisions` otherwise.
    """
    with incoming(con, rows.select(CONTACT_SCHEMA.names).cast(CONTACT_SCHEMA)):
        return _run(con, "insert_logged_contact_states")


def _run(con: duckdb.DuckDBPyConnection, name: str, **values: Any) -> int:
    """Run an insert and return how many rows it made."""
    return int(con.execute(statement(f"ingest/{name}"), values).fetchall()[0][0])
