"""What takes long to make, made once for all processes of a test run."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return an own copy of the folder that `make` fills; whoever asks first makes it, the others wait and copy.

    A copy for each process, because a warehouse is one process's at a time.
    """
    own = factory.getbasetemp()
    # a process of pytest-xdist has its folder in that of the run
    run = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    made = run / "once" / name
    made.parent.mkdir(exist_ok=True)
    with (made.parent / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            # renamed when it is whole: a folder that could not be finished is nobody's
            making = factory.mktemp(f"making-{name}") / name
            make(making)
            making.rename(made)
    return Path(shutil.copytree(made, factory.mktemp(name) / name))
