"""What is newer than a version's training, where that is too little to judge it by: how much there is, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nbatool.features.choice import as_timestamp
from nbatool.measure.twin import decision_times
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb

    from nbatool.base.config import Config
    from nbatool.measure.judged import Judged


@dataclass(frozen=True, slots=True)
class Newer:
    """Parameters
    ----------
    decisions
        Logged after the training, without contacts that were never made.
    known
        Of them, those whose outcome is known at the present.
    usable
        Of those, the ones that can be judged.
    left_out
        The others, by reason.
    not_made
        Further ones, of contacts that were released or never confirmed.
    """

    decisions: int
    known: int
    usable: int
    present_us: int
    left_out: Mapping[str, int] = field(default_factory=dict)
    not_made: int = 0


def newer_decisions(
    con: duckdb.DuckDBPyConnection, config: Config, judged: Judged | None, *, from_us: int, present_us: int
) -> Newer:
    """Count the decisions made from a moment on, those of the present itself among them.

    Parameters
    ----------
    judged
        What was read of them; None: none whose outcome is known.
    """
    values = {"from_ts": as_timestamp(from_us), "until_ts": as_timestamp(max(present_us, from_us) + 1)}
    logged, released, expired = con.execute(statement("measure/decided_counts"), values).fetchall()[0]
    times = decision_times(con, config, present_us)
    known = sum(n for at_us, n in times if at_us >= from_us)
    usable, left_out = 0, dict[str, int]()
    if judged is not None:
        usable, left_out = len(judged.checked.log), dict(judged.checked.left_out)
    not_made = released + expired
    return Newer(max(logged - not_made, known), known, usable, present_us, left_out, not_made)
