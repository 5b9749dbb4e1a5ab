"""One decision by the command line, against starting Python with the two libraries any such command needs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.questions import questions
from benchmarks.runs import ROOT, environment, in_turn
from benchmarks.scale import Bench
from benchmarks.table import Row, compared

MOST = 4.0
HEAVY = ("duckdb", "polars", "pandas", "scipy", "sklearn", "rich", "lightgbm")
RUN = "import sys; from nbatool.cli.app import run; code = run(sys.argv[1:])"
REPORT = f"; sys.stderr.write(' '.join(m for m in {HEAVY!r} if m in sys.modules))"
TIMES = 15
MEASURED = """
import json, resource, subprocess, sys, time
line, request = json.loads(sys.argv[1]), sys.argv[2].encode()
started = time.perf_counter()
done = subprocess.run(line, input=request, capture_output=True)
seconds = time.perf_counter() - started
# a small starter: what a process holds before it becomes another counts for it
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (1 if sys.platform == "darwin" else 1024) * 1.048576
out = done.stdout.decode(), done.stderr.decode()
print(json.dumps({"seconds": seconds, "peak_mb": peak, "code": done.returncode, "out": out[0], "err": out[1]}))
"""


def measure(bench: Bench) -> list[Row]:
    folder = bench.shops.scored(bench.scale.model_customers)
    request = questions(folder, 1, bench.seed)[0].decode()
    decide = [sys.executable, "-c", RUN, "-w", str(folder), "decide"]
    bare = [sys.executable, "-c", "import typer, numpy"]
    run(decide, request)
    found = in_turn({"bare": lambda: run(bare, ""), "ours": lambda: run(decide, request)}, TIMES)
    answer = json.loads(found["ours"].first("out"))
    if "error" in answer:
        raise RuntimeError(f"decide answered {answer}")
    loaded = run([sys.executable, "-c", RUN + REPORT, "-w", str(folder), "decide"], request)["err"].split()
    return [
        compared("decide_cold", "one answer of a fresh process", found["ours"], found["bare"], MOST),
        Row(
            "decide_cold", "heavy libraries loaded: " + (", ".join(loaded) or "none"), "",
            mark="none of " + ", ".join(HEAVY), met=not loaded,
        ),
    ]  # fmt: skip


def run(line: list[str], request: str) -> dict[str, Any]:
    """Run a command from a process of its own, so that its peak memory is its own."""
    starter = [sys.executable, "-S", "-c", MEASURED, json.dumps(line), request]
    done = subprocess.run(
        starter, env=environment(), cwd=Path(ROOT), capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    if found["code"] != 0:
        raise RuntimeError(f"{line}: {found['err'][-2000:]}")
    return found
