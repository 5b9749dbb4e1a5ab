"""What requests said, as columns of the outcome model: numbers as they are, texts by the code of their value.

A value is read alone from its own cell, so that a live request has the bits of the same row in training. What a request
does not say, and at night nobody says anything, is missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec
import numpy as np

from nbatool.models.context_encoder import Value, as_number, as_text
from nbatool.models.table import FloatArray

PREFIX = "context."
MOST_COLUMNS = 60
MOST_VALUES = 100

Said = Mapping[str, Value]


@dataclass(frozen=True)
class ContextInput:
    """Columns of requests, (n, n_columns).

    Parameters
    ----------
    keys
        What the columns are called in a request.
    categories
        Of those that hold texts: their values, the position being the code.
    """

    keys: tuple[str, ...] = ()
    categories: Mapping[str, tuple[str, ...]] | None = None

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(PREFIX + key for key in self.keys)

    @cached_property
    def categorical(self) -> tuple[str, ...]:
        return tuple(PREFIX + key for key in self.keys if key in self._codes)

    @cached_property
    def _codes(self) -> dict[str, dict[str, float]]:
        known = self.categories or {}
        return {key: {value: float(k) for k, value in enumerate(values)} for key, values in known.items()}

    def encode(self, said: Said | Sequence[Said] | None, n: int) -> FloatArray:
        """Return x (n, n_columns); ``said`` is one request's for all rows, or each row's.

        >>> one = ContextInput(("age", "page"), {"page": ("cart", "home")})
        >>> one.encode({"age": 3, "page": "home"}, 1).tolist(), one.encode([{"page": "new"}], 1).tolist()
        ([[3.0, 1.0]], [[nan, nan]])
        """
        x = np.full((n, len(self.keys)), np.nan)
        if said is None or not self.keys:
            return x
        rows = [said] if isinstance(said, Mapping) else said
        for at, key in enumerate(self.keys):
            codes = self._codes.get(key)
            if codes is None:
                values = [as_number(row.get(key)) for row in rows]
            else:
                values = [codes.get(as_text(row.get(key)) or "", np.nan) for row in rows]
            x[:, at] = values if len(values) == n else values[0]
        return x

    def to_json(self) -> dict[str, Any]:
        known = self.categories or {}
        return {"keys": list(self.keys), "categories": {key: list(values) for key, values in known.items()}}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> ContextInput:
        return cls(tuple(stored["keys"]), {key: tuple(v) for key, v in stored["categories"].items()})


NO_CONTEXT = ContextInput()


def said_of(contexts: Sequence[str | None]) -> list[Said]:
    """Return the requests of JSON texts; what is neither text nor number nor truth value is left out."""
    decoded = [msgspec.json.decode(text) if text else {} for text in contexts]
    return [
        {key: value for key, value in one.items() if isinstance(value, str | int | float)} for one in decoded
    ]


def fit_context_input(said: Sequence[Said]) -> ContextInput:
    """Choose the columns: the keys said most often; a key that was ever a text holds texts.

    >>> fit_context_input([{"age": 3, "page": "home"}, {"age": 4}]).names
    ('context.age', 'context.page')
    """
    counts = Counter(key for one in said for key in one)
    keys = tuple(sorted(sorted(counts, key=lambda key: (-counts[key], key))[:MOST_COLUMNS]))
    categories = {}
    for key in keys:
        if any(isinstance(one.get(key), str) for one in said):
            values = Counter(text for one in said if (text := as_text(one.get(key))))
            categories[key] = tuple(sorted(sorted(values, key=lambda v: (-values[v], v))[:MOST_VALUES]))
    return ContextInput(keys, categories)
