"""What guardrails add to a decision of a running process: the same shop without and with all kinds of them.

Processor time of the thread without that of the commits, which is told beside: the least of many runs, since others on
the machine can only make one slower.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.guarded_shop import EVERY_KIND, Commits, guarded_shop
from benchmarks.runs import child
from benchmarks.scale import Bench
from benchmarks.shops import N_ACTIONS
from benchmarks.table import Row

MOST_US = 60.0
SIDES = ("bare", "guarded")
BLOCK, TOGETHER, SUPPRESSED = 64, 32, 50


def measure(bench: Bench) -> list[Row]:
    n = bench.scale.model_customers
    folders = {
        "bare": guarded_shop(bench.shops, n, "unguarded", ""),
        "guarded": guarded_shop(bench.shops, n, "guarded", EVERY_KIND),
    }
    blocks = max(8, bench.scale.decisions // BLOCK)
    asked = {name: str(folder) for name, folder in folders.items()}
    found = child("guarded:added", folders=asked, blocks=blocks, seed=bench.seed)
    rows = []
    for together, name in ((1, "one at a time"), (TOGETHER, f"{TOGETHER} together")):
        bare, ours = found[f"bare {together}"], found[f"guarded {together}"]
        more = ours["us"] - bare["us"]
        rows.append(
            Row(
                "guarded", f"{N_ACTIONS} actions, {name}: guardrails add {more:,.0f} µs",
                f"{ours['us']:,.0f} µs + commit {ours['commit_us']:,.0f}", found["peak_mb"],
                f"{bare['us']:,.0f} µs + commit {bare['commit_us']:,.0f}",
                mark=f"adds ≤ {MOST_US:g} µs", met=more <= MOST_US,
            )
        )  # fmt: skip
    return rows


def added(folders: dict[str, str], blocks: int, seed: int) -> dict[str, Any]:
    """Ask both shops the same in turn, block by block."""
    os.environ["OMP_NUM_THREADS"] = "1"
    from nbatool.decide.live import LiveService

    commits, services = {name: Commits() for name in folders}, dict[str, LiveService]()
    for name, at in folders.items():
        with commits[name].watching():
            services[name] = LiveService(Path(at) / "data", Path(at) / "models")
    ids = services["bare"].in_force().state.customer_ids()
    draw = random.Random(seed)
    suppress_some(Path(folders["guarded"]), draw.sample(ids, SUPPRESSED))
    best: dict[str, dict[str, float]] = {}
    for block in range(blocks):
        for together in (1, TOGETHER):
            key = f"{block}/{together}"
            lines = [
                json.dumps({"customer_id": customer, "request_id": key}).encode()
                for customer in draw.sample(ids, BLOCK)
            ]
            for name in SIDES if block % 2 else reversed(SIDES):
                took = asked_us(services[name], commits[name], lines, together)
                known = best.setdefault(f"{name} {together}", took)
                for part, us in took.items():
                    known[part] = min(known[part], us)
    for service in services.values():
        service.close()
    return {"seconds": 0.0, **best}


def asked_us(service: Any, commits: Commits, lines: Sequence[bytes], together: int) -> dict[str, float]:
    """Processor µs of a decision, and time its part of the commits took."""
    committing, waited = commits.worked_ns, commits.passed_ns
    started = time.thread_time_ns()
    for first in range(0, len(lines), together):
        for found in service.answer_group(lines[first : first + together]):
            if isinstance(found, Exception):
                raise found
    worked = time.thread_time_ns() - started - (commits.worked_ns - committing)
    n = 1000 * len(lines)
    return {"us": worked / n, "commit_us": (commits.passed_ns - waited) / n}


def suppress_some(folder: Path, ids: Sequence[str]) -> None:
    from nbatool.store.online import OnlineStore

    online = OnlineStore(folder / "data" / "online.db")
    said: dict[str, Any] = {"reason": "asked for it", "who": "benchmark", "made_us": 0}
    for k, customer in enumerate(ids):
        online.suppressions.add(**said, customer_id=customer, channel=("email", "web")[k % 2])
    online.suppressions.add(**said, tag="survey")
    online.close()
