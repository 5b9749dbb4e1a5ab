"""The command line as a process of its own: what it printed, what it said, how it ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PROGRAM = "import os, sys; n = int(sys.argv.pop(1)); os.cpu_count = lambda: n; from nbatool.cli.app import main; main()"


@dataclass(frozen=True)
class Done:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Standard output as NDJSON."""
        return [json.loads(line) for line in self.out.splitlines()]


def command_line(workspace: Path, arguments: Iterable[str], cores: int = 1) -> list[str]:
    return [sys.executable, "-c", PROGRAM, str(cores), "-w", str(workspace), *arguments]


def surroundings(**changes: str) -> dict[str, str]:
    """The environment of a command; PASSIVE because spinning threads make two busy cores ten times slower."""
    kept = {name: value for name, value in os.environ.items() if name != "NBATOOL_WORKSPACE"}
    own = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "TZ": "UTC"}
    return {**kept, **own, **changes}


def call(
    workspace: Path, *arguments: str, stdin: str = "", code: int = 0, cores: int = 1, **environment: str
) -> Done:
    """Run ``nbatool -w WORKSPACE ARGUMENTS`` and insist on its exit code.

    `cores` is how many processors it is made to see.
    """
    ended = subprocess.run(
        command_line(workspace, arguments, cores),
        input=stdin, capture_output=True, text=True, env=surroundings(**environment), check=False,
    )  # fmt: skip
    assert ended.returncode == code, (
        f"{arguments}: exit code {ended.returncode}\n{ended.stdout}\n{ended.stderr}"
    )
    return Done(ended.returncode, ended.stdout, ended.stderr)


def decide(
    workspace: Path, requests: Iterable[dict[str, Any]], *options: str, code: int = 0
) -> list[dict[str, Any]]:
    """Put requests to ``nbatool decide``, one a line; return its answers."""
    return call(
        workspace, "decide", *options, stdin="".join(json.dumps(r) + "\n" for r in requests), code=code
    ).rows


def model_files(workspace: Path) -> dict[str, bytes]:
    """Return every file of every version, by version/name."""
    return {
        str(p.relative_to(workspace / "models")): p.read_bytes() for p in (workspace / "models").glob("*/*")
    }
