"""Decisions a second through one `nbatool decide`, against a loop that reads, predicts and writes the same lines."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.child import timed
from benchmarks.questions import questions
from benchmarks.runs import ROOT, Runs, child, environment, in_turn
from benchmarks.scale import Bench
from benchmarks.score import chunk_of
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
    import lightgbm

    lines = questions(Path(folder), n, seed)
    customer, candidates, texts, _ = chunk_of(folder, 1_000)
    boosters = [
        lightgbm.Booster(model_str=text) for name, text in texts.items() if name.startswith("outcome")
    ]
    k, result = len(candidates) // len(customer), {}
    with timed(result), Path("/dev/null").open("w") as out:
        for i, line in enumerate(lines):
            request = json.loads(line)
            rows = candidates[k * (i % len(customer)) :][:k]
            scores = [booster.predict(rows, raw_score=True, num_threads=1) for booster in boosters]
            best = int(sum(scores).argmax())
            out.write(json.dumps({"customer_id": request["customer_id"], "best": best}) + "\n")
            out.flush()
    return result
