"""Whether the process that left something behind is still at work."""

from __future__ import annotations

import os
import re
import socket
from functools import cache
from pathlib import Path

from nbatool.base.seeds import hash64


def is_alive(pid: int) -> bool:
    """Whether a process of this number runs, ours or somebody else's.

    >>> is_alive(os.getpid())
    True
    """
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def mark() -> str:
    """Return what names this process among those of every machine and container that shares a folder.

    Letters, digits and hyphens, at most 48 characters.
    """
    return f"{_place()}-{os.getpid()}"


def left_by_the_dead(made_by: str) -> bool | None:
    """Whether the process of a :func:`mark` is over, or is this one; None where it cannot be known from here.

    >>> left_by_the_dead(mark()), left_by_the_dead("elsewhere-7")
    (True, None)
    """
    place, _, pid = made_by.rpartition("-")
    if place != _place() or not pid.isdecimal():
        return None
    return int(pid) == os.getpid() or not is_alive(int(pid))


@cache
def _place() -> str:
    """Where a process number means one process: a machine since it started, or a container of it."""
    host = socket.gethostname()
    since = [_read(Path("/proc/sys/kernel/random/boot_id")), _link(Path("/proc/self/ns/pid"))]
    return f"{re.sub('[^A-Za-z0-9]+', '-', host)[:20]}-{hash64(host, *since):016x}"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""
