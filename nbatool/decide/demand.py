"""What everybody wants at given prices, kept small enough to be asked again and again.

Sums are of whole numbers (people, or fixed-point parts of them), so the order of rows, chunks and threads changes no
bit of any of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nbatool.decide.best import Bools, Floats, Indices
from nbatool.decide.exploration import column_sums

Choose = Callable[[Floats, Bools, Indices], Floats]
"""(n, m) priced values, which are possible, and rows of the population → (n, m) probabilities, as exploration has."""

BLOCK_ROWS = 16_384
"""Rows looked at in one piece, so that what is worked out about them stays in the processor's cache."""
PARTS = 2.0**36
"""A probability is counted in these parts: sums of up to 10⁸ people then stay exact."""


@dataclass(frozen=True)
class Demand:
    """What is chosen at some prices.

    Parameters
    ----------
    contacts
        (m,) people who choose each candidate, `nothing` last; with exploration the expected number.
    value
        Net value of what is chosen, before prices, in currency.
    priced
        The same after prices.
    """

    contacts: Floats
    value: float
    priced: float

    def times(self, weight: float) -> Demand:
        """Return what so many times as many people choose."""
        return Demand(self.contacts * weight, self.value * weight, self.priced * weight)


class Crowd:
    """Net values of a population: (m, n) with −∞ for what is not possible; a row without any candidate has `nothing`."""

    def __init__(self, values: Floats, rows: Indices) -> None:
        self.values = values
        self.rows = rows
        finite = np.isfinite(values)
        self.greatest = max(
            (float(np.abs(v[f]).max(initial=0.0)) for v, f in zip(values, finite, strict=True)), default=0.0
        )

    def __len__(self) -> int:
        return int(self.values.shape[1])

    @property
    def m(self) -> int:
        return int(self.values.shape[0])

    @classmethod
    def of(cls, chunks: Iterable[tuple[NDArray[np.floating], Bools]]) -> Crowd:
        """Keep chunks of net values and of what is possible, (n, m) each, in the precision they come in.

        Raises
        ------
        ValueError
            The value of a possible candidate is not finite, or `nothing` is worth something.
        """
        parts = [_columns(net_value, possible) for net_value, possible in chunks]
        if not parts:
            return cls(np.zeros((1, 0)), np.zeros(0, dtype=np.int64))
        values = np.empty((len(parts[0]), sum(p.shape[1] for p in parts)), dtype=np.result_type(*parts))
        start = 0
        while parts:
            part = parts.pop(0)
            values[:, start : start + part.shape[1]] = part
            start += part.shape[1]
        return cls(values, np.arange(start, dtype=np.int64))

    @cached_property
    def hashes(self) -> NDArray[np.uint64]:
        """(n,) a number that depends on what a row holds and on nothing else."""
        return _hashes(self.values)

    def sample(self, size: int) -> Crowd:
        """Return every so many'th row in the order of a hash of what it holds.

        The same people whatever the order of rows, and of equal ones as many as their part is.
        """
        order = np.argsort(self.hashes, kind="stable")
        places = (np.arange(min(size, len(self))) * len(self)) // max(min(size, len(self)), 1)
        chosen = order[places]
        return Crowd(np.ascontiguousarray(self.values[:, chosen]), self.rows[chosen])

    def greedy(self, charge: Floats) -> Demand:
        """Return what is chosen if everybody takes the best at these charges (m,); ties go as in `best_of`."""
        counts = np.zeros(self.m, dtype=np.int64)
        unit, total = self._unit(charge), 0
        for index, best in self._best(charge):
            counts += np.bincount(index, minlength=self.m)
            total += int(np.rint(best * unit).astype(np.int64).sum())
        priced = total / unit
        return Demand(counts.astype(np.float64), priced + _sum(charge, counts), priced)

    def chosen(self, charge: Floats) -> tuple[Indices, Floats]:
        """Return everybody's best candidate at these charges and its priced value, (n,) each."""
        found = list(self._best(charge))
        if not found:
            return np.zeros(0, dtype=np.int64), np.zeros(0)
        return np.concatenate([one for one, _ in found]).astype(np.int64), np.concatenate(
            [one for _, one in found]
        )

    def near(self, charge: Floats, size: int) -> Crowd:
        """Return about so many people: for each candidate, those whom the smallest change of charges moves to or from it.

        So everybody who takes a candidate that few take is among them. In the order of their hashes, so that sums over
        them are the same whatever the order of rows.
        """
        first, second = np.full(len(self), -np.inf), np.full(len(self), -np.inf)
        for values, one in zip(self.values, charge.tolist(), strict=True):
            worth = values.astype(np.float64) - one
            np.maximum(second, np.minimum(first, worth), out=second)
            np.maximum(first, worth, out=first)
        each = min(max(size // self.m, 1), len(self))
        among = np.zeros(len(self), dtype=np.bool_)
        for values, one in zip(self.values, charge.tolist(), strict=True):
            worth = values.astype(np.float64) - one
            distance = np.where(worth == first, first - second, first - worth)
            among |= distance <= min(
                float(np.partition(distance, each - 1)[each - 1]), np.finfo(np.float64).max
            )
        rows = np.flatnonzero(among)
        return Crowd(np.ascontiguousarray(self.values[:, rows]), self.rows[rows]).sample(size)

    def _best(self, charge: Floats) -> Iterator[tuple[NDArray[np.uint16], Floats]]:
        for start in range(0, len(self), BLOCK_ROWS):
            block = self.values[:, start : start + BLOCK_ROWS]
            best = block[-1].astype(np.float64)
            index = np.full(len(best), self.m - 1, dtype=np.uint16)
            worth, more = np.empty_like(best), np.empty(len(best), dtype=np.bool_)
            for j in range(self.m - 1):
                np.subtract(block[j], charge[j], out=worth)
                np.greater(worth, best, out=more)
                np.maximum(best, worth, out=best)
                np.copyto(index, j, where=more)
            yield index, best

    def explored(self, charge: Floats, choose: Choose) -> Demand:
        """Return what is expected to be chosen with the probabilities `choose` gives at these charges."""
        parts = np.zeros(self.m, dtype=np.int64)
        unit, total = self._unit(charge), 0
        for priced, p in self._chances(charge, choose):
            parts += np.rint(p * PARTS).astype(np.int64).sum(axis=0)
            # Whole numbers again: the worth of a row is rounded before rows are added.
            total += int(np.rint(column_sums(p * priced) * unit).astype(np.int64).sum())
        contacts = parts / PARTS
        return Demand(contacts, total / unit + _sum(charge, contacts), total / unit)

    def deviation(self, charge: Floats, choose: Choose, uses: Floats) -> Floats:
        """Return the standard deviation of each row's use (r,) when everybody draws by their probabilities."""
        variance = np.zeros(len(uses))
        for _, p in self._chances(charge, choose):
            for k, use in enumerate(uses):
                mean = column_sums(p * use)
                variance[k] += float((column_sums(p * use**2) - mean**2).sum())
        return np.sqrt(np.maximum(variance, 0.0))

    def _chances(self, charge: Floats, choose: Choose) -> Iterator[tuple[Floats, Floats]]:
        """Priced values, 0 where not possible, and probabilities, (n, m) each, block by block."""
        for start in range(0, len(self), BLOCK_ROWS):
            values = self.values[:, start : start + BLOCK_ROWS].T.astype(np.float64)
            possible = np.isfinite(values)
            priced = np.where(possible, values - charge, 0.0)
            yield priced, choose(priced, possible, self.rows[start : start + BLOCK_ROWS])

    def _unit(self, charge: Floats) -> float:
        """Parts of a currency unit in which worth is added, so that no sum of everybody's passes 2⁶²."""
        most = max(len(self), 1) * max(self.greatest + float(np.abs(charge).max()), 1e-300)
        return 2.0 ** min(62 - math.ceil(math.log2(most)), 1000)


def _sum(charge: Floats, contacts: NDArray[np.floating] | NDArray[np.int64]) -> float:
    return math.fsum(c * x for c, x in zip(charge.tolist(), contacts.tolist(), strict=True))


def _columns(net_value: NDArray[np.floating], possible: Bools) -> Floats:
    if net_value.ndim != 2 or net_value.shape != possible.shape or net_value.shape[1] == 0:
        raise ValueError(
            f"net values {net_value.shape} and possible {possible.shape} must be one (n, m), m at least 1"
        )
    if not np.isfinite(net_value[possible]).all():
        row, column = (int(i) for i in np.argwhere(possible & ~np.isfinite(net_value))[0])
        raise ValueError(
            f"net value of row {row}, candidate {column} is {net_value[row, column]}: not finite"
        )
    if (net_value[possible[:, -1], -1] != 0.0).any():
        raise ValueError("`nothing`, the last candidate, must be worth 0")
    precision = np.float32 if net_value.dtype == np.float32 else np.float64
    values = np.empty(net_value.T.shape, dtype=precision)
    np.copyto(values, net_value.T)
    values[~possible.T] = -np.inf
    values[-1, ~possible.any(axis=1)] = 0.0
    return values


def _hashes(values: Floats) -> NDArray[np.uint64]:
    """(n,) a number that depends on what a row holds and on nothing else."""
    mixed = np.zeros(values.shape[1], dtype=np.uint64)
    for column in values:
        bits = column.astype(np.float64).view(np.uint64)
        mixed = (mixed ^ bits) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return mixed
