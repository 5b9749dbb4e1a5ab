"""Files are whole or absent, and a spreadsheet runs nothing in them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from nbatool.activate.files import neutral_cells, write_table


def test_formulas_are_neutralised() -> None:
    frame = pl.DataFrame({"a": ["=1+1", "+1", "-1", "@x", "\tx", "x=1", None], "n": [-1.0] * 7})
    neutral = neutral_cells(frame)
    assert neutral["a"].to_list() == ["'=1+1", "'+1", "'-1", "'@x", "'\tx", "x=1", None]
    assert neutral["n"].to_list() == [-1.0] * 7


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
