"""What happened live: events of the online journal, moved into the warehouse exactly once."""

from __future__ import annotations

from collections.abc import Iterable

from nbatool.ingest.arrow_stream import incoming
from nbatool.store.sql import statement
from nbatool.store.warehouse import Warehouse

LiveEvent = tuple[str, str, int, str, str | None, str | None, str | None, str | None, str | None]
"""event_id, customer_id, ts_us, type, value (text), action_id, channel, decision_id, attributes (JSON text)."""


def live_position(warehouse: Warehouse) -> int:
    """Return the position of the last live event in the warehouse, or 0."""
    return int(warehouse.rows("ingest/live_watermark")[0][0] or 0)


def load_live(warehouse: Warehouse, rows: Iterable[LiveEvent], *, position: int) -> int:
    """Add live events and move the watermark, in one transaction.

    Parameters
    ----------
    rows
        The events after :func:`live_position`; those a customer has already (by event_id) change nothing.
    position
        The journal position of the last of them.

    Returns
    -------
    int
        How many events were new.
    """
    import pyarrow as pa

    names = (
        "event_id",
        "customer_id",
        "ts_us",
        "type",
        "value",
        "action_id",
        "channel",
        "decision_id",
        "attributes",
    )
    schema = pa.schema([(name, pa.int64() if name == "ts_us" else pa.string()) for name in names])
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    table = pa.table(
        [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)], schema=schema
    )
    con = warehouse.con
    con.begin()
    try:
        before = warehouse.rows("ingest/live_events_count")[0][0]
        with incoming(con, table):
            con.execute(statement("ingest/insert_live_events")).fetchall()
        added = warehouse.rows("ingest/live_events_count")[0][0] - before
        con.execute(statement("ingest/clear_live_watermark")).fetchall()
        con.execute(statement("ingest/insert_live_watermark"), {"position": position}).fetchall()
        con.commit()
    except BaseException:
        con.rollback()
        raise
    return int(added)
