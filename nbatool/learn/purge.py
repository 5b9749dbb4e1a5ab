"""Purging: what happened live leaves the journals of ``online.db`` when the warehouse has it and nobody needs it there.

A journal's entry goes when it was drained, and the warehouse was brought to the disk since; when its window, the wait and
the time for confirmations are over; and when nothing live reads it any more: an event when the state in force holds
it, a decision when its window is closed, an answer when its decision has gone. Late answers stay: they are nowhere
else. Kept too are the lessons, the proof that a window counted once.
"""

from __future__ import annotations

from nbatool.ingest.drain import Drained
from nbatool.store.online import OnlineStore
from nbatool.store.warehouse import Warehouse

MOST_AT_ONCE = 2_000
"""Entries a transaction deletes: live answers wait for it."""


def purge(
    online: OnlineStore, warehouse: Warehouse, drained: Drained, *, over_us: int, window_us: int
) -> dict[str, int]:
    """Delete what is in the warehouse and over; return how many entries went, by journal.

    Parameters
    ----------
    drained
        Positions up to which the journals are in the warehouse.
    over_us
        Windows that ended, with their wait, before this are over, µs since 1970.
    window_us
        From a decision to the end of its longest window and the wait, µs.
    """
    # What leaves the journals must survive the warehouse's log being lost.
    warehouse.con.execute("checkpoint")
    published = online.published()
    before_us = over_us - window_us
    purges = {
        "decisions": {"position": drained.decisions, "over_us": over_us},
        "answers": {"position": drained.answers, "before_us": before_us},
    }
    if published is not None:
        position = min(drained.events, published.journal_position)
        purges["events"] = {"position": position, "before_us": min(before_us, published.cut_us)}
    return {name: _purge(online, name, values) for name, values in purges.items()}


def _purge(online: OnlineStore, journal: str, values: dict[str, int]) -> int:
    gone = 0
    while True:
        with online.transaction():
            n = online.purge(journal, {**values, "most": MOST_AT_ONCE})
        gone += n
        if n < MOST_AT_ONCE:
            return gone
