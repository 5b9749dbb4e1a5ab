"""Before a command works: what happened live goes from the journals into the warehouse, exactly once.

Each watermark moves in the transaction of its rows, so a kill at any instant repeats or loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any

from nbatool.ingest.live import live_position, load_live
from nbatool.store.online import OnlineStore
from nbatool.store.sql import statement
from nbatool.store.warehouse import Warehouse
from nbatool.store.workspace import Workspace

if TYPE_CHECKING:
    import duckdb

    Insert = Callable[[duckdb.DuckDBPyConnection, Sequence[Any]], None]


TABLES = {"decisions": "decision_journal", "answers": "answer_journal", "lessons": "lesson"}
"""Where each journal lies in ``online.db``."""


@dataclass(frozen=True, slots=True)
class Drained:
    """Positions of the journals up to which everything is in the warehouse."""

    events: int = 0
    decisions: int = 0
    answers: int = 0
    lessons: int = 0


def drain_journal(workspace: Workspace, warehouse: Warehouse) -> int:
    """Move everything that happened live into the warehouse; return the position of the event journal now in it."""
    return drain(workspace, warehouse).events


def drain(workspace: Workspace, warehouse: Warehouse) -> Drained:
    """Move live events, decisions, answers and closed windows into the warehouse.

    Returns
    -------
    Drained
        How far each journal is in it now.
    """
    if not workspace.online_path.exists():
        return Drained(events=live_position(warehouse))
    from nbatool.ingest.live_log import insert_answers, insert_closed, insert_decisions

    online = OnlineStore(workspace.online_path)
    try:
        return Drained(
            events=_events(warehouse, online),
            decisions=_journal(
                warehouse, online, "decisions",
                lambda after: [(found.position, found.decision) for found in online.decisions.after(after)],
                lambda con, rows: insert_decisions(con, [decision for _, decision in rows]),
            ),
            answers=_journal(
                warehouse, online, "answers", online.answers.after,
                lambda con, rows: insert_answers(con, [answer for _, answer in rows]),
            ),
            lessons=_journal(warehouse, online, "lessons", online.learned.lessons_after, insert_closed),
        )  # fmt: skip
    finally:
        online.close()


def _events(warehouse: Warehouse, online: OnlineStore) -> int:
    position = live_position(warehouse)
    online.continue_after("journal", position)
    while batch := online.journal_after(position):
        position = batch[-1][0]
        load_live(warehouse, [astuple(event) for _, event in batch], position=position)
    return position


def _journal(
    warehouse: Warehouse, online: OnlineStore, name: str, after: Callable[[int], Sequence[tuple[int, Any]]], insert: Insert
) -> int:  # fmt: skip
    """Move the rest of one journal; ``insert`` gets (position, entry) pairs inside a transaction."""
    con = warehouse.con
    position = int(warehouse.rows("ingest/drained", journal=name)[0][0] or 0)
    online.continue_after(TABLES[name], position)
    while rows := after(position):
        position = rows[-1][0]
        con.begin()
        try:
            insert(con, rows)
            con.execute(statement("ingest/clear_drained"), {"journal": name}).fetchall()
            con.execute(
                statement("ingest/insert_drained"), {"journal": name, "position": position}
            ).fetchall()
            con.commit()
        except BaseException:
            con.rollback()
            raise
    return position
