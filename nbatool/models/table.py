"""A training table: one row a moment (or a decision), as plain numpy arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Table:
    """Features, outcome and identity of n rows.

    Parameters
    ----------
    x
        float64[n, d], C order; NaN is null. Categorical columns hold codes 0, 1, … (NaN: unknown).
    names
        The d feature names.
    categorical
        Those of the names whose column holds codes.
    y
        float64[n]: 0/1 for a propensity, money for an outcome; finite.
    weight
        float64[n], not negative, or None when every row counts once.
    customer
        int64[n]: a code per customer, used only to keep a customer's rows together.
    as_of_us
        int64[n]: the moment, microseconds since 1970 UTC.
    began_us
        int64[n]: when what y counts begins, where that is later for some rows; None: at the moment.
    """

    x: FloatArray
    names: tuple[str, ...]
    categorical: tuple[str, ...]
    y: FloatArray
    weight: FloatArray | None
    customer: IntArray
    as_of_us: IntArray
    began_us: IntArray | None = None

    def __post_init__(self) -> None:
        x = np.ascontiguousarray(self.x, dtype=np.float64)
        if x.ndim != 2:
            raise ValueError(f"x must be a matrix, found {x.ndim} dimensions")
        object.__setattr__(self, "x", x)
        object.__setattr__(self, "y", np.ascontiguousarray(self.y, dtype=np.float64))
        object.__setattr__(self, "customer", np.ascontiguousarray(self.customer, dtype=np.int64))
        object.__setattr__(self, "as_of_us", np.ascontiguousarray(self.as_of_us, dtype=np.int64))
        if self.began_us is not None:
            object.__setattr__(self, "began_us", np.ascontiguousarray(self.began_us, dtype=np.int64))
        if self.weight is not None:
            object.__setattr__(self, "weight", np.ascontiguousarray(self.weight, dtype=np.float64))
        self._check()

    def _check(self) -> None:
        n, d = self.x.shape
        if len(self.names) != d or len(set(self.names)) != d:
            raise ValueError(
                f"x has {d} columns, names has {len(self.names)} ({len(set(self.names))} distinct)"
            )
        unknown = sorted(set(self.categorical) - set(self.names))
        if unknown:
            raise ValueError(f"categorical names that are no column: {unknown}")
        for label in ("y", "customer", "as_of_us", "began_us", "weight"):
            column = getattr(self, label)
            if column is not None and column.shape != (n,):
                raise ValueError(f"{label} has shape {column.shape}, x has {n} rows")
        if not np.isfinite(self.y).all():
            raise ValueError("y holds a value that is not a finite number")
        if self.weight is not None and not (np.isfinite(self.weight) & (self.weight >= 0)).all():
            raise ValueError("weight holds a value that is negative or not a finite number")

    def __len__(self) -> int:
        return int(self.x.shape[0])

    def begins_us(self) -> IntArray:
        """Return when what y counts begins, (n,)."""
        return self.as_of_us if self.began_us is None else self.began_us

    def weights(self) -> FloatArray:
        """Return the weights, or ones."""
        return np.ones(len(self)) if self.weight is None else self.weight

    def take(self, rows: IntArray | BoolArray) -> Table:
        """Return the chosen rows (a mask or positions), in the order given."""
        return Table(
            x=self.x[rows],
            names=self.names,
            categorical=self.categorical,
            y=self.y[rows],
            weight=None if self.weight is None else self.weight[rows],
            customer=self.customer[rows],
            as_of_us=self.as_of_us[rows],
            began_us=None if self.began_us is None else self.began_us[rows],
        )


def row_order(table: Table) -> IntArray:
    """Return the positions that sort the rows by (customer, as_of), ties by every other column.

    LightGBM does not train alike over row order, so every fit starts from this order.

    >>> table = Table(np.array([[2.0], [1.0]]), ("a",), (), np.zeros(2), None,
    ...               np.array([7, 7]), np.array([0, 0]))
    >>> row_order(table).tolist()
    [1, 0]
    """
    order = np.lexsort((table.as_of_us, table.customer)).astype(np.int64)
    customer, as_of = table.customer[order], table.as_of_us[order]
    same = (customer[1:] == customer[:-1]) & (as_of[1:] == as_of[:-1])
    if not same.any():
        return order
    tied = np.zeros(len(order), dtype=bool)
    tied[1:] |= same
    tied[:-1] |= same
    places = np.flatnonzero(tied)
    rows = order[places]
    keys = [table.weights()[rows], table.y[rows], *table.x[rows].T[::-1]]
    order[places] = rows[np.lexsort((*keys, table.as_of_us[rows], table.customer[rows]))]
    return order
