"""What commands share that keep a person's word: who says it, and the store it is kept in."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from nbatool.base.clock import parse_duration
from nbatool.base.errors import UsageError

if TYPE_CHECKING:
    from nbatool.store.online import OnlineStore
    from nbatool.store.workspace import Workspace

Who = Annotated[
    str | None, typer.Option("--who", metavar="NAME", help="Who says so; else the user of this machine.")
]


def speaker(who: str | None) -> str:
    """Return who says it: as named, else the user of this machine."""
    if who is not None:
        if not who.strip():
            raise UsageError("--who is empty: write a name, or leave it out")
        return who.strip()
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def duration_us(option: str, text: str) -> int:
    """Return the microseconds of a duration given to an option; it must be longer than nothing."""
    try:
        duration_s = parse_duration(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from None
    if duration_s == 0:
        raise UsageError(f'{option}: "{text}" is no time at all; write for example 30d')
    return duration_s * 1_000_000


@contextmanager
def online_store(workspace: Workspace) -> Iterator[OnlineStore]:
    """Open the store of live decisions; other commands may run beside."""
    from nbatool.store.online import OnlineStore

    store = OnlineStore(workspace.online_path)
    try:
        yield store
    finally:
        store.close()
