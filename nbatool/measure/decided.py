"""Every decision of a time, whatever became of it: what the logged chances must be compared with.

A chance was true when the decision was made. A contact that was released or never confirmed is no decision anybody
can judge by its outcome, but leaving it out of the comparison would make true chances look false.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nbatool.features.choice import as_timestamp
from nbatool.measure.log_candidates import candidate_codes, labels_of, log_candidates
from nbatool.measure.logged import LoggedBandit, checked_log
from nbatool.models.decision_table import read_decision_table
from nbatool.models.training_data import codes_of
from nbatool.store.sql import statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from nbatool.base.config import Config
    from nbatool.base.records import Action
    from nbatool.models.candidates import Candidate
    from nbatool.models.decision_table import DecisionTable
    from nbatool.models.table import IntArray


@dataclass(frozen=True, slots=True)
class Decided:
    """Parameters
    ----------
    log
        All decisions with a logged chance; outcomes are zeros. None: those judged are all there are.
    labels
        Its candidates as a reader knows them.
    released, expired
        Contacts that were decided and not made: told so, or never confirmed.
    """

    log: LoggedBandit | None = None
    labels: tuple[str, ...] = ()
    released: int = 0
    expired: int = 0

    @property
    def not_made(self) -> int:
        return self.released + self.expired


NONE_MISSING = Decided()


def read_decided(
    con: duckdb.DuckDBPyConnection,
    config: Config,
    actions: Sequence[Action],
    *,
    from_us: int,
    until_us: int,
    judged: int,
) -> Decided:
    """Return every decision with ``from_us <= as_of < until_us``, where they are more than those judged.

    Parameters
    ----------
    judged
        Decisions read for judging out of the same time.
    """
    values = {"from_ts": as_timestamp(from_us), "until_ts": as_timestamp(until_us)}
    every, released, expired = con.execute(statement("measure/decided_counts"), values).fetchall()[0]
    if every <= judged:
        return Decided(released=released, expired=expired)
    table = read_decision_table(con, (), from_us=from_us, until_us=until_us, closed_us=until_us, every=True)
    if table is None or np.isnan(table.probability).all():
        return Decided(released=released, expired=expired)
    candidates = log_candidates(config, table, actions)
    log = _as_log(table, candidates, candidate_codes(config, table, candidates))
    return Decided(log, labels_of(candidates), released, expired)


def _as_log(table: DecisionTable, candidates: tuple[Candidate, ...], code: IntArray) -> LoggedBandit:
    rows = np.flatnonzero(~np.isnan(table.probability))
    chance, possible = table.distributions(candidates)
    chance = None if chance is None or np.isnan(chance[rows]).any() else chance[rows]
    _, by = np.unique(table.policy[rows].astype(str), return_inverse=True)
    return checked_log(
        code[rows], np.zeros(len(rows)), table.probability[rows], codes_of(table.customer_id[rows].tolist()),
        len(candidates), position=table.slot[rows], policy=by.astype(np.int64),
        possible=None if possible is None else possible[rows], probabilities=chance,
    ).log  # fmt: skip
