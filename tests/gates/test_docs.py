"""The README's examples run, in their order, in one workspace; what the help says is what there is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nbatool.world.write import generate

BLOCK = re.compile(r"^```console\n(.*?)^```", re.M | re.S)
NOT_RUN = ("make ", "git clone", "cd ", "python3 -m venv", "pip install")
"""What prepares a checkout; `.ci/run` has done that already."""


def commands(text: str) -> list[str]:
    """Return the ``$ `` lines of all console blocks, continued lines joined."""
    found: list[str] = []
    for block in BLOCK.findall(text):
        lines = block.replace("\\\n", "").splitlines()
        found += [line.removeprefix("$ ").strip() for line in lines if line.startswith("$ ")]
    return found


def test_commands_are_found() -> None:
    text = "```console\n$ a b \\\n  c\nout\n$ d\n```\n```toml\n$ no\n```\n"
    assert commands(text) == ["a b   c", "d"]


@pytest.mark.slow
def test_the_examples_of_the_readme_run(root: Path, tmp_path: Path) -> None:
    """The demo on the sample data themselves; what is shown with own files on a smaller shop in files of the same names.

    Two trainings of the whole sample, by `train` and by `evaluate`, would show nothing the demo's did not.
    """
    text = (root / "README.md").read_text(encoding="utf-8")
    found = [command for command in commands(text) if not command.startswith(NOT_RUN)]
    assert found, "README.md shows no command"
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    program = bin_folder / "nbatool"
    program.write_text(f"#!{sys.executable}\nfrom nbatool.cli.app import main\nmain()\n", encoding="utf-8")
    program.chmod(0o755)
    shutil.copytree(root / "examples", tmp_path / "examples")
    small = generate(tmp_path / "sample_data", customers=500)
    assert set(small.files) < {path.name for path in (root / "sample_data").iterdir()}
    environment = {
        **os.environ,
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(root),
    }
    said = {}
    for command in found:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"$ {command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        said[command] = done.stdout
    for count in ("245,738 rows", "8,000 customers"):
        assert count in text
        assert count in said["nbatool demo"]


def test_every_command_has_an_example() -> None:
    import typer

    from nbatool.cli.commands import COMMANDS, app

    group = typer.main.get_command(app)
    for name in COMMANDS:
        command = group.get_command(None, name)  # type: ignore[attr-defined]
        for inner in [command, *getattr(command, "commands", {}).values()]:
            assert inner.help is not None
            assert (
                f"nbatool {name}" in inner.help
                or f"nbatool -w my-shop {name}" in inner.help
                or "| nbatool" in inner.help
            )


def test_the_changelog_knows_the_version(root: Path) -> None:
    import nbatool

    assert f"## {nbatool.__version__}" in (root / "CHANGELOG.md").read_text(encoding="utf-8")
