"""The decisions of the past, read out of contact events: who got which action when, and who got none.

`nothing` rows are customers known at a time contacts went out who got none then. Where contacts go out in waves
(many at the same instant) the times are the waves; where they trickle, one instant a day is drawn from that day's
contacts, and "none" means none that day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nbatool.base.clock import DAY_US
from nbatool.base.records import NOTHING
from nbatool.base.seeds import generator
from nbatool.features.choice import as_timestamp
from nbatool.models.newest import newest_from
from nbatool.store.arrow import fetch_arrow
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

WAVE_SIZE = 20
"""Contacts per instant, on average, from which the log is read as waves."""
MOST_TIMES = 60
MOST_ROWS = 400_000


@dataclass(frozen=True)
class LoggedDecisions:
    """Past decisions in the order (customer, as_of, action); arrays of shape (n,).

    ``action_id`` is `nothing` where none went out; ``by_wave`` says how the times were found; ``newest_from_us`` is the
    time from which a log too long is looked at.
    """

    customer_id: NDArray[np.object_]
    as_of_us: NDArray[np.int64]
    action_id: NDArray[np.object_]
    channel: NDArray[np.object_]
    by_wave: bool
    contacts_in_log: int
    newest_from_us: int | None = None

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
    least_span_us: int | None = None,
) -> LoggedDecisions | None:
    """Return the past decisions with ``from_us <= as_of < until_us``, or None without any contact.

    Parameters
    ----------
    types
        Event types of the role contact.
    by_channel
        Whether an action on another channel is another decision (``channel_mode = "one"``).
    seed
        Draws the times of trickling logs, and a sample of customers where there would be more than `MOST_ROWS` rows.
    least_span_us
        Look at the newest contacts only where there are more than half of `MOST_ROWS`, but at so long a time at least;
        None: at all of them.
    """
    contacts = {
        "types": list(types), "from_ts": as_timestamp(from_us), "until_ts": as_timestamp(until_us),
        "by_channel": by_channel,
    }  # fmt: skip
    found = fetch_arrow(con, statement("models/contact_times"), contacts)
    if not len(found):
        return None
    instants, counts = (
        np.asarray(found[name].to_numpy(), dtype=np.int64) for name in ("as_of_us", "contacts")
    )
    in_log = int(counts.sum())
    newest_us = (
        None if least_span_us is None else newest_from(instants, counts, MOST_ROWS // 2, least_span_us)
    )
    if newest_us is not None:
        instants, counts = instants[instants >= newest_us], counts[instants >= newest_us]
        contacts["from_ts"] = as_timestamp(newest_us)
    n_contacts = int(counts.sum())
    by_wave = n_contacts / len(instants) >= WAVE_SIZE
    times = (
        _waves(instants, counts)
        if by_wave
        else _daily_times(instants, counts, generator(seed, "decision log"))
    )
    sample = {**contacts, "salt": f"/{seed}", "below": _below(MOST_ROWS // 2 / n_contacts)}
    contacted = fetch_arrow(con, statement("models/contacts"), sample)
    none = _uncontacted(con, times, sample, MOST_ROWS - min(len(contacted), MOST_ROWS // 2), by_wave)
    rows = _in_order(contacted, none)
    return LoggedDecisions(*rows, by_wave, in_log, newest_us)


def _in_order(
    contacted: pa.Table, none: pa.Table
) -> tuple[NDArray[np.object_], NDArray[np.int64], NDArray[np.object_], NDArray[np.object_]]:
    """Contacts and times without one as customers, times, actions and channels, in the order of the first three."""
    who, what, how = (_texts(contacted, name) for name in ("customer_id", "action_id", "channel"))
    rows = (
        np.concatenate([who, _texts(none, "customer_id")]),
        np.concatenate([contacted["as_of_us"].to_numpy(), none["as_of_us"].to_numpy()]).astype(np.int64),
        np.concatenate([what, np.full(len(none), NOTHING, dtype=object)]),
        np.concatenate([how, np.full(len(none), None, dtype=object)]),
    )
    order = sorted(range(len(rows[0])), key=lambda k: (rows[0][k], rows[1][k], rows[2][k]))
    return rows[0][order], rows[1][order], rows[2][order], rows[3][order]


def _below(share: float) -> str:
    """The digest below which this share of all digests sorts; customers are drawn whole, the same at every time."""
    return "g" if share >= 1 else f"{int(share * 2**52):013x}"


def _uncontacted(
    con: duckdb.DuckDBPyConnection, times: NDArray[np.int64], sample: dict[str, Any], most: int, by_wave: bool
) -> pa.Table:
    """Read who got nothing at the times; of a sample of customers where that would be more than ``most`` rows."""
    at = [as_timestamp(int(time_us)) for time_us in times]
    con.execute(statement("models/create_known_from"))
    known = con.execute(statement("models/known_count"), {"times": at}).fetchall()[0][0]
    values = {
        **{name: sample[name] for name in ("types", "until_ts", "salt")},
        "times": at,
        "unit_us": 1 if by_wave else DAY_US,
        "below": _below(most / max(known, 1)),
    }
    return fetch_arrow(con, statement("models/uncontacted"), values)


def _texts(table: pa.Table, name: str) -> NDArray[np.object_]:
    result = np.empty(len(table), dtype=object)
    result[:] = table[name].to_pylist()
    return result


def _waves(instants: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    largest = np.argsort(-counts, kind="stable")[:MOST_TIMES]
    return np.sort(instants[largest][counts[largest] >= WAVE_SIZE])


def _daily_times(
    instants: NDArray[np.int64], counts: NDArray[np.int64], random: np.random.Generator
) -> NDArray[np.int64]:
    """One contact's instant of each day, of at most `MOST_TIMES` days."""
    day = instants // DAY_US
    days = np.unique(day)
    chosen = np.sort(random.choice(days, min(MOST_TIMES, len(days)), replace=False))
    until = np.cumsum(counts)
    first = np.searchsorted(day, chosen, side="left")
    last = np.searchsorted(day, chosen, side="right") - 1
    before = until[first] - counts[first]
    drawn = before + (random.random(len(chosen)) * (until[last] - before)).astype(np.int64)
    return instants[np.searchsorted(until, drawn, side="right")]
