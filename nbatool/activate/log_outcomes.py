"""What the decisions of others brought, as ``evaluate`` counts it: each objective's measure, clipped and weighted.

Of own decisions the windows were closed here, with the same sum; what came of others is made of what was told and
what events say, once their windows have ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nbatool.features.labels import outcomes
from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.models.decision_table import posted_outcomes
from nbatool.models.known_outcomes import KnownOutcomes
from nbatool.models.later_in_force import later_in_force
from nbatool.profile.present import present_us
from nbatool.store.arrow import fetch_arrow
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb

    from nbatool.store.workspace import Workspace


def count_brought(
    con: duckdb.DuckDBPyConnection, workspace: Workspace, asked: dict[str, Any], as_of_us: int | None
) -> None:
    """Make ``logged``, the decisions of others that are asked for, and ``brought``, what is known to have come of them.

    Parameters
    ----------
    asked
        Source and times, as ``sql/activate/create_logged.sql`` takes them.
    as_of_us
        The present; None: the workspace's own.
    """
    import pyarrow as pa

    config = workspace.config
    known = KnownOutcomes.at(con, config, present_us(con, config, as_of_us)).to_sql()
    ended = {name: known[name] for name in ("ended_until", "telling")}
    con.execute(statement("activate/create_logged"), {**asked, **ended}).fetchall()
    for name in ("create_moments", "create_moment_actions"):
        con.execute(statement(f"activate/{name}")).fetchall()
    is_known = fetch_arrow(con, statement("activate/logged_known"))["is_known"]
    n = len(is_known)
    terms = OutcomeTerms.of(config)
    total = outcomes(con, terms.objectives, n, posted_outcomes(con, terms.objectives, n))
    if n and (later := later_in_force(workspace)) is not None:
        total = total + later.value(con, n)
    row = np.flatnonzero(np.asarray(is_known.to_numpy(), dtype=np.bool_))
    con.register("brought", pa.table({"row": row, "outcome": total[row]}))
