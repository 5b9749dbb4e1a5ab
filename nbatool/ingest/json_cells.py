"""The cells of a JSON row: one pass over its text for all keys the map uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlglot import exp

from nbatool.ingest.raw_rows import RawRows
from nbatool.ingest.row_sql import fragment
from nbatool.store.sql import render

def cells_select(rows: RawRows, wanted: Sequence[int]) -> exp.Expr:
    """Return the query that gives ``_row, _line, _raw, _problem, _detail`` and the wanted cells of ``incoming``.

    Scalars of JSON are text as written, objects and lists their JSON text; a row that is no JSON object has a problem.
    """
    if not rows.in_json:
        return _query(render("ingest/cells", cells=[*_PLACE, *(exp.column(f"c{i}") for i in wanted)]))
    pointers = [exp.Literal.string(_pointer(rows.names[i])) for i in wanted] or [exp.Literal.string("/")]
    cells = [fragment(f"_cells[{k}]").as_(f"c{i}") for k, i in enumerate(wanted, 1)]
    return _query(
        render(
            "ingest/json_cells",
            pointers=exp.Array(expressions=pointers),
            cells=[*_PLACE[:3], *cells] if cells else list(_PLACE[:3]),
        )
    )


_PLACE: Final = tuple(exp.column(name) for name in ("_row", "_line", "_raw", "_problem", "_detail"))


def _query(text: str) -> exp.Expr:
    return fragment(text)


def _pointer(key: str) -> str:
    """Return the JSON pointer (RFC 6901) of a key."""
    return "/" + key.replace("~", "~0").replace("/", "~1")
