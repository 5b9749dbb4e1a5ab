"""NDJSON: one JSON object a line. Cut into lines here, read by DuckDB."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from nbatool.base.errors import DataError
from nbatool.ingest.byte_stream import ByteStream
from nbatool.ingest.raw_rows import (
    BLOCK_BYTES,
    DEEPEST_JSON,
    DEEPEST_WITHOUT_LOOK_BYTES,
    LONGEST_LINE_BYTES,
    PLACE,
    texts,
    whole_numbers,
)

SAMPLE_ROWS = 1000
NEWLINE = 10
BLANK = 32
TOO_DEEP = f"nested deeper than {DEEPEST_JSON} levels"
_STRUCTURE = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[{}\[\]]', re.DOTALL)


class JsonLines:
    """The rows of an NDJSON file; ``_raw`` is the line. Blank lines are passed over."""

    in_json = True

    def __init__(self, stream: ByteStream) -> None:
        self.stream = stream
        self.file = stream.file.name
        self._start = stream.read(BLOCK_BYTES)
        lines = self._start.splitlines()
        whole = lines if len(self._start) < BLOCK_BYTES else lines[:-1]
        self.names = keys_of(line for line in whole[:SAMPLE_ROWS])
        self.all_names_known = len(whole) <= SAMPLE_ROWS and len(self._start) < BLOCK_BYTES
        first = next(((k, line) for k, line in enumerate(whole, 1) if line.strip()), None)
        if not self.names and self._start.strip() and lines and lines[0].strip() == b"{":
            raise DataError(
                f"{self.file}: one JSON object over several lines. Write one object a line (NDJSON), or a list [...] "
                "of objects"
            )

        if not self.names and first is not None and not any(is_json(line) for line in whole[:SAMPLE_ROWS]):
            raise DataError(
                f"{self.file} line {first[0]} is not JSON: {first[1][:60].decode('utf-8', 'replace')!r}. One JSON object a "
                'line is expected; if this is delimited text, set  format = "csv"  in its [[source]]'
            )

    def schema(self, wanted: Sequence[int]) -> pa.Schema:  # noqa: ARG002 - the cells are in _raw
        return PLACE

    def close(self) -> None:
        self.stream.close()

    def batches(self, wanted: Sequence[int]) -> Iterator[pa.RecordBatch]:  # noqa: ARG002
        line, row = 1, 1
        for block in self._blocks():
            data = np.frombuffer(block, np.uint8)
            ends = np.flatnonzero(data == NEWLINE) + 1
            offsets = np.zeros(len(ends) + 1, np.int32)
            offsets[1:] = ends
            raw = pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(block))
            filled = ~_blank(block, data, offsets)
            lines = np.arange(line, line + len(ends), dtype=np.int64)
            if not filled.all():
                raw, lines = raw.filter(_truths(filled)), lines[filled]
            rows = np.arange(row, row + len(lines), dtype=np.int64)
            lengths = np.diff(offsets)[filled]
            found = _too_deep(raw, lengths)
            problems = texts([found.get(k) for k in range(len(lines))]) if found else None
            nothing = pa.nulls(len(lines), pa.string())
            yield pa.record_batch(
                [whole_numbers(rows), whole_numbers(lines), raw, problems or nothing, nothing], schema=PLACE
            )
            line += len(ends)
            row += len(lines)

    def _blocks(self) -> Iterator[bytes]:
        """Yield blocks of whole lines, each ending in a line break."""
        rest, start, at = b"", self._start, 1
        self._start = b""
        while part := start or self.stream.read(BLOCK_BYTES):
            start = b""
            cut = part.rfind(b"\n") + 1
            if cut:
                block = rest + part[:cut]
                at += block.count(b"\n")
                yield block
                rest = part[cut:]
            else:
                rest += part
            if len(rest) > LONGEST_LINE_BYTES:
                raise DataError(
                    f"{self.file} line {at} is longer than {LONGEST_LINE_BYTES >> 20} MiB, the most a row may have. "
                    "One JSON object a line is expected"
                )
        if rest:
            yield rest + b"\n"


def _blank(block: bytes, data: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    blank: np.ndarray = data[offsets[:-1]] <= BLANK
    for k in np.flatnonzero(blank):
        blank[k] = not block[offsets[k] : offsets[k + 1]].strip()
    return blank


def _truths(values: np.ndarray) -> pa.BooleanArray:
    bits = pa.py_buffer(np.packbits(values, bitorder="little"))
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, bits])


def _too_deep(rows: pa.StringArray, lengths: np.ndarray) -> dict[int, str]:
    long = np.flatnonzero(lengths > DEEPEST_WITHOUT_LOOK_BYTES)
    return {int(k): TOO_DEEP for k in long if depth(rows[int(k)].as_buffer().to_pybytes()) > DEEPEST_JSON}


def depth(text: bytes) -> int:
    """Return how deep the brackets of a JSON text are nested, or 0 where it cannot be too deep.

    >>> depth(b"[" * 501), depth(b"[[]]")
    (501, 0)
    """
    if text.count(b"{") + text.count(b"[") <= DEEPEST_JSON:
        return 0
    level = deepest = 0
    for match in _STRUCTURE.finditer(text):
        token = match[0]
        if token in b"{[":
            level += 1
            deepest = max(deepest, level)
        elif token in b"}]":
            level -= 1
    return deepest


def is_json(text: bytes) -> bool:
    """Return whether a text is some JSON value (of a depth that can be looked into)."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def keys_of(texts: Iterator[bytes]) -> tuple[str, ...]:
    """Return the keys of the JSON objects among some texts, in the order in which they first occur."""
    keys: dict[str, None] = {}
    for text in texts:
        try:
            value = json.loads(text) if depth(text) <= DEEPEST_JSON else None
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            keys.update(dict.fromkeys(value))
    return tuple(keys)
