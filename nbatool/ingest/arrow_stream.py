"""A file's rows as the table ``incoming`` of a DuckDB statement, read once and never held as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import duckdb
import pyarrow as pa

from nbatool.base.errors import DataError, NbaError
from nbatool.ingest.raw_rows import RawRows

INCOMING = "incoming"

OnRows = Callable[[int], None]


@contextmanager
def incoming(con: duckdb.DuckDBPyConnection, reader: pa.RecordBatchReader | pa.Table) -> Iterator[None]:
    """Let statements read an Arrow stream as the table ``incoming`` while the block runs."""
    con.register(INCOMING, reader)
    try:
        yield
    finally:
        # In a transaction that failed even this is refused; the next stream takes the place of this one.
        with suppress(duckdb.Error):
            con.unregister(INCOMING)


def run_over(
    con: duckdb.DuckDBPyConnection,
    sql: str,
    rows: RawRows,
    wanted: Sequence[int],
    *,
    on_rows: OnRows | None = None,
    first_rows_only: bool = False,
) -> bool:
    """Run a statement over a file's rows, and return whether it saw all of them.

    Raises
    ------
    DataError
        What the reader found wrong, as it said it; or that memory and disk are full.
    """
    raised: list[NbaError] = []
    left: list[bool] = []

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            read = iter(rows.batches(wanted))
            for batch in read:
                if on_rows is not None:
                    on_rows(batch.num_rows)
                yield batch
                if first_rows_only and batch.num_rows:
                    left.append(_has_rows(read))
                    return
        except NbaError as error:
            raised.append(error)
            raise

    try:
        with incoming(con, pa.RecordBatchReader.from_batches(rows.schema(wanted), batches())):
            con.execute(sql).fetchall()
    except duckdb.OutOfMemoryException as error:
        first_line = str(error).splitlines()[0]
        raise DataError(f"not enough memory or temporary disk space: {first_line}") from None
    except duckdb.Error:
        if raised:
            raise raised[0] from None
        raise
    return not any(left)


def _has_rows(batches: Iterator[pa.RecordBatch]) -> bool:
    """Return whether more rows follow; what is wrong with them is not looked at."""
    try:
        return any(batch.num_rows for batch in batches)
    except NbaError:
        return True
