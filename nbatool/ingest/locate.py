"""Where rejected rows of a delimited file stand: a second reading that keeps lines and texts."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import closing

from nbatool.base.config import Source
from nbatool.ingest.byte_stream import ByteStream
from nbatool.ingest.csv_rows import WHITESPACE
from nbatool.ingest.files import InputFile


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
    row = 0
    seen_header = not has_header
    with closing(ByteStream(file, encoding=source.encoding)) as stream:
        for line, text in _records(stream, quoted):
            if not text.strip():
                continue
            if not seen_header:
                seen_header = True
                continue
            row += 1
            if row == target:
                yield row, line, text
                target = next(targets, None)
                if target is None:
                    return


def _records(stream: ByteStream, quoted: bool) -> Iterator[tuple[int, str]]:
    """Yield the first line and the text of each record; a record goes on while a quote is open."""
    held, first = "", 0
    lines = io.TextIOWrapper(io.BufferedReader(stream, 1 << 20), encoding="utf-8", newline="\n")
    for number, text in enumerate(lines, 1):
        if not held:
            first = number
        held += text
        if quoted and '"' in held and held.count('"') % 2:
            continue
        yield first, held.rstrip("\r\n")
        held = ""
    if held:
        yield first, held.rstrip("\r\n")
