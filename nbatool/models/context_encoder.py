"""What the fast learner sees of a moment: named values as one vector of bounded numbers.

A constant 1; every number standardised and bounded, those with heavy tails (money, counts) first bent by asinh; a
flag for each column that can be missing; a flag for each frequent category. Every value is computed alone from its own
cell, so that one row has the bits a million rows have.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from nbatool.models.table import FloatArray

Value = float | str | bool | None

MOST_SPREADS = 4.0
"""Standardised numbers end here: one absurd value must not move every coefficient."""
HEAVY_TAIL = 9.0
"""Fourth standardised moment (a normal has 3) from which a column is bent."""
BEND = 2.0


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """A number as (x − centre) / scale, bent when its tail is heavy, then bounded.

    Parameters
    ----------
    centre, scale
        In the column's own unit.
    heavy
        Whether asinh(2·z) takes the place of z.
    gain
        Brings the spread of the bent column back to 1.
    gaps
        Whether it can be missing, which then has a coordinate; a missing number itself reads 0.
    """

    name: str
    centre: float = 0.0
    scale: float = 1.0
    heavy: bool = False
    gain: float = 1.0
    gaps: bool = False

    def encode(self, values: FloatArray) -> FloatArray:
        """Return float64[n], within ±4; NaN and infinities read 0."""
        with np.errstate(invalid="ignore", over="ignore"):
            z = (values - self.centre) / self.scale
        z = np.where(np.isfinite(values), z, 0.0)
        if self.heavy:
            z = np.array([math.asinh(BEND * v) for v in z.tolist()], dtype=np.float64) * self.gain
        return np.clip(z, -MOST_SPREADS, MOST_SPREADS)

    def encode_one(self, value: float) -> float:
        """`encode` for one value, bit for bit."""
        if not math.isfinite(value):
            return 0.0
        z = (value - self.centre) / self.scale
        if self.heavy:
            z = math.asinh(BEND * z) * self.gain
        return min(max(z, -MOST_SPREADS), MOST_SPREADS)


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
        """
        return cls(
            tuple(_number(name, np.asarray(values, np.float64)) for name, values in numbers.items()),
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
            found += [number.name, *([f"{number.name} is missing"] if number.gaps else [])]
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
        columns: list[FloatArray] = []
        for number in self.numbers:
            values = np.asarray(numbers[number.name], dtype=np.float64)
            columns.append(number.encode(values))
            if number.gaps:
                columns.append((~np.isfinite(values)).astype(np.float64))
        for text in self.texts:
            found = texts[text.name]
            place = {category: i for i, category in enumerate(text.categories)}
            codes = np.array([-1 if v is None else place.get(v, -2) for v in found], dtype=np.int64)
            columns += [(codes == i).astype(np.float64) for i in range(len(text.categories))]
            if text.gaps:
                columns.append((codes == -1).astype(np.float64))
        n = len(columns[0]) if columns else self._rows(numbers, texts)
        return np.column_stack([np.ones(n), *columns])

    def encode_one(self, values: Mapping[str, Value]) -> FloatArray:
        """Return float64[d] of one moment; a value that is absent, or of another kind, is missing."""
        found = [1.0]
        for number in self.numbers:
            value = as_number(values.get(number.name))
            found.append(number.encode_one(value))
            if number.gaps:
                found.append(0.0 if math.isfinite(value) else 1.0)
        for text in self.texts:
            category = as_text(values.get(text.name))
            found += [1.0 if category == known else 0.0 for known in text.categories]
            if text.gaps:
                found.append(1.0 if category is None else 0.0)
        return np.array(found)

    @staticmethod
    def _rows(numbers: Mapping[str, FloatArray], texts: Mapping[str, Sequence[str | None]]) -> int:
        return next((len(values) for values in (*numbers.values(), *texts.values())), 0)

    def to_json(self) -> dict[str, Any]:
        return {
            "numbers": [[c.name, c.centre, c.scale, c.heavy, c.gain, c.gaps] for c in self.numbers],
            "texts": [[c.name, list(c.categories), c.gaps] for c in self.texts],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ContextEncoder:
        numbers = (
            NumberColumn(str(name), float(centre), float(scale), bool(heavy), float(gain), bool(gaps))
            for name, centre, scale, heavy, gain, gaps in data["numbers"]
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


def _number(name: str, values: FloatArray) -> NumberColumn:
    known = values[np.isfinite(values)]
    gaps = len(known) < len(values)
    if not len(known):
        return NumberColumn(name, gaps=gaps)
    known = _plausible(known)
    centre, scale = _moments(known)
    z = (known - centre) / scale
    heavy = len(known) >= 20 and float((z**4).mean()) > HEAVY_TAIL
    if not heavy:
        return NumberColumn(name, centre, scale, gaps=gaps)
    _, spread = _moments(np.arcsinh(BEND * z))
    return NumberColumn(name, centre, scale, heavy=True, gain=1.0 / spread, gaps=gaps)


def _plausible(values: FloatArray) -> FloatArray:
    """The values bounded at 20 times the width of their middle nine tenths: one absurd value is no scale."""
    low, middle, high = (float(q) for q in np.quantile(np.clip(values, -1e150, 1e150), (0.05, 0.5, 0.95)))
    reach = 20.0 * (high - low)
    return np.clip(values, middle - reach, middle + reach) if reach > 0 else np.clip(values, -1e100, 1e100)


def _moments(values: FloatArray) -> tuple[float, float]:
    """Mean and standard deviation, 1 for a column that does not vary; exact sums, so that row order is no matter."""
    found = values.tolist()
    if not found:
        return 0.0, 1.0
    mean = math.fsum(found) / len(found)
    spread = math.sqrt(math.fsum((v - mean) ** 2 for v in found) / len(found))
    return (mean, spread) if spread > 1e-9 * max(abs(mean), 1e-300) else (mean, 1.0)


def _text(name: str, values: Sequence[str | None], most: int, least_rows: int) -> TextColumn:
    counts = Counter(value for value in values if value is not None)
    often = sorted((c for c in counts if counts[c] >= least_rows), key=lambda c: (-counts[c], c))
    return TextColumn(name, tuple(often[:most]), gaps=any(value is None for value in values))
