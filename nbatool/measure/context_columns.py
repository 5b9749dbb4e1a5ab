"""What requests said, as columns for models of the outcome: numbers as they are, texts by the code of their value.

Requests are decoded a chunk at a time, once to learn which columns there are and once to fill them: a million decoded
at once would take gigabytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from nbatool.models.table import FloatArray, IntArray

MOST_COLUMNS = 60
MOST_VALUES = 100
_CHUNK = 20_000
_NEVER = -1


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
    counts: Counter[str] = Counter()
    texts: set[str] = set()
    for _, said in _chunks(contexts):
        for one in said:
            counts.update(one.keys())
            texts.update(name for name, v in one.items() if not (v is None or isinstance(v, int | float)))
    names = sorted(sorted(counts, key=lambda name: (-counts[name], name))[:MOST_COLUMNS])
    x = np.full((len(contexts), len(names)), np.nan)
    codes = {name: _Codes(len(contexts)) for name in names if name in texts}
    for first, said in _chunks(contexts):
        for k, name in enumerate(names):
            values = [one.get(name) for one in said]
            if name in codes:
                codes[name].fill(first, values)
            else:
                x[first : first + len(said), k] = [np.nan if v is None else float(v) for v in values]
    for k, name in enumerate(names):
        if name in codes:
            x[:, k] = codes.pop(name).column()
    return ContextColumns(
        x,
        tuple(f"context.{name}" for name in names),
        tuple(f"context.{name}" for name in names if name in texts),
    )


def _chunks(contexts: Sequence[str | None]) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    decode = msgspec.json.Decoder().decode
    for first in range(0, len(contexts), _CHUNK):
        yield first, [decode(text) if text else {} for text in contexts[first : first + _CHUNK]]


class _Codes:
    """The values of one column in the order they were met, and the number of each row's."""

    def __init__(self, n: int) -> None:
        self.number: IntArray = np.full(n, _NEVER, dtype=np.int64)
        self.met: dict[str, int] = {}

    def fill(self, first: int, values: list[Any]) -> None:
        met = self.met
        self.number[first : first + len(values)] = [
            _NEVER if v is None else met.setdefault(_text(v), len(met)) for v in values
        ]

    def column(self) -> FloatArray:
        """Return the code of each row's value, by the alphabet, NaN for rare ones and those not said."""
        counts = np.bincount(self.number[self.number != _NEVER], minlength=len(self.met)).tolist()
        often = sorted(sorted(self.met, key=lambda t: (-counts[self.met[t]], t))[:MOST_VALUES])
        code = np.full(len(self.met) + 1, np.nan)
        for k, text in enumerate(often):
            code[self.met[text]] = k
        return code[self.number]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
