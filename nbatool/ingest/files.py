"""Which files a source reads: globs, standard input, and what is said when there is nothing."""

from __future__ import annotations

import glob
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from nbatool.base.errors import DataError, did_you_mean

STDIN = "-"
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class InputFile:
    """One file to read; ``name`` is what reports, rejects and batches call it."""

    path: Path
    name: str

    @property
    def size(self) -> int:
        return self.path.stat().st_size


def input_files(patterns: Iterable[str | Path], spooled: Path | None = None) -> list[InputFile]:
    """Return the files behind paths and globs, each once, in the order of their names.

    Parameters
    ----------
    spooled
        The file that holds standard input, for the pattern ``-``.

    Raises
    ------
    DataError
        When a path is missing, a folder or unreadable. A glob without a match gives no file.
    """
    found: dict[Path, InputFile] = {}
    for pattern in patterns:
        text = str(pattern)
        if Path(text).name == STDIN and spooled is not None:
            found[spooled] = InputFile(spooled, STDIN)
            continue
        path = Path(text)
        matches = (
            [path]
            if path.exists() or not glob.has_magic(text)
            else map(Path, glob.iglob(text, recursive=True))  # noqa: PTH207 - a pattern may be absolute
        )
        for match in matches:
            if not (match.is_dir() and match != path):
                _check(match)
                found[match.resolve()] = InputFile(match, match.name)
    return sorted(found.values(), key=lambda file: (file.name, str(file.path)))


def _check(path: Path) -> None:
    if path.is_dir():
        raise DataError(f"{path} is a folder. To read what is in it write {path}/*")
    if not path.exists():
        folder = path.parent
        if not folder.is_dir():
            raise DataError(f"{path}: no such file; the folder {folder} is not there either")
        near = did_you_mean(path.name, (entry.name for entry in folder.iterdir()))
        raise DataError(f"{path}: no such file{near}")
    if not path.is_file() and not path.is_fifo():
        raise DataError(f"{path} is not a regular file")
    if not os.access(path, os.R_OK):
        raise DataError(f"{path} cannot be read: no permission")


def fingerprint(paths: Iterable[Path]) -> str:
    """Return the 128-bit BLAKE2 of the bytes of some files, in hexadecimal."""
    total = hashlib.blake2b(digest_size=16)
    for path in paths:
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).digest())
    return total.hexdigest()


@contextmanager
def spooled_stdin(
    patterns: Iterable[str], folder: Path, stdin: BinaryIO | None = None
) -> Iterator[Path | None]:
    """Yield a temporary file with all of standard input, when a pattern asks for it.

    Reading twice (to tell whether it is known, then to load it) needs a file.
    """
    if STDIN not in patterns:
        yield None
        return
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix="stdin-") as file:
        shutil.copyfileobj(stdin or sys.stdin.buffer, file, CHUNK_BYTES)
        file.flush()
        yield Path(file.name)
