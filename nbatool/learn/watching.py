"""From closed windows to changes: each closed decision is looked at once, and what changed is kept with that.

How far it came, what it remembers and the changes it found move in one transaction of the warehouse, so that a run
that is killed looks at the same decisions again and finds the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from nbatool.features.choice import as_timestamp
from nbatool.learn.answers import DecisionLookup
from nbatool.learn.change import Change
from nbatool.learn.forgetting import kept_after
from nbatool.learn.watches import Watches
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb

MOST_PER_DAY = 2000
"""Decisions looked at of one action and day: a mean that is known well enough needs no more."""


@dataclass(frozen=True, slots=True)
class _Closed:
    """A closed window as ``sql/learn/closed_to_watch.sql`` gives it."""

    decision_id: str
    action_id: str
    as_of_us: int
    outcome: float


def watch(con: duckdb.DuckDBPyConnection, lookup: DecisionLookup) -> tuple[Change, ...]:
    """Look at the closed windows not looked at yet; return what changed, each change once.

    Parameters
    ----------
    lookup
        Where it is found what had been expected of a decision.
    """
    for table in ("watched", "changes"):
        con.execute(statement(f"store/create_{table}"))
    kept = con.execute(statement("learn/watched")).fetchall()
    position, watches = (int(kept[0][0]), Watches.from_json(kept[0][1])) if kept else (0, Watches())
    newest = con.execute(statement("decide/closed_position")).fetchall()[0][0]
    if newest is None or newest <= position:
        return ()
    found: list[Change] = []
    for day_us, rows in _days(con, position):
        expected = [_expected(lookup, row) for row in rows]
        watches, changes = watches.after(
            day_us, [row.action_id for row in rows], np.array([row.outcome for row in rows]), np.array(expected)
        )  # fmt: skip
        found += changes
    con.begin()
    try:
        con.execute(statement("learn/replace_watched"), {"position": newest, "body": watches.to_json()})
        for change in found:
            con.execute(statement("learn/insert_change"), _row(change))
        con.commit()
    except BaseException:
        con.rollback()
        raise
    return tuple(found)


def _days(con: duckdb.DuckDBPyConnection, position: int) -> Iterator[tuple[int, list[_Closed]]]:
    """Yield each day of decisions, µs since 1970, with its windows."""
    asked = {"position": position, "most": MOST_PER_DAY}
    rows = con.execute(statement("learn/closed_to_watch"), asked).fetchall()
    for day, of_day in groupby(rows, key=lambda row: row[0]):
        at_us = round(np.datetime64(day, "us").astype(np.int64).item())
        yield at_us, [_Closed(*row[1:]) for row in of_day]


def _expected(lookup: DecisionLookup, closed: _Closed) -> float:
    choice = lookup.choice(closed.decision_id, as_of_us=closed.as_of_us)
    # With what was learned by then: else an action seems to change as the policy learns whom it works for.
    found = None if choice is None else choice.foreseen
    return float("nan") if found is None else found


def _row(change: Change) -> dict[str, Any]:
    return {
        "action_id": change.action_id, "since": as_timestamp(change.since_us), "seen": as_timestamp(change.seen_us),
        "kept": kept_after(change), "detail": json.dumps(asdict(change), sort_keys=True),
    }  # fmt: skip
