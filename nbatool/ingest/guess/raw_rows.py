"""A whole file as a table of raw rows in the scratch database."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb

from nbatool.base.errors import DataError
from nbatool.ingest.guess.layout import open_plain
from nbatool.ingest.guess.records import Layout
from nbatool.store.sql import statement

_COLUMN = duckdb.ColumnExpression
_CALL = duckdb.FunctionExpression
_TEXT = duckdb.ConstantExpression


@dataclass(frozen=True, slots=True)
class Raw:
    """A loaded file: its table, rows, blank lines passed over, rows that could not be read."""

    table: str
    rows: int
    blank_lines: int = 0
    bad_rows: int = 0


def load_raw(con: duckdb.DuckDBPyConnection, path: Path, layout: Layout, table: str, scratch: Path) -> Raw:
    """Load a whole file.

    Raises
    ------
    DataError
        The file cannot be read in this layout, or has no rows.
    """
    try:
        file = _readable(path, layout, scratch / f"{table}.unpacked")
        if layout.format == "parquet":
            con.from_parquet(file).create(table)
            raw = Raw(table, _count(con, table))
        elif layout.format == "csv" and layout.delimiter != "whitespace":
            raw = _load_csv(con, file, layout, table)
        else:
            raw = _load_lines(con, file, layout, table)
    except duckdb.Error as error:
        raise DataError(f"{path} cannot be read as {layout.shown}: {str(error).splitlines()[0]}") from error
    if raw.rows == 0:
        raise DataError(f"{path} has no rows ({layout.shown}): nothing to guess from.")
    return raw


def _readable(path: Path, layout: Layout, unpacked: Path) -> str:
    """A name DuckDB can read: what it cannot unpack or decode is made plain UTF-8 aside, glob signs are escaped."""
    if _is_made_plain(layout):
        decoder = codecs.getincrementaldecoder(layout.encoding)()
        with open_plain(path, layout.compression) as source, unpacked.open("wb") as target:
            while chunk := source.read(1 << 20):
                target.write(decoder.decode(chunk).encode())
            target.write(decoder.decode(b"", final=True).encode())
        path = unpacked
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def _packed(layout: Layout) -> Literal["gzip", "none"]:
    return "gzip" if layout.compression == "gzip" and not _is_made_plain(layout) else "none"


def _is_made_plain(layout: Layout) -> bool:
    return layout.compression in ("bz2", "zstd") or layout.encoding != "utf-8"


def _load_csv(con: duckdb.DuckDBPyConnection, file: str, layout: Layout, table: str) -> Raw:
    con.read_csv(
        file,
        columns=dict.fromkeys(layout.columns, "VARCHAR"),
        header=layout.header,
        delimiter=layout.delimiter,
        quotechar='"',
        escapechar='"',
        compression=_packed(layout),
        auto_detect=False,
        strict_mode=False,
        na_values="\x01",  # empty cells stay empty texts, as ingest reads them
        store_rejects=True,
        rejects_limit=0,
    ).create(table)
    bad = con.execute(statement("ingest/guess_bad_rows")).fetchall()
    con.execute("drop table reject_errors")
    con.execute("drop table reject_scans")
    return Raw(table, _count(con, table), bad_rows=int(bad[0][0]))


def _load_lines(con: duckdb.DuckDBPyConnection, file: str, layout: Layout, table: str) -> Raw:
    """JSON objects, or cells between runs of blanks; the text of each goes through the table `lines`."""
    if layout.format == "json":
        con.execute(
            statement("ingest/guess_create_json_lines"), {"file": file, "compression": _packed(layout)}
        )
    else:
        con.read_csv(
            file,
            columns={"line": "VARCHAR"},
            header=False,
            delimiter="\x01",
            quotechar="",
            escapechar="",
            compression=_packed(layout),
            auto_detect=False,
        ).create("lines")
    counted = con.execute(statement("ingest/guess_lines")).fetchall()[0]
    n_lines, n_blank, n_objects = (int(count) for count in counted)
    if layout.format == "csv":
        _split_blanks(con, layout, table, n_lines)
        raw = Raw(table, _count(con, table), n_blank)
    else:
        con.execute(statement("ingest/guess_create_objects"))
        _split_json(con, table)
        con.execute("drop table objects")
        raw = Raw(table, n_objects, n_blank, n_lines - n_blank - n_objects)
    con.execute("drop table lines")
    return raw


def _split_blanks(con: duckdb.DuckDBPyConnection, layout: Layout, table: str, n_lines: int) -> None:
    trimmed = _CALL("trim", _COLUMN("line"))
    cells = _CALL("regexp_split_to_array", trimmed, _TEXT(r"\s+"))
    wanted = [_CALL("list_extract", cells, _TEXT(i + 1)).alias(name) for i, name in enumerate(layout.columns)]
    lines = con.table("lines").filter(trimmed != _TEXT(""))
    if layout.header:
        lines = lines.limit(n_lines, 1)
    lines.select(*wanted).create(table)


def _split_json(con: duckdb.DuckDBPyConnection, table: str) -> None:
    keys = con.execute(statement("ingest/guess_json_keys")).fetchall()
    if not keys:
        raise DataError("no JSON object found: one object a line, or a list of objects, is expected.")
    wanted = []
    for key, nested in keys:
        pointer = _TEXT("/" + key.replace("~", "~0").replace("/", "~1"))
        cell = _CALL("json_extract" if nested else "json_extract_string", _COLUMN("line"), pointer)
        wanted.append(cell.alias(key))
    con.table("objects").select(*wanted).create(table)


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    return len(con.table(table))
