"""`decide`, `learn -` and the nightly `learn` at once, killed at any instant: what was told stays, windows count once."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from calls import call, command_line, surroundings

from nbatool.models.posterior import Posterior
from nbatool.store.online import OnlineStore
from nbatool.store.warehouse import open_warehouse
from nbatool.store.workspace import open_workspace

pytestmark = pytest.mark.slow

LATER = "2018-09-01"


def start(workspace: Path, *arguments: str, stdin: Path | None = None) -> subprocess.Popen[bytes]:
    given = subprocess.DEVNULL if stdin is None else stdin.open("rb")
    try:
        return subprocess.Popen(
            command_line(workspace, arguments), env=surroundings(), stdin=given, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
    finally:
        if stdin is not None:
            given.close()  # type: ignore[union-attr]


def killed_after(processes: list[subprocess.Popen[bytes]], lines: int) -> list[list[dict[str, Any]]]:
    """Read some lines of each process, then kill them all; return every whole line each of them wrote."""
    for process in processes:
        assert process.stdout is not None
    found = [[process.stdout.readline() for _ in range(lines)] for process in processes]  # type: ignore[union-attr]
    for process in processes:
        process.kill()
    for process, told in zip(processes, found, strict=True):
        with process:
            told += process.stdout.readlines()  # type: ignore[union-attr]
    return [[json.loads(line) for line in told if line.endswith(b"\n")] for told in found]


@pytest.fixture
def shop(finished: Path, tmp_path: Path) -> Path:
    return shutil.copytree(finished, tmp_path / "shop")


def write_lines(path: Path, lines: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_decisions_and_answers_of_killed_processes(shop: Path, tmp_path: Path) -> None:
    chance = random.Random(7)
    asked = [
        write_lines(
            tmp_path / f"asked{j}",
            [{"request_id": f"{j}/{k}", "customer_id": f"c{k % 400:06d}"} for k in range(3000)],
        )
        for j in (0, 1)
    ]
    deciders = [start(shop, "decide", "-", stdin=path) for path in asked]
    decided = [row["decision_id"] for told in killed_after(deciders, 60) for row in told]
    online = OnlineStore(shop / "data" / "online.db")
    kept = {found.decision.decision_id for found in online.decisions.after(0)}
    assert set(decided) <= kept
    assert len(set(decided)) == len(decided) >= 120

    said = []
    for j in (0, 1):
        names = [name for name in decided for _ in range(20)]
        chance.shuffle(names)
        said.append(
            write_lines(
                tmp_path / f"said{j}",
                [{"decision_id": n, "outcome": 1.5, "outcome_id": str(chance.randrange(15))} for n in names],
            )
        )
    running = [start(shop, "learn", "-", stdin=path) for path in said] + [
        start(shop, "decide", "-", stdin=asked[0])
    ]
    told = killed_after(running, 40)
    answers = {(a.decision_id, a.outcome_id): a for _, a in online.answers.after(0)}
    for path, rows in zip(said, told[:2], strict=True):
        lines = path.read_text().splitlines()
        assert len(rows) >= 40
        for line, row in zip(lines, rows, strict=False):
            outcome = json.loads(line)
            assert row["status"] in {"credited", "duplicate"}
            assert (outcome["decision_id"], outcome["outcome_id"]) in answers
    # The same questions again are the decisions of before.
    again = {row["request_id"]: row["decision_id"] for row in told[2]}
    assert len(again) >= 40
    assert set(again.values()) & kept
    everything = {found.decision.decision_id for found in online.decisions.after(0)}
    assert set(again.values()) <= everything
    online.close()
    _the_night_is_killed_too(shop, chance, everything)


def data_reach(workspace: Path, until: str) -> None:
    """Load an event of each source that lies so late."""
    with open_warehouse(open_workspace(workspace)) as warehouse:
        warehouse.con.execute(
            "insert into events select * replace ('late' as event_id, cast($until as timestamp) as ts, 'late' as type) "
            "from events where source <> '@live' qualify row_number() over (partition by source) = 1",
            {"until": until},
        )


def _the_night_is_killed_too(shop: Path, chance: random.Random, decisions: set[str]) -> None:
    assert (
        call(shop, "learn", "--json", "--as-of", LATER).json["closed"] == 0
    )  # the data do not reach the windows yet
    data_reach(shop, LATER)
    twin = shutil.copytree(shop, shop.parent / "twin")
    started = time.monotonic()
    whole = call(twin, "learn", "--json", "--as-of", LATER).json
    takes_s = time.monotonic() - started
    assert whole["closed"] >= len(decisions)
    for _ in range(4):
        process = start(shop, "learn", "--as-of", LATER)
        time.sleep(chance.uniform(0.4, 1.0) * takes_s)
        process.kill()
        process.communicate()
    call(shop, "learn", "--as-of", LATER)
    closed, same = closed_windows(shop), closed_windows(twin)
    assert closed == same
    assert {row[1] for row in closed if row[2] == 1} >= decisions
    np.testing.assert_array_equal(belief(shop), belief(twin))
    assert call(shop, "learn", "--json", "--as-of", LATER).json["closed"] == 0


def closed_windows(workspace: Path) -> list[tuple[Any, ...]]:
    with open_warehouse(open_workspace(workspace)) as warehouse:
        return warehouse.con.execute(
            "select position, decision_id, slot, outcome from closed order by position"
        ).fetchall()


def belief(workspace: Path) -> Any:
    online = OnlineStore(workspace / "data" / "online.db")
    snapshot = online.learned.snapshot()
    online.close()
    assert snapshot is not None
    posterior = Posterior.from_bytes(snapshot.body)
    return posterior.mean(np.tile(np.linspace(-1, 1, posterior.d), (2, 1)))
