"""Writing a table to a file: whole or not at all, and safe to open in a spreadsheet."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

from nbatool.base.process import is_alive

if TYPE_CHECKING:
    import polars as pl

FileFormat = Literal["csv", "parquet", "ndjson"]
_TEMPORARY = ".tmp"
FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
"""What a formula may begin with; some spreadsheets read the full-width forms like the plain ones."""


def neutral_cells(frame: pl.DataFrame) -> pl.DataFrame:
    """Put a ' before texts a spreadsheet would run as a formula (OWASP, CSV injection)."""
    import polars as pl

    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    risky = pl.any_horizontal
    return frame.with_columns(
        pl.when(risky([pl.col(name).str.starts_with(start) for start in FORMULA_STARTS]))
        .then(pl.lit("'") + pl.col(name))
        .otherwise(pl.col(name))
        .alias(name)
        for name in texts
    )


def write_table(frame: pl.DataFrame, path: Path | None, file_format: FileFormat) -> None:
    """Write a table under a temporary name and rename it; None writes to stdout.

    Raises
    ------
    OSError
        The folder cannot be written; nothing is left behind.
    """
    if path is None:
        _write(frame, sys.stdout.buffer, file_format)
        sys.stdout.buffer.flush()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}{_TEMPORARY}")
    try:
        with temporary.open("wb") as file:
            _write(frame, file, file_format)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def sweep_temporaries(folder: Path, name: str) -> None:
    """Remove what killed writes of files called ``name`` (may hold ``*``) left; that of a living process stays."""
    for path in folder.glob(f".{name}.*{_TEMPORARY}"):
        owner = path.name.removesuffix(_TEMPORARY).rpartition(".")[2]
        if owner.isdecimal() and (int(owner) == os.getpid() or not is_alive(int(owner))):
            path.unlink(missing_ok=True)


def _write(frame: pl.DataFrame, file: IO[bytes], file_format: FileFormat) -> None:
    if file_format == "csv":
        neutral_cells(frame).write_csv(file)
    elif file_format == "ndjson":
        frame.write_ndjson(file)
    else:
        frame.write_parquet(file)
