"""How a file is written: compression, format, encoding, delimiter, header; told by its bytes, not its name."""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections import Counter
from pathlib import Path
from typing import IO, cast

from nbatool.base.errors import DataError
from nbatool.ingest.byte_stream import require_text
from nbatool.ingest.guess.records import Layout
from nbatool.ingest.guess.words import identifier

_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bz2"}
_HEAD_BYTES = 1 << 18
_CHUNK_BYTES = 1 << 20
_CELL_LIMIT = 1 << 17


def file_layout(path: Path) -> Layout:
    """Tell how a file is written.

    Raises
    ------
    DataError
        The file is missing, a folder, empty, unreadable or not text, JSON or Parquet.
    """
    if path.is_dir():
        raise DataError(
            f"{path} is a folder. Name its files: nbatool init --from {path}/*   "
            "(the workspace's folder comes before --from)"
        )
    if not path.exists():
        raise DataError(f"{path}: no such file.")
    try:
        with path.open("rb") as stream:
            magic = stream.read(4)
        require_text(str(path), magic)
        compression = next((name for start, name in _MAGIC.items() if magic.startswith(start)), "")
        if magic == b"PAR1":
            return Layout("parquet")
        with open_plain(path, compression) as stream:
            head = stream.read(_HEAD_BYTES)
        if not head.strip():
            raise DataError(f"{path} is empty: there is nothing to guess from.")
        encoding = _encoding(path, compression, head)
    except (OSError, EOFError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head)
    return _text_layout(path, text, compression, encoding, whole=len(head) < _HEAD_BYTES)


def open_plain(path: Path, compression: str) -> IO[bytes]:
    """Open a file for reading its uncompressed bytes."""
    if compression == "gzip":
        import gzip

        return cast("IO[bytes]", gzip.open(path, "rb"))
    if compression == "bz2":
        import bz2

        return cast("IO[bytes]", bz2.open(path, "rb"))
    if compression == "zstd":
        import pyarrow as pa

        return cast("IO[bytes]", pa.input_stream(str(path), compression="zstd"))
    return path.open("rb")


def _encoding(path: Path, compression: str, head: bytes) -> str:
    """UTF-8 when the whole file is, UTF-16 by its mark, else Latin-1 (every byte is a character there)."""
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    if b"\x00" in head:
        raise DataError(f"{path} is neither text, JSON nor Parquet (it holds zero bytes).")
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with open_plain(path, compression) as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _text_layout(path: Path, text: str, compression: str, encoding: str, *, whole: bool) -> Layout:
    text = text.lstrip("\ufeff")
    start = text.lstrip()[:1]
    if start == "[":
        return Layout("json", compression, encoding=encoding)
    lines = text.splitlines()
    if not whole and len(lines) > 1:
        lines.pop()
    lines = [line for line in lines if line.strip()]
    if start == "{":
        return Layout(_json_format(path, lines), compression, encoding=encoding)
    return _csv_layout(path, lines, compression, encoding)


def _json_format(path: Path, lines: list[str]) -> str:
    try:
        json.loads(lines[0])
    except ValueError as error:
        raise DataError(
            f"{path} looks like JSON but its first line cannot be read ({error}). "
            "One object a line, or one list of objects, is expected."
        ) from error
    return "ndjson"


def _csv_layout(path: Path, lines: list[str], compression: str, encoding: str) -> Layout:
    delimiter = _delimiter(lines[:200])
    if delimiter is None:
        raise DataError(
            f"{path}: nothing recognisable. Its first line is {lines[0][:60]!r}, and no delimiter tried (comma, "
            "semicolon, tab, bar, blanks) gives most lines as many cells as that one, two at least."
        )
    rows = [_cells(line, delimiter) for line in lines[:200]]
    header = _is_header(rows)
    if header and len(lines) == 1:
        raise DataError(
            f"{path} has a header and no rows ({', '.join(rows[0])[:80]}): nothing to guess from."
        )
    names = _names(path, rows[0]) if header else tuple(f"column_{i + 1}" for i in range(len(rows[0])))
    return Layout("csv", compression, delimiter, header, names, encoding)


def _cells(line: str, delimiter: str) -> list[str]:
    if delimiter == "whitespace":
        return line.split()
    csv.field_size_limit(max(_CELL_LIMIT, csv.field_size_limit()))
    try:
        return next(iter(csv.reader([line], delimiter=delimiter)), [])
    except csv.Error:
        return line.split(delimiter)


def _delimiter(lines: list[str]) -> str | None:
    """The delimiter under which most lines have as many cells as the first line, and at least two."""
    best: tuple[float, int, str] | None = None
    for delimiter in (",", ";", "\t", "|"):
        widths = Counter(len(_cells(line, delimiter)) for line in lines)
        first = len(_cells(lines[0], delimiter))
        share = widths[first] / len(lines)
        if first >= 2 and share >= 0.5 and (best is None or (share, first) > best[:2]):
            best = (share, first, delimiter)
    if best is not None:
        return best[2]
    blanks = {len(line.split()) for line in lines}
    return "whitespace" if len(blanks) == 1 and blanks.pop() >= 2 else None


_VALUE = re.compile(r"[-+$€£]?\d[\d.,:/ T+-]*(AM|PM|Z|UTC)?|true|false|null|nan", re.IGNORECASE)


def _is_header(rows: list[list[str]]) -> bool:
    """A first row of different names without a number or a date among them is a header."""
    first = [cell.strip() for cell in rows[0]]
    filled = [cell for cell in first if cell]
    if len(filled) < len(first) - 1:
        return False
    if any(_VALUE.fullmatch(cell) for cell in filled):
        return False
    if len(rows) == 1:
        return True
    body = [[cell.strip() for cell in row] for row in rows[1:] if len(row) == len(first)]
    has_values = any(_VALUE.fullmatch(cell) for row in body for cell in row)
    seen_below = any(first[i] and first[i] == row[i] for row in body for i in range(len(first)))
    seen_below = seen_below or len(set(filled)) < len(filled)
    return has_values or not seen_below


def _names(path: Path, cells: list[str]) -> tuple[str, ...]:
    """Names as ingest reads them: without blanks around, an empty one named by its place."""
    names = tuple(cell.strip() or f"column_{place}" for place, cell in enumerate(cells, 1))
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(f'{path}: the header has the column "{twice}" twice. Rename one of them.')
    return names


def source_name(path: Path) -> str:
    """A source's name from its file's: `transcript.json.gz` → `transcript`."""
    stem = path.name
    for suffix in (
        ".gz",
        ".zst",
        ".bz2",
        ".csv",
        ".tsv",
        ".txt",
        ".json",
        ".ndjson",
        ".jsonl",
        ".parquet",
        ".pq",
    ):
        stem = stem.removesuffix(suffix)
    return identifier(stem)
