"""The `export` command: where it writes, what it says, what it refuses."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from calls import call, command_line, surroundings
from small_shop import Shop, source

ROWS = 3000
MAP = {"decision_id": "id", "ts": "ts", "action_id": "a", "probability": "p", "outcome.click": "click"}


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shop = Shop(tmp_path_factory.mktemp("logged"))
    lines = [
        json.dumps(
            {
                "id": f"d{k:04d}",
                "ts": "2020-01-01",
                "a": "tea",
                "p": (k % 3 and 0.5) or None,
                "click": k % 2 or None,
            }
        )
        for k in range(ROWS)
    ]
    shop.write("d.ndjson", "\n".join(lines))
    shop.load(shop.configure(source("d.ndjson", name="log", kind="decisions", **MAP)))
    return shop.root


def test_what_it_says(logged: Path, tmp_path: Path) -> None:
    done = call(logged, "export", "--format", "dsjson", "--out", str(tmp_path / "log.dsjson"))
    assert done.out.splitlines() == [
        f"export   3,000 decisions   {tmp_path / 'log.dsjson'}",
        "         1,500 of them have no outcome yet",
        "         1,000 of them have no probability: they were logged without",
        "         3,000 of them have no list of candidates: Vowpal Wabbit cannot learn from them",
    ]
    assert len((tmp_path / "log.dsjson").read_bytes().splitlines()) == ROWS
    said = call(logged, "export", "--format", "csv", "--json").json
    assert said == {
        "file": str(logged / "out" / "decisions.csv"), "log_format": "csv", "rows": 3000,
        "without_probability": 1000, "without_candidates": 3000, "without_outcome": 1500, "not_made": 0,
    }  # fmt: skip
    assert call(logged, "status", "--json").json["runs"][0]["command"] == "export"


def test_stdout_is_the_log_alone(logged: Path) -> None:
    done = call(logged, "export", "--format", "obp", "--out", "-")
    assert done.err == ""
    assert (
        done.out.splitlines()[0]
        == "timestamp,item_id,position,click,propensity_score,decision_id,customer_id,channel,policy"
    )
    assert len(done.out.splitlines()) == ROWS + 1


def test_a_reader_that_leaves(logged: Path) -> None:
    """The pipe closes after the first bytes: quiet, and the workspace is free again."""
    process = subprocess.Popen(
        command_line(logged, ("export", "--format", "dsjson", "--out", "-")), env=surroundings(),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().startswith(b"{")
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    process.wait(timeout=60)
    call(logged, "export", "--format", "csv", "-q")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (
            ("--format", "cvs"),
            2,
            '--format: "cvs" is not one of dsjson, obp, csv, parquet; did you mean "csv"?',
        ),
        ((), 2, "missing option '--format'"),
        (("--format", "csv", "--from", "soon"), 2, '--from: "soon" is not a time'),
        (
            ("--format", "csv", "--source", "lgo"),
            2,
            '--source "lgo": the log has decisions of log; did you mean "log"?',
        ),
        (("--format", "csv", "--until", "2020-01-01"), 4, "no decision lies between --from and --until"),
    ],
)
def test_refused(logged: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    assert said in call(logged, "export", *arguments, code=code).err
