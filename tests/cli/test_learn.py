"""`nbatool learn` at the door: a stream of answers, a report of closed windows, and what it costs to start."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from calls import call, command_line, surroundings
from desk import TERMS, Desk, S, record
from small_shop import Shop, source

from nbatool.store.online import OnlineStore

HEAVY = {"duckdb", "polars", "pandas", "pyarrow", "lightgbm", "rich", "pydantic", "typer", "scipy", "sqlglot"}


@pytest.fixture
def desk(tmp_path: Path) -> Any:
    (tmp_path / "nba.toml").write_text("")
    made = Desk(tmp_path / "data")
    made.publish()
    made.online.record(record())
    yield made
    made.online.close()


def lines(*said: Any) -> str:
    return "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in said)


def test_a_stream_answers_every_line_in_its_order(desk: Desk, tmp_path: Path) -> None:
    said = lines(
        {"decision_id": "d_1", "outcome": 12.5},
        "",
        '{"decision_id": "d_1", "outcome": NaN}',
        {"decision_id": "d_9", "outcome": 1},
        {"decision_id": "d_1", "status": "sent"},
    )
    for given in ({"stdin": "\ufeff" + said}, {"stdin": said.rstrip("\n")}):
        done = call(tmp_path, "learn", "-", "--as-of", "1970-01-01T00:16:50Z", code=4, **given)
        told = [row.get("status") for row in done.rows]
        first = "credited" if given["stdin"].startswith("\ufeff") else "duplicate"
        assert told[0] == first
        assert (len(told), told[1]) == (4, None)
        error = done.rows[1]["error"]
        assert (error["code"], error["line"]) == ("bad_request", 3)
        assert "not a JSON object" in error["message"]
    assert done.err == ""  # said before, so nothing is odd but the error
    done = call(tmp_path, "learn", "-", stdin=lines({"decision_id": "d_8", "outcome": 1}))
    assert done.rows == [{"decision_id": "d_8", "status": "unknown"}]
    assert done.err == "1 unknown of 1 answers: kept, but they count for nothing\n"
    assert call(tmp_path, "learn", "-", "-q", stdin=lines({"decision_id": "d_7", "outcome": 1})).err == ""


def test_answers_from_a_file(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "answers.ndjson"
    path.write_text(lines(*({"decision_id": "d_1", "outcome": 1, "outcome_id": k} for k in range(1000))))
    done = call(tmp_path, "learn", str(path), "--as-of", "1970-01-01T00:16:50Z")
    assert [row["status"] for row in done.rows] == ["credited"] * 1000
    assert "no such file" in call(tmp_path, "learn", "nowhere.ndjson", code=4).err.lower()


def test_an_answer_leaves_before_the_next_line_comes(desk: Desk, tmp_path: Path) -> None:
    process = subprocess.Popen(
        command_line(tmp_path, ["learn", "-", "--as-of", "1970-01-01T00:16:50Z"]), env=surroundings(), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        for k in range(3):
            process.stdin.write(lines({"decision_id": "d_1", "outcome": 1, "outcome_id": k}))
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["status"] == "credited"
            other = OnlineStore(desk.data_dir / "online.db")
            assert len(other.answers.of_decision("d_1")) == k + 1  # kept before it was told
            other.close()
        process.stdin.close()
        assert process.wait() == 0


def test_it_does_not_wait_for_the_workspace(desk: Desk, tmp_path: Path) -> None:
    from nbatool.store.lock import workspace_lock
    from nbatool.store.workspace import open_workspace

    with workspace_lock(open_workspace(tmp_path), "nbatool train", 0):
        started = time.monotonic()
        assert call(tmp_path, "learn", "-", stdin=lines({"decision_id": "d_1", "outcome": 1})).rows
        assert time.monotonic() - started < 30
        assert "nbatool train" in call(tmp_path, "learn", code=6).err


def test_it_imports_no_heavy_library(desk: Desk, tmp_path: Path) -> None:
    code = (
        "import json, sys\nfrom nbatool.cli.app import run\n"
        f"assert run(['learn', '-', '-w', {str(tmp_path)!r}]) == 0\n"
        "print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=lines({"decision_id": "d_1", "outcome": 1}), env=surroundings(),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert set(json.loads(done.stderr.splitlines()[-1])) & HEAVY == set()


def test_wrong_calls_say_what_is_right(tmp_path: Path) -> None:
    (tmp_path / "nba.toml").write_text("")
    assert "has no published state yet" in call(tmp_path, "learn", "-", stdin="{}\n", code=4).err
    assert "| nbatool learn -" in call(tmp_path, "learn", '{"decision_id": "d_1"}', code=2).err
    assert "unrecognized arguments: --fast" in call(tmp_path, "learn", "--fast", code=2).err
    assert "[[objective]] is missing" in call(tmp_path, "learn", code=3).err


def test_closing_reports_what_it_did(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    objective = '[[objective]]\nname = "spend"\nevent = "buy"\nwithin = "100s"\n'
    shop.configure(objective)
    online = OnlineStore(tmp_path / "data" / "online.db")
    online.record(record(closes_us=TERMS.closes_us(1000 * S)))
    online.close()
    nothing = {
        "as_of": "1970-02-01T00:00:00Z", "closed": 0, "by_default": 0, "expired": 0, "released": 0, "in_review": 0, "waiting": 0,
        "open": 0, "first_window_ends": None,
        "waiting_for_data": 1, "data_until": None, "unconfirmed_nights": [], "learned": 0,
        "not_learned": 0, "changes": [], "model_version": None,
    }  # fmt: skip
    # Long after the data: nobody knows what happened in the window.
    assert call(tmp_path, "learn", "--json", "--as-of", "1970-02-01").json == nothing
    text = call(tmp_path, "learn", "--as-of", "1970-02-01").out
    assert "waiting   1 outcome windows for data" in text
    assert "no event is loaded. Load newer events: nbatool" in text
    shop.write("e.csv", "id,ts,type,value\nz,1970-01-01T01:00:00Z,visit,\n")
    mapped = {"customer_id": "id", "ts": "ts", "type": "type", "value": "value"}
    shop.load(shop.configure(objective + source("e.csv", **mapped)))
    done = call(tmp_path, "learn", "--json", "--as-of", "1970-02-01")
    assert done.json == nothing | {
        "closed": 1, "by_default": 1, "waiting_for_data": 0, "data_until": "1970-01-01T01:00:00Z",
    }  # fmt: skip
    text = call(tmp_path, "learn", "--as-of", "1970-02-01").out
    assert "closed    0 outcome windows" in text
    assert "no fast learner is published" in text
    assert call(tmp_path, "learn", "-q", "--as-of", "1970-02-01").out == ""
    assert shop.rows("select command, exit_code from runs where command = 'learn'") == [("learn", 0)] * 5
