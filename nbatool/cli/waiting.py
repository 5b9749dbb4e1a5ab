"""Lines of a stream, as many together as are there: one for somebody who waits for each answer, many from a file.

What comes together can share one durable write, so a long stream does not wait for the disk at every line.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import IO

READ_BYTES = 1 << 16
MOST_TOGETHER = 32


def waiting_lines(stream: IO[bytes], most: int = MOST_TOGETHER) -> Iterator[list[bytes]]:
    r"""Yield the lines that can be had without waiting, at most ``most`` at a time; never an empty list.

    Only the first of them is waited for. The last line needs no line end.

    Parameters
    ----------
    stream
        A binary stream with a file below it, from which nothing was read yet.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryFile() as file:
    ...     _ = file.write(b"a\nb\nc"), file.seek(0)
    ...     list(waiting_lines(file, most=2))
    [[b'a\n', b'b\n'], [b'c']]
    """
    descriptor = stream.fileno()
    pieces: list[bytes] = []
    while read := os.read(descriptor, READ_BYTES):
        *whole, rest = read.split(b"\n")
        if whole:
            whole[0] = b"".join([*pieces, whole[0]])
            pieces = []
            for first in range(0, len(whole), most):
                yield [line + b"\n" for line in whole[first : first + most]]
        if rest:
            pieces.append(rest)
    if pieces:
        yield [b"".join(pieces)]
