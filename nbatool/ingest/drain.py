"""Before a command works: what happened live goes from the journals into the warehouse, exactly once.

Each watermark moves in the transaction of its rows, so a kill at any instant repeats or loses nothing. Where ``online.db``
was replaced by an older copy, what happened live since is numbered like what was drained before: a journal that knows of
less is read again from there, and every entry is in the warehouse once all the same.
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
    After = Callable[[int], Sequence[tuple[int, Any]]]
    """(position, entry) after a position, oldest first, as many as go at once."""


EVENTS = "journal"
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
            events=_moved(
                online, EVENTS, live_position(warehouse), online.journal_after,
                lambda rows, position: load_live(
                    warehouse, [astuple(event) for _, event in rows], position=position
                ),
            ),
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


def _moved(
    online: OnlineStore,
    table: str,
    watermark: int,
    after: After,
    load: Callable[[Sequence[Any], int], object],
) -> int:
    """Move the rest of a journal; return the position up to which everything is in the warehouse.

    Parameters
    ----------
    watermark
        How far the warehouse has come.
    load
        Adds (position, entry) pairs, those that are there changing nothing, and puts the watermark at a position.
    """
    known = online.drained.position(table)
    went_back = known < watermark
    position = min(known, watermark)
    while True:
        while rows := after(position):
            position = rows[-1][0]
            watermark = max(watermark, position)
            load(rows, watermark)
        if watermark == known:
            return watermark
        with online.transaction():
            # Nobody else writes in here: what comes later is numbered after the watermark.
            if not went_back or not after(position):
                online.continue_after(table, watermark)
                online.drained.put(table, watermark, went_back=went_back)
                return watermark


def _journal(warehouse: Warehouse, online: OnlineStore, name: str, after: After, insert: Insert) -> int:
    """Move the rest of one journal; ``insert`` gets (position, entry) pairs inside a transaction."""

    def load(rows: Sequence[Any], position: int) -> None:
        con = warehouse.con
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

    watermark = int(warehouse.rows("ingest/drained", journal=name)[0][0] or 0)
    return _moved(online, TABLES[name], watermark, after, load)
