"""The errors nbatool raises on purpose, and the exit code each one means.

    NbaError
    ├── UsageError    2  the command line cannot be understood
    ├── ConfigError   3  nba.toml (or the environment it reads) is wrong
    ├── DataError     4  a file, a record or a request is wrong or missing
    ├── GateError     5  a measured figure is below what was asked for
    └── BusyError     6  another command holds the workspace

Anything else that reaches the command door is a bug of ours (exit 1, full trace).
A message names the file, line or key, says what was found, what is allowed and what to do next.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's exit code means; a contract with cron jobs."""

    DONE = 0
    BUG = 1
    USAGE = 2
    CONFIG = 3
    DATA = 4
    GATE = 5
    BUSY = 6


class NbaError(Exception):
    """A problem the user can understand and mend; never printed with a stack trace."""

    exit_code = ExitCode.DATA


class UsageError(NbaError):
    exit_code = ExitCode.USAGE


class DataError(NbaError):
    exit_code = ExitCode.DATA


class GateError(NbaError):
    exit_code = ExitCode.GATE


class BusyError(NbaError):
    exit_code = ExitCode.BUSY


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file: where it stands and what to do about it."""

    message: str
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        return f"{where}: {self.message}" if where else self.message


class ConfigError(NbaError):
    """Everything wrong with the configuration, reported at once.

    Parameters
    ----------
    problems
        One message, or all problems found.
    """

    exit_code = ExitCode.CONFIG

    def __init__(self, problems: str | Iterable[Problem]) -> None:
        self.problems = (Problem(problems),) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def did_you_mean(found: str, allowed: Iterable[str]) -> str:
    """Return ``'; did you mean "x"?'`` for the nearest allowed name, or an empty text.

    >>> did_you_mean("windw", ["window", "limit"])
    '; did you mean "window"?'
    >>> did_you_mean("zzz", ["window"])
    ''
    """
    nearest = difflib.get_close_matches(found, list(allowed), n=1, cutoff=0.6)
    return f'; did you mean "{nearest[0]}"?' if nearest else ""
