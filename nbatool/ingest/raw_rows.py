"""The rows of one file as Arrow batches, whatever its format.

Every batch has the columns of :data:`PLACE` and, for CSV and Parquet, the wanted cells as ``c0, c1, …`` (numbered as in
``names``, so that no name of a file is ever an identifier in SQL). JSON rows carry their whole text in ``_raw``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK_BYTES: Final = 8 << 20
LONGEST_LINE_BYTES: Final = 64 << 20
DEEPEST_JSON: Final = 500
DEEPEST_WITHOUT_LOOK_BYTES: Final = 2 * DEEPEST_JSON

PLACE: Final = pa.schema(
    [
        ("_row", pa.int64()),  # 1-based, without header and blank lines
        ("_line", pa.int64()),  # 1-based line of the file, null where it is not known yet
        ("_raw", pa.string()),  # the row's text, null where it is not kept
        ("_problem", pa.string()),  # why the row cannot be read at all
        ("_detail", pa.string()),  # what was found
    ]
)


class RawRows(Protocol):
    """A file opened for reading once from its start."""

    names: tuple[str, ...]
    """Columns of the file; for JSON the keys seen in its first rows."""
    all_names_known: bool
    """False where a later row may have further columns."""
    in_json: bool

    def schema(self, wanted: Sequence[int]) -> pa.Schema:
        """Return the schema of :meth:`batches`."""

    def batches(self, wanted: Sequence[int]) -> Iterator[pa.RecordBatch]:
        """Yield the rows; `wanted` are the positions in ``names`` of the cells needed."""

    def close(self) -> None:
        """Close the file."""


def problem_rows(
    schema: pa.Schema,
    rows: Sequence[int],
    problems: Sequence[str],
    details: Sequence[str],
    raws: Sequence[str],
) -> pa.RecordBatch:
    """Return rows that could not be taken apart: place and problem, and no cells."""
    place = [whole_numbers(rows), pa.nulls(len(rows), pa.int64()), texts(raws)]
    place += [texts(problems), texts(details)]
    cells = [pa.nulls(len(rows), field.type) for field in list(schema)[len(PLACE) :]]
    return pa.record_batch([*place, *cells], schema=schema)


def good_rows(schema: pa.Schema, rows: NDArray[np.int64], cells: Sequence[pa.Array]) -> pa.RecordBatch:
    """Return rows with cells and without a text of their own."""
    n = len(rows)
    nothing = pa.nulls(n, pa.string())
    place = [whole_numbers(rows), pa.nulls(n, pa.int64()), nothing, nothing, nothing]
    return pa.record_batch([*place, *cells], schema=schema)


def whole_numbers(values: Sequence[int] | NDArray[np.int64]) -> pa.Int64Array:
    """Return int64 values, none of them null; ``pa.array`` would load pandas first, which takes longer than most files.

    >>> whole_numbers([3, 4]).to_pylist()
    [3, 4]
    >>> whole_numbers([]).to_pylist()
    []
    """
    found = np.ascontiguousarray(values, dtype=np.int64)
    return pa.Array.from_buffers(pa.int64(), len(found), [None, pa.py_buffer(found)])


def texts(values: Sequence[str | bytes | None]) -> pa.StringArray:
    """Return texts (as str, or as bytes of UTF-8), without loading pandas as ``pa.array`` does.

    >>> texts(["a", None, b"bc"]).to_pylist()
    ['a', None, 'bc']
    >>> texts([]).to_pylist()
    []
    """
    raw = [value.encode() if isinstance(value, str) else value or b"" for value in values]
    offsets = np.zeros(len(raw) + 1, np.int32)
    np.cumsum([len(value) for value in raw], out=offsets[1:])
    known = np.packbits(np.array([value is not None for value in values], dtype=bool), bitorder="little")
    buffers = [pa.py_buffer(known), pa.py_buffer(offsets), pa.py_buffer(b"".join(raw))]
    return pa.Array.from_buffers(pa.string(), len(raw), buffers)
