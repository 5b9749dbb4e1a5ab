"""The list of runs tells how each command really ended."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from nbatool.base.errors import DataError
from nbatool.ingest import load
from nbatool.store import runs

Nbatool = Callable[..., tuple[int, str, str]]


@pytest.fixture
def loaded(shop: Path, nbatool: Nbatool) -> Path:
    assert nbatool("ingest", "-q")[0] == 0
    return shop


def latest_exit_code(nbatool: Nbatool) -> int:
    return int(json.loads(nbatool("status", "--json")[1])["runs"][0]["exit_code"])


def fail_with(error: BaseException) -> Callable[..., NoReturn]:
    def fail(*_: object, **__: object) -> NoReturn:
        raise error

    return fail


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("in_duckdb", [False, True])
def test_a_stopped_command_is_recorded_as_such(
    number: int, code: int, in_duckdb: bool, loaded: Path, nbatool: Nbatool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        try:
            signal.raise_signal(number)
        except KeyboardInterrupt:
            # DuckDB puts an error of its own in the place of the interrupt
            raise RuntimeError("Query interrupted") if in_duckdb else KeyboardInterrupt from None

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(load, "load", stopped)
    assert nbatool("ingest") == (code, "", "stopped; what was in force stays in force\n")
    assert latest_exit_code(nbatool) == code
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DataError("x"), 4),
        (ZeroDivisionError("x"), 1),
        (PermissionError(13, "no"), 4),
        (BrokenPipeError(), 0),
    ],
)
def test_the_exit_code_recorded_is_that_of_the_process(
    error: BaseException, code: int, loaded: Path, nbatool: Nbatool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nbatool.cli import app

    monkeypatch.setattr(app.os, "dup2", lambda *_: None)
    monkeypatch.setattr(load, "load", fail_with(error))
    assert nbatool("ingest")[0] == code
    assert latest_exit_code(nbatool) == code


@pytest.mark.parametrize(
    "second", [DataError("second"), OSError(28, "No space left"), RuntimeError("second")]
)
def test_a_run_that_cannot_be_recorded_hides_no_error(
    second: Exception, loaded: Path, nbatool: Nbatool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "record_run", fail_with(second))
    monkeypatch.setattr(load, "load", fail_with(DataError("first")))
    assert nbatool("ingest") == (4, "", "first\n")


@pytest.mark.parametrize("second", [DataError("full"), OSError(28, "No space left"), RuntimeError("full")])
def test_a_finished_run_that_cannot_be_recorded_is_done_all_the_same(
    second: Exception, loaded: Path, nbatool: Nbatool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "record_run", fail_with(second))
    code, out, err = nbatool("ingest")
    assert (code, "events" in out) == (0, True)
    assert err == f"! ingest is done, but missing in the list of runs: {second}\n"


def test_sigterm_of_a_process(
    loaded: Path, nbatool: Nbatool, nbatool_process: Callable[..., Any], tmp_path: Path
) -> None:
    """While it reads an input that never ends."""
    process = nbatool_process("ingest", "--source", "events", "/dev/stdin", stdin=-1, cwd=loaded)
    lock = loaded / "data" / "lock"
    while not lock.read_text():
        assert process.poll() is None
        time.sleep(0.02)
    with process:
        process.send_signal(signal.SIGTERM)
        # either it had not yet set about working, or it tidied up
        assert process.wait(30) in (143, -signal.SIGTERM)
