"""The door: ``nbatool COMMAND``. Finds the command, and turns what goes wrong into one line and an exit code."""

from __future__ import annotations

import errno
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

from nbatool.base.errors import ExitCode, NbaError
from nbatool.cli.options import split_options

OWN_PARSERS = ("decide",)
"""Commands whose module has ``run(options, arguments) -> int`` and must start without Typer."""

INTERRUPTED = 130
_NO_ROOM_OR_RIGHT = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE)


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    try:
        code = _run(arguments)
        sys.stdout.flush()
        return code
    except NbaError as error:
        _say(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return _stopped()
    except Exception as error:  # noqa: BLE001 - whatever reaches the door unnamed is a bug and shows its trace
        if isinstance(error, RuntimeError) and str(error) == "Query interrupted":
            # What DuckDB makes of Ctrl-C.
            return _stopped()
        if reader_left(error):
            # The reader has what it wanted. What is still buffered must not fail again at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return ExitCode.DONE
        if isinstance(error, OSError) and error.errno in _NO_ROOM_OR_RIGHT:
            _say(f"{error.filename or 'writing'}: {error.strerror}")
            return ExitCode.DATA
        return _bug()


def reader_left(error: Exception) -> bool:
    """Whether an error says that whoever read our output is gone; polars says it in words only.

    >>> reader_left(BrokenPipeError()), reader_left(OSError("Broken pipe (os error 32)")), reader_left(OSError("x"))
    (True, True, False)
    """
    if isinstance(error, OSError):
        return error.errno == errno.EPIPE or isinstance(error, BrokenPipeError) or "Broken pipe" in str(error)
    return type(error).__module__.startswith("polars.") and "Broken pipe" in str(error)


def _run(arguments: Sequence[str]) -> int:
    # sqlglot warns about dialects nobody here speaks.
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    options, rest = split_options(arguments)
    if rest and rest[0] in OWN_PARSERS:
        code: int = import_module(f"nbatool.cli.{rest[0]}").run(options, rest[1:])
        return code
    from nbatool.cli.commands import run_typer

    return run_typer(options, rest)


def _stopped() -> int:
    _say("stopped; what was in force stays in force")
    return INTERRUPTED


def _bug() -> int:
    traceback.print_exc()
    _say("This is a bug of nbatool, not a mistake of yours. Please report the lines above.")
    return ExitCode.BUG


def _say(text: str) -> None:
    with suppress(BrokenPipeError):
        print(text, file=sys.stderr, flush=True)
