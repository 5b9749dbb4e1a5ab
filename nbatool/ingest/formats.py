"""Which format a file has, told by its name and first bytes, and the reader for it."""

from __future__ import annotations

from contextlib import closing
from pathlib import PurePath

from nbatool.base.config import Source
from nbatool.base.errors import DataError
from nbatool.ingest.byte_stream import ByteStream, OnBytes
from nbatool.ingest.csv_rows import WHITESPACE, CsvRows
from nbatool.ingest.files import InputFile
from nbatool.ingest.json_array import JsonArray
from nbatool.ingest.json_lines import JsonLines
from nbatool.ingest.parquet_rows import ParquetRows
from nbatool.ingest.raw_rows import RawRows

PACKED_ENDINGS = (".gz", ".zst", ".bz2")
JSON_ENDINGS = (".json", ".ndjson", ".jsonl")
PEEK_BYTES = 1 << 16


def open_rows(file: InputFile, source: Source, on_bytes: OnBytes | None = None) -> RawRows:
    """Open a file's rows in the format its source says, or that its first bytes show.

    Raises
    ------
    DataError
        When the file is not of that format, or is empty.
    """
    with file.path.open("rb") as raw:
        start = raw.read(4)
    if start == b"PAR1" or source.format == "parquet":
        return ParquetRows(file, on_bytes)
    kind = source.format if source.format in ("csv", "ndjson") else _text_format(file, source)
    blanks = kind == "csv" and source.delimiter == WHITESPACE
    stream = ByteStream(file, encoding=source.encoding, blanks_collapsed=blanks, on_bytes=on_bytes)
    try:
        if kind == "json":
            return JsonArray(stream)
        if kind == "ndjson":
            return JsonLines(stream)
        return CsvRows(stream, delimiter=_delimiter(file, source), columns=source.columns)
    except DataError:
        stream.close()
        raise


def is_empty(file: InputFile, source: Source) -> bool:
    """Return whether a file has no rows at all: no bytes, or nothing but blanks (packed or not)."""
    if file.size == 0:
        return True
    with file.path.open("rb") as raw:
        if raw.read(4) == b"PAR1":
            return False
    with closing(ByteStream(file, encoding=source.encoding)) as stream:
        while part := stream.read(PEEK_BYTES):
            if part.strip():
                return False
    return True


def _text_format(file: InputFile, source: Source) -> str:
    with closing(ByteStream(file, encoding=source.encoding)) as stream:
        first = stream.read(PEEK_BYTES).lstrip()[:1]
    ending = _ending(file)
    if ending in (".parquet", ".pq"):
        raise DataError(f"{file.name} is named like a Parquet file but is none")
    if source.format == "json" or ending in JSON_ENDINGS:
        return "json" if first == b"[" else "ndjson"
    if ending in (".csv", ".tsv"):
        return "csv"
    return {b"[": "json", b"{": "ndjson"}.get(first, "csv")


def _ending(file: InputFile) -> str:
    endings = [suffix.lower() for suffix in PurePath(file.name).suffixes]
    while endings and endings[-1] in PACKED_ENDINGS:
        endings.pop()
    return endings[-1] if endings else ""


def _delimiter(file: InputFile, source: Source) -> str:
    said = "delimiter" in source.model_fields_set
    return "\t" if not said and _ending(file) == ".tsv" else source.delimiter
