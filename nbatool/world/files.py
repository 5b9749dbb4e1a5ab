"""Tables to files, block after block, in bounded memory and with equal bytes for equal rows."""

from __future__ import annotations

import gzip
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

if TYPE_CHECKING:
    import polars as pl

Format = Literal["csv.gz", "ndjson.gz", "parquet"]
FORMATS: tuple[Format, ...] = ("csv.gz", "ndjson.gz", "parquet")
TS = "%Y-%m-%dT%H:%M:%S%.fZ"


def as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with times and money written out as a person would."""
    import polars as pl
    import polars.selectors as cs

    # a fraction of a second only where there is one
    return frame.with_columns(
        cs.temporal().dt.strftime(TS),
        cs.decimal().cast(pl.Decimal(18, 2)).cast(pl.String),
    )


class TableFile:
    """A file that tables are added to; a context manager."""

    def __init__(self, path: Path, kind: Format) -> None:
        self.path = path
        self._kind = kind
        self._begun = False
        self._parquet: Any = None
        self._raw = None if kind == "parquet" else path.open("wb")
        # without name and time, equal rows make equal bytes
        self._gzip = gzip.GzipFile("", "wb", 9, self._raw, mtime=0) if self._raw else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for part in (self._parquet, self._gzip, self._raw):
            if part is not None:
                part.close()

    def add(self, frame: pl.DataFrame) -> None:
        """Append the rows."""
        if self._gzip is None:
            self._add_parquet(frame)
        elif self._kind == "csv.gz":
            self._gzip.write(frame.write_csv(include_header=not self._begun).encode())
        else:
            self._gzip.write(frame.write_ndjson().encode())
        self._begun = True

    def _add_parquet(self, frame: pl.DataFrame) -> None:
        import pyarrow.parquet as pq

        table = frame.to_arrow()
        if self._parquet is None:
            self._parquet = pq.ParquetWriter(self.path, table.schema, compression="zstd")
        self._parquet.write_table(table)
