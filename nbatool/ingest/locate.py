"""Where rejected rows of a delimited file stand: a second reading that keeps lines and texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing

import numpy as np

from nbatool.base.config import Source
from nbatool.ingest.byte_stream import ByteStream
from nbatool.ingest.csv_rows import TAB, CsvRows
from nbatool.ingest.files import InputFile

BLOCK_BYTES = 1 << 18
NEWLINE = 10
PRINTABLE = (33, 126)
LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)")
BLANKS = re.compile(r"[ \t]+")
TO_CLOSING_QUOTE = re.compile(r'[^"]*(?:""[^"]*)*"(?!")')


def csv_records(
    file: InputFile, source: Source, rows: CsvRows, wanted: Sequence[int]
) -> Iterator[tuple[int, int, str]]:
    """Yield ``(row, line, text)`` of some rows.

    Parameters
    ----------
    rows
        The first reading, whose numbers are counted after.
    wanted
        Row numbers, ascending.
    """
    records = _Records(rows)
    targets = iter(wanted)
    target = next(targets, None)
    row = -1 if rows.has_header else 0
    held, first, line = "", 0, 0
    with closing(ByteStream(file, encoding=source.encoding)) as stream:
        for block in _blocks(stream):
            n = 0 if held else _plain_lines(block, records.quoted)
            if target is None:
                return
            if n and row + n < target:
                row, line = row + n, line + n
                continue
            for text in LINE.findall(block.decode()):
                line += 1
                first = first if held else line
                is_open = records.ends_in_quotes(text, begins_in_quotes=bool(held))
                held += text
                if is_open:
                    continue
                record, held = held.rstrip("\r\n"), ""
                if records.is_blank(record):
                    continue
                row += 1
                if row == target:
                    yield row, first, record
                    target = next(targets, None)
        if held and row + 1 == target:
            yield row + 1, first, held.rstrip("\r\n")


class _Records:
    """What the parser takes for one record, and for none."""

    def __init__(self, rows: CsvRows) -> None:
        self.n_columns, self.quoted, self.delimiter = len(rows.names), rows.quoted, rows.delimiter
        self._opening = re.compile(f'(?:^|{re.escape(self.delimiter)})"')

    def ends_in_quotes(self, line: str, *, begins_in_quotes: bool) -> bool:
        """Whether a cell goes on in the next line; a quote inside an unquoted cell is a character like any other."""
        if not self.quoted or not (begins_in_quotes or '"' in line):
            return begins_in_quotes
        at, inside = 0, begins_in_quotes
        while True:
            if inside:
                closed = TO_CLOSING_QUOTE.match(line, at)
                if closed is None:
                    return True
                at = closed.end()
            opened = self._opening.search(line, at)
            if opened is None:
                return False
            at, inside = opened.end(), True

    def is_blank(self, record: str) -> bool:
        """Whether a record is no row: an empty line, or nothing but blanks that are not a row's number of cells."""
        if record.strip():
            return False
        cells = record if self.quoted else BLANKS.sub(TAB, record).strip(TAB)
        return not cells or cells.count(self.delimiter) + 1 != self.n_columns


def _blocks(stream: ByteStream) -> Iterator[bytes]:
    """Yield blocks of whole lines, each ending in a line break."""
    rest = b""
    while part := stream.read(BLOCK_BYTES):
        cut = part.rfind(b"\n") + 1
        if cut:
            yield rest + part[:cut]
            rest = part[cut:]
        else:
            rest += part
    if rest:
        yield rest + b"\n"


def _plain_lines(block: bytes, quoted: bool) -> int:
    """Return the number of lines of a block whose every line is one record; 0 where that has to be looked at."""
    if (quoted and b'"' in block) or block.count(b"\r") != block.count(b"\r\n"):
        return 0
    data = np.frombuffer(block, np.uint8)
    breaks = np.flatnonzero(data == NEWLINE)
    first_bytes = data[np.append(0, breaks[:-1] + 1)]
    low, high = PRINTABLE
    return len(breaks) if ((first_bytes >= low) & (first_bytes <= high)).all() else 0
