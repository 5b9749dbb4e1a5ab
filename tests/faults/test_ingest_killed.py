"""kill -9 at any instant leaves the state from before or after; running the command again finishes the job."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_shop import Shop, source

from nbatool.ingest.load import load
from nbatool.store.warehouse import open_warehouse
from nbatool.store.workspace import open_workspace

N_ROWS = 30_000
PROGRAM = """
import sys
from pathlib import Path
from nbatool.ingest.load import load
from nbatool.store.workspace import open_workspace
print("ready", flush=True)
load(open_workspace(Path(sys.argv[1])), full_refresh=sys.argv[2] == "refresh")
"""


def start(root: Path, mode: str) -> subprocess.Popen[str]:
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(root), mode], stdout=subprocess.PIPE, text=True
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "ready\n"
    return program


def kill(program: subprocess.Popen[str]) -> None:
    with program:
        program.send_signal(signal.SIGKILL)


def counts(root: Path) -> tuple[int, int, int]:
    """Return events, batches and lines of the journal; opening fails if the two disagree."""
    with open_warehouse(open_workspace(root)) as warehouse:
        events, batches = warehouse.con.execute(
            "select (select count(*) from events), (select count(*) from batches)"
        ).fetchall()[0]
        return events, batches, len(warehouse.journal.finished)


@pytest.mark.parametrize("seed", range(5))
def test_killed_while_loading(tmp_path, seed):
    Shop(tmp_path).events("*.ndjson")
    for name in ("a", "b"):
        lines = (
            json.dumps({"id": f"{name}{k}", "ts": "2020-01-01", "type": "view"}) + "\n" for k in range(N_ROWS)
        )
        (tmp_path / f"{name}.ndjson").write_text("".join(lines))
    chance = random.Random(seed)
    before_or_after = {(0, 0, 0), (2 * N_ROWS, 2, 2)}
    for mode in ("load", "load", "load"):
        program = start(tmp_path, mode)
        time.sleep(chance.uniform(0, 1.0))
        kill(program)
        assert counts(tmp_path) in before_or_after
    load(open_workspace(tmp_path))
    assert counts(tmp_path) == (2 * N_ROWS, 2, 2)
    for _ in range(2):
        program = start(tmp_path, "refresh")
        time.sleep(chance.uniform(0, 1.0))
        kill(program)
        assert counts(tmp_path) == (2 * N_ROWS, 2, 2)
    assert load(open_workspace(tmp_path)).totals.duplicate == 2 * N_ROWS


def logged(root: Path) -> tuple[int, int, int, int]:
    """Return decisions, outcomes, lists of candidates and batches; opening fails if the journal disagrees."""
    with open_warehouse(open_workspace(root)) as warehouse:
        [found] = warehouse.con.execute(
            "select (select count(*) from decisions), (select count(*) from outcomes), "
            "(select count(*) from candidate_sets), (select count(*) from batches)"
        ).fetchall()
        return found


@pytest.mark.parametrize("seed", range(2))
def test_killed_while_loading_decisions(tmp_path, seed):
    shop = Shop(tmp_path)
    columns = {
        "decision_id": "id",
        "ts": "ts",
        "action_id": "a",
        "candidates": "among",
        "outcome.click": "click",
    }
    workspace = shop.configure(source("d.ndjson", kind="decisions", **columns))
    row = {"ts": "2020-01-01", "a": "tea", "among": {"tea": 0.5, "gift": 0.5}, "click": 1}
    shop.write("d.ndjson", "".join(json.dumps({"id": f"d{k}", **row}) + "\n" for k in range(N_ROWS)))
    chance = random.Random(seed)
    whole = (N_ROWS, N_ROWS, 1, 1)
    for _ in range(3):
        program = start(tmp_path, "load")
        time.sleep(chance.uniform(0, 1.5))
        kill(program)
        assert logged(tmp_path) in {(0, 0, 0, 0), whole}
    load(workspace)
    assert logged(tmp_path) == whole
    program = start(tmp_path, "refresh")
    time.sleep(chance.uniform(0, 1.5))
    kill(program)
    assert logged(tmp_path) == whole
    assert load(workspace).totals.duplicate == N_ROWS
