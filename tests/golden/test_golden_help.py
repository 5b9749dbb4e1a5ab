"""Help texts, one file for all: what a user reads before anything else."""

from __future__ import annotations

import pytest
from golden import check

from nbatool.cli.app import run
from nbatool.cli.commands import COMMANDS

GROUPS = {
    "models": ("list", "show", "promote", "rollback"),
    "review": ("list", "approve", "reject"),
    "suppress": ("add", "list", "remove"),
}
LINES = [
    (),
    *((name,) for name in COMMANDS),
    *((group, name) for group, names in GROUPS.items() for name in names),
]


@pytest.mark.parametrize("command", LINES, ids=lambda line: " ".join(line) or "nbatool")
def test_help(
    command: tuple[str, ...], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERMINAL_WIDTH", "80")
    assert run([*command, "--help"]) == 0
    out, err = capfd.readouterr()
    assert err == ""
    assert max(map(len, out.splitlines())) <= 80
    check(f"help-{'-'.join(command) or 'nbatool'}.txt", out)
