"""Parquet: columns keep their types."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from nbatool.base.errors import DataError
from nbatool.ingest.byte_stream import OnBytes
from nbatool.ingest.files import InputFile
from nbatool.ingest.raw_rows import PLACE, good_rows

ROWS_PER_BATCH = 1 << 16


class ParquetRows:
    """The rows of a Parquet file; ``_line`` is unknown since a Parquet file has no lines."""

    in_json = False
    all_names_known = True

    def __init__(self, file: InputFile, on_bytes: OnBytes | None = None) -> None:
        self.file, self.on_bytes = file.name, on_bytes
        self._size = file.size
        try:
            self._parquet = pq.ParquetFile(file.path, buffer_size=1 << 20, pre_buffer=False)
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(error) from None
        self._fields = list(self._parquet.schema_arrow)
        self.names = tuple(field.name for field in self._fields)
        if len(set(self.names)) < len(self.names):
            twice = next(name for name in self.names if self.names.count(name) > 1)
            raise DataError(f'{self.file}: two columns are called "{twice}": rename one')

    def schema(self, wanted: Sequence[int]) -> pa.Schema:
        return pa.schema([*PLACE, *((f"c{i}", _plain(self._fields[i].type)) for i in wanted)])

    def close(self) -> None:
        self._parquet.close(force=True)

    def batches(self, wanted: Sequence[int]) -> Iterator[pa.RecordBatch]:
        schema = self.schema(wanted)
        columns = [self.names[i] for i in wanted]
        n_rows = self._parquet.metadata.num_rows
        done = 0
        try:
            for batch in self._parquet.iter_batches(ROWS_PER_BATCH, columns=columns or list(self.names[:1])):
                rows = np.arange(done + 1, done + 1 + batch.num_rows, dtype=np.int64)
                cells = [batch.column(name) for name in columns]
                cells = [
                    cell.cast(_plain(cell.type)) if cell.type != _plain(cell.type) else cell for cell in cells
                ]
                yield good_rows(schema, rows, cells)
                done += batch.num_rows
                if self.on_bytes is not None:
                    self.on_bytes(self._size * batch.num_rows // n_rows)
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(error) from None

    def _damaged(self, error: Exception) -> DataError:
        first = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        return DataError(f"{self.file} is not a whole Parquet file: {first}. Fetch it again")


def _plain(kind: pa.DataType) -> pa.DataType:
    """Return the type without dictionary coding; half floats, which DuckDB lacks, become floats."""
    if pa.types.is_dictionary(kind):
        return _plain(kind.value_type)
    return pa.float32() if pa.types.is_float16(kind) else kind
