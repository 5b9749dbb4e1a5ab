"""Closing windows in the warehouse: which decisions are due, what became of them, each once.

Contacts are reserved when they are decided, or when a person lets them go out: then everything here counts from there, and
what still waits for a person is not looked at. One that was confirmed, or that the contact log shows, earns its outcome;
one that was released or that nobody confirmed in time earns none. `nothing` needs no confirmation, unless not one
contact of its night was confirmed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from nbatool.base.clock import US_PER_S
from nbatool.features.choice import as_timestamp
from nbatool.features.kinds import Floats
from nbatool.features.labels import event_values, measure_of, unsubscribe_losses
from nbatool.features.outcome_terms import ObjectiveTerms, OutcomeTerms
from nbatool.learn.reach import Reach, event_types
from nbatool.models.lifetime_outcome import LaterValue
from nbatool.store.arrow import fetch_arrow
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class UnconfirmedNight:
    """A night none of whose contacts was confirmed in time.

    Only those it left alone could teach, and they were left alone because that promised more for them: what came of
    them says nothing about anybody else. So the night teaches nothing.

    Parameters
    ----------
    as_of_us
        Its moment, µs since 1970.
    contacts, nothing
        How many it wanted to contact, and how many it left alone.
    """

    as_of_us: int
    contacts: int
    nothing: int


@dataclass(frozen=True)
class Windows:
    """What closing did: slots of decisions.

    Parameters
    ----------
    closed
        Windows closed with an outcome.
    by_default
        Of them, those for which nothing had arrived.
    expired
        Contacts nobody confirmed in time.
    released
        Contacts that were not made.
    waiting
        Ended, but may still be confirmed; what a night left alone waits with its contacts.
    waiting_for_data
        Ended after the newest event loaded: nobody knows yet what came of them.
    unconfirmed
        Nights that teach nothing, because none of their contacts was confirmed.
    open
        Decisions, not slots, whose windows have not ended; without those that wait for a person.
    first_ends_us
        When the first of those windows ends, with its wait, µs since 1970; None where there is none.
    """

    closed: int = 0
    by_default: int = 0
    expired: int = 0
    released: int = 0
    waiting: int = 0
    waiting_for_data: int = 0
    unconfirmed: tuple[UnconfirmedNight, ...] = ()
    open: int = 0
    first_ends_us: int | None = None


def close_windows(
    con: duckdb.DuckDBPyConnection,
    terms: OutcomeTerms,
    contact_types: Sequence[str],
    present_us: int,
    later: LaterValue | None = None,
    reach: Reach | None = None,
) -> Windows:
    """Close every due window of the workspace's own decisions, in one transaction.

    Parameters
    ----------
    contact_types
        Event types of the role contact.
    present_us
        Windows that ended, with their wait, up to here are due.
    reach
        How far the events are loaded; windows that end later stay open. None: no objective waits for events.
    later
        What a lifetime value counts of the time after its window; None: nothing.
    """
    present = as_timestamp(present_us)
    unconfirmed_s = terms.unconfirmed_after_s
    ends = {"present": present, "closes_s": terms.closes_us(0) // US_PER_S}
    _run(con, "create_open", **ends)
    _run(con, "create_confirmed", types=list(contact_types), unconfirmed_s=unconfirmed_s)
    _run(con, "create_night_contacts")
    told_until = present if reach is None else as_timestamp(reach.known_until(present_us))
    reached = None if reach is None else as_timestamp(reach.last_us)
    _run(con, "create_due", unconfirmed_s=unconfirmed_s, told_until=told_until, reached=reached)
    unconfirmed = tuple(
        UnconfirmedNight(*row) for row in con.execute(statement("learn/unconfirmed_nights")).fetchall()
    )
    counts = dict(con.execute(statement("learn/verdicts")).fetchall())
    n = counts.get("earns", 0)
    _run(con, "create_moments")
    _run(con, "create_moment_actions")
    values, came = outcomes(con, terms, n, later)
    con.begin()
    try:
        _run(con, "insert_expired", unconfirmed_s=unconfirmed_s)
        _insert_closed(con, values, present)
        con.commit()
    except BaseException:
        con.rollback()
        raise
    still_open, first_us = con.execute(statement("learn/still_open"), ends).fetchall()[0]
    return Windows(
        n, int((~came).sum()), counts.get("expired", 0), counts.get("released", 0), counts.get("waits", 0),
        counts.get("ahead", 0), unconfirmed, still_open, None if first_us is None else terms.closes_us(first_us),
    )  # fmt: skip


def outcomes(
    con: duckdb.DuckDBPyConnection, terms: OutcomeTerms, n_moments: int, later: LaterValue | None = None
) -> tuple[Floats, Any]:
    """Return the outcome of each due decision, (n_moments,) in currency, and for which of them anything had arrived.

    The weighted sum over the objectives of what events and posted outcomes amount to together, within the window.
    """
    total, came = np.zeros(n_moments), np.zeros(n_moments, dtype=np.bool_)
    for objective in terms.objectives:
        count, amount = np.zeros(n_moments), np.zeros(n_moments)
        for found in _found(con, objective, takes_unnamed=objective is terms.unnamed):
            moment = found.column(0).to_numpy()
            came[moment] = True
            count[moment] += found.column(1).to_numpy()
            amount[moment] += found.column(2).to_numpy()
        lost = unsubscribe_losses(con, objective, n_moments)
        came |= lost > 0
        total += objective.weight * (measure_of(objective, count, amount) - lost)
    if later is not None:
        total += later.value(con, n_moments)
    return np.where(came, total, terms.default_outcome), came


def _found(con: duckdb.DuckDBPyConnection, objective: ObjectiveTerms, *, takes_unnamed: bool) -> list[Any]:
    shared = {
        "within_s": objective.within,
        "clip": None if objective.clip_event is None else Decimal(str(objective.clip_event)),
    }
    posted = {
        "objective": objective.name, "takes_unnamed": takes_unnamed, "types": list(event_types(objective)),
        "match_action": objective.match_action,
    }  # fmt: skip
    told = fetch_arrow(con, statement("learn/posted_values"), shared | posted)
    return [told, *event_values(con, objective)]


def _insert_closed(con: duckdb.DuckDBPyConnection, values: Floats, closed_at: object) -> None:
    import pyarrow as pa

    con.register("outcome_rows", pa.table({"moment": np.arange(len(values)), "outcome": values}))
    try:
        _run(con, "insert_closed", closed_at=closed_at)
    finally:
        con.unregister("outcome_rows")


def _run(con: duckdb.DuckDBPyConnection, name: str, **values: Any) -> None:
    con.execute(statement(f"learn/{name}"), values).fetchall()
