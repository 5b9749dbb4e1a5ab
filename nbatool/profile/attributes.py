"""Customer attributes at a moment: typed columns, the newest value known before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import duckdb

AttributeType = Literal["number", "text", "boolean", "time"]


@dataclass(frozen=True, slots=True)
class Attribute:
    """A customer attribute: a number, a text, a yes/no (1 or 0), or a time (µs since 1970 UTC)."""

    name: str
    type: AttributeType

    @property
    def is_text(self) -> bool:
        return self.type == "text"


def typed(attribute: Attribute, raw: str | None) -> float | str | None:
    """Turn the text of an attribute into its value; what does not fit its type is null.

    >>> typed(Attribute("age", "number"), "41"), typed(Attribute("vip", "boolean"), "true")
    (41.0, 1.0)
    """
    if raw is None or attribute.is_text:
        return raw
    if attribute.type == "boolean":
        return {"true": 1.0, "false": 0.0}.get(raw)
    if attribute.type == "time":
        from nbatool.base.clock import parse_time

        return float(parse_time(raw))
    try:
        return float(raw)
    except ValueError:
        return None


def column(attribute: Attribute, raw: Sequence[str | None]) -> NDArray[Any]:
    """Return the values of one attribute: float64 with NaN, or objects with None for text."""
    if attribute.is_text:
        result = np.empty(len(raw), dtype=object)
        result[:] = list(raw)
        return result
    known = {text: typed(attribute, text) for text in set(raw)}
    numbers = [known[text] for text in raw]
    return np.array([np.nan if v is None else v for v in numbers], dtype=np.float64)


def read_attributes(
    con: duckdb.DuckDBPyConnection, attributes: tuple[Attribute, ...], first: int, last: int
) -> dict[str, NDArray[Any]]:
    """Return the attributes of the moments ``first <= moment < last``, one array (last - first,) per name."""
    from nbatool.store.arrow import fetch_arrow
    from nbatool.store.sql import json_key, template

    raw: list[list[str | None]] = [[None] * (last - first) for _ in attributes]
    if attributes:
        values = ", ".join(
            f"max_by(attributes ->> $a{k}, age_rank) filter (where attributes ->> $a{k} is not null) as v{k}"
            for k in range(len(attributes))
        )
        parameters: dict[str, Any] = {f"a{k}": json_key(a.name) for k, a in enumerate(attributes)}
        sql = template("profile/attributes", columns=values)
        found = fetch_arrow(con, sql, {**parameters, "first": first, "last": last})
        at = (found.column(0).to_numpy() - first).tolist()
        for k in range(len(attributes)):
            for row, value in zip(at, found.column(k + 1).to_pylist(), strict=True):
                raw[k][row] = value
    return {a.name: column(a, raw[k]) for k, a in enumerate(attributes)}
