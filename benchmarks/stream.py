"""Decisions a second through one `nbatool decide`, against a loop that reads, predicts and writes the same lines."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.child import timed
from benchmarks.model_input import boosters, model_input
from benchmarks.questions import questions
from benchmarks.runs import ROOT, Runs, child, environment, in_turn
from benchmarks.scale import Bench
from benchmarks.table import Row, compared

COMMAND = "import sys; from nbatool.cli.app import run; sys.exit(run(sys.argv[1:]))"


def measure(bench: Bench) -> list[Row]:
    folder = bench.shops.scored(bench.scale.model_customers)
    n = bench.scale.decisions * 2
    sides = {
        "bare": lambda: child("stream:bare", folder=str(folder), n=n, seed=bench.seed),
        "ours": lambda: child("stream:ours", folder=str(folder), n=n, seed=bench.seed),
    }
    found = in_turn(sides, bench.scale.times)
    row = compared("stream", f"{n:,} requests: {rate(found['ours'], n)} against {rate(found['bare'], n)}",
                   found["ours"], found["bare"])  # fmt: skip
    return [row]


def rate(runs: Runs, n: int) -> str:
    return f"{n / runs.seconds:,.0f} decisions/s"


def ours(folder: str, n: int, seed: int) -> dict[str, Any]:
    """From the first answer to the last: the start is measured by decide_cold. Memory is that of this watcher."""
    lines = b"".join(line + b"\n" for line in questions(Path(folder), n, seed))
    file = Path(folder) / "requests.ndjson"
    file.write_bytes(lines)
    command = [sys.executable, "-c", COMMAND, "-w", folder, "decide", str(file)]
    with subprocess.Popen(command, env=environment(), cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        answered = [process.stdout.readline()]
        started = time.perf_counter()
        answered += process.stdout.readlines()
        seconds = time.perf_counter() - started
    if process.returncode != 0 or len(answered) != n:
        raise RuntimeError(f"decide ended with {process.returncode} after {len(answered)} of {n} answers")
    return {"seconds": seconds}


def bare(folder: str, n: int, seed: int) -> dict[str, Any]:
    """JSON in, the boosters' predictions for ready-made rows, JSON out: no features, no rules, no state."""
    lines = questions(Path(folder), n, seed)
    asked = boosters(model_input(folder, 1_000).outcome)
    result: dict[str, Any] = {}
    with timed(result), Path("/dev/null").open("w") as out:
        for i, line in enumerate(lines):
            request = json.loads(line)
            # the baseline has one row, which adds the same to every candidate
            scores = sum(
                booster.predict(rows.of(i), raw_score=True, num_threads=1) for booster, rows in asked
            )
            out.write(
                json.dumps({"customer_id": request["customer_id"], "best": int(np.argmax(scores))}) + "\n"
            )
            out.flush()
    return result
