"""Expressions of one row, as plain Python: arrays of length one would cost ten times as much.

`of_one_row` binds a compiled expression once. It means what `nbatool.base.expressions.evaluate` means, value by value:
numbers and truth are floats with NaN for null, texts are `str` with None for null. A law compares both.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from numpy.typing import NDArray

from nbatool.base.expressions import OPERATIONS, Kind, Tree, like_pattern

Value = float | str | None
OneRow = Callable[[Mapping[str, NDArray[Any]]], Value]
"""From columns (1,) by name to a value; a missing name is null."""

NULL: Final = math.nan


def of_one_row(tree: Tree) -> OneRow:
    """Bind a compiled expression.

    >>> import numpy as np
    >>> adult = of_one_row([">=", ["column", "age"], ["number", 18]])
    >>> adult({"age": np.array([20.0])}), adult({"age": np.array([17.0])}), adult({})
    (1.0, 0.0, nan)
    """
    operation = tree[0]
    if operation == "column":
        return _column(tree[1])
    if operation in CONSTANTS:
        value = CONSTANTS[operation](tree)
        return lambda _: value
    parts = [of_one_row(part) for part in tree[1:]]
    if operation in COMPARISONS:
        return _comparing(COMPARISONS[operation], *parts)
    function = OF_ONE[operation]
    if operation == "case":
        return lambda columns: function(*[part(columns) for part in parts])
    wanted = OPERATIONS[operation][1]
    if wanted is None:
        return lambda columns: function(*_alike([part(columns) for part in parts]))
    return lambda columns: function(*[_as(wanted, part(columns)) for part in parts])


def _column(name: str) -> OneRow:
    def read(columns: Mapping[str, NDArray[Any]]) -> Value:
        found = columns.get(name)
        if found is None:
            return NULL
        value: Any = found.item()
        if type(value) is float or value is None:
            return value
        return str(value) if isinstance(value, str) else float(value)

    return read


def _comparing(holds: Callable[[Any, Any], bool], left: OneRow, right: OneRow) -> OneRow:
    def compare(columns: Mapping[str, NDArray[Any]]) -> float:
        a, b = left(columns), right(columns)
        # A number beside a text stands for a null text.
        if type(a) is not type(b) or a is None or a != a or b != b:
            return NULL
        return 1.0 if holds(a, b) else 0.0

    return compare


def _as(wanted: Kind, value: Value) -> Any:
    if (wanted == "text") == (type(value) is not float):
        return value
    return None if wanted == "text" else NULL


def _alike(values: Sequence[Value]) -> Sequence[Any]:
    """Numbers beside texts stand for null texts."""
    for value in values:
        if type(value) is not float:
            return [_as("text", one) for one in values]
    return values


def _is_null(value: Value) -> bool:
    return value is None or value != value


def _and(a: float, b: float) -> float:
    if a == 0.0 or b == 0.0:
        return 0.0
    return NULL if a != a or b != b else 1.0


def _or(a: float, b: float) -> float:
    if a == 1.0 or b == 1.0:
        return 1.0
    return NULL if a != a or b != b else 0.0


def _modulo(a: float, b: float) -> float:
    return NULL if b == 0.0 or math.isinf(a) else math.fmod(a, b)


def _coalesce(*values: Value) -> Value:
    return next((value for value in values if not _is_null(value)), values[-1])


def _case(*parts: Any) -> Value:
    values = _alike([*parts[1::2], parts[-1]])
    for condition, value in zip(parts[:-1:2], values[:-1], strict=True):
        if _as("boolean", condition) == 1.0:
            return value  # type: ignore[no-any-return]
    return values[-1]  # type: ignore[no-any-return]


def _extreme(choose: Callable[[Sequence[float]], float]) -> Callable[..., float]:
    """Nulls do not count unless all are."""

    def extreme(*values: float) -> float:
        known = [value for value in values if value == value]
        return choose(known) if known else NULL

    return extreme


def _rounded(to: Callable[[float], int]) -> Callable[[float], float]:
    return lambda a: float(to(a)) if math.isfinite(a) else a


def _text(change: Callable[[str], Value], null: Value) -> Callable[[str | None], Value]:
    return lambda a: null if a is None else change(a)


def _like(value: str | None, pattern: str | None) -> float:
    if value is None or pattern is None:
        return NULL
    return 0.0 if like_pattern(pattern).fullmatch(value) is None else 1.0


CONSTANTS: Final[dict[str, Callable[[Tree], Value]]] = {
    "number": lambda tree: float(tree[1]),
    "boolean": lambda tree: float(tree[1]),
    "text": lambda tree: str(tree[1]),
    "null": lambda _: NULL,
}
OF_ONE: Final[dict[str, Callable[..., Value]]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "%": _modulo, "negate": operator.neg,
    "/": lambda a, b: NULL if b == 0.0 else a / b,
    "and": _and, "or": _or, "not": lambda a: 1.0 - a, "is null": lambda a: float(_is_null(a)),
    "coalesce": _coalesce, "nullif": lambda a, b: NULL if a == b else a, "case": _case,
    "least": _extreme(min), "greatest": _extreme(max),
    "abs": abs, "floor": _rounded(math.floor), "ceil": _rounded(math.ceil),
    "lower": _text(str.lower, None), "upper": _text(str.upper, None), "length": _text(lambda a: float(len(a)), NULL),
    "like": _like,
}  # fmt: skip
"""As `expressions.OPERATIONS`, of values."""
COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq, "<>": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
