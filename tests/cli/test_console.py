"""Data and talk go where they belong, quiet is silent, progress gives way."""

from __future__ import annotations

import io
import json
import sys
import time

import pytest

from nbatool.cli import console as console_module
from nbatool.cli.console import Console


def test_quiet_keeps_data_and_drops_talk(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(quiet=True)
    console.talk("talk")
    console.summary({"a": 1}, "summary")
    console.data({"a": 1}, "data")
    assert tuple(capsys.readouterr()) == ("data\n", "")


def test_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(json=True, quiet=True)
    console.summary({"name": "é", "rows": 1}, "summary")
    assert tuple(capsys.readouterr()) == ('{"name": "é", "rows": 1}\n', "")
    with pytest.raises(ValueError, match="JSON"):
        console.object({"x": float("nan")})


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii"])
def test_what_a_stream_cannot_show_is_escaped(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "caf\udcff é €"
    out = io.TextIOWrapper(io.BytesIO(), encoding)
    monkeypatch.setattr(sys, "stdout", out)
    Console(json=True).object({"file": said})
    Console().summary({}, said)
    Console().data({}, said)
    out.flush()
    first, *texts = out.buffer.getvalue().splitlines()  # type: ignore[attr-defined]
    assert json.loads(first) == {"file": said}
    assert texts == [said.encode(encoding, "backslashreplace")] * 2


def test_talk_and_detail_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    Console().talk("talk")
    Console().detail("no")
    Console(verbose=True).detail("detail")
    assert tuple(capsys.readouterr()) == ("", "talk\ndetail\n")


def test_progress_is_silent_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with Console().progress("train") as step:
        step(5, 10)
    assert tuple(capsys.readouterr()) == ("", "")


def test_the_clock_runs_while_a_step_is_long_and_gives_way(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console_module, "TICK_S", 0.01)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with Console().steps("train") as say:
        say("features")
        time.sleep(0.2)
        Console().tell("done")
        assert console_module._live is not None
    out, err = capsys.readouterr()
    assert out == "done\n"
    assert err.count("features …") > 2
    assert err.endswith(console_module.WIPE)
    assert console_module._live is None
