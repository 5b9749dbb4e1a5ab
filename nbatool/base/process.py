"""Whether the process that left something behind is still at work."""

from __future__ import annotations

import os


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
