"""Expressions in the configuration (``eligible_when = "age < 60 and gender = 'F'"``): read once, never executed.

`compile_expression` parses SQL with sqlglot, checks every node against an allow-list and every name and type
against what is known, and returns plain JSON. `evaluate` runs that JSON on arrays: one customer live, a million
at night, with the same operations and therefore the same bits.

Values are float64 with NaN for null, or object arrays of text with None for null; truth is 1, 0 or null.
NULL is not true. Division by zero is null.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nbatool.base.errors import ConfigError, did_you_mean

Kind = Literal["number", "text", "boolean"]
Tree = list[Any]
"""``["column", name]``, ``["number", 1.5]``, ``["text", "a"]``, ``["null"]`` or ``[operation, argument, …]``."""
Array = NDArray[Any]

COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "=": np.equal, "<>": np.not_equal, "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal,
}  # fmt: skip


def _is_null(values: Array) -> NDArray[np.bool_]:
    if values.dtype == object:
        return np.fromiter((v is None for v in values), dtype=np.bool_, count=len(values))
    return np.isnan(values)


def _null_where(null: NDArray[np.bool_], result: Any) -> Array:
    return np.where(null, np.nan, np.asarray(result, dtype=np.float64))


def _compare(operation: str, left: Array, right: Array) -> Array:
    null = _is_null(left) | _is_null(right)
    if left.dtype == object:
        pairs = zip(left, right, null, strict=True)
        compare = COMPARISONS[operation]
        truth = [False if skip else bool(compare(a, b)) for a, b, skip in pairs]
        return _null_where(null, truth)
    return _null_where(null, COMPARISONS[operation](left, right))


def _and(left: Array, right: Array) -> Array:
    unknown = np.isnan(left) | np.isnan(right)
    return np.where((left == 0) | (right == 0), 0.0, np.where(unknown, np.nan, 1.0))


def _or(left: Array, right: Array) -> Array:
    unknown = np.isnan(left) | np.isnan(right)
    return np.where((left == 1) | (right == 1), 1.0, np.where(unknown, np.nan, 0.0))


def _silent(function: Callable[[Array, Array], Array]) -> Callable[[Array, Array], Array]:
    """What is too large is infinite, and infinite less infinite null; numpy need not say so."""

    def run(left: Array, right: Array) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):
            return function(left, right)

    return run


def _divide(left: Array, right: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(right == 0, np.nan, left / right)


def _modulo(left: Array, right: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(right == 0, np.nan, np.fmod(left, right))


def _coalesce(*arguments: Array) -> Array:
    result = arguments[0]
    for other in arguments[1:]:
        result = np.where(_is_null(result), other, result)
    return result


def _case(*arguments: Array) -> Array:
    *values, result = _alike((*arguments[1::2], arguments[-1]))
    for condition, value in reversed(list(zip(arguments[:-1:2], values, strict=True))):
        result = np.where(_as("boolean", condition) == 1, value, result)
    return result


@lru_cache(maxsize=1024)
def like_pattern(pattern: str) -> re.Pattern[str]:
    """Return what a pattern of SQL LIKE matches: % is any text, _ one character."""
    text = "".join({"%": ".*", "_": "."}.get(c, re.escape(c)) for c in pattern)
    return re.compile(text, re.DOTALL)


def _like(values: Array, patterns: Array) -> Array:
    def match(value: str | None, pattern: str | None) -> float:
        if value is None or pattern is None:
            return np.nan
        return float(like_pattern(pattern).fullmatch(value) is not None)

    return np.array([match(v, p) for v, p in zip(values, patterns, strict=True)], dtype=np.float64)


def _text_map(change: Callable[[str], Any], number: bool = False) -> Callable[[Array], Array]:
    def run(values: Array) -> Array:
        if number:
            return np.array([np.nan if v is None else float(change(v)) for v in values], dtype=np.float64)
        result = np.empty(len(values), dtype=object)
        result[:] = [None if v is None else change(v) for v in values]
        return result

    return run


OPERATIONS: dict[str, tuple[Callable[..., Array], Kind | None, Kind | Literal["same"]]] = {
    # name: (function, kind of every argument or None for "any, all alike", kind of the result)
    "+": (_silent(np.add), "number", "number"),
    "-": (_silent(np.subtract), "number", "number"),
    "*": (_silent(np.multiply), "number", "number"),
    "/": (_divide, "number", "number"),
    "%": (_modulo, "number", "number"),
    "negate": (np.negative, "number", "number"),
    "and": (_and, "boolean", "boolean"),
    "or": (_or, "boolean", "boolean"),
    "not": (lambda a: 1.0 - a, "boolean", "boolean"),
    "is null": (lambda a: _is_null(a).astype(np.float64), None, "boolean"),
    "coalesce": (_coalesce, None, "same"),
    "nullif": (lambda a, b: np.where(_compare("=", a, b) == 1, np.nan, a), "number", "number"),
    "least": (lambda *a: np.fmin.reduce(a), "number", "number"),
    "greatest": (lambda *a: np.fmax.reduce(a), "number", "number"),
    "abs": (np.abs, "number", "number"),
    "floor": (np.floor, "number", "number"),
    "ceil": (np.ceil, "number", "number"),
    "lower": (_text_map(str.lower), "text", "text"),
    "upper": (_text_map(str.upper), "text", "text"),
    "length": (_text_map(len, number=True), "text", "number"),
    "like": (_like, "text", "boolean"),
    **{name: (lambda a, b, name=name: _compare(name, a, b), None, "boolean") for name in COMPARISONS},
}


def evaluate(tree: Tree, columns: Mapping[str, Array], n: int) -> Array:
    """Run a compiled expression.

    Parameters
    ----------
    tree
        What `compile_expression` returned.
    columns
        Array (n,) of each name the expression uses; a missing name is null everywhere.
    n
        Number of rows.

    Returns
    -------
    Array
        (n,) float64 or object.
    """
    operation = tree[0]
    if operation == "column":
        found = columns.get(tree[1])
        return np.full(n, np.nan) if found is None else found
    if operation in ("number", "boolean"):
        return np.full(n, float(tree[1]))
    if operation == "text":
        result = np.empty(n, dtype=object)
        result[:] = tree[1]
        return result
    if operation == "null":
        return np.full(n, np.nan)
    arguments = [evaluate(argument, columns, n) for argument in tree[1:]]
    if operation == "case":
        return _case(*arguments)
    function, wanted, _ = OPERATIONS[operation]
    return function(*(_alike(arguments) if wanted is None else (_as(wanted, a) for a in arguments)))


def _as(wanted: Kind, values: Array) -> Array:
    """What is not of the kind wanted is null: only a request's context, whose kinds are its own, and null itself."""
    if (wanted == "text") == (values.dtype == object):
        return values
    return np.full(len(values), None, dtype=object) if wanted == "text" else np.full(len(values), np.nan)


def _alike(arguments: Sequence[Array]) -> list[Array]:
    """Numbers beside texts stand for null texts."""
    return (
        [_as("text", a) for a in arguments] if any(a.dtype == object for a in arguments) else list(arguments)
    )


def is_true(tree: Tree, columns: Mapping[str, Array], n: int) -> NDArray[np.bool_]:
    """Where the expression is true; null is not."""
    return np.asarray(evaluate(tree, columns, n) == 1.0)


def names_in(tree: Tree) -> set[str]:
    """Return the names a compiled expression uses.

    >>> sorted(names_in(["and", ["column", "a"], ["is null", ["column", "action.cost"]]]))
    ['a', 'action.cost']
    """
    if tree[0] == "column":
        return {tree[1]}
    return set().union(*(names_in(t) for t in tree[1:] if isinstance(t, list)))


def compile_expression(text: str, kinds: Mapping[str, Kind], *, wanted: Kind = "boolean") -> Tree:
    """Parse, check and compile an expression.

    Parameters
    ----------
    text
        SQL over one customer, action and context.
    kinds
        Kind of every name that may be used; ``context.*`` names need not be listed (they are numbers or texts
        as the request says, taken for what they are compared with).
    wanted
        Kind of the result.

    Raises
    ------
    ConfigError
        It does not parse, uses something not allowed, an unknown name, compares text with numbers, or divides by zero.
    """
    import sqlglot

    from nbatool.base.expression_parser import Compiler

    try:
        node = sqlglot.parse_one(text, dialect="duckdb")
        tree, kind = Compiler(kinds).compile(node)
    except RecursionError:
        raise ConfigError(f'"{text[:60]}…" is nested too deeply; write a list as  name in (…)') from None
    except sqlglot.errors.SqlglotError as error:
        raise ConfigError(f'"{text}" is not an SQL expression: {_where(error)}') from None
    if kind not in (wanted, None):
        raise ConfigError(f'"{text}" is a {kind}, a {wanted} is needed')
    if _divides_by_zero(tree):
        raise ConfigError(
            f'"{text}" divides by zero, which is null whoever it is about: divide by something else'
        )
    return tree


def _divides_by_zero(tree: Tree) -> bool:
    """Whether a part of it is divided by what is zero for everybody."""
    parts = [part for part in tree[1:] if isinstance(part, list)]
    if tree[0] in ("/", "%") and not names_in(parts[1]) and evaluate(parts[1], {}, 1)[0] == 0:
        return True
    return any(_divides_by_zero(part) for part in parts)


def _where(error: Exception) -> str:
    """Say where the parser gave up; its own words name its classes."""
    found = getattr(error, "errors", None)
    if not found:
        return "a quote is not closed, or nothing stands there"
    return f'it breaks off or goes wrong at "{found[0]["highlight"]}", character {found[0]["col"]}'


def unknown_name(name: str, known: Mapping[str, Kind]) -> ConfigError:
    hint = did_you_mean(name, known) or "."
    return ConfigError(f'no feature "{name}"{hint} `nbatool features` lists all {len(known)}')
