"""Which decisions' outcomes are known at a time, by when things happened: never by when they were loaded or closed.

An own window that is closed today may have been open at an earlier time that is asked about; what it was closed with
is then not known yet. And a log loaded late is known as of its own times.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nbatool.base.clock import US_PER_S
from nbatool.features.choice import as_timestamp
from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.models.table import BoolArray
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb

    from nbatool.base.config import Config
    from nbatool.models.decision_table import DecisionTable


@dataclass(frozen=True, slots=True)
class KnownOutcomes:
    """What is known at a moment.

    Parameters
    ----------
    as_of_us
        The moment, µs since 1970.
    closed_us
        The own windows that began up to here had ended by then, with their wait.
    ended_us
        The windows of all decisions up to here had ended.
    telling
        Sources that bring the outcome with each of their decisions, zeros too: these need no window to end. A source
        that tells only some would, while windows are open, show only those to whom something happened.
    """

    as_of_us: int
    closed_us: int
    ended_us: int
    telling: tuple[str, ...] = ()

    @classmethod
    def at(cls, con: duckdb.DuckDBPyConnection, config: Config, as_of_us: int) -> KnownOutcomes:
        """Return what a workspace knows at a moment."""
        terms = OutcomeTerms.of(config)
        window_us = max((o.within for o in terms.objectives), default=0) * US_PER_S
        return cls(
            as_of_us, as_of_us - terms.closes_us(0), as_of_us - window_us, _telling(con, terms, as_of_us)
        )

    def of(self, table: DecisionTable) -> BoolArray:
        """Whether the outcome of each row of a decision log is known, (n,); it was read with `closed_us`."""
        ended = table.as_of_us <= self.ended_us
        return np.asarray(table.is_closed | ended | np.isin(table.source.astype(str), self.telling))

    def to_sql(self) -> dict[str, Any]:
        """Return the same as parameters of statements."""
        return {
            "as_of": as_timestamp(self.as_of_us),
            "closed_until": as_timestamp(self.closed_us),
            "ended_until": as_timestamp(self.ended_us),
            "telling": list(self.telling),
        }


def _telling(con: duckdb.DuckDBPyConnection, terms: OutcomeTerms, as_of_us: int) -> tuple[str, ...]:
    """Sources whose outcomes came with the decisions; none where some objective is measured by events."""
    if not terms.all_posted:
        return ()
    names = [o.name for o in terms.objectives]
    unnamed = None if terms.unnamed is None else terms.unnamed.name
    asked = {"as_of": as_timestamp(as_of_us), "objectives": names, "unnamed": unnamed}
    return tuple(source for (source,) in con.execute(statement("models/telling_sources"), asked).fetchall())
