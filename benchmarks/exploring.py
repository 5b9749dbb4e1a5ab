"""What exploring adds to a decision with 20 actions, by method: one decision in a running process, and a row of a night.

The fast learner is a made-up one: 20 related actions and `nothing`, 20 coordinates, 600 outcomes. Measured is the step
from net values to the chosen candidate and its chances, with `greedy` as the bare alternative.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from benchmarks.decide_warm import quantiles
from benchmarks.runs import Runs, child
from benchmarks.scale import Bench
from benchmarks.shops import N_ACTIONS
from benchmarks.table import Row

COORDINATES, OUTCOMES, ROWS, TIMES = 20, 600, 4_000, 2_000
MOST_LIVE_US, MOST_ROW_US = 50.0, 60.0
METHODS = (
    ("inverse_gap", 10), ("epsilon", 10), ("optimistic", 256), ("optimistic", 1_000), ("thompson", 256), ("thompson", 1_000),
)  # fmt: skip


def measure(bench: Bench) -> list[Row]:
    bare = asked(bench, "greedy", 10)
    rows: list[Row] = []
    for method, draws in METHODS:
        found = asked(bench, method, draws)
        adds = found.median("p50") - bare.median("p50")
        name = f"{method}, {draws:,} draws" if draws > 10 else method
        rows.append(
            Row(
                "exploring", f"{name}: one decision", f"{found.median('p50'):.0f} µs", found.peak_mb,
                f"{bare.median('p50'):.0f} µs", None, f"adds {max(adds, 0.0):.0f} µs", f"≤ {MOST_LIVE_US:.0f} µs", adds <= MOST_LIVE_US,
            )
        )  # fmt: skip
        rows.append(
            Row(
                "exploring", f"{name}: a row of {ROWS:,}", f"{found.median('row'):.1f} µs", None,
                f"{bare.median('row'):.1f} µs", None, "", f"≤ {MOST_ROW_US:.0f} µs", found.median("row") <= MOST_ROW_US,
            )
        )  # fmt: skip
    return rows


def asked(bench: Bench, method: str, draws: int) -> Runs:
    return Runs(
        tuple(
            child("exploring:ours", method=method, draws=draws, seed=bench.seed)
            for _ in range(bench.scale.times)
        )
    )


def ours(method: str, draws: int, seed: int) -> dict[str, Any]:
    one, night = chosen_by(method, draws, seed)
    took = []
    for _ in range(TIMES):
        started = time.thread_time_ns()
        one()
        took.append(time.thread_time_ns() - started)
    nights = []
    for _ in range(3):
        started = time.thread_time_ns()
        night()
        nights.append((time.thread_time_ns() - started) / 1000 / ROWS)
    return {**quantiles(took), "row": min(nights)}


def chosen_by(method: Any, draws: int, seed: int) -> tuple[Callable[[], object], Callable[[], object]]:
    """Return two calls: choosing for one customer, and for `ROWS`."""
    import numpy as np

    from nbatool.decide.arm_probabilities import Worth
    from nbatool.decide.exploration_terms import ExplorationTerms
    from nbatool.decide.learned import Beliefs
    from nbatool.decide.selection import Practice, select
    from nbatool.decide.subjects import Subjects
    from nbatool.models.posterior import Posterior

    rng, m = np.random.default_rng(seed), N_ACTIONS + 1
    arms = [(f"a{k}", "email") for k in range(N_ACTIONS)] + [("nothing", None)]
    related = np.full((m, m), 0.5) + 0.5 * np.eye(m)
    learned = Posterior.start(arms, related, np.full(COORDINATES, 1 / COORDINATES), noise=2.0)
    for k in range(OUTCOMES):
        learned.update(rng.normal(size=COORDINATES), k % m, float(rng.normal()))
    phi, net_value = rng.normal(size=(ROWS, COORDINATES)), 0.2 * rng.normal(size=(ROWS, m))
    net_value[:, -1] = 0.0
    lever = np.append(np.ones(N_ACTIONS), 0.0)
    worth = Worth(net_value, net_value.copy(), lever, np.ones((ROWS, m), dtype=np.bool_))
    terms = ExplorationTerms(
        method, share=0.1, min_probability=0.002, max_loss=10.0, gamma=10.0, spread=1.0, draws=draws
    )
    practice, people = Practice(terms), Subjects.of_night([f"c{k}" for k in range(ROWS)], 0, 0)
    first = slice(0, 1)
    alone, one, seen = worth.of_rows(first), people.of_rows(first), Beliefs(learned, phi[first].copy())
    select(alone, practice, one, seen)
    return (
        lambda: select(alone, practice, one, seen),
        lambda: select(worth, practice, people, Beliefs(learned, phi)),
    )
