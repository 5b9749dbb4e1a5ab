"""A source's map, compiled against the columns of one file: which cells, which types, which faults.

The compiled map is a query over ``incoming`` that gives, for every row of the file, its canonical columns or the reason
why it is rejected.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from nbatool.base.config import Config, Source
from nbatool.base.errors import ConfigError, DataError, Problem
from nbatool.base.source_settings import REQUIRED
from nbatool.ingest.csv_rows import LIKELY_DELIMITERS, CsvRows
from nbatool.ingest.lookup import LoadedLookup
from nbatool.ingest.presets import mapped_expressions
from nbatool.ingest.raw_rows import RawRows
from nbatool.ingest.row_sql import AGGREGATE_NAMES, AGGREGATES, Bound, ExpressionError, RowColumns, bound

if TYPE_CHECKING:
    import duckdb

ATTRIBUTE: Final = "attributes."


@dataclass(frozen=True)
class BoundMap:
    """Every expression of a source, bound to the columns of one file."""

    expressions: dict[str, Bound]
    """Canonical column, or ``attributes.NAME`` → expression."""
    keys: tuple[Bound, ...]
    """What ``group_by`` groups by; empty without it."""
    lookup_keys: dict[str, Bound]
    """Lookup name → the file's column it is joined on."""
    warnings: tuple[str, ...]

    @property
    def wanted(self) -> list[int]:
        """Positions of the file's columns that are read."""
        parts = (*self.expressions.values(), *self.keys, *self.lookup_keys.values())
        return sorted({cell for part in parts for cell in part.cells})


class MapProblems:
    """Collects what is wrong with a source's map, each with its key and line."""

    def __init__(self, config: Config, source: Source) -> None:
        self.config, self.source = config, source
        self.found: list[Problem] = []

    def add(self, key: str, message: str) -> None:
        """Add a problem of a map key (``ts``, ``attributes.age``) or of a key of the source (``group_by``)."""
        parts = tuple(key.split(".", 1))
        in_map = key not in ("group_by", "kind") and not key.startswith("lookup")
        where = ("map", *parts) if in_map and self.source.preset is None else parts
        shown = f"[source.map] {key}" if in_map else key
        text = f"{shown}: {message}"
        self.found.append(self.config.problem(text, "source", self.source.name, *where))

    def raise_if_any(self) -> None:
        if self.found:
            raise ConfigError(self.found)


def map_hash(source: Source) -> str:
    """Return a hash of everything in a source that decides how its rows are read; its files are not part of it."""
    said = source.model_dump(
        mode="json",
        include={"kind", "format", "delimiter", "header", "columns", "encoding", "timezone", "group_by"},
    )
    said["map"] = mapped_expressions(source)
    said["patterns"] = list(source.map.attribute_patterns)
    said["lookup"] = {name: lookup.on for name, lookup in source.lookup.items()}
    text = json.dumps(said, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def bind_map(
    config: Config, source: Source, rows: RawRows, file: str, lookups: Iterable[LoadedLookup] = ()
) -> BoundMap:
    """Bind a source's expressions to a file's columns.

    Raises
    ------
    ConfigError
        With every expression that is not allowed or names an unknown column.
    DataError
        When the file was plainly read with the wrong delimiter.
    """
    problems = MapProblems(config, source)
    names = _with_keys_of_later_rows(source, rows)
    columns = RowColumns(file, names, {lookup.name: lookup.names for lookup in lookups})
    texts = {**mapped_expressions(source), **_pattern_expressions(source, rows, file, problems)}
    for key in REQUIRED[source.kind]:
        if key not in texts:
            problems.add(key, f'is missing; {source.kind} need  {key} = "…"  in [source.map]')
    expressions = {}
    for key, text in texts.items():
        try:
            expressions[key] = bound(text, columns)
            if not source.group_by and expressions[key].tree.find(*AGGREGATES):
                problems.add(
                    key, f"{text!r} is an aggregate; {AGGREGATE_NAMES} need  group_by = [...]  in the source"
                )
        except ExpressionError as error:
            if "has no column" in str(error):
                _check_delimiter(config, source, rows, file)
                if source.preset is not None:
                    continue
            said = str(error).replace("text in every row write  = ", f"text in every row write  {key} = ")
            problems.add(key, said)
    keys = [_bound_column(name, columns, "group_by", problems) for name in source.group_by]
    joined = {
        lookup.name: _bound_column(lookup.on, columns, f"lookup.{lookup.name}", problems)
        for lookup in lookups
    }
    problems.raise_if_any()
    warnings = [f"{key}: {warning}" for key, part in expressions.items() for warning in part.warnings]
    return BoundMap(
        expressions,
        tuple(key for key in keys if key is not None),
        {name: part for name, part in joined.items() if part is not None},
        tuple(dict.fromkeys(warnings)),
    )


def _bound_column(name: str, columns: RowColumns, key: str, problems: MapProblems) -> Bound | None:
    try:
        return bound(exp.to_identifier(name, quoted=True).sql(dialect="duckdb"), columns)
    except ExpressionError as error:
        problems.add(key, str(error).split(" In SQL ")[0])
        return None


def _with_keys_of_later_rows(source: Source, rows: RawRows) -> list[str]:
    """Return the file's columns, with keys the map names that JSON rows not seen yet may carry."""
    names = list(rows.names)
    if rows.in_json and (not rows.all_names_known or source.preset is not None):
        from nbatool.ingest.row_sql import parsed

        for text in mapped_expressions(source).values():
            try:
                used = [column.parts[0].name for column in parsed(text).find_all(exp.Column)]
            except ExpressionError:
                continue
            known = {*names, *source.lookup, "_file", "_row"}
            names += [name for name in dict.fromkeys(used) if name not in known]
        rows.names = tuple(names)
    return names


def _pattern_expressions(source: Source, rows: RawRows, file: str, problems: MapProblems) -> dict[str, str]:
    texts = {}
    for pattern in source.map.attribute_patterns:
        matches = [name for name in rows.names if fnmatchcase(name, pattern)]
        if not matches and rows.all_names_known:
            listed = ", ".join(rows.names[:20])
            problems.add("attributes", f'no column of {file} matches "{pattern}" (it has {listed})')
        for name in matches:
            texts[ATTRIBUTE + name] = exp.to_identifier(name, quoted=True).sql(dialect="duckdb")
    return texts


def _check_delimiter(config: Config, source: Source, rows: RawRows, file: str) -> None:
    if not isinstance(rows, CsvRows) or len(rows.names) > 1:
        return
    counts = {delimiter: rows.first_line.count(delimiter) for delimiter in LIKELY_DELIMITERS}
    likely = max(counts, key=lambda delimiter: counts[delimiter])
    if likely == rows.delimiter or not counts[likely]:
        return
    shown = {"\t": "\\t"}.get(likely, likely)
    words = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
    problem = config.problem("", "source", source.name)
    raise DataError(
        f'{file}: 1 column found with delimiter "{source.delimiter}" but the map needs more. The first line has '
        f'{counts[likely]} {words[likely]}: set  delimiter = "{shown}"  in [[source]] "{source.name}" '
        f"({problem.file}:{problem.line})."
    )


def describe(con: duckdb.DuckDBPyConnection, query: exp.Query) -> list[str]:
    """Return the DuckDB types of a query's columns, without running it."""
    return [str(row[1]) for row in con.execute(f"describe {query.sql(dialect='duckdb')}").fetchall()]
