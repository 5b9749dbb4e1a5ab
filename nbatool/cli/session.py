"""One call of a command: its global options, its console, its workspace, its time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nbatool.base.clock import now_us, parse_time
from nbatool.base.errors import ExitCode
from nbatool.cli.console import Console
from nbatool.cli.exits import exit_code_of, terminable
from nbatool.cli.options import Options

if TYPE_CHECKING:
    import typer

    from nbatool.store.workspace import Workspace


@dataclass(frozen=True)
class Session:
    """What every command needs, found when it is first asked for."""

    options: Options

    @cached_property
    def console(self) -> Console:
        return Console(json=self.options.json, quiet=self.options.quiet, verbose=self.options.verbose)

    @cached_property
    def workspace(self) -> Workspace:
        """The workspace, its nba.toml read and checked."""
        from nbatool.store.workspace import open_workspace

        return open_workspace(self.options.workspace)

    @property
    def seed(self) -> int:
        return self.options.seed

    @cached_property
    def as_of_us(self) -> int | None:
        """The instant of ``--as-of``, a date being its start in the workspace's zone; None where not given."""
        if self.options.as_of is None:
            return None
        return parse_time(self.options.as_of, self.workspace.config.workspace.timezone)

    @contextmanager
    def run(self, command: str) -> Iterator[dict[str, Any]]:
        """Hold the workspace, and leave a line in its list of runs however the block ends.

        Yields the run's summary, to be filled with JSON values.
        """
        summary: dict[str, Any] = {}
        started_us = now_us()
        with self.lock(command), terminable():
            try:
                yield summary
            except BaseException as error:
                # A warehouse that cannot be opened or written must not hide what stopped the command.
                with suppress(Exception):
                    self._record(command, started_us, exit_code_of(error), summary)
                raise
            try:
                self._record(command, started_us, ExitCode.DONE, summary)
            except Exception as error:  # noqa: BLE001 - the work is done, whatever its line in the list meets
                self.console.verdict(f"! {command} is done, but missing in the list of runs: {error}")

    def _record(self, command: str, started_us: int, exit_code: int, summary: dict[str, Any]) -> None:
        if not self.workspace.warehouse_path.exists():
            return
        from nbatool.store.runs import record_run
        from nbatool.store.warehouse import open_warehouse

        with open_warehouse(self.workspace) as warehouse:
            record_run(
                warehouse,
                command=command,
                started_us=started_us,
                ended_us=now_us(),
                exit_code=exit_code,
                summary=summary,
            )

    @contextmanager
    def lock(self, command: str) -> Iterator[None]:
        """Hold the workspace for ``nbatool <command>``, waiting as long as ``--wait`` says."""
        from nbatool.store.lock import workspace_lock

        with workspace_lock(self.workspace, f"nbatool {command}", self.options.wait_s):
            yield


def current(context: typer.Context) -> Session:
    """Return the session of the command that is running."""
    session = context.obj
    assert isinstance(session, Session)
    return session
