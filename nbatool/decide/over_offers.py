"""One expression over many offers: run once where it does not look at the action, else once for as many as fit.

A live decision has one row and many offers, the night many rows: both are laid out as one long column of values. What one
row says of all offers alike needs no arrays at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbatool.base.expressions import Tree, is_true, names_in
from nbatool.base.one_row import OneRow, of_one_row
from nbatool.decide.best import Bools, Indices
from nbatool.decide.catalogue import Catalogue, action_values

AT_ONCE = 65_536
"""Values of a column laid out at once: more rows than this are run offer by offer."""


@dataclass(frozen=True)
class OverOffers:
    """An expression and the offers it is about.

    Parameters
    ----------
    places
        int64[k]: of the offers, in the catalogue.

    Examples
    --------
    >>> from nbatool.base.records import Action
    >>> from nbatool.decide.catalogue import Offer
    >>> offers = tuple(Offer(Action(i, i, ("web",), cost=c), "web", None) for i, c in (("a", 1.0), ("b", 9.0)))
    >>> dear = OverOffers([">", ["column", "action.cost"], ["column", "budget"]], np.arange(2), Catalogue(offers))
    >>> dear.true({"budget": np.array([5.0, 20.0])}, 2).tolist()
    [[False, True], [False, False]]
    """

    tree: Tree
    places: Indices
    catalogue: Catalogue

    def true(self, columns: Mapping[str, NDArray[Any]], n: int) -> Bools:
        """Return where it is true, bool[n, k], or bool[n, 1] where it is the same for all offers.

        Parameters
        ----------
        columns
            Arrays (n,) of the other names it reads; a missing one is null.
        """
        if not self._of_action:
            return is_true(self.tree, columns, n)[:, None]
        if not all(is_true(part, columns, n).any() for part in self._before):
            return np.zeros((n, 1), np.bool_)
        size = 1 if self._is_mixed else max(1, AT_ONCE // max(n, 1))
        blocks = [range(first, min(first + size, self._k)) for first in range(0, self._k, size)]
        parts = [self._block(block, columns, n) for block in blocks]
        return np.concatenate(parts, axis=1) if parts else np.zeros((n, 0), np.bool_)

    def put(
        self,
        codes: NDArray[Any],
        code: int,
        columns: Mapping[str, NDArray[Any]],
        *,
        where: bool = True,
    ) -> None:
        """Write a code of some offers, int[n, n_offers], where it is true, or where it is not."""
        n = len(codes)
        alike = self._alike(columns) if n == 1 else None
        if alike is not None:
            if alike == where:
                codes[0][self.places] = code
            return
        true = self.true(columns, n)
        put = true if where else ~true
        if put.any():
            codes[:, self.places] = np.where(put, code, codes[:, self.places])

    def _alike(self, columns: Mapping[str, NDArray[Any]]) -> bool | None:
        """Whether it is true of all offers for the one row; None where that is for each offer to say."""
        for part in self._before_alone:
            if part(columns) != 1.0:
                return False
        return None if self._of_action else True

    def _block(self, block: range, columns: Mapping[str, NDArray[Any]], n: int) -> Bools:
        k = len(block)
        wide = {name: np.repeat(columns[name], k) for name in self._others if name in columns}
        own = self._columns if k == self._k else self._columns_of(block)
        wide |= own if n == 1 else {name: np.tile(values, n) for name, values in own.items()}
        return is_true(self.tree, wide, n * k).reshape(n, k)

    @cached_property
    def _before(self) -> list[Tree]:
        """Parts that must be true and do not look at the action: where one is true of nobody, so is the whole."""
        return [
            part for part in _all_of(self.tree) if not any(n.startswith("action.") for n in names_in(part))
        ]

    @cached_property
    def _before_alone(self) -> list[OneRow]:
        return [of_one_row(part) for part in (self._before if self._of_action else [self.tree])]

    @property
    def _k(self) -> int:
        return len(self.places)

    @cached_property
    def _others(self) -> frozenset[str]:
        return frozenset(names_in(self.tree) - self._of_action.keys())

    @cached_property
    def _of_action(self) -> dict[str, list[float | str | None]]:
        """Values of the ``action.*`` names it reads, by offer."""
        names = sorted(name for name in names_in(self.tree) if name.startswith("action."))
        of = [action_values(self.catalogue.offers[j]) for j in self.places.tolist()] if names else []
        return {name: [values.get(name) for values in of] for name in names}

    @cached_property
    def _columns(self) -> dict[str, NDArray[Any]]:
        return self._columns_of(range(self._k))

    def _columns_of(self, block: range) -> dict[str, NDArray[Any]]:
        return {name: _column(values[block.start : block.stop]) for name, values in self._of_action.items()}

    @cached_property
    def _is_mixed(self) -> bool:
        """Whether an attribute is a text for some actions and a number for others: no column holds both."""
        kinds = [{type(v) is str for v in values if v is not None} for values in self._of_action.values()]
        return any(len(kind) > 1 for kind in kinds)


def _all_of(tree: Tree) -> list[Tree]:
    return [part for of in tree[1:] for part in _all_of(of)] if tree[0] == "and" else [tree]


def _column(values: Sequence[float | str | None]) -> NDArray[Any]:
    if any(isinstance(value, str) for value in values):
        result = np.empty(len(values), dtype=object)
        result[:] = values
        return result
    return np.array([np.nan if value is None else value for value in values], np.float64)
