"""One decision in a running process, against LightGBM's `Booster.predict` of its candidates by the same boosters.

On a busy machine the slowest decisions are those that had to wait for a core; the processor time beside the time that
passed tells the two apart.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from benchmarks.model_input import boosters, model_input
from benchmarks.questions import questions
from benchmarks.runs import Runs, child, in_turn, ratios, spread
from benchmarks.scale import Bench
from benchmarks.shops import N_ACTIONS
from benchmarks.table import Row

MOST_P99_US = 3_000
WARM_UP = 50


def measure(bench: Bench) -> list[Row]:
    folder = bench.shops.scored(bench.scale.model_customers)
    return [
        row(bench, folder, "session events not kept", kept=False),
        row(bench, folder, "session events journalled durably", kept=True),
    ]


def row(bench: Bench, folder: Path, name: str, *, kept: bool) -> Row:
    n = bench.scale.decisions
    sides = {
        "bare": lambda: child("decide_warm:bare", folder=str(folder), n=n),
        "ours": lambda: child("decide_warm:ours", folder=str(folder), n=n, seed=bench.seed, kept=kept),
    }
    found = in_turn(sides, bench.scale.times)
    ours, bare = found["ours"], found["bare"]
    return Row(
        "decide_warm", f"{N_ACTIONS} actions, {name} ({processor(ours)})", micros(ours), ours.peak_mb, micros(bare), bare.peak_mb,
        f"p50 {spread(ratios(ours, bare, 'p50'))}", f"p99 ≤ {MOST_P99_US:,} µs", ours.median("p99") <= MOST_P99_US,
    )  # fmt: skip


def micros(runs: Runs) -> str:
    return f"p50 {runs.median('p50'):,.0f} µs, p99 {runs.median('p99'):,.0f} µs"


def processor(runs: Runs) -> str:
    return f"processor p50 {runs.median('cpu_p50'):,.0f}, p99 {runs.median('cpu_p99'):,.0f} µs"


def ours(folder: str, n: int, seed: int, kept: bool) -> dict[str, Any]:
    os.environ["OMP_NUM_THREADS"] = "1"
    from nbatool.decide.live import LiveService

    lines = questions(Path(folder), n + WARM_UP, seed + time.time_ns() % 1_000_000, kept=kept)
    service = LiveService(Path(folder) / "data", Path(folder) / "models")
    took, worked = [], []
    for line in lines:
        started, before = time.perf_counter_ns(), time.thread_time_ns()
        service.answer(line)
        took.append(time.perf_counter_ns() - started)
        worked.append(time.thread_time_ns() - before)
    service.close()
    processor = {f"cpu_{name}": value for name, value in quantiles(worked[WARM_UP:]).items()}
    return {**quantiles(took[WARM_UP:]), **processor}


def bare(folder: str, n: int) -> dict[str, Any]:
    os.environ["OMP_NUM_THREADS"] = "1"

    asked = boosters(model_input(folder, min(n, 1_000)).outcome, num_threads=1)
    took = []
    for i in range(n + WARM_UP):
        started = time.perf_counter_ns()
        for booster, rows in asked:
            booster.predict(rows.of(i), raw_score=True, num_threads=1)
        took.append(time.perf_counter_ns() - started)
    return quantiles(took[WARM_UP:])


def quantiles(took_ns: list[int]) -> dict[str, Any]:
    took = sorted(took_ns)
    return {
        "seconds": sum(took) / 1e9,
        "p50": took[len(took) // 2] / 1000,
        "p99": took[int(len(took) * 0.99)] / 1000,
        "worst": took[-1] / 1000,
    }
