"""Lookups: a second file joined many-to-one, each of its keys once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
from sqlglot import exp

from nbatool.base.config import Source
from nbatool.base.errors import DataError, did_you_mean
from nbatool.ingest.arrow_stream import run_over
from nbatool.ingest.files import InputFile, input_files
from nbatool.ingest.formats import open_rows
from nbatool.ingest.json_cells import cells_select
from nbatool.ingest.raw_rows import RawRows
from nbatool.store.connection import scratch_database
from nbatool.store.sql import render

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class LoadedLookup:
    """A lookup file as the temp table ``lookup_<name>``, with columns ``c0, c1, …`` and the text key ``k``."""

    name: str
    on: str
    file: InputFile
    names: tuple[str, ...]
    schema: pa.Schema

    @property
    def table(self) -> str:
        return f"lookup_{self.name}"


def load_lookups(con: duckdb.DuckDBPyConnection, source: Source) -> tuple[LoadedLookup, ...]:
    """Load a source's lookup files into temp tables.

    Raises
    ------
    DataError
        When a file is missing, lacks the key column, or has a key twice.
    """
    loaded = []
    for name, lookup in source.lookup.items():
        file = input_files([lookup.file])[0]
        own_format = source.model_copy(update={"format": "auto", "columns": (), "header": True})
        with closing(open_rows(file, own_format)) as rows:
            loaded.append(_loaded(con, name, lookup.on, file, rows))
    return tuple(loaded)


def _loaded(
    con: duckdb.DuckDBPyConnection, name: str, on: str, file: InputFile, rows: RawRows
) -> LoadedLookup:
    if on not in rows.names:
        raise DataError(
            f'{file.name}: no column "{on}" for [source.lookup.{name}]{did_you_mean(on, rows.names)}'
        )
    wanted = list(range(len(rows.names)))
    identifier = exp.to_identifier(f"lookup_{name}", quoted=True)
    key = exp.column(f"c{rows.names.index(on)}")
    run_over(
        con,
        render("ingest/load_lookup", table=identifier, cells=cells_select(rows, wanted), key=key),
        rows,
        wanted,
    )
    empty = exp.select("*").from_(exp.Table(this=identifier)).limit(0)
    schema = con.sql(empty.sql(dialect="duckdb")).to_arrow_table().schema
    lookup = LoadedLookup(name, on, file, rows.names, schema)
    _check_keys(con, lookup)
    return lookup


@contextmanager
def drawing_board(lookups: Iterable[LoadedLookup]) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database of its own, with empty lookups, to try queries without spoiling a transaction."""
    with scratch_database() as con:
        for lookup in lookups:
            con.register(lookup.table, lookup.schema.empty_table())
        yield con


def _check_keys(con: duckdb.DuckDBPyConnection, lookup: LoadedLookup) -> None:
    table = exp.to_identifier(lookup.table, quoted=True)
    twice = con.execute(render("ingest/lookup_keys_twice", table=table)).fetchall()
    if twice:
        key, n_rows, n_keys = twice[0]
        raise DataError(
            f"{lookup.file.name}: {lookup.on} = {key!r} stands in {n_rows} rows ({n_keys} such keys); a lookup must "
            f"have each key once. Make the file unique by {lookup.on}, or choose another  on"
        )
