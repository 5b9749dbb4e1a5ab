"""Expressions: what they allow, what they mean, and that null is never true."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbatool.base.errors import ConfigError
from nbatool.base.expressions import Kind, compile_expression, evaluate, is_true, names_in

KINDS: dict[str, Kind] = {
    "age": "number",
    "income": "number",
    "gender": "text",
    "vip": "boolean",
    "action.cost": "number",
}


def values(text: str, **columns: object) -> list[float | None]:
    arrays = {
        name.replace("__", "."): np.array(
            v, dtype=object if any(isinstance(x, str) for x in v) else np.float64
        )  # type: ignore[attr-defined, union-attr]
        for name, v in columns.items()
    }
    n = len(next(iter(arrays.values()))) if arrays else 1
    result = evaluate(compile_expression(text, KINDS), arrays, n)
    return [None if v != v else v for v in result.tolist()]


@pytest.mark.parametrize(
    ("text", "age", "expected"),
    [
        ("age < 60", [59.0, 60.0, np.nan], [1.0, 0.0, None]),
        ("not age < 60", [59.0, 60.0, np.nan], [0.0, 1.0, None]),
        ("age is null or age > 60", [59.0, 61.0, np.nan], [0.0, 1.0, 1.0]),
        ("age between 18 and 60", [17.0, 18.0, 60.0], [0.0, 1.0, 1.0]),
        ("age in (1, 2)", [1.0, 3.0, np.nan], [1.0, 0.0, None]),
        ("age / (age - age) > 1", [1.0], [None]),
        ("age % (age - age) > 1", [1.0], [None]),
        ("coalesce(age, 0) = 0", [np.nan, 1.0], [1.0, 0.0]),
        ("case when age > 1 then true else false end", [2.0, 1.0, np.nan], [1.0, 0.0, 0.0]),
        ("least(age, 10) = 10", [np.nan, 3.0], [1.0, 0.0]),
        ("abs(-age) + 2 * 3 - 1 = 10", [5.0], [1.0]),
        ("age <> 1 and age < 3", [2.0, 1.0], [1.0, 0.0]),
    ],
)
def test_numbers(text: str, age: list[float], expected: list[float | None]) -> None:
    assert values(text, age=age) == expected


def test_texts() -> None:
    assert values("gender = 'F'", gender=["F", "M", None]) == [1.0, 0.0, None]
    assert values("lower(gender) like 'f%'", gender=["Female", "male", None]) == [1.0, 0.0, None]
    assert values("gender like '100%_'", gender=["100.", "1000"]) == [0.0 + 1.0, 1.0]
    assert values("length(gender) > 1", gender=["F", "Fe"]) == [0.0, 1.0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("agee < 60", 'no feature "agee"; did you mean "age"?'),
        ("gender < 3", "compares a number with a text"),
        ("age = 'old'", "compares a number with a text"),
        ("age + gender > 1", "a number is needed, a text was found"),
        ("age", "is a number, a boolean is needed"),
        ("(select 1) = 1", "not allowed"),
        ("read_csv('x') = 1", "not allowed"),
        ("age <", "is not an SQL expression"),
        ("age; drop table x", "not allowed"),
    ],
)
def test_what_is_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        compile_expression(text, KINDS)
    assert said in str(raised.value)


def test_context_takes_the_kind_it_is_compared_with() -> None:
    tree = compile_expression("context.page = 'home' and context.depth > 2", KINDS)
    columns = {"context.page": np.array(["home"], dtype=object), "context.depth": np.array([3.0])}
    assert is_true(tree, columns, 1).tolist() == [True]
    assert is_true(tree, {}, 1).tolist() == [False]
    assert is_true(tree, {**columns, "context.depth": np.array(["3"], dtype=object)}, 1).tolist() == [False]
    assert names_in(tree) == {"context.page", "context.depth"}


@given(st.lists(st.one_of(st.none(), st.floats(allow_nan=False, width=32)), min_size=1, max_size=20))
def test_a_row_alone_equals_the_row_among_many(ages: list[float | None]) -> None:
    tree = compile_expression("age * 1.1 - 3 < 7 / age or age is null", KINDS)
    column = np.array([np.nan if a is None else a for a in ages])
    whole = evaluate(tree, {"age": column}, len(column))
    alone = [evaluate(tree, {"age": column[k : k + 1]}, 1)[0] for k in range(len(column))]
    assert np.array_equal(whole, np.array(alone), equal_nan=True)


@pytest.mark.parametrize(
    "text",
    ["lower(context.page) = 'home'", "not context.page", "context.page and vip", "context.page + 1 > 2"],
)
def test_context_of_another_kind_is_null(text: str) -> None:
    tree = compile_expression(text, KINDS)
    for found in (np.array(["home!"], dtype=object), np.array([np.nan])):
        assert is_true(tree, {"context.page": found, "vip": np.array([1.0])}, 1).tolist() == [False]
    assert is_true(tree, {}, 1).tolist() == [False]


def test_a_case_without_else_is_null_text() -> None:
    assert values("(case when age > 1 then 'a' end) = 'a'", age=[2.0, 1.0, np.nan]) == [1.0, None, None]
    assert values("coalesce(case when age > 1 then 'a' end, 'z') = 'z'", age=[2.0, 1.0]) == [0.0, 1.0]


@pytest.mark.parametrize(
    "text",
    [
        "case when age then true end",
        "ceil(age, 2) = 1",
        "length(gender, 2) = 1",
        "age = 1" + " or age = 2" * 3000,
    ],
)
def test_what_would_be_read_by_half_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        compile_expression(text, KINDS)


@pytest.mark.parametrize(
    "text", ["age / visits > 1", "age % visits < 1", "not age / visits > 1", "0 / visits = 0"]
)
def test_dividing_by_zero_is_null_and_so_not_true(text: str) -> None:
    tree = compile_expression(text, {"age": "number", "visits": "number"})
    columns = {"age": np.array([4.0, 0.0, np.nan]), "visits": np.zeros(3)}
    assert is_true(tree, columns, 3).tolist() == [False, False, False]
    assert np.isnan(evaluate(tree, columns, 3)).all()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("age * 1e308 > 1", 1.0),
        ("age / 1e-308 / 1e-308 > 1", 1.0),
        ("age * 1e308 * 10 - age * 1e308 * 10 = 0", None),
    ],
)
def test_numbers_too_large_are_infinite_without_a_warning(text: str, expected: float | None) -> None:
    assert values(text, age=[1e6]) == [expected]


@pytest.mark.parametrize("text", ["age / 0 > 1", "age % 0 = 1", "age / (2 - 2) > 1", "not (1 / 0.0 > age)"])
def test_what_divides_by_zero_for_everybody_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="divides by zero"):
        compile_expression(text, KINDS)
