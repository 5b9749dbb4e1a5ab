"""What is written must survive a power cut: a rename does so only once its folder is on disk too."""

from __future__ import annotations

import os
from pathlib import Path


def write_to_disk(path: Path, raw: bytes) -> None:
    """Write a file and wait until its bytes are on the disk; its name is not, before its folder was flushed."""
    with path.open("wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())


def flush_to_disk(path: Path) -> None:
    """Wait until a file's bytes, or a folder's names, are on the disk and not in the system's memory alone."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
