"""One command at a time: an advisory lock on the workspace that says who holds it, and dies with its process."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from nbatool.base import clock
from nbatool.base.errors import BusyError
from nbatool.store.workspace import Workspace

RETRY_S = 0.1


@contextmanager
def workspace_lock(workspace: Workspace, command: str, wait_s: float = 0) -> Iterator[None]:
    """Hold the workspace while the block runs.

    The kernel drops the lock when the process ends, however it ends; the file's text only says who holds it.

    Parameters
    ----------
    command
        What to show to others who want in, such as ``nbatool train``.
    wait_s
        How long to wait for another command before giving up.

    Raises
    ------
    BusyError
        When another command still holds the workspace after `wait_s`.
    """
    workspace.data_dir.mkdir(parents=True, exist_ok=True)
    with workspace.lock_path.open("a+", encoding="utf-8") as file:
        _take(file, workspace, wait_s)
        file.seek(0)
        file.truncate()
        json.dump({"command": command, "pid": os.getpid(), "since_us": clock.now_us()}, file)
        file.flush()
        try:
            yield
        finally:
            file.seek(0)
            file.truncate()
            file.flush()
            fcntl.flock(file, fcntl.LOCK_UN)


def _take(file: TextIO, workspace: Workspace, wait_s: float) -> None:
    give_up = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= give_up:
                raise BusyError(_in_use(file, workspace)) from None
            time.sleep(RETRY_S)


def _in_use(file: TextIO, workspace: Workspace) -> str:
    file.seek(0)
    try:
        holder = json.loads(file.read())
        since_s = max(0, (clock.now_us() - holder["since_us"]) // clock.US_PER_S)
        who = f"`{holder['command']}` (pid {holder['pid']}, for {_ago(since_s)})"
    except (ValueError, KeyError, TypeError):
        # The holder has taken the lock and not yet written its name.
        who = "another command"
    return f"workspace {workspace.root} is in use by {who}. Try again, or wait: --wait 30m"


def _ago(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 2 * 3600:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h"
