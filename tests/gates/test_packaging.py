"""What ships: the wheel has the SQL files and the sample data, and nothing names a registry."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest


@pytest.mark.slow
def test_the_wheel_has_sql_and_sample_data(root: Path, tmp_path: Path) -> None:
    # hatchling works on the folder as it is; --outdir keeps the checkout clean
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("sql", "sample_data"):
        files = [file for file in (root / folder).rglob("*") if file.is_file()]
        expected = {f"nbatool/{folder}/{file.relative_to(root / folder).as_posix()}" for file in files}
        assert expected <= names
    assert any(name.startswith("nbatool/sql/") for name in names)
    assert "nbatool/cli/app.py" in names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/"))]


def test_the_lock_pins_every_dependency_exactly(root: Path) -> None:
    lines = (root / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line) for line in pins)
    pinned = {re.sub(r"[-_.]+", "-", line.split("==")[0]).lower() for line in pins}
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(name for extra in extras for name in extra)]
    names = {re.split(r"[<>=\[]", name)[0] for name in wanted}
    assert {re.sub(r"[-_.]+", "-", name).lower() for name in names} - pinned == {"nbatool"}


@pytest.mark.parametrize("name", ["pyproject.toml", "requirements.lock", "Makefile", ".ci/run"])
def test_no_file_names_a_registry(name: str, root: Path) -> None:
    text = (root / name).read_text(encoding="utf-8")
    assert not re.search(r"index-url|find-links|https?://", text)
