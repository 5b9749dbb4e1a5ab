"""Files are whole or absent, and a spreadsheet runs nothing in them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from nbatool.activate.files import ABANDONED_US, neutral_cells, sweep_temporaries, write_tables
from nbatool.base import process
from nbatool.base.process import mark


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
    here = mark().rpartition("-")[0]
    names = {
        f".actions-2020-01-01.csv.{here}-{gone.pid}.tmp": False,
        f".actions-2020-01-01.csv.{mark()}.tmp": False,
        f".actions-2020-01-01.csv.{here}-{os.getppid()}.tmp": True,
        f".scores-2020-01-01.csv.{here}-{gone.pid}.tmp": True,
        f".actions-mine.{here}-{gone.pid}.tmp.csv": True,
        ".actions-x.tmp": True,
    }
    for name in names:
        (tmp_path / name).touch()
    sweep_temporaries(tmp_path, "actions-*")
    sweep_temporaries(tmp_path / "nowhere", "actions-*")
    assert {name: (tmp_path / name).exists() for name in names} == names


@pytest.mark.parametrize("elsewhere", ["host", "boot", "container"])
def test_a_process_of_another_machine_may_be_alive(
    elsewhere: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a shared folder its number says nothing here; only its age does."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with monkeypatch.context() as patch:
        if elsewhere == "host":
            patch.setattr(process.socket, "gethostname", lambda: "../an other.host" + "x" * 300)
        else:
            patch.setattr(process, "_read" if elsewhere == "boot" else "_link", lambda _: "another")
        patch.setattr(process, "_place", process._place.__wrapped__)
        theirs = f"{mark().rpartition('-')[0]}-{gone.pid}"
    assert len(theirs) <= 48
    assert not {"/", ".", " "} & set(theirs)
    writing, abandoned = (tmp_path / f".actions-{day}.csv.{theirs}.tmp" for day in (1, 2))
    for path in (writing, abandoned):
        path.touch()
    long_ago_s = time.time() - ABANDONED_US / 1e6 - 60
    os.utime(abandoned, (long_ago_s, long_ago_s))
    sweep_temporaries(tmp_path, "actions-*")
    assert [path.exists() for path in (writing, abandoned)] == [True, False]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out" / "a.csv"
    write_tables([(path, pl.DataFrame({"a": [1]}))], "csv")

    def broken(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_csv", broken)
    with pytest.raises(OSError, match="No space"):
        write_tables([(path, pl.DataFrame({"a": [2]}))], "csv")
    assert path.read_text() == "a\n1\n"
    assert [p.name for p in path.parent.iterdir()] == ["a.csv"]


@pytest.mark.parametrize("file_format", ["csv", "parquet", "ndjson"])
def test_formats_hold_the_same(tmp_path: Path, file_format: str) -> None:
    frame = pl.DataFrame({"a": ["x", None], "b": [1.5, None]})
    path = tmp_path / f"t.{file_format}"
    write_tables([(path, frame)], file_format)  # type: ignore[arg-type]
    read = {"csv": pl.read_csv, "parquet": pl.read_parquet, "ndjson": pl.read_ndjson}[file_format]
    assert read(path).to_dicts() == frame.to_dicts()  # type: ignore[operator]
