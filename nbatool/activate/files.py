"""Writing a table to a file: whole or not at all, and safe to open in a spreadsheet."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

from nbatool.base.clock import DAY_US, now_us
from nbatool.base.errors import DataError
from nbatool.base.process import left_by_the_dead, mark
from nbatool.store.durable import flush_to_disk

if TYPE_CHECKING:
    import polars as pl

Around = Callable[[Path | None], AbstractContextManager[None]]
FileFormat = Literal["csv", "parquet", "ndjson"]
_TEMPORARY = ".tmp"
ABANDONED_US = DAY_US
"""Nobody writes at one file for so long: what another machine has not touched since then, it left."""
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


def print_table(frame: pl.DataFrame, file_format: FileFormat) -> None:
    """Write a table to stdout."""
    _write(frame, sys.stdout.buffer, file_format)
    sys.stdout.buffer.flush()


def write_tables(
    tables: Iterable[tuple[Path, pl.DataFrame]], file_format: FileFormat, around: Around | None = None
) -> None:  # fmt: skip
    """Write tables that belong together: each under a temporary name, and when all are on disk, rename all.

    Parameters
    ----------
    tables
        Paths and what goes there; the next one is asked for when the one before is written.
    around
        Entered when all are on disk, before any of them takes its place, with the temporary name of the last; left with
        an error where that one did not take its place.

    Raises
    ------
    OSError, DataError
        A folder cannot be written, or stands where a file should; nothing was changed and nothing is left behind.
    """
    written: dict[Path, Path] = {}
    try:
        for path, frame in tables:
            temporary = written[path] = _temporary(path)
            with temporary.open("wb") as file:
                _write(frame, file, file_format)
                file.flush()
                os.fsync(file.fileno())
        with nullcontext() if around is None else around(temporary):
            for path, temporary in written.items():
                temporary.replace(path)
        for folder in dict.fromkeys(path.parent for path in written):
            _flush_names(folder)
    except BaseException:
        for temporary in written.values():
            temporary.unlink(missing_ok=True)
        raise


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file to write piece by piece: under a temporary name, renamed when the block ends without an error.

    Raises
    ------
    OSError, DataError
        As :func:`write_tables`.
    """
    temporary = _temporary(path)
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _flush_names(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def sweep_temporaries(folder: Path, name: str) -> None:
    """Remove what killed writes of files called ``name`` (may hold ``*``) left; that of a living process stays."""
    for path in folder.glob(f".{name}.*{_TEMPORARY}"):
        left = left_by_the_dead(path.name.removesuffix(_TEMPORARY).rpartition(".")[2])
        if left or (left is None and _is_abandoned(path)):
            path.unlink(missing_ok=True)


def _is_abandoned(path: Path) -> bool:
    try:
        touched_us = path.stat().st_mtime_ns // 1000
    except FileNotFoundError:
        return False
    return now_us() - touched_us > ABANDONED_US


def _temporary(path: Path) -> Path:
    """Where a file is written before it takes its place."""
    if path.is_dir():
        raise DataError(f"{path} is a folder: name the file to write")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f".{path.name}.{mark()}{_TEMPORARY}")


def _flush_names(folder: Path) -> None:
    """A folder of somebody else's may be one that cannot be flushed: a network share, or one we may not list."""
    try:
        flush_to_disk(folder)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP, errno.EACCES}:
            raise


def _write(frame: pl.DataFrame, file: IO[bytes], file_format: FileFormat) -> None:
    if file_format == "csv":
        neutral_cells(frame).write_csv(file)
    elif file_format == "ndjson":
        frame.write_ndjson(file)
    else:
        frame.write_parquet(file)
