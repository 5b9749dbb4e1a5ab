"""How the rejected rows of a refused load outlive its rollback."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nbatool.ingest.arrow_stream import incoming
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb


def roll_back_keeping_rejects(
    con: duckdb.DuckDBPyConnection, *, source: str, batch_ids: Sequence[str], folder: Path
) -> None:
    """Undo the running transaction, and store only its rejects."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with tempfile.TemporaryDirectory(dir=folder, prefix="rejects-") as place:
        path = Path(place) / "rejects.parquet"
        reader = con.sql(
            statement("ingest/refused_rejects"), params={"batch_ids": list(batch_ids)}
        ).to_arrow_reader()
        with pq.ParquetWriter(path, reader.schema) as writer:
            for batch in reader:
                writer.write_batch(batch)
        reader.close()
        con.rollback()
        con.begin()
        con.execute(statement("ingest/delete_refused_rejects"), {"source": source}).fetchall()
        parquet = pq.ParquetFile(path)
        with incoming(
            con, pa.RecordBatchReader.from_batches(parquet.schema_arrow, parquet.iter_batches(10_000))
        ):
            con.execute(statement("ingest/keep_refused_rejects")).fetchall()
        con.commit()
