"""What guardrails add to a decision of a running process: the same shop without and with all kinds of them.

Processor time of the thread without that of the commits, which is told beside. Both shops answer the same block of
questions one right after the other, so that what else the machine does slows both: what is told is the median of the
differences of many blocks, with their middle half.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from benchmarks.guarded_shop import EVERY_KIND, Commits, guarded_shop
from benchmarks.runs import child
from benchmarks.scale import Bench
from benchmarks.shops import N_ACTIONS
from benchmarks.table import Row

MOST_US = 60.0
SIDES = ("bare", "guarded")
BLOCK, TOGETHER, SUPPRESSED, LEAST_BLOCKS = 64, 32, 50, 48
Took = dict[str, float]


def measure(bench: Bench) -> list[Row]:
    n = bench.scale.model_customers
    folders = {
        "bare": guarded_shop(bench.shops, n, "unguarded", ""),
        "guarded": guarded_shop(bench.shops, n, "guarded", EVERY_KIND),
    }
    blocks = max(LEAST_BLOCKS, bench.scale.decisions // BLOCK)
    asked = {name: str(folder) for name, folder in folders.items()}
    found = child("guarded:added", folders=asked, blocks=blocks, seed=bench.seed)
    rows = []
    for together, name in ((1, "one at a time"), (TOGETHER, f"{TOGETHER} together")):
        bare, ours = found[f"bare {together}"], found[f"guarded {together}"]
        more = [after["us"] - before["us"] for before, after in zip(bare, ours, strict=True)]
        low, middle, high = quantiles(more, n=4)
        rows.append(
            Row(
                "guarded", f"{N_ACTIONS} actions, {name}: guardrails add {middle:,.0f} µs ({low:,.0f}–{high:,.0f})",
                _told(ours), found["peak_mb"], _told(bare), mark=f"adds ≤ {MOST_US:g} µs", met=middle <= MOST_US,
            )
        )  # fmt: skip
    return rows


def _told(blocks: Sequence[Took]) -> str:
    us, commit_us = (median(block[part] for block in blocks) for part in ("us", "commit_us"))
    return f"{us:,.0f} µs + commit {commit_us:,.0f}"


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
    took: dict[str, list[Took]] = {}
    for block in range(blocks):
        for together in (1, TOGETHER):
            key = f"{block}/{together}"
            lines = [
                json.dumps({"customer_id": customer, "request_id": key}).encode()
                for customer in draw.sample(ids, BLOCK)
            ]
            for name in SIDES if block % 2 else reversed(SIDES):
                of_block = asked_us(services[name], commits[name], lines, together)
                took.setdefault(f"{name} {together}", []).append(of_block)
    for service in services.values():
        service.close()
    return {"seconds": 0.0, **took}


def asked_us(service: Any, commits: Commits, lines: Sequence[bytes], together: int) -> Took:
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
