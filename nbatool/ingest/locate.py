"""Where rejected rows of a delimited file stand: a second reading that keeps lines and texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing

import numpy as np

from nbatool.base.config import Source
from nbatool.ingest.byte_stream import ByteStream
from nbatool.ingest.csv_rows import WHITESPACE
from nbatool.ingest.files import InputFile

BLOCK_BYTES = 1 << 18
NEWLINE = 10
PRINTABLE = (33, 126)


def csv_records(
    file: InputFile, source: Source, has_header: bool, wanted: Sequence[int]
) -> Iterator[tuple[int, int, str]]:
    """Yield ``(row, line, text)`` of some rows.

    Parameters
    ----------
    wanted
        Row numbers, ascending.
    """
    quoted = source.delimiter != WHITESPACE
    targets = iter(wanted)
    target = next(targets, None)
    row = -1 if has_header else 0
    held, first, line = "", 0, 0
    with closing(ByteStream(file, encoding=source.encoding)) as stream:
        for block in _blocks(stream):
            n = 0 if held else _plain_lines(block, quoted)
            if target is None:
                return
            if n and row + n < target:
                row, line = row + n, line + n
                continue
            for text in block.decode().split("\n")[:-1]:
                line += 1
                first = first if held else line
                held += text
                if quoted and '"' in held and held.count('"') % 2:
                    held += "\n"
                    continue
                record, held = held.rstrip("\r\n"), ""
                if not record.strip():
                    continue
                row += 1
                if row == target:
                    yield row, first, record
                    target = next(targets, None)
        if held and held.strip() and row + 1 == target:
            yield row + 1, first, held.rstrip("\r\n")


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
    if quoted and b'"' in block:
        return 0
    data = np.frombuffer(block, np.uint8)
    breaks = np.flatnonzero(data == NEWLINE)
    first_bytes = data[np.append(0, breaks[:-1] + 1)]
    low, high = PRINTABLE
    return len(breaks) if ((first_bytes >= low) & (first_bytes <= high)).all() else 0
