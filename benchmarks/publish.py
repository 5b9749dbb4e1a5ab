"""How long a live writer waits while a night's state is published beside it.

The writer journals one event after another, each durable, as live decisions do. The state is written and put in force
as `nbatool score` does it: real customers' bodies, under as many ids as the size asks for.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

from benchmarks.child import timed
from benchmarks.runs import ROOT, child, environment
from benchmarks.scale import Bench
from benchmarks.table import Row

MOST_MS, AT_CUSTOMERS = 50.0, 1_000_000
PAUSE_S = 0.001
QUIET_S = 3.0
BATCH = 10_000


def measure(bench: Bench) -> list[Row]:
    folder = bench.shops.scored(bench.scale.model_customers)
    place = bench.shops.root / "publish"
    shutil.rmtree(place, ignore_errors=True)
    n = bench.scale.published_customers
    found = child("publish:beside_a_writer", folder=str(folder), place=str(place), n=n)
    shutil.rmtree(place)
    quiet, busy = found["quiet"], found["busy"]
    met = busy["worst"] <= MOST_MS if n >= AT_CUSTOMERS else None
    return [
        Row(
            "publish", f"{n:,} customers, {found['mb']:,.0f} MB; {busy['n']:,} events written meanwhile",
            f"{found['seconds']:.1f} s", found["peak_mb"],
        ),
        Row(
            "publish", "a live write meanwhile", waits(busy), bare=waits(quiet) + " (quiet)",
            mark=f"never > {MOST_MS:g} ms at {AT_CUSTOMERS:,}", met=met,
        ),
    ]  # fmt: skip


def waits(found: dict[str, Any]) -> str:
    return f"p50 {found['p50']:.2f}, p99 {found['p99']:.2f}, worst {found['worst']:.1f} ms"


def beside_a_writer(folder: str, place: str, n: int) -> dict[str, Any]:
    """Publish beside a writer."""
    from nbatool.store.online import OnlineStore, Published
    from nbatool.store.state import write_state

    store = OnlineStore(Path(folder) / "data" / "online.db")
    published = store.published()
    store.close()
    assert published is not None
    with sqlite3.connect(Path(folder) / "data" / published.state) as state:
        bodies = [row[0] for row in state.execute("select body from customer limit 50000")]
    root, result = Path(place), dict[str, Any]()
    online = OnlineStore(root / "online.db")
    with a_writer_beside(root, result), timed(result):
        with write_state(root / "state-1.db") as out:
            body = cycle(bodies)
            for first in range(0, n, BATCH):
                some = range(first, min(first + BATCH, n))
                out.put_customers((f"c{k:08d}", next(body)) for k in some)
        online.publish(Published("state-1.db", published.model_version, published.cut_us, 0, 1))
    result["mb"] = (root / "state-1.db").stat().st_size / 1e6
    return result


@contextmanager
def a_writer_beside(root: Path, result: dict[str, Any]) -> Iterator[None]:
    """Let a writer run alone for a while, then beside the block; put what it waited, quiet and busy, into ``result``."""
    line = [sys.executable, "-m", "benchmarks.publish", str(root)]
    with subprocess.Popen(
        line, env=environment(), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(QUIET_S)
        writer.stdin.write(b"busy\n")
        writer.stdin.flush()
        yield
        writer.stdin.write(b"stop\n")
        writer.stdin.close()
        result.update(json.loads(writer.stdout.read()))


def write_on(root: Path) -> None:
    """Journal events until told to stop; print how long each one took, before and after the word "busy"."""
    import selectors

    from nbatool.store.online import LiveEvent, OnlineStore

    online = OnlineStore(root / "online.db")
    took: dict[str, list[float]] = {"quiet": [], "busy": []}
    phase, words, k = "quiet", selectors.DefaultSelector(), 0
    told = sys.stdin.fileno()
    words.register(told, selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        if words.select(0):
            said = os.read(told, 5).decode().strip()
            if said != "busy":
                break
            phase = "busy"
        k += 1
        started = time.perf_counter()
        online.append([LiveEvent(f"w{k}", f"c{k % 1000:08d}", k, "page_view", channel="web")])
        took[phase].append(1000 * (time.perf_counter() - started))
        time.sleep(PAUSE_S)
    print(json.dumps({name: summary(each) for name, each in took.items()}))


def summary(took_ms: list[float]) -> dict[str, float]:
    took = sorted(took_ms)
    return {
        "n": len(took),
        "p50": took[len(took) // 2],
        "p99": took[int(0.99 * len(took))],
        "worst": took[-1],
    }


if __name__ == "__main__":
    write_on(Path(sys.argv[1]))
