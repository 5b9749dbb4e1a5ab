"""The bytes of a file as UTF-8 text: unpacked, decoded, counted, and checked to be whole."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import re
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO

from nbatool.base.errors import DataError
from nbatool.ingest.files import InputFile

PACKED = {b"\x1f\x8b": "gzip", b"(\xb5/\xfd": "zstd", b"BZh": "bzip2"}
BOMS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
NO_TEXT = {
    b"PK\x03\x04": "an Excel workbook (or another zip archive)",
    b"\xd0\xcf\x11\xe0": "an Excel workbook of the old kind (or another Office file)",
}
UTF8_NAMES = ("utf-8", "utf-8-sig", "ascii")
READ_BYTES = 1 << 20
TAIL_BYTES = 64

OnBytes = Callable[[int], None]


def require_text(name: str, start: bytes) -> None:
    """Stop at a file whose first bytes are those of a spreadsheet.

    Raises
    ------
    DataError
        That says what to do instead.
    """
    what = next((what for mark, what in NO_TEXT.items() if start.startswith(mark)), None)
    if what is not None:
        raise DataError(
            f"{name} is {what}, which is not read. Save its sheet as CSV (in Excel: Save As, CSV UTF-8) and name that file"
        )


class ByteStream(io.RawIOBase):
    """A readable stream of a file's text in UTF-8, without byte order mark.

    Packed files are known by their first bytes, not their names. A packed file that ends too early, or a byte that
    the encoding does not have, raises a :class:`DataError` that names the place; so does a spreadsheet.

    Parameters
    ----------
    encoding
        Of the text in the file, a Python codec name.
    blanks_collapsed
        Turn runs of blanks within a line into one tab and drop those at its ends.
    on_bytes
        Called with the number of (packed) bytes just read.
    """

    def __init__(
        self,
        file: InputFile,
        *,
        encoding: str = "utf-8",
        blanks_collapsed: bool = False,
        on_bytes: OnBytes | None = None,
    ) -> None:
        super().__init__()
        self.file = file
        self.line_breaks = 0
        self.tail = b""
        self._counted = _Counted(file.path.open("rb"), on_bytes)
        try:
            require_text(file.name, self._counted.start())
        except DataError:
            self._counted.close()
            raise
        self._unpacked = _unpacked(self._counted)
        self._said_encoding = encoding
        self._encoding = codecs.lookup(encoding).name
        self._decoder: Any = (
            None if self._encoding in UTF8_NAMES else codecs.getincrementaldecoder(encoding)()
        )
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._collapse = blanks_collapsed
        self._pending = self._half_line = b""
        self._started = self._ended = False

    def again(self) -> ByteStream:
        """Return the same stream from its start; its bytes are not reported a second time."""
        self.close()
        return ByteStream(self.file, encoding=self._said_encoding, blanks_collapsed=self._collapse)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._pending and not self._ended:
            self._pending = self._next()
        taken = self._pending[: len(buffer)]
        self._pending = self._pending[len(taken) :]
        buffer[: len(taken)] = taken
        return len(taken)

    def read(self, size: int | None = -1) -> bytes:
        """Return up to `size` bytes, fewer than that only at the end."""
        parts = [self._pending]
        total = len(self._pending)
        while not self._ended and (size is None or size < 0 or total < size):
            part = self._next()
            parts.append(part)
            total += len(part)
        data = b"".join(parts)
        if size is None or size < 0:
            self._pending = b""
            return data
        self._pending = data[size:]
        return data[:size]

    def close(self) -> None:
        if not self.closed:
            self._unpacked.close()
            self._counted.close()
        super().close()

    def _next(self) -> bytes:
        raw = self._read_raw()
        self._ended = not raw
        if not self._started and raw:
            self._started = True
            raw = self._without_mark(raw)
        data = self._decoded(raw)
        if self._collapse:
            data = self._collapsed(data)
        self.line_breaks += data.count(b"\n")
        self.tail = (self.tail + data[-TAIL_BYTES:])[-TAIL_BYTES:]
        return data

    def _read_raw(self) -> bytes:
        try:
            data: bytes = self._unpacked.read(READ_BYTES)
            return data
        except (EOFError, OSError, zlib.error) as error:
            raise DataError(
                f"{self.file.name}: the packed file is cut short or damaged after "
                f"{self._counted.done:,} of {self.file.size:,} bytes ({error}). Nothing of it was loaded: fetch it again"
            ) from None

    def _without_mark(self, raw: bytes) -> bytes:
        for mark, name in BOMS.items():
            if raw.startswith(mark) and self._encoding in UTF8_NAMES:
                raise self._wrong_encoding(f"begins with the byte order mark of {name}", name)
        if raw[:200].count(0) > len(raw[:200]) // 4 and self._encoding in UTF8_NAMES:
            raise self._wrong_encoding("has a NUL in every other byte, as UTF-16 does", "utf-16-le")
        return raw.removeprefix(codecs.BOM_UTF8) if self._encoding in UTF8_NAMES else raw

    def _decoded(self, raw: bytes) -> bytes:
        try:
            if self._decoder is not None:
                text: str = self._decoder.decode(raw, final=self._ended)
                return text.removeprefix("\ufeff").encode()
            self._utf8.decode(raw, self._ended)
            return raw
        except UnicodeDecodeError as error:
            line = self.line_breaks + error.object[: error.start].count(b"\n") + 1
            found = error.object[error.start]
            if self._decoder is None:
                raise self._wrong_encoding(
                    f"line {line}: byte 0x{found:02x} is not UTF-8", "latin-1"
                ) from None
            raise DataError(
                f"{self.file.name} line {line}: byte 0x{found:02x} is not {self._encoding}: correct  encoding  in "
                "its [[source]]"
            ) from None

    def _wrong_encoding(self, what: str, likely: str) -> DataError:
        return DataError(
            f'{self.file.name} {what}, but the source says encoding = "{self._encoding}". '
            f'Set  encoding = "{likely}"  (or cp1252, utf-16, ...) in its [[source]]'
        )

    def _collapsed(self, data: bytes) -> bytes:
        data = self._half_line + data
        cut = len(data) if self._ended else data.rfind(b"\n") + 1
        self._half_line = data[cut:]
        inner = re.sub(rb"[ \t]+", b"\t", data[:cut])
        return re.sub(rb"(?m)^\t|\t(?=\r?$)", b"", inner)


class _Counted(io.RawIOBase):
    """A file that says how far it was read."""

    def __init__(self, raw: BinaryIO, on_bytes: OnBytes | None) -> None:
        super().__init__()
        self._raw, self._on_bytes, self.done = raw, on_bytes, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._raw.seek(offset, whence)

    def start(self) -> bytes:
        """Return the first four bytes, uncounted, and stay before them."""
        first = self._raw.read(4)
        self._raw.seek(0)
        return first

    def tell(self) -> int:
        return self._raw.tell()

    def read(self, size: int | None = -1) -> bytes:
        data = self._raw.read(-1 if size is None else size)
        self.done += len(data)
        if self._on_bytes is not None:
            self._on_bytes(len(data))
        return data

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._raw.close()
        super().close()


def _unpacked(raw: _Counted) -> Any:
    start = raw.start()
    packing = next((name for mark, name in PACKED.items() if start.startswith(mark)), None)
    if packing == "gzip":
        return gzip.GzipFile(fileobj=io.BufferedReader(raw, READ_BYTES), mode="rb")
    if packing == "bzip2":
        return bz2.BZ2File(io.BufferedReader(raw, READ_BYTES))
    if packing == "zstd":
        import pyarrow as pa

        return pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd")
    return raw
