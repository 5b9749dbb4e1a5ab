"""An expression bound for one row says what arrays say of that row among many: random expressions, random rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nbatool.base.expressions import OPERATIONS, Kind, Tree, evaluate, names_in
from nbatool.base.one_row import COMPARISONS, OF_ONE, of_one_row

NUMBERS = (0.0, -0.0, 1.0, -1.0, 0.1, 2.5, 3.0, 1e308, -1e308, 5e-324, np.inf, -np.inf, np.nan)
TEXTS = (None, "", "a", "A", "ab", "Köln", "10%_", "a\nb", "ß")
numbers = st.sampled_from(NUMBERS) | st.floats()
texts = st.sampled_from(TEXTS) | st.text("aB%_.\n", max_size=3)
KIND_OF: dict[str, Kind] = {
    "x": "number",
    "y": "number",
    "t": "text",
    "u": "text",
    "b": "boolean",
    "c": "boolean",
}
VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    "number": numbers,
    "text": texts,
    "boolean": st.sampled_from([0.0, 1.0, np.nan]),
}
LEAVES: dict[Kind, st.SearchStrategy[Tree]] = {
    "number": numbers.map(lambda v: ["number", v]),
    "text": texts.filter(lambda v: v is not None).map(lambda v: ["text", v]),
    "boolean": st.booleans().map(lambda v: ["boolean", v]),
}
MANY = {"coalesce", "least", "greatest"}
ONE = {"negate", "not", "is null", "abs", "floor", "ceil", "lower", "upper", "length"}


@st.composite
def trees(draw: st.DrawFn, kind: Kind, depth: int) -> Tree:
    """Trees as `compile_expression` makes them; names of another kind and null stand for a request's context."""
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        names = st.sampled_from([name for name, of in KIND_OF.items() if of == kind])
        anything = st.sampled_from([*KIND_OF, "context.missing"])
        columns = (names | names | anything).map(lambda name: ["column", name])
        return draw(columns | columns | LEAVES[kind] | st.just(["null"]))
    some = [
        name
        for name, (*_, wanted, result) in OPERATIONS.items()
        if result in (kind, "same") and (result != "same" or wanted in (None, kind))
    ]
    operation = draw(st.sampled_from([*some, "case"]))
    if operation == "case":
        branches = [
            part
            for _ in range(draw(st.integers(1, 2)))
            for part in (draw(trees("boolean", depth - 1)), draw(trees(kind, depth - 1)))
        ]
        return ["case", *branches, draw(trees(kind, depth - 1))]
    wanted = OPERATIONS[operation][1]
    if wanted is None:
        wanted = kind if operation == "coalesce" else draw(st.sampled_from(["number", "text", "boolean"]))
    n = draw(st.integers(1, 3)) if operation in MANY else 1 if operation in ONE else 2
    return [operation, *(draw(trees(wanted, depth - 1)) for _ in range(n))]


rows = st.fixed_dictionaries({name: VALUES[kind] for name, kind in KIND_OF.items()})


def columns_of(people: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, kind in KIND_OF.items():
        column = np.empty(len(people), dtype=object if kind == "text" else np.float64)
        column[:] = [person[name] for person in people]
        found[name] = column
    return found


PERSON = {"x": np.inf, "y": -0.0, "t": None, "u": "a", "b": np.nan, "c": 1.0}


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(["boolean", "number", "text"]).flatmap(lambda k: trees(k, 4)), st.lists(rows, min_size=1, max_size=4))  # fmt: skip
@example(["%", ["column", "x"], ["number", 2.0]], [PERSON])
@example(["%", ["number", 5.0], ["column", "x"]], [PERSON])
@example(["/", ["number", 1.0], ["column", "y"]], [PERSON])
@example(["*", ["number", 1e308], ["number", 1e308]], [PERSON])
@example(["floor", ["column", "x"]], [PERSON])
@example(["coalesce", ["column", "t"], ["column", "x"]], [PERSON])
@example(["case", ["column", "b"], ["column", "x"], ["column", "u"]], [PERSON])
@example(["nullif", ["column", "y"], ["number", 0.0]], [PERSON])
def test_one_row_is_the_row_among_many(tree: Tree, people: list[dict[str, Any]]) -> None:
    columns = columns_of(people)
    bound, many = of_one_row(tree), evaluate(tree, columns, len(people))
    for k in range(len(people)):
        alone = bound({name: column[k : k + 1] for name, column in columns.items()})
        assert same(alone, many[k]), (tree, alone, many[k])


def same(alone: Any, among: Any) -> bool:
    """Equal, or null both, of the same kind; zeros of both signs are one: no expression tells them apart."""
    if among is None or isinstance(among, str):
        return alone is among or alone == among
    return type(alone) is float and (alone == float(among) or (alone != alone and among != among))


def test_what_is_missing_is_null() -> None:
    assert names_in(["column", "x"]) == {"x"}
    assert of_one_row(["is null", ["column", "x"]])({}) == 1.0
    assert of_one_row([">", ["column", "x"], ["number", 1]])({"x": np.array([2])}) == 1.0


@pytest.mark.parametrize("operation", [*OPERATIONS, "case"])
def test_every_operation_has_a_way_for_one_row(operation: str) -> None:
    assert (operation in OF_ONE) != (operation in COMPARISONS)
    assert len(OF_ONE) + len(COMPARISONS) == len(OPERATIONS) + 1
