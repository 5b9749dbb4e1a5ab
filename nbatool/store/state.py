"""A published state: one SQLite file with what is known about every customer at the cut.

It is written beside the one in force under a temporary name, fsynced and renamed; switching to it is one row in the
online store. A million customers in one transaction of the live file would block its writers for half a minute.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import msgspec

from nbatool.base.errors import DataError
from nbatool.store.durable import flush_to_disk
from nbatool.store.sql import statement
from nbatool.store.written_once import written_once

FLUSH_BYTES = 8 << 20


class StateWriter:
    """Writes one state file; customers may come in any order, each once."""

    def __init__(self, con: sqlite3.Connection, path: Path) -> None:
        self._con, self._path = con, path
        self._waiting = 0

    def put_meta(self, key: str, value: bytes) -> None:
        self._con.execute(statement("store/state_insert_meta"), (key, value))

    def put_learned(self, body: bytes) -> None:
        """Keep what had been learned when the state was made: its night's decisions can be made again with it."""
        self._con.execute(statement("store/state_insert_learned"), (body,))

    def put_customers(self, rows: Iterable[tuple[str, bytes]]) -> None:
        """Write customers and bring them to the disk bit by bit.

        One fsync of a million customers at the end would hold up the journal's own, and so every live answer that
        waits for it, for a quarter of a second.
        """
        for row in rows:
            self._con.execute(statement("store/state_insert_customer"), row)
            self._waiting += len(row[1])
            if self._waiting >= FLUSH_BYTES:
                flush_to_disk(self._path)
                self._waiting = 0


@contextmanager
def write_state(path: Path) -> Iterator[StateWriter]:
    """Write a state; the file appears under its name only when the block ends well."""
    with written_once(path) as (con, temporary):
        con.execute(statement("store/state_create_meta"))
        con.execute(statement("store/state_create_learned"))
        con.execute(statement("store/state_create_customer"))
        yield StateWriter(con, temporary)


class StateReader:
    """Reads a state in force; the file never changes."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise DataError(f"{path} is missing: publish again with nbatool score")
        self._path = path
        self._con = sqlite3.connect(
            f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )
        try:
            self.meta: dict[str, bytes] = dict(
                self._con.execute(statement("store/state_read_meta")).fetchall()
            )
        except sqlite3.Error as error:
            raise _damaged(path, error) from None

    def body(self, customer_id: str) -> bytes | None:
        """Return a customer's record, None for somebody the state does not know."""
        try:
            row = self._con.execute(statement("store/state_read_customer"), (customer_id,)).fetchone()
        except sqlite3.Error as error:
            raise _damaged(self._path, error) from None
        return row[0] if row else None

    def bodies(self, customer_ids: Iterable[str]) -> dict[str, bytes]:
        """Return the records of several customers by id, without those the state does not know; one look for all.

        Ids have no NUL, as those of requests: SQLite's JSON ends a text there.
        """
        asked = msgspec.json.encode(list(set(customer_ids))).decode()
        try:
            return dict(self._con.execute(statement("store/state_read_customers"), (asked,)).fetchall())
        except sqlite3.Error as error:
            raise _damaged(self._path, error) from None

    def learned(self) -> bytes | None:
        """Return what had been learned when the state was made; None where its version has no fast learner.

        An older file, which does not say it, must not be asked.
        """
        try:
            row = self._con.execute(statement("store/state_read_learned")).fetchone()
        except sqlite3.Error as error:
            raise _damaged(self._path, error) from None
        return row[0] if row else None

    def customer_ids(self) -> list[str]:
        """Return everybody the state knows, by id."""
        return [row[0] for row in self._con.execute(statement("store/state_customer_ids"))]

    def close(self) -> None:
        self._con.close()


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(f"{path} is damaged ({error}): publish again with nbatool score")


def sweep_states(folder: Path, keep: set[str]) -> None:
    """Delete states no longer in force and what killed writers left behind."""
    for path in folder.glob("state-*.db"):
        if path.name not in keep:
            path.unlink(missing_ok=True)
    for pattern in (".state-*.tmp", ".decisions-*.tmp"):
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)
