"""A JSON list of objects: cut into its elements here, read by DuckDB."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

import pyarrow as pa

from nbatool.base.errors import DataError
from nbatool.ingest.byte_stream import ByteStream
from nbatool.ingest.json_lines import SAMPLE_ROWS, TOO_DEEP, keys_of
from nbatool.ingest.raw_rows import BLOCK_BYTES, DEEPEST_JSON, LONGEST_LINE_BYTES, PLACE, texts, whole_numbers

ROWS_PER_BATCH = 20_000
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[{}\[\]]|"', re.DOTALL)

Element = tuple[int, bytes, str | None]
"""Line, text, and what is wrong with it."""


class JsonArray:
    """The elements of a file that is one JSON list; ``_raw`` is the element's text."""

    in_json = True

    def __init__(self, stream: ByteStream) -> None:
        self.stream, self.file = stream, stream.file.name
        self._elements = _Scan(stream).elements()
        self._sample = list(islice(self._elements, SAMPLE_ROWS))
        self.names = keys_of(text for _, text, problem in self._sample if problem is None)
        self.all_names_known = len(self._sample) < SAMPLE_ROWS

    def schema(self, wanted: Sequence[int]) -> pa.Schema:  # noqa: ARG002 - the cells are in _raw
        return PLACE

    def close(self) -> None:
        self.stream.close()

    def batches(self, wanted: Sequence[int]) -> Iterator[pa.RecordBatch]:  # noqa: ARG002
        row = 1
        elements: list[Element] = self._sample
        while elements:
            n = len(elements)
            yield pa.record_batch(
                [
                    whole_numbers(range(row, row + n)),
                    whole_numbers([line for line, _, _ in elements]),
                    texts([text for _, text, _ in elements]),
                    texts([problem for _, _, problem in elements]),
                    pa.nulls(n, pa.string()),
                ],
                schema=PLACE,
            )
            row += n
            elements = list(islice(self._elements, ROWS_PER_BATCH))


class _Scan:
    """One pass over the text of a JSON list, keeping no more than an element of it."""

    def __init__(self, stream: ByteStream) -> None:
        self.stream, self.file = stream, stream.file.name
        self.buffer, self.at = b"", 0
        self.line, self.n = 1, 0

    def elements(self) -> Iterator[Element]:
        self._skip_to(b"[")
        while True:
            gap, token = self._to_next_token()
            if token == b"]":
                yield from self._scalars(gap, last=True)
                break
            if token not in (b"{", b"["):
                yield from self._string(gap)
                continue
            yield from self._scalars(gap, last=False)
            line = self.line
            text, deepest = self._element()
            self.n += 1
            yield line, text, _problem(text, deepest)
        if self.buffer[self.at :].strip() or self.stream.read(1 << 16).strip():
            raise DataError(f"{self.file} line {self.line}: there is text after the end of the JSON list")

    def _skip_to(self, token: bytes) -> None:
        while not self.buffer.lstrip():
            if not self._more():
                break
        self.line += self.buffer[: len(self.buffer) - len(self.buffer.lstrip())].count(b"\n")
        self.at = self.buffer.find(token) + 1

    def _to_next_token(self) -> tuple[bytes, bytes]:
        """Move to the next bracket or text between elements; return what lies before it, and it."""
        while True:
            match = _TOKEN.search(self.buffer, self.at)
            if match is not None and match[0] != b'"':
                gap = self.buffer[self.at : match.start()]
                self.line += gap.count(b"\n")
                self.at = match.start() if match[0] in (b"{", b"[") else match.end()
                self._last = match[0]
                return gap, match[0]
            if not self._more():
                raise self._cut_short()

    def _element(self) -> tuple[bytes, int]:
        """Move over one bracketed element; return its text and depth."""
        start, position, level, deepest = self.at, self.at, 0, 0
        while True:
            for match in _TOKEN.finditer(self.buffer, position):
                token = match[0]
                if token == b'"':
                    break
                position = match.end()
                if token in (b"{", b"["):
                    level += 1
                    deepest = max(deepest, level)
                elif token in (b"}", b"]"):
                    level -= 1
                    if level == 0:
                        text = self.buffer[start:position]
                        self.line += text.count(b"\n")
                        self.at = position
                        return text, deepest
            dropped = self._more(keep_from=start)
            if dropped is None:
                raise self._cut_short()
            start, position = start - dropped, position - dropped

    def _more(self, keep_from: int | None = None) -> int | None:
        """Read on; return how many bytes left the buffer, or None at the file's end."""
        part = self.stream.read(BLOCK_BYTES)
        if not part:
            return None
        dropped = self.at if keep_from is None else keep_from
        self.buffer = self.buffer[dropped:] + part
        self.at = 0
        if len(self.buffer) > LONGEST_LINE_BYTES + BLOCK_BYTES:
            raise DataError(
                f"{self.file} line {self.line}: an element is longer than {LONGEST_LINE_BYTES >> 20} MiB, the most a "
                "row may have"
            )
        return dropped

    def _scalars(self, gap: bytes, *, last: bool) -> Iterator[Element]:
        """Yield the numbers, true, false and null between two elements; check the commas."""
        parts = [part.strip() for part in gap.split(b",")]
        inner = parts[1:-1] if self.n else parts[:-1]
        ends = [parts[0] if self.n else b"", parts[-1] if not last else b""]
        if last:
            inner = parts[1:] if self.n else parts
            inner = [part for part in inner if part]
        if any(ends) or (self.n and not last and len(parts) < 2) or not all(inner):
            raise DataError(
                f"{self.file} line {self.line}: a comma is expected between the elements of the JSON list, found "
                f"{gap.decode('utf-8', 'replace').strip()[:40]!r}"
            )
        for part in inner:
            self.n += 1
            yield self.line, part, "not a JSON object"

    def _string(self, gap: bytes) -> Iterator[Element]:
        yield from self._scalars(gap, last=False)
        self.n += 1
        yield self.line, self._last, "not a JSON object"

    def _cut_short(self) -> DataError:
        return DataError(
            f"{self.file}: the JSON list is cut short: the file ends on line {self.stream.line_breaks + 1} after "
            f"{self.n:,} whole elements and without the closing ]. Nothing of it was loaded: fetch it again"
        )


def _problem(text: bytes, deepest: int) -> str | None:
    if deepest > DEEPEST_JSON:
        return TOO_DEEP
    return None if text.startswith(b"{") else "not a JSON object"
