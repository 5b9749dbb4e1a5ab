"""Before a command works: what happened live goes from the journal into the warehouse, exactly once."""

from __future__ import annotations

from nbatool.ingest.live import live_position, load_live
from nbatool.store.online import OnlineStore
from nbatool.store.warehouse import Warehouse
from nbatool.store.workspace import Workspace


def drain_journal(workspace: Workspace, warehouse: Warehouse) -> int:
    """Move journalled live events into the warehouse; return the position now in it.

    The watermark moves in the transaction of the rows, so a kill at any instant repeats or loses nothing.
    """
    position = live_position(warehouse)
    if not workspace.online_path.exists():
        return position
    online = OnlineStore(workspace.online_path)
    try:
        while batch := online.journal_after(position):
            position = batch[-1][0]
            rows = [
                (
                    e.event_id,
                    e.customer_id,
                    e.ts_us,
                    e.type,
                    e.value,
                    e.action_id,
                    e.channel,
                    e.decision_id,
                    e.attributes,
                )
                for _, e in batch
            ]
            load_live(warehouse, rows, position=position)
    finally:
        online.close()
    return position
