"""Files are whole or absent, and a spreadsheet runs nothing in them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from nbatool.activate.files import neutral_cells, sweep_temporaries, write_table


def test_formulas_are_neutralised() -> None:
    frame = pl.DataFrame({"a": ["=1+1", "+1", "-1", "@x", "\tx", "x=1", None], "n": [-1.0] * 7})
    neutral = neutral_cells(frame)
    assert neutral["a"].to_list() == ["'=1+1", "'+1", "'-1", "'@x", "'\tx", "x=1", None]
    assert neutral["n"].to_list() == [-1.0] * 7


def test_blanks_and_full_width_forms_hide_no_formula() -> None:
    risky = [f"{start}1+1" for start in "\n\r\t\uff1d\uff0b\uff0d\uff20"]
    assert neutral_cells(pl.DataFrame({"a": risky}))["a"].to_list() == [f"'{cell}" for cell in risky]


def test_what_killed_writes_left_is_swept(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    names = {
        f".actions-2020-01-01.csv.{gone.pid}.tmp": False,
        f".actions-2020-01-01.csv.{os.getpid()}.tmp": False,
        f".actions-2020-01-01.csv.{os.getppid()}.tmp": True,
        f".scores-2020-01-01.csv.{gone.pid}.tmp": True,
        f".actions-mine.{gone.pid}.tmp.csv": True,
        ".actions-x.tmp": True,
    }
    for name in names:
        (tmp_path / name).touch()
    sweep_temporaries(tmp_path, "actions-*")
    sweep_temporaries(tmp_path / "nowhere", "actions-*")
    assert {name: (tmp_path / name).exists() for name in names} == names


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out" / "a.csv"
    write_table(pl.DataFrame({"a": [1]}), path, "csv")

    def broken(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_csv", broken)
    with pytest.raises(OSError, match="No space"):
        write_table(pl.DataFrame({"a": [2]}), path, "csv")
    assert path.read_text() == "a\n1\n"
    assert [p.name for p in path.parent.iterdir()] == ["a.csv"]


@pytest.mark.parametrize("file_format", ["csv", "parquet", "ndjson"])
def test_formats_hold_the_same(tmp_path: Path, file_format: str) -> None:
    frame = pl.DataFrame({"a": ["x", None], "b": [1.5, None]})
    path = tmp_path / f"t.{file_format}"
    write_table(frame, path, file_format)  # type: ignore[arg-type]
    read = {"csv": pl.read_csv, "parquet": pl.read_parquet, "ndjson": pl.read_ndjson}[file_format]
    assert read(path).to_dicts() == frame.to_dicts()  # type: ignore[operator]
