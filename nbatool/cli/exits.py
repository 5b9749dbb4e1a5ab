"""How a command ends: the exit code of whatever can stop it, Ctrl-C and SIGTERM among them."""

from __future__ import annotations

import errno
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from nbatool.base.errors import ExitCode, NbaError

_NO_ROOM_OR_RIGHT = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE)


@dataclass
class _Stop:
    """The signal that stopped the command; DuckDB's error for an interrupted query no longer knows it."""

    signal: int = signal.SIGINT


_stop = _Stop()


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM stop the block as Ctrl-C does, so that it tidies up; a second one ends the process at once."""
    _stop.signal = signal.SIGINT
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def stop(number: int, _frame: object) -> None:
        _stop.signal = number
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def exit_code_of(error: BaseException) -> int:
    """Return what the process exits with when nobody else catches an error.

    >>> [int(exit_code_of(e)) for e in (KeyboardInterrupt(), BrokenPipeError(), ValueError())]
    [130, 0, 1]
    """
    if isinstance(error, NbaError):
        return error.exit_code
    if was_stopped(error):
        return 128 + _stop.signal
    if isinstance(error, Exception) and reader_left(error):
        return ExitCode.DONE
    return ExitCode.DATA if is_no_room_or_right(error) else ExitCode.BUG


def code_name(code: int) -> str:
    """Return the word for an exit code in an error that is JSON.

    >>> code_name(4), code_name(130)
    ('data', 'stopped')
    """
    return ExitCode(code).name.lower() if code in set(ExitCode) else "stopped"


def was_stopped(error: BaseException) -> bool:
    """Whether an error means Ctrl-C or SIGTERM; the second form is what DuckDB makes of them."""
    return isinstance(error, KeyboardInterrupt) or (
        isinstance(error, RuntimeError) and str(error) == "Query interrupted"
    )


def reader_left(error: Exception) -> bool:
    """Whether an error says that whoever read our output is gone; polars says it in words only.

    >>> reader_left(BrokenPipeError()), reader_left(OSError("Broken pipe (os error 32)")), reader_left(OSError("x"))
    (True, True, False)
    """
    if isinstance(error, OSError):
        return error.errno == errno.EPIPE or isinstance(error, BrokenPipeError) or "Broken pipe" in str(error)
    return type(error).__module__.startswith("polars.") and "Broken pipe" in str(error)


def is_no_room_or_right(error: BaseException) -> bool:
    """Whether a file could not be written or read for want of room or of permission."""
    return isinstance(error, OSError) and error.errno in _NO_ROOM_OR_RIGHT
