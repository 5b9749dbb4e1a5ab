"""How a file is written is told by its bytes."""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path

import pytest

from nbatool.base.errors import DataError
from nbatool.ingest.guess.layout import file_layout


@pytest.mark.parametrize(
    ("text", "delimiter", "header", "columns"),
    [
        ("a,b\n1,2\n3,4\n", ",", True, ("a", "b")),
        ('"a";"b"\n1,5;2,5\n1,25;3,5\n', ";", True, ("a", "b")),
        ("SessionId\tItemId\tTime\n1\t2\t3.5\n", "\t", True, ("SessionId", "ItemId", "Time")),
        ("a|b\n1|x y\n", "|", True, ("a", "b")),
        (" 0004 19970101  2   29.33\n 0004 19970118  2   29.73\n", "whitespace", False,
         ("column_1", "column_2", "column_3", "column_4")),
        ("id  day\n 1  19970101\n", "whitespace", True, ("id", "day")),
        (",x\n0,1\n", ",", True, ("column_1", "x")),
        ("7,2019-01-01,3.5\n8,2019-01-02,4\n", ",", False, ("column_1", "column_2", "column_3")),
        ('a,b\n"x, y",2\n"z",3\n', ",", True, ("a", "b")),
    ],
)  # fmt: skip
def test_delimiter_and_header(
    tmp_path: Path, text: str, delimiter: str, header: bool, columns: tuple[str, ...]
) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    layout = file_layout(path)
    assert (layout.delimiter, layout.header, layout.columns) == (delimiter, header, columns)


@pytest.mark.parametrize(
    ("data", "compression", "encoding"),
    [
        (gzip.compress(b"a,b\n1,2\n", mtime=0), "gzip", "utf-8"),
        (bz2.compress(b"a,b\n1,2\n"), "bz2", "utf-8"),
        ("a,b\n1,£2\n".encode("latin-1"), "", "latin-1"),
        ("a,b\n1,2\n".encode("utf-16"), "", "utf-16"),
        ("\ufeffa,b\n1,2\n".encode(), "", "utf-8"),
    ],
)
def test_compression_and_encoding(tmp_path: Path, data: bytes, compression: str, encoding: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    layout = file_layout(path)
    assert (layout.compression, layout.encoding, layout.columns) == (compression, encoding, ("a", "b"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"customer_id,ts\n", "a header and no rows"),
        (b"a,a\n1,2\n", 'has the column "a" twice'),
        (b"Dear reader,\nthis is prose\nand nothing else\n", "nothing recognisable"),
        (b"\x01\x00\x02\x03", "zero bytes"),
        (b'{"a": 1,\n "b": 2}\n', "looks like JSON"),
        (gzip.compress(b"a,b\n1,2\n" * 5000, mtime=0)[:60], "cannot be read"),
    ],
)
def test_bad_files_are_named_and_explained(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(data)
    with pytest.raises(DataError, match=message) as caught:
        file_layout(path)
    assert str(path) in str(caught.value)


def test_folder_and_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder"):
        file_layout(tmp_path)
    with pytest.raises(DataError, match="no such file"):
        file_layout(tmp_path / "none.csv")
