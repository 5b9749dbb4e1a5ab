"""What happened after a moment: labels of targets and outcomes of objectives.

A label looks at ``as_of <= ts < as_of + within`` and at nothing else (law 1); the moments come from the temp table
``moments``.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from nbatool.features.kinds import Floats
from nbatool.store.arrow import fetch_arrow
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb

    from nbatool.base.settings import Objective, Target


def target_labels(con: duckdb.DuckDBPyConnection, target: Target, n_moments: int) -> Floats:
    """Return 1 where the target came true after the moment and 0 where not, (n_moments,)."""
    values = {"event": target.event, "within_s": target.within}
    found = fetch_arrow(con, statement("features/target_labels"), values)
    labels = np.zeros(n_moments)
    labels[found.column(0).to_numpy()] = 1.0
    return labels if target.happens else 1.0 - labels


def load_moment_actions(con: duckdb.DuckDBPyConnection, action_ids: Sequence[str | None]) -> None:
    """Fill ``moment_actions``: what was done at each moment, null where nothing."""
    import pyarrow as pa

    rows = pa.table(
        {"moment": pa.array(np.arange(len(action_ids))), "action_id": pa.array(action_ids, pa.string())}
    )
    con.register("action_rows", rows)
    con.execute(statement("features/create_moment_actions"))
    con.unregister("action_rows")


def outcomes(con: duckdb.DuckDBPyConnection, objectives: Sequence[Objective], n_moments: int) -> Floats:
    """Return the outcome of each moment: the weighted sum of the objectives' measures, (n_moments,) in currency."""
    total = np.zeros(n_moments)
    for objective in objectives:
        if objective.event is not None:
            total += objective.weight * measured(con, objective, n_moments)
    return total


def measured(con: duckdb.DuckDBPyConnection, objective: Objective, n_moments: int) -> Floats:
    """Return one objective's measure after each moment, before its weight, (n_moments,)."""
    clip = None if objective.clip_event is None else Decimal(str(objective.clip_event))
    values = {
        "event": objective.event,
        "within_s": objective.within,
        "clip": clip,
        "match_action": objective.match_action,
    }
    found = fetch_arrow(con, statement("features/objective_values"), values)
    result = np.zeros(n_moments)
    events = found.column(1).to_numpy().astype(np.float64)
    amount = {"any": np.minimum(events, 1.0), "count": events, "sum": found.column(2).to_numpy()}[
        objective.measure
    ]
    result[found.column(0).to_numpy()] = amount
    if objective.clip_outcome is not None:
        result = np.minimum(result, objective.clip_outcome)
    return result


def converted(con: duckdb.DuckDBPyConnection, types: Sequence[str], within_s: int, n_moments: int) -> Floats:
    """Return 1 where a convert event of the moment's own action followed within the window, (n_moments,)."""
    happened = np.zeros(n_moments)
    for name in types:
        values = {"event": name, "within_s": within_s, "clip": None, "match_action": True}
        found = fetch_arrow(con, statement("features/objective_values"), values)
        happened[found.column(0).to_numpy()] = 1.0
    return happened
