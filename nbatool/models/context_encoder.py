"""What the fast learner sees of a moment: named values as one vector of bounded numbers.

A constant 1; every number standardised and bounded, those with heavy tails (money, counts) first bent by asinh; times
since something by their logarithm and by how fresh it is; a flag for each pattern of missing values; a flag for each
frequent category. Every value is computed alone from its own cell, so that one row has the bits a million rows have.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from nbatool.models.number_column import NumberColumn, fitted_number, freshness
from nbatool.models.table import FloatArray

Value = float | str | bool | None
FEW_ROWS = 16
"""So many rows are encoded one by one, a million column by column; to the same bits."""


@dataclass(frozen=True, slots=True)
class TextColumn:
    """A text as one flag per frequent category; others, and those never seen, are all flags off.

    Parameters
    ----------
    categories
        Most frequent first; equal frequencies by name.
    gaps
        Whether it can be missing, which then has a coordinate.
    """

    name: str
    categories: tuple[str, ...] = ()
    gaps: bool = False


@dataclass(frozen=True)
class ContextEncoder:
    """Named columns to vectors.

    Parameters
    ----------
    numbers, texts
        The columns, in the order of the coordinates.

    >>> encoder = ContextEncoder.fit({"age": np.array([20.0, 40.0])}, {"plan": ["free", "free"]}, least_rows=1)
    >>> encoder.names
    ('bias', 'age', 'plan = free')
    >>> encoder.encode_one({"age": 40.0, "plan": "paid"}).tolist()
    [1.0, 1.0, 0.0]
    """

    numbers: tuple[NumberColumn, ...]
    texts: tuple[TextColumn, ...]

    @classmethod
    def fit(
        cls,
        numbers: Mapping[str, FloatArray],
        texts: Mapping[str, Sequence[str | None]],
        *,
        most_categories: int = 12,
        least_rows: int = 5,
        durations: Collection[str] = (),
    ) -> ContextEncoder:
        """Return the encoder of a history.

        Parameters
        ----------
        numbers
            Column → float64[n], NaN where missing.
        texts
            Column → n texts, None where missing.
        most_categories, least_rows
            A text column has at most so many flags, each seen in so many rows.
        durations
            Number columns that are days since something.
        """
        known = {name: np.asarray(values, np.float64) for name, values in numbers.items()}
        return cls(
            _flagged_once(
                [fitted_number(name, values, days=name in durations) for name, values in known.items()], known
            ),
            tuple(_text(name, values, most_categories, least_rows) for name, values in texts.items()),
        )

    @classmethod
    def unfitted(cls, numbers: Sequence[str], texts: Sequence[str]) -> ContextEncoder:
        """Return the encoder of a log without history: numbers as they are, bounded, and no category yet."""
        return cls(tuple(NumberColumn(name) for name in numbers), tuple(TextColumn(name) for name in texts))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the d coordinates."""
        found = ["bias"]
        for number in self.numbers:
            found += [number.name, *([f"{number.name}, fresh"] if number.unit > 0 else [])]
            found += [f"{number.name} is missing"] if number.gaps else []
        for text in self.texts:
            found += [f"{text.name} = {category}" for category in text.categories]
            found += [f"{text.name} is missing"] if text.gaps else []
        return tuple(found)

    @property
    def d(self) -> int:
        return len(self.names)

    @property
    def number_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.numbers)

    @property
    def text_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.texts)

    def encode(
        self, numbers: Mapping[str, FloatArray], texts: Mapping[str, Sequence[str | None]]
    ) -> FloatArray:
        """Return float64[n, d] of n rows; every column the encoder names must be there."""
        n = self._rows(numbers, texts)
        if 0 < n <= FEW_ROWS:
            return self._encode_each(numbers, texts, n)
        columns: list[FloatArray] = []
        for number in self.numbers:
            values = np.asarray(numbers[number.name], dtype=np.float64)
            columns.append(number.encode(values))
            if number.unit > 0:
                columns.append(np.array([freshness(v) for v in values.tolist()], dtype=np.float64))
            if number.gaps:
                columns.append((~np.isfinite(values)).astype(np.float64))
        for text in self.texts:
            found = texts[text.name]
            place = {category: i for i, category in enumerate(text.categories)}
            codes = np.array([-1 if v is None else place.get(v, -2) for v in found], dtype=np.int64)
            columns += [(codes == i).astype(np.float64) for i in range(len(text.categories))]
            if text.gaps:
                columns.append((codes == -1).astype(np.float64))
        return np.column_stack([np.ones(n), *columns])

    def _encode_each(
        self, numbers: Mapping[str, FloatArray], texts: Mapping[str, Sequence[str | None]], n: int
    ) -> FloatArray:
        """`encode` row by row, at less than numpy's overhead."""
        of_numbers = [np.asarray(numbers[c.name], dtype=np.float64).tolist() for c in self.numbers]
        of_texts = [texts[c.name] for c in self.texts]
        return np.array([
            self._encoded([column[row] for column in of_numbers], [column[row] for column in of_texts])
            for row in range(n)
        ])  # fmt: skip

    def encode_one(self, values: Mapping[str, Value]) -> FloatArray:
        """Return float64[d] of one moment; a value that is absent, or of another kind, is missing."""
        numbers = [as_number(values.get(number.name)) for number in self.numbers]
        return np.array(self._encoded(numbers, [as_text(values.get(text.name)) for text in self.texts]))

    def _encoded(self, numbers: Sequence[float], texts: Sequence[str | None]) -> list[float]:
        found = [1.0]
        for number, value in zip(self.numbers, numbers, strict=True):
            found.append(number.encode_one(value))
            if number.unit > 0:
                found.append(freshness(value))
            if number.gaps:
                found.append(0.0 if math.isfinite(value) else 1.0)
        for text, category in zip(self.texts, texts, strict=True):
            found += [1.0 if category == known else 0.0 for known in text.categories]
            if text.gaps:
                found.append(1.0 if category is None else 0.0)
        return found

    @staticmethod
    def _rows(numbers: Mapping[str, FloatArray], texts: Mapping[str, Sequence[str | None]]) -> int:
        return next((len(values) for values in (*numbers.values(), *texts.values())), 0)

    def to_json(self) -> dict[str, Any]:
        return {
            "numbers": [[c.name, c.centre, c.scale, c.heavy, c.gain, c.gaps, c.unit] for c in self.numbers],
            "texts": [[c.name, list(c.categories), c.gaps] for c in self.texts],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ContextEncoder:
        numbers = (
            NumberColumn(
                str(name),
                float(centre),
                float(scale),
                bool(heavy),
                float(gain),
                bool(gaps),
                *map(float, unit),
            )
            for name, centre, scale, heavy, gain, gaps, *unit in data["numbers"]
        )
        texts = (
            TextColumn(str(name), tuple(categories), bool(gaps)) for name, categories, gaps in data["texts"]
        )
        return cls(tuple(numbers), tuple(texts))


def as_number(value: Value) -> float:
    """Return a number or truth value as float, anything else as NaN."""
    return float(value) if isinstance(value, int | float) else math.nan


def as_text(value: Value) -> str | None:
    """Return a text; a truth value or whole number as its text, anything else as None.

    >>> as_text("a"), as_text(True), as_text(3.0), as_text(None)
    ('a', 'true', '3', None)
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if math.isfinite(value) and value == int(value) else None


def _flagged_once(
    columns: Sequence[NumberColumn], values: Mapping[str, FloatArray]
) -> tuple[NumberColumn, ...]:
    """Columns that are missing in the same rows share one flag: a second one would say nothing more."""
    flagged: set[bytes] = set()
    found = []
    for column in columns:
        pattern = np.packbits(~np.isfinite(values[column.name])).tobytes() if column.gaps else b""
        found.append(replace(column, gaps=False) if column.gaps and pattern in flagged else column)
        flagged.add(pattern)
    return tuple(found)


def _text(name: str, values: Sequence[str | None], most: int, least_rows: int) -> TextColumn:
    counts = Counter(value for value in values if value is not None)
    often = sorted((c for c in counts if counts[c] >= least_rows), key=lambda c: (-counts[c], c))
    return TextColumn(name, tuple(often[:most]), gaps=any(value is None for value in values))
