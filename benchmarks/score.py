"""A decision for everybody, against plain `Booster.predict` of the same boosters over as many rows."""

from __future__ import annotations

import os
from typing import Any

from benchmarks.child import timed
from benchmarks.model_input import boosters, model_input
from benchmarks.runs import child, in_turn
from benchmarks.scale import Bench
from benchmarks.shops import N_ACTIONS
from benchmarks.shops import score as score_shop
from benchmarks.table import Row, compared

MOST_MB, AT_CUSTOMERS = 6_000, 1_000_000
CHUNK = 5_000


def measure(bench: Bench) -> list[Row]:
    folder = bench.shops.modelled(bench.scale.scored_customers, bench.scale.model_customers)
    sides = {
        "bare": lambda: child("score:bare", folder=str(folder)),
        "ours": lambda: child("score:ours", folder=str(folder)),
    }
    found = in_turn(sides, 1 if bench.scale.scored_customers >= AT_CUSTOMERS else min(bench.scale.times, 2))
    ours = found["ours"]
    customers = ours.first("customers")
    row = compared("score", f"{customers:,} customers × {N_ACTIONS} actions", ours, found["bare"])
    return [
        row,
        Row(
            "score", f"peak memory ({customers / ours.seconds:,.0f} customers/s)", "", ours.peak_mb,
            mark=f"< {MOST_MB:,} MB at {AT_CUSTOMERS:,}",
            met=ours.peak_mb < MOST_MB if customers >= AT_CUSTOMERS else None,
        ),
    ]  # fmt: skip


def ours(folder: str) -> dict[str, Any]:
    return score_shop(folder)


def bare(folder: str) -> dict[str, Any]:
    """Predict with LightGBM's own class, one real chunk over and over until everybody was covered."""
    threads = os.cpu_count() or 1
    given = model_input(folder, CHUNK)
    asked = boosters(given.propensities + given.outcome)
    result: dict[str, Any] = {}
    with timed(result):
        for first in range(0, given.everybody, given.customers):
            some = min(given.customers, given.everybody - first)
            for booster, rows in asked:
                booster.predict(rows.of_first(some), raw_score=True, num_threads=threads)
    return result
