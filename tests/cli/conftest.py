"""A workspace, and the command line as a process and as a call."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nbatool.cli.app import run

ROOT = Path(__file__).parents[2]
Called = tuple[int, str, str]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with one small source, as the current folder."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "events.csv").write_text("who,when,what,amount\nc1,2018-01-01,buy,5\nc2,2018-01-02,buy,7\n")
    (folder / "nba.toml").write_text(
        '[workspace]\nas_of = "newest"\n[[source]]\nname = "events"\nkind = "events"\nfiles = ["events.csv"]\n'
        '[source.map]\ncustomer_id = "who"\nts = "\\"when\\""\ntype = "what"\nvalue = "amount"\n'
        '[roles]\npurchase = ["buy"]\n'
    )
    monkeypatch.chdir(folder)
    monkeypatch.delenv("NBATOOL_WORKSPACE", raising=False)
    return folder


@pytest.fixture
def nbatool(capfd: pytest.CaptureFixture[str]) -> Callable[..., Called]:
    """Run a command line in this process: exit code, stdout, stderr."""

    def call(*arguments: str) -> Called:
        capfd.readouterr()
        code = run(arguments)
        out, err = capfd.readouterr()
        return code, out, err

    return call


@pytest.fixture
def nbatool_process() -> Callable[..., subprocess.Popen[str]]:
    """Start a command line in a process of its own."""

    def start(*arguments: str, **settings: object) -> subprocess.Popen[str]:
        code = "from nbatool.cli.app import main; main()"
        return subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            **settings,  # type: ignore[call-overload]
        )

    return start
