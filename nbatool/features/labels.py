"""What happened after a moment: labels of targets and outcomes of objectives.

A label looks at ``as_of <= ts < as_of + within`` and at nothing else (law 1); the moments come from the temp table
``moments``. Where a contact went out later than it was decided, its outcome begins there (``moment_actions``).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nbatool.base.records import LIFETIME_VALUE
from nbatool.features.kinds import Floats
from nbatool.features.outcome_terms import ObjectiveTerms
from nbatool.store.arrow import fetch_arrow
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from nbatool.base.settings import Target


def target_labels(con: duckdb.DuckDBPyConnection, target: Target, n_moments: int) -> Floats:
    """Return 1 where the target came true after the moment and 0 where not, (n_moments,)."""
    values = {"event": target.event, "within_s": target.within}
    found = fetch_arrow(con, statement("features/target_labels"), values)
    labels = np.zeros(n_moments)
    labels[found.column(0).to_numpy()] = 1.0
    return labels if target.happens else 1.0 - labels


def load_moment_actions(
    con: duckdb.DuckDBPyConnection,
    action_ids: Sequence[str | None],
    began_us: NDArray[np.int64] | None = None,
) -> None:
    """Fill ``moment_actions``: what was done at each moment, null where nothing.

    Parameters
    ----------
    began_us
        When it went out, µs since 1970: labels look from there on. None: at the moments.
    """
    import pyarrow as pa

    n = len(action_ids)
    began = pa.nulls(n, pa.int64()) if began_us is None else pa.array(began_us, pa.int64())
    rows = pa.table(
        {
            "moment": pa.array(np.arange(n)),
            "action_id": pa.array(action_ids, pa.string()),
            "began_us": began,
        }
    )
    con.register("action_rows", rows)
    con.execute(statement("features/create_moment_actions"))
    con.unregister("action_rows")


def outcomes(
    con: duckdb.DuckDBPyConnection,
    objectives: Sequence[ObjectiveTerms],
    n_moments: int,
    posted: tuple[Floats, Floats] | None = None,
) -> Floats:
    """Return the outcome of each moment: the weighted sum of the objectives' measures, (n_moments,) in currency.

    What a lifetime value is worth after its window is not in it.

    Parameters
    ----------
    posted
        Beside what events say: how many outcomes were posted for each objective, and how much in currency with each
        clipped, both (n_moments, n_objectives); None: none were.
    """
    total = np.zeros(n_moments)
    for k, objective in enumerate(objectives):
        told = None if posted is None else (posted[0][:, k], posted[1][:, k])
        if objective.by_events or told is not None:
            total += objective.weight * measured(con, objective, n_moments, told)
    return total


def measured(
    con: duckdb.DuckDBPyConnection,
    objective: ObjectiveTerms,
    n_moments: int,
    posted: tuple[Floats, Floats] | None = None,
) -> Floats:
    """Return one objective's measure after each moment, before its weight, (n_moments,).

    What was posted for it, how many and how much, adds to its events before anything is measured or clipped as a whole.
    """
    events, total = np.zeros(n_moments), np.zeros(n_moments)
    if posted is not None:
        events, total = events + posted[0], total + posted[1]
    for found in event_values(con, objective):
        moment = found.column(0).to_numpy()
        events[moment] += found.column(1).to_numpy()
        total[moment] += found.column(2).to_numpy()
    return measure_of(objective, events, total) - unsubscribe_losses(con, objective, n_moments)


def event_values(con: duckdb.DuckDBPyConnection, objective: ObjectiveTerms) -> list[pa.Table]:
    """Return, for each event type that counts, moments with how many events and how much in currency."""
    clip = None if objective.clip_event is None else Decimal(str(objective.clip_event))
    shared = {"within_s": objective.within, "clip": clip, "match_action": objective.match_action}
    return [
        fetch_arrow(con, statement("features/objective_values"), {**shared, "event": name})
        for name in counted_types(objective)
    ]


def counted_types(objective: ObjectiveTerms) -> tuple[str, ...]:
    """Return the types of the events that say what an objective amounts to; none where its outcomes are posted."""
    if objective.measure == LIFETIME_VALUE and objective.lifetime is not None:
        return objective.lifetime.purchases
    return () if objective.event is None else (objective.event,)


def measure_of(objective: ObjectiveTerms, events: Floats, total: Floats) -> Floats:
    """Return the measure of so many events worth so much after clipping each, before the weight; all (n,)."""
    if objective.measure == LIFETIME_VALUE and objective.lifetime is not None:
        return objective.lifetime.margin * total
    measure = {"any": np.minimum(events, 1.0), "count": events, "sum": total}[objective.measure]
    return measure if objective.clip_outcome is None else np.minimum(measure, objective.clip_outcome)


def unsubscribe_losses(con: duckdb.DuckDBPyConnection, objective: ObjectiveTerms, n_moments: int) -> Floats:
    """Return what unsubscriptions within the window of a lifetime value cost, (n_moments,) in currency."""
    lost = np.zeros(n_moments)
    if objective.measure != LIFETIME_VALUE or objective.lifetime is None:
        return lost
    for name in objective.lifetime.unsubscribes:
        values = {"event": name, "within_s": objective.within, "clip": None, "match_action": False}
        found = fetch_arrow(con, statement("features/objective_values"), values)
        lost[found.column(0).to_numpy()] += found.column(1).to_numpy()
    return objective.lifetime.unsubscribe_cost * lost


def converted(con: duckdb.DuckDBPyConnection, types: Sequence[str], within_s: int, n_moments: int) -> Floats:
    """Return 1 where a convert event of the moment's own action followed within the window, (n_moments,)."""
    happened = np.zeros(n_moments)
    for name in types:
        values = {"event": name, "within_s": within_s, "clip": None, "match_action": True}
        found = fetch_arrow(con, statement("features/objective_values"), values)
        happened[found.column(0).to_numpy()] = 1.0
    return happened
