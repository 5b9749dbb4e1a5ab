"""What requests said, as columns for models of the outcome: numbers as they are, texts by the code of their value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from nbatool.models.table import FloatArray

MOST_COLUMNS = 60
MOST_VALUES = 100


@dataclass(frozen=True)
class ContextColumns:
    """(n, d) columns, NaN where a request did not say; names begin with ``context.``."""

    x: FloatArray
    names: tuple[str, ...]
    categorical: tuple[str, ...]


def context_columns(contexts: Sequence[str | None]) -> ContextColumns:
    """Return the columns of n contexts, JSON objects or None; a column of numbers only is numeric.

    >>> context_columns(['{"age":3,"page":"home"}', None]).names
    ('context.age', 'context.page')
    """
    said: list[dict[str, Any]] = [msgspec.json.decode(text) if text else {} for text in contexts]
    counts = Counter(name for one in said for name in one)
    names = sorted(sorted(counts, key=lambda name: (-counts[name], name))[:MOST_COLUMNS])
    columns, categorical = [], []
    for name in names:
        values = [one.get(name) for one in said]
        if all(v is None or isinstance(v, int | float) for v in values):
            columns.append(np.array([np.nan if v is None else float(v) for v in values]))
        else:
            columns.append(_coded(values))
            categorical.append(f"context.{name}")
    x = np.column_stack(columns) if columns else np.empty((len(said), 0))
    return ContextColumns(x, tuple(f"context.{name}" for name in names), tuple(categorical))


def _coded(values: list[Any]) -> FloatArray:
    texts = [
        None if v is None else v if isinstance(v, str) else msgspec.json.encode(v).decode() for v in values
    ]
    counts = Counter(t for t in texts if t is not None)
    often = sorted(sorted(counts, key=lambda t: (-counts[t], t))[:MOST_VALUES])
    code = {text: float(k) for k, text in enumerate(often)}
    return np.array([np.nan if t is None else code.get(t, np.nan) for t in texts], dtype=np.float64)
