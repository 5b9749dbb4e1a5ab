"""Decisions and outcomes of files: what the log keeps of a staged row, and each of them once.

**decisions** with an id of their own are equal by (source, decision_id, slot); where two differ, the earlier one is
kept (then the smaller one). Those without an id are equal when their whole raw records are, as events are. What came
with them goes into tables of its own: an outcome by (source, decision_id, slot, name), of several values the greatest.
**outcomes** are equal by (source, decision_id, outcome_id), and without an id by decision, objective and time; where
two differ, the earlier one is kept (then the greater one). An outcome told live and later brought by a file under the
same id counts once: the file's version stays. So no order of rows or files changes what is stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbatool.ingest.dedupe import Deduped, found_twice
from nbatool.ingest.report import FlagCount
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb


def stage_logged(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Make ``logged`` of the good decisions in ``staged``, their candidates and context taken apart.

    Returns
    -------
    dict
        Kind of each name of a context that came as one JSON value.
    """
    for name in (
        "create_logged_entries",
        "create_logged_candidates",
        "create_logged_context",
        "create_logged",
    ):
        _run(con, name)
    return dict(_run(con, "logged_context_kinds"))


def store_decisions(
    con: duckdb.DuckDBPyConnection, *, source: str, file: str, batch_id: str, has_own_id: bool
) -> tuple[Deduped, list[FlagCount]]:
    """Move the rows of ``logged`` that are new into ``decisions``, with what came with them.

    Returns
    -------
    tuple
        The duplicates, and what could not be kept of some decisions.
    """
    _run(con, "find_repeated_decisions")
    _run(con, "create_surplus")
    if _run(con, "repeated_count")[0][0]:
        _run(con, "find_surplus_decisions" if has_own_id else "number_repeated_decisions")
    _run(con, "find_known_decisions", source=source, whole_time=has_own_id)
    _run(con, "delete_replaced_decisions", source=source)
    _run(con, "insert_decisions", source=source, batch_id=batch_id)
    _run(con, "insert_candidate_sets")
    _run(con, "insert_told_contact_states")
    _run(con, "create_told")
    [(grown,)] = _run(con, "complete_outcomes", source=source)
    _run(con, "insert_told_outcomes", source=source, batch_id=batch_id)
    flags = [FlagCount(*row) for row in _problems(con)]
    if grown:
        flags.append(FlagCount("an outcome grew since its decision was loaded before", grown, file))
    return found_twice(con, file), flags


def store_outcomes(con: duckdb.DuckDBPyConnection, *, source: str, file: str, batch_id: str) -> Deduped:
    """Move the good rows of ``staged`` that are new into ``outcomes``."""
    _run(con, "create_posted")
    _run(con, "create_surplus")
    _run(con, "find_surplus_outcomes")
    _run(con, "find_known_outcomes", source=source)
    _run(con, "delete_replaced_outcomes", source=source)
    _run(con, "delete_live_outcome_copies")
    _run(con, "insert_outcomes", source=source, batch_id=batch_id)
    return found_twice(con, file)


def odd_outcomes(con: duckdb.DuckDBPyConnection, source: str) -> list[FlagCount]:
    """Count a source's outcomes whose decision is not loaded, and those told of a time before it."""
    rows = _run(con, "odd_outcomes", source=source)
    return [FlagCount(oddity, n_rows, f"decision {example}") for oddity, n_rows, example in rows]


def _problems(con: duckdb.DuckDBPyConnection) -> list[tuple[str, int, str]]:
    return [
        (problem, n_rows, f"decision {example}") for problem, n_rows, example in _run(con, "logged_problems")
    ]


def _run(con: duckdb.DuckDBPyConnection, name: str, **values: Any) -> list[tuple[Any, ...]]:
    return con.execute(statement(f"ingest/{name}"), values).fetchall()
