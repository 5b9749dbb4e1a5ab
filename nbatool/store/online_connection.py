"""The one SQLite connection to ``online.db`` that the parts of the online store share, and its transactions."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from nbatool.base.errors import DataError
from nbatool.store.sql import statement

BUSY_MS = 10_000
LOOK_AGAIN_S = 0.001
"""Between two looks whether another process still writes. SQLite's own waiting grows to a tenth of a second a look, and
whoever writes again at once then keeps the others out for seconds."""
TABLES = (
    "create_journal",
    "create_published",
    "create_decision_journal",
    "create_decision_journal_due",
    "create_answer_journal",
    "create_posterior",
    "create_lesson",
    "create_night",
    "create_contact_kind",
    "create_contact_run",
    "create_contact",
    "create_contact_mark",
    "create_contact_total",
    "create_contact_total_seq",
    "create_contact_change",
    "create_suppression",
    "create_review",
    "create_review_file",
    "create_closing",
    "create_closed_contact",
    "create_drained",
)
IF_DAMAGED = (
    "If it is damaged, move it away; nbatool score publishes a new one "
    "(what happened live and is not yet drained is in it, and the contacts that caps count)"
)
WHAT_TO_DO = {
    sqlite3.SQLITE_BUSY: "Another process has been writing for 10 seconds: ask again, or find out which hangs",
    sqlite3.SQLITE_LOCKED: "Another process has been writing for 10 seconds: ask again, or find out which hangs",
    sqlite3.SQLITE_READONLY: "Allow this user to write the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "Allow this user to read and write the file and its folder",
    sqlite3.SQLITE_FULL: "Make room on its disk and ask again",
    sqlite3.SQLITE_IOERR: "Its disk does not take or give what is asked: make room on it, or look whether it fails",
}
"""By the primary code of SQLite's error; of an error without one the file may be damaged."""
PRIMARY_CODE = 0xFF
WHOLE = ("begin immediate", "commit", ("rollback",))
PART = ("savepoint part", "release part", ("rollback to part", "release part"))
"""How a transaction begins, how it is kept, how it is undone."""


class StoreUnusableError(DataError):
    """What must be kept cannot be, or what limits depend on cannot be read: no contact is made."""


class OnlineConnection:
    """A connection in WAL mode with ``synchronous=FULL``; makes the tables that are not there.

    Parameters
    ----------
    path
        The file; its folder is made.

    Raises
    ------
    StoreUnusableError
        It is damaged, no database, or cannot be written; so it is for everything below.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnusableError(f"{path.parent} cannot be made: {error.strerror}") from None
        try:
            self._depth = 0
            self._con = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
            self._execute("pragma journal_mode = wal")
            self._execute("pragma synchronous = full")
            for name in TABLES:
                self._execute(statement(f"store/online_{name}"))
        except sqlite3.Error as error:
            raise _unusable(path, error) from None

    def close(self) -> None:
        self._con.close()

    @property
    def in_transaction(self) -> bool:
        """Whether what was changed can still be undone."""
        return self._con.in_transaction

    def rows(self, name: str, /, **values: object) -> list[Any]:
        """Run ``sql/store/online_<name>.sql`` and return all its rows."""
        try:
            return self._execute(statement(f"store/online_{name}"), values).fetchall()
        except sqlite3.Error as error:
            raise _unusable(self.path, error) from None

    def change(self, name: str, values: Mapping[str, object]) -> int:
        """Run ``sql/store/online_<name>.sql``; return how many rows it added, changed or removed."""
        self._check()
        try:
            return self._execute(statement(f"store/online_{name}"), values).rowcount
        except sqlite3.Error as error:
            raise _unusable(self.path, error) from None

    def change_many(self, name: str, rows: Iterable[Mapping[str, object]]) -> int:
        """Run ``sql/store/online_<name>.sql`` for each of the rows; return how many were added, changed or removed."""
        with self.transaction():
            return self._con.executemany(statement(f"store/online_{name}"), rows).rowcount

    def change_number(self) -> int:
        """Return a number that others' commits change: equal numbers, nobody else wrote in between."""
        try:
            return int(self._execute(statement("store/online_change_number")).fetchone()[0])
        except sqlite3.Error as error:
            raise _unusable(self.path, error) from None

    def copy_into(self, other: OnlineConnection) -> None:
        """Make another database the same as this one is now."""
        try:
            self._con.backup(other._con)
        except sqlite3.Error as error:
            raise _unusable(self.path, error) from None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is kept together, durably, or not at all; a transaction inside another is part of it.

        It takes the right to write at once: one that reads first and writes later would fail under another writer. What
        stands directly in it is undone by itself where it fails, and the whole may go on; what stands deeper is part of
        that.
        """
        self._check()
        if self._depth > 1:
            yield
            return
        begin, keep, undo = (WHOLE, PART)[self._depth]
        self._depth += 1
        try:
            self._execute(begin)
            yield
            self._check()
            self._con.execute(keep)
        except BaseException as error:
            # The error that got us here is the one to tell; what was not committed is undone at the next opening too.
            with suppress(sqlite3.Error):
                for step in undo:
                    self._con.execute(step)
            if isinstance(error, sqlite3.Error):
                raise _unusable(self.path, error) from None
            raise
        finally:
            self._depth -= 1

    def _check(self) -> None:
        """Refuse to go on in a transaction that SQLite has undone, as it does when the disk is full.

        What follows would be kept by itself, while what came before is gone.
        """
        if self._depth and not self._con.in_transaction:
            raise StoreUnusableError(
                f"{self.path}: what was written together with this was undone. Nothing of it is kept; ask again"
            )

    def _execute(self, sql: str, values: Mapping[str, object] | tuple[()] = ()) -> sqlite3.Cursor:
        """Run a statement, waiting while another process writes."""
        until = None
        while True:
            try:
                return self._con.execute(sql, values)
            except sqlite3.OperationalError as error:
                now = time.monotonic()
                until = now + BUSY_MS / 1000 if until is None else until
                if error.sqlite_errorcode & PRIMARY_CODE != sqlite3.SQLITE_BUSY or now >= until:
                    raise
            time.sleep(LOOK_AGAIN_S)


def columns(row: Any) -> dict[str, object]:
    """Return a slotted record's fields as parameters; `dataclasses.asdict` would copy each of them."""
    return {name: getattr(row, name) for name in row.__slots__}


def _unusable(path: Path, error: sqlite3.Error) -> StoreUnusableError:
    code = getattr(error, "sqlite_errorcode", 0) & PRIMARY_CODE
    return StoreUnusableError(f"{path} cannot be used: {error}. {WHAT_TO_DO.get(code, IF_DAMAGED)}")
