"""The door: ``nbatool COMMAND``. Finds the command, and turns what goes wrong into one line and an exit code."""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any

from nbatool.base.errors import NbaError
from nbatool.cli.console import printable
from nbatool.cli.exits import code_name, exit_code_of, is_no_room_or_right, reader_left, was_stopped
from nbatool.cli.options import asks_for_json, split_options

OWN_PARSERS = ("decide", "learn")
"""Commands whose module has ``run(options, arguments) -> int`` and must start without Typer."""


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    try:
        code = _run(arguments)
        sys.stdout.flush()
        return code
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - what is no known end is a bug and shows its trace
        said = _tell(error)
        code = exit_code_of(error)
        if said and asks_for_json(arguments):
            _answer({"error": {"code": code_name(code), "message": said}})
        return code


def _tell(error: BaseException) -> str:
    """Say on stderr what ended the command; return it without the hint for ourselves, empty where nobody listens."""
    if isinstance(error, NbaError):
        return _say(str(error))
    if was_stopped(error):
        return _say("stopped; what was in force stays in force")
    if isinstance(error, Exception) and reader_left(error):
        # The reader has what it wanted. What is still buffered must not fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ""
    if isinstance(error, OSError) and is_no_room_or_right(error):
        return _say(f"{error.filename or 'writing'}: {error.strerror}")
    traceback.print_exc()
    _say("This is a bug of nbatool, not a mistake of yours. Please report the lines above.")
    return f"{type(error).__name__}: {error}"


def _run(arguments: Sequence[str]) -> int:
    # sqlglot warns about dialects nobody here speaks.
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    options, rest = split_options(arguments)
    if rest and rest[0] in OWN_PARSERS:
        code: int = import_module(f"nbatool.cli.{rest[0]}").run(options, rest[1:])
        return code
    from nbatool.cli.commands import run_typer

    return run_typer(options, rest)


def _say(text: str) -> str:
    with suppress(BrokenPipeError):
        print(printable(text, sys.stderr), file=sys.stderr, flush=True)
    return text


def _answer(result: dict[str, Any]) -> None:
    with suppress(BrokenPipeError):
        print(json.dumps(result, ensure_ascii=True), flush=True)
