"""Global options: one table, taken out of the command line wherever they stand.

They work before and after the command. Reading them here rather than in every command keeps each command's help to
its own options, and lets `decide` start without a command-line library.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Final

from nbatool.base.clock import parse_duration, parse_time
from nbatool.base.errors import UsageError
from nbatool.base.seeds import DEFAULT_SEED


@dataclass(frozen=True, slots=True)
class Flag:
    """A global option as the user writes it; without a metavar it takes no value."""

    flags: tuple[str, ...]
    help: str
    metavar: str | None = None


FLAGS: Final = {
    "workspace": Flag(
        ("-w", "--workspace"),
        "The workspace's folder; else NBATOOL_WORKSPACE, else the nearest one upward with an nba.toml.",
        "DIR",
    ),
    "json": Flag(("--json",), "One JSON object on stdout instead of a table."),
    "quiet": Flag(("-q", "--quiet"), "Say nothing but errors and the data asked for."),
    "verbose": Flag(("-v", "--verbose"), "Say more on stderr."),
    "as_of": Flag(("--as-of",), "The time to work at, instead of the configured one.", "TIME"),
    "seed": Flag(("--seed",), "Seed of everything random.", "N"),
    "wait": Flag(("--wait",), "How long to wait for another command to finish.", "DURATION"),
}


@dataclass(frozen=True, slots=True)
class Options:
    """The global options of one call."""

    workspace: Path | None = None
    json: bool = False
    quiet: bool = False
    verbose: bool = False
    as_of: str | None = None
    """As written: a date needs the workspace's zone before it is an instant."""
    seed: int = DEFAULT_SEED
    wait_s: int = 0


def split_options(arguments: Sequence[str]) -> tuple[Options, list[str]]:
    """Return the global options and what remains; nothing after ``--`` is looked at.

    >>> options, rest = split_options(["ingest", "--json", "-w", "shop", "a.csv"])
    >>> options.json, options.workspace.name, rest
    (True, 'shop', ['ingest', 'a.csv'])
    """
    values: dict[str, str] = {}
    rest: list[str] = []
    queue = list(arguments)
    while queue:
        argument = queue.pop(0)
        if argument == "--":
            rest += [argument, *queue]
            break
        flag, attached = _flag_of(argument)
        if flag is None:
            rest.append(argument)
        elif FLAGS[flag].metavar is None:
            if attached is not None:
                raise UsageError(f"{argument.split('=')[0]} takes no value")
            values[flag] = ""
        elif attached is not None:
            values[flag] = attached
        elif queue:
            values[flag] = queue.pop(0)
        else:
            raise UsageError(f"{argument} needs a value: {argument} {FLAGS[flag].metavar}")
    return _options(values), rest


def asks_for_json(arguments: Sequence[str]) -> bool:
    """Whether a command line, understood or not, wants its errors as JSON too."""
    return "--json" in takewhile(lambda argument: argument != "--", arguments)


def _flag_of(argument: str) -> tuple[str | None, str | None]:
    """Return which global option an argument is, and the value attached to it (``--seed=1``, ``-wDIR``)."""
    for name, flag in FLAGS.items():
        for spelling in flag.flags:
            if argument == spelling:
                return name, None
            if spelling.startswith("--") and argument.startswith(f"{spelling}="):
                return name, argument.removeprefix(f"{spelling}=")
            if flag.metavar and not spelling.startswith("--") and argument.startswith(spelling):
                return name, argument.removeprefix(spelling)
    return None, None


def _options(values: dict[str, str]) -> Options:
    if "quiet" in values and "verbose" in values:
        raise UsageError("--quiet and --verbose contradict each other")
    return Options(
        workspace=Path(values["workspace"]) if values.get("workspace") else None,
        json="json" in values,
        quiet="quiet" in values,
        verbose="verbose" in values,
        as_of=_time(values["as_of"]) if "as_of" in values else None,
        seed=_seed(values["seed"]) if "seed" in values else DEFAULT_SEED,
        wait_s=_duration(values["wait"]) if "wait" in values else 0,
    )


def _time(text: str) -> str:
    try:
        parse_time(text)
    except ValueError as error:
        raise UsageError(f"--as-of: {error}") from None
    return text


def _duration(text: str) -> int:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--wait: {error}") from None


def _seed(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < 2**63):
        raise UsageError(f'--seed: "{text}" is not a whole number from 0 to 2^63 - 1')
    return int(text)
