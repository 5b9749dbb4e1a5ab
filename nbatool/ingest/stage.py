"""One file as the temp table ``staged``: canonical records, and rejects with their line and text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlglot import exp

from nbatool.base import clock
from nbatool.base.config import Config, Source
from nbatool.ingest.arrow_stream import OnRows, incoming, run_over
from nbatool.ingest.byte_stream import OnBytes
from nbatool.ingest.csv_rows import CsvRows
from nbatool.ingest.files import InputFile
from nbatool.ingest.formats import open_rows
from nbatool.ingest.locate import csv_records
from nbatool.ingest.log_rows import stage_logged
from nbatool.ingest.lookup import LoadedLookup, drawing_board
from nbatool.ingest.mapping import bind_map
from nbatool.ingest.raw_rows import RawRows, texts, whole_numbers
from nbatool.ingest.row_sql import fragment
from nbatool.ingest.stage_query import stage_query
from nbatool.store.sql import render, statement, template

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Staged:
    """What the temp table ``staged`` holds of one file."""

    rows: int
    lines: int
    rejected: int
    unmatched: dict[str, int]
    attribute_kinds: dict[str, str]
    warnings: tuple[str, ...]
    whole: bool = True
    """All rows of the file are there, not its first rows only."""
    has_own_id: bool = True
    """The records carry an id; otherwise it is a hash of their raw text."""


def stage_file(
    con: duckdb.DuckDBPyConnection,
    config: Config,
    source: Source,
    file: InputFile,
    lookups: tuple[LoadedLookup, ...],
    *,
    on_bytes: OnBytes | None = None,
    on_rows: OnRows | None = None,
    first_rows_only: bool = False,
) -> Staged:
    """Read, map and check one file into the temp table ``staged``.

    Raises
    ------
    ConfigError
        When the map does not fit the file.
    DataError
        When the file cannot be read to its end.
    """
    with closing(open_rows(file, source, on_bytes)) as rows:
        mapped = bind_map(config, source, rows, file.name, lookups)
        with drawing_board(lookups) as board:
            query = stage_query(board, config, source, rows, mapped, lookups)
        statement_text = template("ingest/create_staged", query=query.sql)
        whole = run_over(
            con, statement_text, rows, query.wanted, on_rows=on_rows, first_rows_only=first_rows_only
        )
    if source.kind == "customers" and "timezone" in mapped.expressions:
        _reject_unknown_zones(con)
    if not first_rows_only:
        _locate_rejects(con, source, file, rows)
    misses: list[exp.Expr] = [
        fragment("sum(cast($m as bigint))", m=exp.column(f"missed_{lookup.name}", quoted=True))
        for lookup in lookups
    ]
    counts = render("ingest/staged_counts", missed=misses or [exp.Literal.number(0)])
    n_rows, lines, rejected, *missed = con.execute(counts).fetchall()[0]
    unmatched = {lookup.name: n for lookup, n in zip(lookups, missed, strict=False) if n}
    kinds = query.attribute_kinds | (stage_logged(con) if source.kind == "decisions" else {})
    return Staged(n_rows, lines or 0, rejected, unmatched, kinds, query.warnings, whole, query.has_own_id)


def _reject_unknown_zones(con: duckdb.DuckDBPyConnection) -> None:
    unknown = []
    for (zone,) in con.execute(statement("ingest/staged_zones")).fetchall():
        try:
            clock.load_zone(zone)
        except clock.TimeTextError:
            unknown.append(zone)
    if unknown:
        con.execute(statement("ingest/reject_zones"), {"zones": unknown}).fetchall()


def _locate_rejects(con: duckdb.DuckDBPyConnection, source: Source, file: InputFile, rows: RawRows) -> None:
    """Give rejected CSV rows their line and text, which the fast reading did not keep."""
    if not isinstance(rows, CsvRows):
        con.execute(statement("ingest/line_of_parquet")).fetchall()
        return
    wanted = [row for (row,) in con.execute(statement("ingest/rejected_rows")).fetchall()]
    if not wanted:
        return
    schema = pa.schema([("_row", pa.int64()), ("_line", pa.int64()), ("_raw", pa.string())])
    found = csv_records(file, source, rows, wanted)
    reader = pa.RecordBatchReader.from_batches(schema, _in_batches(schema, found))
    with incoming(con, reader):
        con.execute(statement("ingest/located")).fetchall()


def _in_batches(
    schema: pa.Schema, records: Iterator[tuple[Any, ...]], size: int = 10_000
) -> Iterator[pa.RecordBatch]:
    batch: list[Sequence[Any]] = []
    for record in records:
        batch.append(record)
        if len(batch) == size:
            yield _batch(schema, batch)
            batch = []
    if batch:
        yield _batch(schema, batch)


def _batch(schema: pa.Schema, records: list[Sequence[Any]]) -> pa.RecordBatch:
    rows, lines, raws = zip(*records, strict=True)
    return pa.record_batch([whole_numbers(rows), whole_numbers(lines), texts(raws)], schema=schema)
