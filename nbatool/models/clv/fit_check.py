"""Does the fitted model reproduce the repeat purchases it was fitted on, in total and by how many each made?"""

from __future__ import annotations

import numpy as np

from nbatool.base import seeds
from nbatool.models.clv.bg_nbd import Parameters
from nbatool.models.clv.families import Family
from nbatool.models.clv.purchases import Floats, Rows

DRAWS = 200_000
"""Simulated customers behind the expected counts; their noise is about 0.2 % of the largest."""

LAST_BUCKET = 7
OFF_AT_MOST = 0.2
ONLY_A_RANKING = "read lifetime values as a ranking, not as money"

Json = dict[str, object]


def fit_check(
    family: Family, parameters: Parameters, rows: Rows, *, seed: int
) -> tuple[Json, tuple[str, ...]]:
    """Return expected against actual repeat purchases as data for a plot, and warnings in plain words.

    The total is the model's closed form over the time each customer was observed. The customers with 0, 1, … 7 or more repeat
    purchases are counted in a simulation of the model over the same times.
    """
    expected, seen = family.total_expected(parameters, rows), rows.repeat_purchases
    buckets = [
        {
            "repeat_purchases": f"{i}+" if i == LAST_BUCKET else str(i),
            "customers_expected": e,
            "customers_seen": n,
        }
        for i, (e, n) in enumerate(zip(_simulated(family, parameters, rows, seed), _seen(rows), strict=True))
    ]
    check: Json = {
        "repeat_purchases_expected": round(expected, 1),
        "repeat_purchases_seen": seen,
        "by_repeat_purchases": buckets,
    }
    if seen and abs(expected / seen - 1) > OFF_AT_MOST:
        warning = (
            f"{family.title} expects {expected:,.0f} repeat purchases where {seen:,} were seen: "
            f"{ONLY_A_RANKING}"
        )
        return check, (warning,)
    return check, ()


def _seen(rows: Rows) -> list[int]:
    bucket = np.minimum(rows.x, LAST_BUCKET).astype(np.int64)
    counts = np.bincount(bucket, weights=rows.customers, minlength=LAST_BUCKET + 1)
    return [int(count) for count in counts]


def _simulated(family: Family, parameters: Parameters, rows: Rows, seed: int) -> list[float]:
    draws = max(DRAWS, 1)
    drawn = family.simulate(parameters, _spread_out(rows, draws), seeds.generator(seed, "clv/fit-check"))
    counts = np.bincount(np.minimum(drawn, LAST_BUCKET).astype(np.int64), minlength=LAST_BUCKET + 1)
    return [round(float(count) * rows.n_customers / draws, 1) for count in counts]


def _spread_out(rows: Rows, draws: int) -> Floats:
    """Return `draws` ages in the proportions of the customers', at evenly spaced quantiles."""
    order = np.argsort(rows.age, kind="stable")
    reached = np.cumsum(rows.customers[order])
    at = (np.arange(draws) + 0.5) / draws * reached[-1]
    spread: Floats = rows.age[order][np.searchsorted(reached, at, side="left")]
    return spread
