"""The decisions of the past, read out of contact events: who got which action when, and who got none.

`nothing` rows are customers known at a time contacts went out who got none then. Where contacts go out in waves
(many at the same instant) the times are the waves; where they trickle, one instant a day is drawn from that day's
contacts, and "none" means none that day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nbatool.base.clock import DAY_US
from nbatool.base.records import NOTHING
from nbatool.base.seeds import generator
from nbatool.features.choice import as_timestamp
from nbatool.store.arrow import fetch_arrow
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb

WAVE_SIZE = 20
"""Contacts per instant, on average, from which the log is read as waves."""
MOST_TIMES = 60
MOST_ROWS = 400_000


@dataclass(frozen=True)
class LoggedDecisions:
    """Past decisions in the order (customer, as_of, action); arrays of shape (n,).

    ``action_id`` is `nothing` where none went out; ``by_wave`` says how the times were found.
    """

    customer_id: NDArray[np.object_]
    as_of_us: NDArray[np.int64]
    action_id: NDArray[np.object_]
    channel: NDArray[np.object_]
    by_wave: bool
    contacts_in_log: int

    def __len__(self) -> int:
        return len(self.as_of_us)

    @property
    def is_nothing(self) -> NDArray[np.bool_]:
        return np.asarray(self.action_id == NOTHING)


def read_decisions(
    con: duckdb.DuckDBPyConnection,
    types: Sequence[str],
    *,
    from_us: int,
    until_us: int,
    by_channel: bool,
    seed: int,
) -> LoggedDecisions | None:
    """Return the past decisions with ``from_us <= as_of < until_us``, or None without any contact.

    Parameters
    ----------
    types
        Event types of the role contact.
    by_channel
        Whether an action on another channel is another decision (``channel_mode = "one"``).
    seed
        Draws the times of trickling logs, and a sample where there are more than `MOST_ROWS` rows.
    """
    values = {
        "types": list(types), "from_ts": as_timestamp(from_us), "until_ts": as_timestamp(until_us),
        "by_channel": by_channel,
    }  # fmt: skip
    table = fetch_arrow(con, statement("models/contacts"), values)
    if not len(table):
        return None
    who, when, what, how = (
        _array(table, name) for name in ("customer_id", "as_of_us", "action_id", "channel")
    )
    random = generator(seed, "decision log")
    instants, counts = np.unique(when, return_counts=True)
    by_wave = len(when) / len(instants) >= WAVE_SIZE
    times = _waves(instants, counts) if by_wave else _daily_times(when, random)
    none = _nothing_rows(con, times, who, when, by_wave=by_wave)
    at = _sample(len(who), MOST_ROWS // 2, random)
    none_at = _sample(len(none[0]), MOST_ROWS - len(at), random)
    nothing = np.full(len(none_at), NOTHING, dtype=object)
    rows = (
        np.concatenate([who[at], none[0][none_at]]),
        np.concatenate([when[at], none[1][none_at]]),
        np.concatenate([what[at], nothing]),
        np.concatenate([how[at], np.full(len(none_at), None, dtype=object)]),
    )
    order = np.lexsort((rows[2].astype(str), rows[1], rows[0].astype(str)))
    return LoggedDecisions(
        rows[0][order], rows[1][order].astype(np.int64), rows[2][order], rows[3][order], by_wave, len(who)
    )


def _array(table: object, name: str) -> NDArray[np.object_]:
    column = table.column(name)  # type: ignore[attr-defined]
    if name == "as_of_us":
        return np.asarray(column.to_numpy())
    result = np.empty(len(column), dtype=object)
    result[:] = column.to_pylist()
    return result


def _waves(instants: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    largest = np.argsort(-counts, kind="stable")[:MOST_TIMES]
    return np.sort(instants[largest][counts[largest] >= WAVE_SIZE])


def _daily_times(when: NDArray[np.object_], random: np.random.Generator) -> NDArray[np.int64]:
    """One contact's instant of each day, of at most `MOST_TIMES` days."""
    sorted_times = np.sort(when.astype(np.int64))
    days = np.unique(sorted_times // DAY_US)
    chosen = np.sort(random.choice(days, min(MOST_TIMES, len(days)), replace=False))
    first = np.searchsorted(sorted_times // DAY_US, chosen, side="left")
    last = np.searchsorted(sorted_times // DAY_US, chosen, side="right")
    return sorted_times[first + (random.random(len(chosen)) * (last - first)).astype(np.int64)]


def _nothing_rows(
    con: duckdb.DuckDBPyConnection,
    times: NDArray[np.int64],
    who: NDArray[np.object_],
    when: NDArray[np.object_],
    *,
    by_wave: bool,
) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    ids: list[str] = []
    at: list[int] = []
    unit = 1 if by_wave else DAY_US
    bucket = when.astype(np.int64) // unit
    for time_us in times.tolist():
        contacted = set(who[bucket == time_us // unit].tolist())
        known = con.execute(statement("profile/known_customers"), {"as_of": as_timestamp(time_us)}).fetchall()
        none = sorted({row[0] for row in known} - contacted)
        ids += none
        at += [time_us] * len(none)
    result = np.empty(len(ids), dtype=object)
    result[:] = ids
    return result, np.array(at, dtype=np.int64)


def _sample(n: int, most: int, random: np.random.Generator) -> NDArray[np.int64]:
    return np.arange(n) if n <= most else np.sort(random.choice(n, most, replace=False))
