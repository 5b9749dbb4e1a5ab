"""The journal of finished batches: one JSON line per batch, fsynced, outside the warehouse.

DuckDB does not notice when its write-ahead log loses transactions. Each loaded file therefore leaves a line here after
its commit, and every opening compares the two: a batch the warehouse lacks means lost rows; a batch the journal lacks
means a command was killed between commit and line, and the line is added.

A full refresh removes batches. It announces that in a line before it commits, since a kill in between would otherwise
look like a loss.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from nbatool.base.errors import DataError
from nbatool.store.durable import flush_to_disk


@dataclass(frozen=True)
class Batch:
    """One loaded file: a row of the table ``batches`` and a line of the journal."""

    batch_id: str
    source: str
    kind: str
    file: str
    fingerprint: str
    map_hash: str
    rows: int
    accepted: int
    duplicate: int
    rejected: int
    loaded_us: int


@dataclass
class Journal:
    """The batches a journal file vouches for.

    Parameters
    ----------
    path
        The journal's file; it need not exist.
    """

    path: Path
    finished: dict[str, Batch] = field(default_factory=dict)
    announced: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        if not self.path.exists():
            return
        lines = self.path.read_bytes().split(b"\n")
        # What follows the last line break is a line that a kill cut short: its batch is found in the warehouse.
        for number, line in enumerate(lines[:-1], 1):
            try:
                self._apply(json.loads(line))
            except (ValueError, TypeError, KeyError) as error:
                raise DataError(
                    f"{self.path} line {number} is damaged ({error}). Restore data/ from a copy, or move "
                    "data/ away and ingest again"
                ) from None

    def add(self, batches: Iterable[Batch]) -> None:
        """Vouch for batches whose commit is done."""
        self._append([{"batch": asdict(batch)} for batch in batches])

    def announce_removal(self, batch_ids: Iterable[str]) -> None:
        """Say, before the commit that removes them, that these batches may be gone."""
        self._append([{"removing": sorted(batch_ids)}])

    def remove(self, batch_ids: Iterable[str]) -> None:
        """Stop vouching for batches."""
        self._append([{"removed": sorted(batch_ids)}])

    def _append(self, entries: list[dict[str, object]]) -> None:
        if not entries:
            return
        created = not self.path.exists()
        with self.path.open("ab") as file:
            if not created:
                file.truncate(self.path.read_bytes().rfind(b"\n") + 1)
            file.write(b"".join(json.dumps(entry).encode() + b"\n" for entry in entries))
            file.flush()
            os.fsync(file.fileno())
        if created:
            flush_to_disk(self.path.parent)
        for entry in entries:
            self._apply(entry)

    def _apply(self, entry: dict[str, object]) -> None:
        match entry:
            case {"batch": dict(values)}:
                batch = Batch(**values)
                self.finished[batch.batch_id] = batch
                self.announced.discard(batch.batch_id)
            case {"removing": list(ids)}:
                self.announced.update(ids)
            case {"removed": list(ids)}:
                for batch_id in ids:
                    self.finished.pop(batch_id, None)
                    self.announced.discard(batch_id)
            case _:
                raise ValueError("no such entry")
