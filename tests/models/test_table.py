from __future__ import annotations

import numpy as np
import pytest
from model_worlds import sorted_rows

from nbatool.models.table import Table, row_order


def table(**changes: object) -> Table:
    parts: dict[str, object] = {
        "x": np.array([[2.0], [1.0], [3.0], [1.0]]),
        "names": ("a",),
        "categorical": (),
        "y": np.array([0.0, 1.0, 0.0, 1.0]),
        "weight": None,
        "customer": np.array([7, 7, 3, 7]),
        "as_of_us": np.array([5, 5, 9, 1]),
    }
    return Table(**(parts | changes))  # type: ignore[arg-type]


def test_rows_sort_by_customer_then_time_then_values() -> None:
    assert row_order(table()).tolist() == [2, 3, 1, 0]


def test_any_row_order_gives_the_same_table() -> None:
    random = np.random.default_rng(0)
    n = 200
    base = Table(
        random.integers(0, 3, (n, 2)).astype(float), ("a", "b"), (), random.integers(0, 2, n).astype(float),
        None, random.integers(0, 9, n), random.integers(0, 3, n),
    )  # fmt: skip
    expected = sorted_rows(base)
    for _ in range(5):
        found = sorted_rows(base.take(random.permutation(n)))
        assert (found.x == expected.x).all()
        assert (found.y == expected.y).all()


def test_take_keeps_columns_together() -> None:
    part = table(weight=np.arange(4.0)).take(np.array([2, 0]))
    assert part.x[:, 0].tolist() == [3.0, 2.0]
    assert part.weights().tolist() == [2.0, 0.0]
    assert part.customer.tolist() == [3, 7]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"names": ("a", "b")}, "1 columns, names has 2"),
        ({"categorical": ("z",)}, "z"),
        ({"y": np.zeros(3)}, "y has shape"),
        ({"y": np.array([0, 1, np.nan, 0])}, "y holds"),
        ({"weight": -np.ones(4)}, "weight holds"),
        ({"x": np.zeros(4)}, "matrix"),
    ],
)
def test_wrong_shapes_are_refused(changes: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        table(**changes)
