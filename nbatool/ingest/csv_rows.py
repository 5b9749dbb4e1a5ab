"""Delimited text: commas, tabs, runs of blanks, with or without a header."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from nbatool.base.errors import DataError
from nbatool.ingest.byte_stream import ByteStream
from nbatool.ingest.raw_rows import LONGEST_LINE_BYTES, PLACE, good_rows, problem_rows

HEADER_BYTES = 8 << 20
SMALL_BLOCK_BYTES = 1 << 20
TAB = "\t"
WHITESPACE = "whitespace"
LINE_BREAK = re.compile(rb"\r\n|\r|\n")
LIKELY_DELIMITERS = (",", ";", TAB, "|")


class CsvRows:
    """The rows of a delimited text file; every cell is text, exactly as written.

    Parameters
    ----------
    stream
        The file from its start (with runs of blanks already turned into tabs for ``whitespace``).
    delimiter
        One character, or ``whitespace``.
    columns
        The columns' names when the file has no header, else empty.
    """

    in_json = False
    all_names_known = True

    def __init__(self, stream: ByteStream, *, delimiter: str, columns: Sequence[str] = ()) -> None:
        self.stream = stream
        self.file = stream.file.name
        self.delimiter = TAB if delimiter == WHITESPACE else delimiter
        self.quoted = delimiter != WHITESPACE
        self.has_header = not columns
        self._start = stream.read(HEADER_BYTES)
        before_first = self._start[: len(self._start) - len(self._start.lstrip(b"\r\n"))]
        # The parser counts empty lines before the header among those to skip, though nowhere else.
        self._n_skipped = len(LINE_BREAK.findall(before_first)) + 1 if self.has_header else 0
        self.first_line = next((line for line in self._start.splitlines() if line.strip()), b"").decode()
        first = self._first_record()
        self.names = tuple(columns) or self._header(first)
        if columns and len(first) != len(columns):
            raise DataError(
                f"{self.file}: the source names {len(columns)} columns, but the first row has {len(first)} "
                f'(delimiter "{delimiter}"): correct  columns  or  delimiter'
            )

    def schema(self, wanted: Sequence[int]) -> pa.Schema:
        return pa.schema([*PLACE, *((f"c{i}", pa.string()) for i in wanted)])

    def close(self) -> None:
        self.stream.close()

    def batches(self, wanted: Sequence[int]) -> Iterator[pa.RecordBatch]:
        schema = self.schema(wanted)
        invalid: list[Any] = []
        place = _Places(first_number=self._n_skipped + 1, invalid=invalid)
        last: pa.RecordBatch | None = None
        for batch in self._parsed(wanted, invalid):
            last = batch if batch.num_rows else last
            rows, bad = place.next_rows(batch.num_rows)
            cells = [batch.column(k) for k in range(len(wanted))]
            yield good_rows(schema, rows, cells)
            if bad:
                yield self._rejected(schema, bad)
        _, bad = place.next_rows(0, to_the_end=True)
        if bad:
            yield self._rejected(schema, bad)
        if last is not None:
            self._check_last_quote(last)

    def _rejected(self, schema: pa.Schema, bad: list[tuple[int, Any]]) -> pa.RecordBatch:
        expected = len(self.names)
        return problem_rows(
            schema,
            [row for row, _ in bad],
            [f"not {expected} columns"] * len(bad),
            [f"{invalid.actual_columns} columns, expected {expected}" for _, invalid in bad],
            [invalid.text for _, invalid in bad],
        )

    def _parsed(self, wanted: Sequence[int], invalid: list[Any]) -> Iterator[pa.RecordBatch]:
        """Yield the parsed rows; start over with large blocks once a row does not fit into a small one."""
        seen = _Seen(invalid)
        try:
            for batch in self._reader(_Joined(self._start, self.stream), wanted, seen, SMALL_BLOCK_BYTES):
                seen.n_rows += batch.num_rows
                yield batch
            return
        except pa.ArrowInvalid as error:
            if "straddling" not in str(error):
                raise self._unreadable(error) from None
        self.stream = self.stream.again()
        n_done = seen.n_rows
        try:
            for batch in self._reader(self.stream, wanted, seen, LONGEST_LINE_BYTES):
                n_skipped = min(n_done, batch.num_rows)
                n_done -= n_skipped
                yield batch.slice(n_skipped)
        except pa.ArrowInvalid as error:
            raise self._unreadable(error) from None

    def _reader(
        self, stream: io.RawIOBase, wanted: Sequence[int], seen: _Seen, block_bytes: int
    ) -> Iterator[pa.RecordBatch]:
        names = [f"c{i}" for i in range(len(self.names))]
        # The last column is always kept, to see whether a quote was left open at the file's end.
        kept = [names[i] for i in wanted] + [names[-1]] * (len(names) - 1 not in wanted)
        try:
            yield from pa_csv.open_csv(
                pa.PythonFile(stream, mode="r"),
                read_options=pa_csv.ReadOptions(
                    # Threads parse blocks out of order, and then bad rows carry no number.
                    use_threads=False,
                    block_size=block_bytes,
                    column_names=names,
                    skip_rows_after_names=self._n_skipped,
                ),
                parse_options=pa_csv.ParseOptions(
                    delimiter=self.delimiter,
                    quote_char='"' if self.quoted else False,
                    newlines_in_values=self.quoted,
                    invalid_row_handler=seen.skip,
                ),
                convert_options=pa_csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    include_columns=kept,
                    strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid as error:
            if "Empty CSV" not in str(error):
                raise

    def _unreadable(self, error: Exception) -> DataError:
        if "straddling" in str(error):
            return DataError(
                f'{self.file}: a row is longer than {LONGEST_LINE_BYTES >> 20} MiB: a quote (") is opened and never '
                f"closed, or this is not delimited text. The first row is: {self.first_line[:80]}"
            )
        return DataError(f"{self.file}: {error}")

    def _check_last_quote(self, last: pa.RecordBatch) -> None:
        cell = last.column(last.num_columns - 1)[last.num_rows - 1].as_py()
        end = self.stream.tail.rstrip(b"\r\n")
        # A cell left open is the last thing in the file; a closed one may have rows of too few cells after it.
        written = ('"' + (cell or "").replace('"', '""')).rstrip("\r\n").encode()
        n = min(len(written), len(end))
        at_end = written[-n:] == end[-n:]
        if self.quoted and cell and "\n" in cell and at_end and not end.endswith(b'"'):
            raise DataError(
                f"{self.file}: a quote (\") is opened and never closed; the text from there to the file's end begins "
                f"with: {cell[:60]!r}. Close the quote, or double it where it belongs to the text"
            )

    def _first_record(self) -> list[str]:
        text = io.StringIO(self._start.decode("utf-8", "ignore"), newline="")
        quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE
        try:
            csv.field_size_limit(LONGEST_LINE_BYTES)
            for record in csv.reader(text, delimiter=self.delimiter, quoting=quoting):
                if record:
                    return record
        except csv.Error as error:
            raise DataError(f"{self.file}: the first row cannot be read: {error}") from None
        return []

    def _header(self, first: Sequence[str]) -> tuple[str, ...]:
        names = tuple(name.strip() or f"column_{k}" for k, name in enumerate(first, 1))
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            places = " and ".join(str(k) for k, name in enumerate(names, 1) if name == twice)
            raise DataError(
                f'{self.file}: the header has the column "{twice}" at places {places}. Rename one, or write  '
                "header = false  and  columns = [...]  after taking the header off"
            )
        return names


class _Seen:
    """What a first reading met, so that a second one does not report it again."""

    def __init__(self, invalid: list[Any]) -> None:
        self.invalid, self.n_rows, self.last_number = invalid, 0, 0

    def skip(self, row: Any) -> str:
        """Note a row with too few or too many cells, and let the parser go on."""
        if row.number > self.last_number:
            self.last_number = row.number
            self.invalid.append(row)
        return "skip"


class _Places:
    """Numbers rows: the parser counts records with the header, and tells which ones it skipped."""

    def __init__(self, first_number: int, invalid: list[Any]) -> None:
        self.number, self.row, self.invalid = first_number, 1, invalid

    def next_rows(self, n: int, *, to_the_end: bool = False) -> tuple[np.ndarray, list[tuple[int, Any]]]:
        """Return the row numbers of the next `n` good rows, and the bad rows among and just after them."""
        skipped = []
        end = self.number + n
        while self.invalid and (to_the_end or self.invalid[0].number <= end):
            skipped.append(self.invalid.pop(0))
            end += 1
        rows = np.arange(self.row, self.row + n, dtype=np.int64)
        bad: list[tuple[int, Any]] = []
        for nth, row in enumerate(skipped):
            good_before = row.number - self.number - nth
            if row.text.strip():
                bad.append((self.row + good_before + len(bad), row))
                rows[good_before:] += 1
        self.number = end
        self.row += n + len(bad)
        return rows, bad


class _Joined(io.RawIOBase):
    """What was read already, then the rest of the stream."""

    def __init__(self, start: bytes, rest: ByteStream) -> None:
        super().__init__()
        self._start, self._rest = start, rest

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        if self._start:
            taken = self._start if size is None or size < 0 else self._start[:size]
            self._start = self._start[len(taken) :]
            return taken
        return self._rest.read(size)
