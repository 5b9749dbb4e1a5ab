"""The warehouse: one DuckDB file with all history, opened late, closed early, checked against its journal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbatool.base.errors import BusyError, DataError
from nbatool.store.batch_journal import Batch, Journal
from nbatool.store.connection import make_repeatable
from nbatool.store.sql import statement
from nbatool.store.workspace import Workspace

if TYPE_CHECKING:
    import duckdb

TABLES = (
    "events", "customers", "decisions", "candidate_sets", "outcomes", "consent", "contact_states", "contact_said", "closed", "reviewed",
    "attributes_seen",
    "rejects", "batches", "runs", "live_watermark", "drained",
    "watched", "changes",
)  # fmt: skip
MEMORY_SHARE = 0.6
"""Of the machine's memory; beyond it DuckDB spills to data/tmp."""
MOST_MEMORY = 4 << 30
"""However large the machine: scoring a million customers needs the rest of its 6 GB for models and rows."""


@dataclass(frozen=True)
class Warehouse:
    """An open warehouse; valid inside :func:`open_warehouse` only.

    ``con`` is in time zone UTC and cannot read or write files outside the workspace.
    """

    con: duckdb.DuckDBPyConnection
    journal: Journal

    def rows(self, name: str, /, **values: Any) -> list[tuple[Any, ...]]:
        """Run ``sql/<name>.sql`` and return all its rows."""
        return self.con.execute(statement(name), values).fetchall()


@contextmanager
def open_warehouse(
    workspace: Workspace, *, read_only: bool = False, reloading: frozenset[str] = frozenset()
) -> Iterator[Warehouse]:
    """Open the workspace's warehouse, making its tables if they are not there, and checkpoint it at the end.

    Parameters
    ----------
    reloading
        Sources whose rows are about to be replaced, so that lost batches of theirs are no obstacle.

    Raises
    ------
    BusyError
        When another process has it open.
    DataError
        When it is damaged, or lacks batches that were finished.
    """
    workspace.temp_dir.mkdir(parents=True, exist_ok=True)
    journal = Journal(workspace.batches_path)
    if read_only and not workspace.warehouse_path.exists():
        raise DataError(f"{workspace.warehouse_path} is not there yet. Load data first: nbatool ingest")
    con = _connect(workspace, read_only=read_only)
    try:
        configure(con, workspace)
        if not read_only:
            for table in TABLES:
                con.execute(statement(f"store/create_{table}"))
        _compare(con, journal, workspace, read_only=read_only, reloading=reloading)
        yield Warehouse(con, journal)
        if not read_only:
            con.execute("checkpoint")
    finally:
        con.close()


def configure(con: duckdb.DuckDBPyConnection, workspace: Workspace) -> None:
    """Make a connection safe and repeatable: UTC, silent, bounded, without access to other folders."""
    make_repeatable(con)
    con.execute("set memory_limit = $limit", {"limit": f"{_memory_bytes()}B"})
    con.execute("set temp_directory = $folder", {"folder": str(workspace.temp_dir)})
    con.execute("set allowed_directories = $folders", {"folders": [str(workspace.root)]})
    con.execute("set enable_external_access = false")


def _connect(workspace: Workspace, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    import duckdb

    try:
        return duckdb.connect(str(workspace.warehouse_path), read_only=read_only)
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            raise BusyError(
                f"{workspace.warehouse_path} is open in another process. Try again, or wait: --wait 30m"
            ) from None
        raise _damaged(workspace, error) from None
    except duckdb.Error as error:
        raise _damaged(workspace, error) from None


def _damaged(workspace: Workspace, error: Exception) -> DataError:
    first_line = str(error).splitlines()[0][:200]
    return DataError(
        f"{workspace.warehouse_path} cannot be opened: {first_line}. Restore it together with data/batches from a "
        f"copy, or move the folder {workspace.data_dir} away and load again: nbatool ingest"
    )


def _compare(
    con: duckdb.DuckDBPyConnection,
    journal: Journal,
    workspace: Workspace,
    *,
    read_only: bool,
    reloading: frozenset[str],
) -> None:
    """Compare the warehouse's batches with the journal's; see :mod:`nbatool.store.batch_journal`."""
    kept = {row[0]: Batch(*row) for row in con.execute(statement("store/batches")).fetchall()}
    gone = journal.finished.keys() - kept.keys() - journal.announced
    lost = [
        journal.finished[batch_id] for batch_id in gone if journal.finished[batch_id].source not in reloading
    ]
    if lost:
        sources = sorted({batch.source for batch in lost})
        first = min(lost, key=lambda batch: (batch.source, batch.file))
        raise DataError(
            f"{workspace.warehouse_path} lacks {len(lost)} of {len(journal.finished)} loaded files "
            f'({sum(batch.accepted for batch in lost):,} rows; first: {first.file} of source "{first.source}"): '
            "the file or its .wal was damaged, deleted or replaced by an older copy. Restore data/ from a copy, or "
            "load again: " + " && ".join(f"nbatool ingest --full-refresh --source {name}" for name in sources)
        )
    if not read_only:
        # Without a line yet, or announced for removal by a command that was killed before its commit.
        unsure = (kept.keys() - journal.finished.keys()) | (kept.keys() & journal.announced)
        journal.add(kept[batch_id] for batch_id in sorted(unsure))
        removed = journal.announced - kept.keys()
        if removed:
            journal.remove(removed)


def _memory_bytes() -> int:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(int(total * MEMORY_SHARE), MOST_MEMORY)
