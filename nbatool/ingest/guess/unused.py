"""Columns of a file that no line of its map reads, and a status of orders that nobody asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlglot
from sqlglot import exp

from nbatool.ingest.guess.events import EventsDraft
from nbatool.ingest.guess.file_look import FileLook
from nbatool.ingest.guess.records import MapLine
from nbatool.ingest.guess.words import named, words
from nbatool.ingest.guess.workbench import Workbench
from nbatool.ingest.row_sql import RowSql

_STATUS = (r"(\w+_)?(status|state)(_\w+)?",)
_UNDONE = frozenset(
    "cancelled canceled cancellation refunded returned failed declined voided void rejected chargeback".split()  # noqa: SIM905
)
_MOST_CELLS = 200


def unused_columns(seen: FileLook, lines: Sequence[MapLine], also: Iterable[str] = ()) -> tuple[str, ...]:
    """Names of the columns that neither a map line nor `also` (group_by, lookups) names."""
    read = {name.lower() for name in also}
    for line in lines:
        tree = sqlglot.parse_one(line.expression, dialect=RowSql)
        read |= {column.name.lower() for column in tree.find_all(exp.Column)}
    return tuple(c.name for c in seen.columns if not c.parent and c.name.lower() not in read)


def undone_orders(bench: Workbench, draft: EventsDraft) -> str | None:
    """The question a status such as Cancelled raises where it does not decide the type of an event."""
    kind = draft.line("type")
    if kind is None:
        return None
    asked = []
    for column in draft.seen.columns:
        if column.type != "text" or column is draft.type_column or not named(column.name, _STATUS):
            continue
        bench.look_at(draft.seen.raw.table, column.expression)
        counted = bench.rows("counted", most=_MOST_CELLS)
        undone = [(cell, rows) for cell, rows in counted if not _UNDONE.isdisjoint(words(cell))]
        if not undone:
            continue
        said = " or ".join(cell for cell, _ in undone[:4])
        rows = sum(rows for _, rows in undone)
        listed = ", ".join("'" + cell.replace("'", "''") + "'" for cell, _ in undone[:4])
        status = f"any_value({column.expression})" if draft.group_by else column.expression
        asked.append(
            f"{column.name} says {said} in {rows:,} rows: they count as "
            f"{'purchases' if 'purchase' in kind.expression else 'any other event'}; if they should not, write "
            f"type = case when {status} in ({listed}) then 'cancelled' else {kind.expression} end."
        )
    return " ".join(asked) or None
