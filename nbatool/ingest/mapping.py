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

from nbatool.base.config import Catalogue, Config, Source
from nbatool.base.errors import ConfigError, DataError, Problem
from nbatool.base.source_settings import REQUIRED
from nbatool.ingest.csv_rows import LIKELY_DELIMITERS, CsvRows
from nbatool.ingest.lookup import LoadedLookup
from nbatool.ingest.presets import column_patterns, group_expressions, mapped_expressions
from nbatool.ingest.raw_rows import RawRows
from nbatool.ingest.row_sql import (
    AGGREGATE_NAMES,
    AGGREGATES,
    FILE,
    ROW,
    Bound,
    ExpressionError,
    RowColumns,
    bound,
    parsed,
)

if TYPE_CHECKING:
    import duckdb

ATTRIBUTE: Final = "attributes."
"""What the keys of attributes begin with, before their name."""
KEPT_UNDER: Final = {"decisions": "context."}
"""What it is for the kinds that keep columns as something else."""


def kept_under(kind: str) -> str:
    """Return what the keys of columns kept under names of their own begin with.

    >>> kept_under("events"), kept_under("decisions")
    ('attributes.', 'context.')
    """
    return KEPT_UNDER.get(kind, ATTRIBUTE)


@dataclass(frozen=True)
class BoundMap:
    """Every expression of a source, bound to the columns of one file."""

    expressions: dict[str, Bound]
    """Canonical column, ``attributes.NAME``, ``context.NAME`` or ``outcome.NAME`` → expression."""
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
    """Collects what is wrong with the map of a source or of the catalogue."""

    def __init__(self, config: Config, table: Source | Catalogue) -> None:
        self.config = config
        self.found: list[Problem] = []
        self._keys = ("source", table.name) if isinstance(table, Source) else ("catalogue",)
        self._has_map = table.preset is None if isinstance(table, Source) else True

    def add(self, key: str, message: str) -> None:
        """Add a problem of a map key (``ts``, ``attributes.age``) or of a key of the source (``group_by``)."""
        parts = tuple(key.split(".", 1))
        in_map = key not in ("group_by", "kind") and not key.startswith("lookup")
        where = ("map", *parts) if in_map and self._has_map else parts
        shown = f"[{self._keys[0]}.map] {key}" if in_map else key
        self.found.append(self.config.problem(f"{shown}: {message}", *self._keys, *where))

    def add_expression(self, key: str, error: ExpressionError) -> None:
        """Add that the expression of a map key cannot be used."""
        said = str(error).replace("text in every row write  = ", f"text in every row write  {key} = ")
        self.add(key, said)

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
    said["patterns"] = list(column_patterns(source))
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
    texts = mapped_expressions(source)
    if rows.in_json and (not rows.all_names_known or source.preset is not None):
        trust_named_keys(rows, texts.values(), source.lookup)
    must_match = rows.all_names_known and source.preset is None
    patterns, prefix = column_patterns(source), kept_under(source.kind)
    texts |= pattern_expressions(patterns, rows, file, problems, must_match=must_match, prefix=prefix)
    columns = RowColumns(file, rows.names, {lookup.name: lookup.names for lookup in lookups})
    for key in REQUIRED[source.kind]:
        if key not in texts:
            problems.add(key, f'is missing; {source.kind} need  {key} = "…"  in [source.map]')
    expressions, groups = {}, group_expressions(source)
    for key, text in texts.items():
        try:
            expressions[key] = bound(text, columns)
            if not groups and expressions[key].tree.find(*AGGREGATES):
                problems.add(
                    key, f"{text!r} is an aggregate; {AGGREGATE_NAMES} need  group_by = [...]  in the source"
                )
        except ExpressionError as error:
            if "has no column" in str(error):
                _check_delimiter(config, source, rows, file)
                if source.preset is not None and key not in REQUIRED[source.kind]:
                    continue
            problems.add_expression(key, error)
    keys = [_bound_key(text, columns, "group_by", problems) for text in groups]
    joined = {
        lookup.name: _bound_key(_quoted(lookup.on), columns, f"lookup.{lookup.name}", problems)
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


def _quoted(name: str) -> str:
    return exp.to_identifier(name, quoted=True).sql(dialect="duckdb")


def _bound_key(text: str, columns: RowColumns, key: str, problems: MapProblems) -> Bound | None:
    try:
        return bound(text, columns)
    except ExpressionError as error:
        problems.add(key, str(error).split(" In SQL ")[0])
        return None


def trust_named_keys(rows: RawRows, texts: Iterable[str], aliases: Iterable[str] = ()) -> None:
    """Take the keys that expressions name as columns, where JSON rows not seen yet may carry them.

    Parameters
    ----------
    aliases
        Names of lookups, which are no columns of the file.
    """
    own = {FILE, ROW, *aliases}
    names = dict.fromkeys(rows.names)
    for text in texts:
        try:
            used = [column.parts[0].name for column in parsed(text).find_all(exp.Column)]
        except ExpressionError:
            continue
        names |= dict.fromkeys(name for name in used if name not in own)
    rows.names = tuple(names)


def pattern_expressions(
    patterns: Iterable[str],
    rows: RawRows,
    file: str,
    problems: MapProblems,
    *,
    must_match: bool,
    prefix: str = ATTRIBUTE,
) -> dict[str, str]:
    """Return ``attributes.NAME`` → expression of the columns kept as attributes by name or pattern (``user_*``)."""
    texts = {}
    for pattern in patterns:
        matches = [name for name in rows.names if fnmatchcase(name, pattern)]
        if not matches and must_match:
            listed = ", ".join(rows.names[:20])
            problems.add(prefix[:-1], f'no column of {file} matches "{pattern}" (it has {listed})')
        for name in matches:
            texts[prefix + name] = _quoted(name)
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
