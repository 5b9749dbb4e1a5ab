"""Capped decisions a second of eight processes at once, all for the same customers.

Each process is one `nbatool decide` that was given its requests all at once, after it had answered a first one. Every
answer is durable; afterwards no cap is exceeded and every contact that was told of is in the log, else this fails. Then the
same while processes are killed (`killed`).
"""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.guarded_shop import CAP, CAPS, Commits, guarded_shop
from benchmarks.killed import CUSTOMERS, DAYS, KILL_EVERY_S, PROCESSES
from benchmarks.runs import ROOT, Runs, child, environment
from benchmarks.scale import Bench
from benchmarks.stream import COMMAND
from benchmarks.table import Row
from nbatool.cli.decide import MOST_TOGETHER

LEAST_RATE = 1_500
SHORTEST_S, LONGEST_S = 2.0, 20.0
UNCONFIRMED = 'unconfirmed_after = "90d"\n'
"""Nobody confirms anything here; contacts count all the same."""
FIRST = "first"


def measure(bench: Bench) -> list[Row]:
    folder = str(guarded_shop(bench.shops, bench.scale.model_customers, "capped", CAPS))
    n = bench.scale.decisions
    runs = Runs(
        tuple(
            child("capped:streams", folder=folder, n=n, seed=bench.seed + k) for k in range(bench.scale.times)
        )
    )
    free = guarded_shop(bench.shops, bench.scale.model_customers, "killed", CAPS + UNCONFIRMED)
    run_s = min(max(n / 100, SHORTEST_S), LONGEST_S)
    kill_every_s = min(KILL_EVERY_S, run_s / 2)
    asked = {"folder": str(free), "run_s": run_s, "seed": bench.seed}
    killed = child("killed:measured", kill_every_s=kill_every_s, **asked)
    steady = child("killed:measured", kill_every_s=None, **asked)
    alone = child("capped:alone", folder=folder, n=n, seed=bench.seed)
    rate = PROCESSES * n / runs.seconds
    name = f"{PROCESSES} processes, {n:,} decisions each for the same {CUSTOMERS:,} customers"
    return [
        Row(
            "capped", f"{name} (processor {runs.median('worked_us'):,.0f} µs each)", f"{rate:,.0f} decisions/s",
            mark=f"≥ {LEAST_RATE:,}/s", met=rate >= LEAST_RATE,
        ),
        Row(
            "capped", f"the same over {DAYS} days, so that caps free up, for {run_s:.0f} s: {steady['contacts']:,} contacts",
            f"{steady['rate']:,.0f} decisions/s",
        ),
        Row(
            "capped", f"one of them killed every {kill_every_s:.0f} s ({killed['kills']}) and started again: {killed['contacts']:,} "
            "contacts, none lost", f"{killed['rate']:,.0f} decisions/s",
            mark=f"≥ {LEAST_RATE:,}/s", met=killed["rate"] >= LEAST_RATE,
        ),
        Row(
            "capped", f"a commit of {MOST_TOGETHER} decisions, one process (processor {alone['commit_worked_us']:,.0f} µs)",
            f"{alone['commit_us']:,.0f} µs",
        ),
    ]  # fmt: skip


def streams(folder: str, n: int, seed: int) -> dict[str, Any]:
    """From the moment all processes have answered once until the last one ends."""
    place, run = Path(folder), f"{seed}-{time.time_ns()}"
    asked = [requests(place, n, seed * PROCESSES + k, f"{run}/{k}") for k in range(PROCESSES)]
    nothing: list[list[bytes]] = [[] for _ in range(PROCESSES)]
    _, starting_us = answered(place, nothing, run)
    seconds, worked_us = answered(place, asked, run)
    check(place, [place / f"answers-{k}.ndjson" for k in range(PROCESSES)])
    return {"seconds": seconds, "worked_us": (worked_us - starting_us) / (PROCESSES * n)}


def answered(folder: Path, asked: Sequence[Sequence[bytes]], run: str) -> tuple[float, float]:
    """Seconds and processor µs that the processes took for these requests and one before; the µs with their start."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    running = []
    for k in range(len(asked)):
        with (folder / f"answers-{k}.ndjson").open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-c", COMMAND, "-w", str(folder), "decide", "-"], env=environment(), cwd=ROOT,
                stdin=subprocess.PIPE, stdout=out,
            )  # fmt: skip
        assert process.stdin is not None
        process.stdin.write(
            json.dumps({"request_id": f"{run}/{k}/{FIRST}", "dry_run": True}).encode() + b"\n"
        )
        process.stdin.flush()
        running.append(process)
    while not all((folder / f"answers-{k}.ndjson").stat().st_size for k in range(len(asked))):
        time.sleep(0.001)
    started = time.perf_counter()
    feeding = [
        threading.Thread(target=feed, args=(process, b"".join(lines)))
        for process, lines in zip(running, asked, strict=True)
    ]
    for thread in feeding:
        thread.start()
    for process in running:
        if process.wait() != 0:
            raise RuntimeError(f"decide ended with {process.returncode}")
    seconds = time.perf_counter() - started
    for thread in feeding:
        thread.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, 1e6 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def feed(process: subprocess.Popen[bytes], requests: bytes) -> None:
    assert process.stdin is not None
    with process.stdin as stdin:
        stdin.write(requests)


def requests(folder: Path, n: int, seed: int, run: str) -> list[bytes]:
    from nbatool.decide.live import LiveService

    service = LiveService(folder / "data", folder / "models")
    ids = service.in_force().state.customer_ids()[:CUSTOMERS]
    service.close()
    draw = random.Random(seed)
    return [
        json.dumps({"customer_id": draw.choice(ids), "request_id": f"{run}/{i}"}).encode() + b"\n"
        for i in range(n)
    ]


def check(folder: Path, files: Sequence[Path]) -> None:
    """Raise where a cap is exceeded or a contact that was told of is not in the log."""
    from nbatool.store.online import OnlineStore

    online = OnlineStore(folder / "data" / "online.db")
    held = [contact for rows in online.ledger.held_since(0) for contact in rows.contacts()]
    online.close()
    most = max(Counter(contact.customer_id for contact in held).values())
    if most > CAP:
        raise RuntimeError(f"a customer has {most} contacts, the cap is {CAP}")
    kept = {contact.decision_id for contact in held}
    for file in files:
        for line in file.read_bytes().splitlines():
            answer = json.loads(line)
            if FIRST in answer["request_id"] or answer["actions"][0]["channel"] is None:
                continue
            if answer["decision_id"] not in kept:
                raise RuntimeError(f"{answer['decision_id']} was told of, and its contact is lost")


def alone(folder: str, n: int, seed: int) -> dict[str, Any]:
    """Commits of one process that decides as the others did."""
    os.environ["OMP_NUM_THREADS"] = "1"
    from nbatool.decide.live import LiveService

    place, commits = Path(folder), Commits()
    lines = requests(place, n, seed, f"{time.time_ns()}")
    with commits.watching():
        service = LiveService(place / "data", place / "models")
    groups = [lines[first : first + MOST_TOGETHER] for first in range(0, n, MOST_TOGETHER)]
    for group in groups:
        service.answer_group(group)
    service.close()
    per_group = 1000 * len(groups)
    return {
        "seconds": 0.0, "commit_us": commits.passed_ns / per_group, "commit_worked_us": commits.worked_ns / per_group,
    }  # fmt: skip
