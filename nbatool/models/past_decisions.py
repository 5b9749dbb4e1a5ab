"""What a workspace's outcome model learns from: its decision log where there is one, else its contact events."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from nbatool.base.clock import US_PER_S
from nbatool.base.records import NOTHING
from nbatool.features.choice import as_timestamp
from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.models.decision_log import LoggedDecisions, read_decisions
from nbatool.models.decision_table import DecisionTable, read_decision_table
from nbatool.models.known_outcomes import KnownOutcomes
from nbatool.models.newest import least_span_us, newest_from, newest_rows
from nbatool.models.table import BoolArray, IntArray
from nbatool.store.arrow import fetch_arrow
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb

    from nbatool.base.config import Config

MOST_ROWS = 400_000


@dataclass(frozen=True)
class PastDecisions:
    """Parameters
    ----------
    table
        The decisions, in the order (customer, time); the log's rows that could not be used are left out.
    from_events
        bool[n]: rows read out of contact events; their chances are not known.
    by_wave
        How the times without contact were found; True for a decision log, whose times are those of its decisions.
    contacts_in_log
        Contacts the log holds, of which a sample may have been taken.
    newest_from_us
        Where the log holds more than is useful, the time from which it is looked at; None: from its beginning.
    """

    table: DecisionTable
    from_events: BoolArray
    by_wave: bool
    contacts_in_log: int
    newest_from_us: int | None = None

    @property
    def is_nothing(self) -> BoolArray:
        return np.asarray(self.table.action_id == NOTHING)


def read_past_decisions(
    con: duckdb.DuckDBPyConnection,
    config: Config,
    *,
    from_us: int,
    as_of_us: int,
    seed: int,
) -> PastDecisions | None:
    """Return the decisions whose outcomes are known; None where nothing was logged.

    Contact events count up to the beginning of the decision log, which tells what came after, with its chances.

    Parameters
    ----------
    from_us
        Contact events before it are left out: too little was known then. A decision log is used from its beginning.
    as_of_us
        The present. A window that reaches beyond it is open, whatever was closed since, unless the source tells the
        outcome with every decision.
    """
    window_us = max((o.within for o in config.objectives), default=0) * US_PER_S
    log, newest_us = _decision_log(con, config, as_of_us, window_us, seed)
    until_us = as_of_us - window_us + 1
    if log is not None:
        # contacts before the log are older still than those of the log that are left out
        until_us = min(until_us, int(log.as_of_us.min())) if newest_us is None else from_us
    seen = None
    if config.roles.contact and any(o.by_events for o in config.objectives) and from_us < until_us:
        seen = read_decisions(
            con, config.roles.contact, from_us=from_us, until_us=until_us,
            by_channel=config.catalogue.channel_mode == "one", seed=seed, least_span_us=least_span_us(window_us),
        )  # fmt: skip
    if seen is None:
        if log is None:
            return None
        contacts = int((log.action_id != NOTHING).sum())
        return PastDecisions(log, np.zeros(len(log), dtype=bool), True, contacts, newest_us)
    events = as_table(con, seen, len(config.objectives))
    if log is None:
        every = np.ones(len(seen), dtype=bool)
        return PastDecisions(events, every, seen.by_wave, seen.contacts_in_log, seen.newest_from_us)
    both = _together(events, log)
    order = np.lexsort((both.as_of_us, np.unique(both.customer_id.astype(str), return_inverse=True)[1]))
    contacts = seen.contacts_in_log + int((log.action_id != NOTHING).sum())
    from_events = np.arange(len(both)) < len(events)
    return PastDecisions(taken(both, order), from_events[order], seen.by_wave, contacts, seen.newest_from_us)


def log_is_usable(con: duckdb.DuckDBPyConnection, config: Config, as_of_us: int) -> bool:
    """Whether the decision log holds a decision whose outcome is known."""
    times, _ = _usable_times(con, OutcomeTerms.of(config), KnownOutcomes.at(con, config, as_of_us))
    return len(times) > 0


def _usable_times(
    con: duckdb.DuckDBPyConnection, terms: OutcomeTerms, known: KnownOutcomes
) -> tuple[IntArray, IntArray]:
    """When the decisions of `usable_rows` were made, ascending, and how many each time; the log itself is not read."""
    found = fetch_arrow(
        con, statement("models/usable_times"), {**known.to_sql(), "each_slot": terms.each_slot}
    )
    times, counts = (np.asarray(found[name].to_numpy(), dtype=np.int64) for name in ("as_of_us", "decisions"))
    return times, counts


def _decision_log(
    con: duckdb.DuckDBPyConnection, config: Config, as_of_us: int, window_us: int, seed: int
) -> tuple[DecisionTable | None, int | None]:
    """Return the decisions of the log that are learned from, and `PastDecisions.newest_from_us`."""
    terms, known = OutcomeTerms.of(config), KnownOutcomes.at(con, config, as_of_us)
    times, counts = _usable_times(con, terms, known)
    if not len(times):
        return None, None
    span_us = least_span_us(window_us)
    newest_us = newest_from(times, counts, MOST_ROWS, span_us)
    table = read_decision_table(
        con, terms.objectives, from_us=int(times[0]) if newest_us is None else newest_us, until_us=as_of_us,
        closed_us=known.closed_us,
    )  # fmt: skip
    assert table is not None
    usable = usable_rows(table, known)
    _, customer = np.unique(table.customer_id[usable].astype(str), return_inverse=True)
    kept, _ = newest_rows(table.as_of_us[usable], customer, most=MOST_ROWS, span_us=span_us, seed=seed)
    return taken(table, usable[kept]), newest_us


def _together(one: DecisionTable, other: DecisionTable) -> DecisionTable:
    values: dict[str, Any] = {each.name: getattr(other, each.name) for each in fields(other)}
    joined: dict[str, Any] = {
        name: np.concatenate([getattr(one, name), value]) if isinstance(value, np.ndarray) else value
        for name, value in values.items()
    }
    return DecisionTable(**joined)


def usable_rows(table: DecisionTable, known: KnownOutcomes) -> IntArray:
    """Return the rows whose outcome is known, and whose chance is one if it was logged."""
    chance = table.probability
    sane = np.isnan(chance) | ((chance > 0) & (chance <= 1 + 1e-6))
    return np.flatnonzero(known.of(table) & sane)


def taken(table: DecisionTable, rows: IntArray) -> DecisionTable:
    """Return some rows of a decision log, in the order given."""
    values: dict[str, Any] = {each.name: getattr(table, each.name) for each in fields(table)}
    chosen: dict[str, Any] = {k: v[rows] if isinstance(v, np.ndarray) else v for k, v in values.items()}
    return DecisionTable(**chosen)


def as_table(con: duckdb.DuckDBPyConnection, log: LoggedDecisions, n_objectives: int) -> DecisionTable:
    """Return decisions read out of contact events in the form of a decision log, without any chance."""
    n = len(log)
    nobody, empty = np.zeros(n, dtype=np.bool_), np.full(n, None, dtype=object)
    source = np.full(n, "contacts", dtype=object)
    none = np.zeros((n, n_objectives))
    return DecisionTable(
        con, source, log.customer_id, nobody, log.as_of_us, log.action_id, log.channel, np.ones(n, dtype=np.int64),
        np.full(n, np.nan), source, empty, empty, empty, np.full(n, np.nan), none, none, {},
        np.full(n, -1, dtype=np.int64), log.as_of_us,
    )  # fmt: skip


def decision_span(con: duckdb.DuckDBPyConnection, as_of_us: int) -> tuple[int, int, int] | None:
    """Return the first and last time of the decision log before a moment and how many it holds; None: none."""
    first, last, count = con.execute(
        statement("models/decision_span"), {"as_of": as_timestamp(as_of_us)}
    ).fetchall()[0]
    return None if not count else (int(first), int(last), int(count))
