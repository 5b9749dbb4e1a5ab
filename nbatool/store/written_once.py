"""SQLite files that appear whole or not at all, and never change afterwards."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nbatool.store.durable import flush_to_disk


@contextmanager
def written_once(path: Path, *pragmas: str) -> Iterator[tuple[sqlite3.Connection, Path]]:
    """Yield a connection to a file beside its final name, in one transaction, and that file's own name.

    The file is brought to the disk and renamed only when the block ends well; else nothing is left. Nobody reads it
    before, so that no journal is needed.

    Parameters
    ----------
    pragmas
        More of them, such as ``cache_size = -65536``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    con = sqlite3.connect(temporary, isolation_level=None)
    try:
        for pragma in ("journal_mode = off", "synchronous = off", *pragmas):
            con.execute(f"pragma {pragma}")
        con.execute("begin")
        yield con, temporary
        con.execute("commit")
        con.close()
        flush_to_disk(temporary)
        temporary.replace(path)
        flush_to_disk(path.parent)
    except BaseException:
        con.close()
        temporary.unlink(missing_ok=True)
        raise
