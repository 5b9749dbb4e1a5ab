"""Aggregates of numbers of events in memory (count, sum, sum of squares, greatest), exact to the last unit.

All of them are differences of running totals. They run over 64-bit integers where what comes in is small enough for
that, and over Python's own, which have no end, where it is not: the result is the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbatool.features.aggregates import LIFETIME, SQUARE_LIMIT, SUM_LIMIT, Slot
from nbatool.features.events import NO_NUMBER, Ints, OlderEvents
from nbatool.features.kinds import Floats
from nbatool.features.plan import FeaturePlan

SCALE = 10_000
_SUM_LIMIT = SUM_LIMIT * SCALE
_SQUARE_LIMIT = SQUARE_LIMIT * SCALE
_EXACT = 2**53
"""Up to here an integer is a float64 without rounding, and its quotient is rounded once."""
_ROOM = 2**62

Exact = NDArray[Any]
"""Integers: int64, or Python's own."""


class NumberSlots:
    """The slots that read a number of the events.

    A pair is a series with a field; each has one row in every table of running totals.

    Parameters
    ----------
    numbered
        (column of A, position of the series, slot).
    windows
        Window lengths in the order of ``starts``.
    types
        (n_series, n_types) the event types of each series.
    """

    def __init__(
        self,
        plan: FeaturePlan,
        numbered: list[tuple[int, int, Slot]],
        windows: list[int],
        types: NDArray[np.bool_],
    ) -> None:
        pairs = list(dict.fromkeys((i, plan.number_fields.index(slot.field)) for _, i, slot in numbered))
        self._series = np.array([i for i, _ in pairs], np.int64)
        self._field = np.array([k for _, k in pairs], np.int64)
        self._types = types[self._series]
        self._n_fields = len(plan.number_fields)
        place = {pair: p for p, pair in enumerate(pairs)}
        of = [(j, place[i, plan.number_fields.index(slot.field)], slot) for j, i, slot in numbered]
        self._counts, self._sums, self._squares, self._greatest = (
            _Chosen([x for x in of if x[2].fn == fn], windows)
            for fn in ("count", "sum", "sum_of_squares", "max")
        )

    def fill(
        self,
        result: Floats,
        events: NDArray[Any],
        seen: NDArray[np.bool_],
        starts: Ints,
        ends: Ints,
        older: OlderEvents,
    ) -> None:
        """Write the columns of the slots; parameters as `LiveAggregates.compute` has them."""
        values = np.empty((self._n_fields, len(events)), np.int64)
        for k in range(self._n_fields):
            values[k] = events[f"n{k}"]
        values = values[self._field]
        known = seen[self._series] & (values != NO_NUMBER)
        values = np.where(known, values, 0)
        held = _Held(older, self._field, self._types)
        most = int(np.abs(values).max(initial=0))
        # abs of the least integer there is would be negative; what is stored stays well above it.
        if max(most, held.most) >= _EXACT or most * len(events) + held.sum >= _ROOM:
            values = values.astype(object)
        count = _running(known.astype(np.int64))
        counts = _inside(count, self._counts, starts, ends)
        counts[:, self._counts.whole] += held.count[:, self._counts.pair[self._counts.whole]]
        result[:, self._counts.columns] = counts
        self._fill_sums(result, values, starts, ends, held)
        if len(self._squares.columns):
            self._fill_squares(result, values, starts, ends, most)
        if len(self._greatest.columns):
            self._fill_greatest(result, values, known, count, starts, ends, held)

    def _fill_sums(self, result: Floats, values: Exact, starts: Ints, ends: Ints, held: _Held) -> None:
        slots = self._sums
        total = _inside(_running(values), slots, starts, ends)
        total[:, slots.whole] += held.total(values.dtype)[:, slots.pair[slots.whole]]
        result[:, slots.columns] = np.maximum(np.minimum(total, _SUM_LIMIT), -_SUM_LIMIT) / SCALE

    def _fill_squares(self, result: Floats, values: Exact, starts: Ints, ends: Ints, most: int) -> None:
        slots = self._squares
        clipped = np.minimum(np.maximum(values, -_SQUARE_LIMIT), _SQUARE_LIMIT)
        if min(most, _SQUARE_LIMIT) ** 2 * values.shape[1] >= _ROOM:
            clipped = clipped.astype(object)
        squares = _inside(_running(clipped * clipped), slots, starts, ends)
        whole = squares // (SCALE * SCALE)
        part = (squares - whole * (SCALE * SCALE)) / (SCALE * SCALE)
        result[:, slots.columns] = whole.astype(np.float64) + part.astype(np.float64)

    def _fill_greatest(
        self,
        result: Floats,
        values: Exact,
        known: NDArray[np.bool_],
        count: Ints,
        starts: Ints,
        ends: Ints,
        held: _Held,
    ) -> None:
        slots, width = self._greatest, values.shape[1] + 1
        padded = np.full((len(values), width), NO_NUMBER, values.dtype)
        padded[:, :-1] = np.where(known, values, NO_NUMBER)
        start = starts[:, slots.windows]
        # reduceat looks from each index to the next: of every two results the first is from a start to its end.
        both = np.empty((*start.shape, 2), np.int64)
        both[..., 0], both[..., 1] = start, ends
        both += (slots.pair * width)[:, None]
        greatest = np.maximum.reduceat(padded.ravel(), both.ravel())[::2].reshape(start.shape)
        seen = count[slots.pair, ends] > count[slots.pair, start]
        greatest = np.where(seen, greatest, NO_NUMBER)
        pair = slots.pair[slots.whole]
        greatest[:, slots.whole] = np.maximum(greatest[:, slots.whole], held.greatest[:, pair])
        seen[:, slots.whole] |= held.count[:, pair] > 0
        result[:, slots.columns] = np.where(seen, np.where(seen, greatest, 0) / SCALE, np.nan)


class _Chosen:
    """The slots of one aggregate as arrays (n_of_them,): column, pair, window; ``whole`` are those of all the past."""

    def __init__(self, numbered: list[tuple[int, int, Slot]], windows: list[int]) -> None:
        self.columns = np.array([j for j, _, _ in numbered], np.int64)
        self.pair = np.array([p for _, p, _ in numbered], np.int64)
        self.windows = np.array([windows.index(s.within_s) for _, _, s in numbered], np.int64)
        whole = [k for k, (_, _, s) in enumerate(numbered) if s.within_s == LIFETIME and not s.series.where]
        self.whole = np.array(whole, np.int64)


class _Held:
    """What the older events of n customers add to each pair, (n, n_pairs)."""

    def __init__(self, older: OlderEvents, field: Ints, types: NDArray[np.bool_]) -> None:
        self._of, self._field = older, field
        known = older.known.transpose(0, 2, 1)[:, field]
        self._here = types & (known > 0)
        self.count = np.where(self._here, known, 0).sum(axis=2)
        greatest = np.where(self._here, older.most.transpose(0, 2, 1)[:, field], NO_NUMBER)
        self.greatest = greatest.max(axis=2, initial=NO_NUMBER)
        self.most = int(np.abs(older.most).max(initial=0))
        self.sum = float(np.abs(older.total.astype(np.float64)).sum())

    def total(self, dtype: np.dtype[Any]) -> Exact:
        """Return the sums as integers of that kind."""
        totals = self._of.total.transpose(0, 2, 1)[:, self._field]
        return np.asarray(np.where(self._here, totals, 0).astype(dtype).sum(axis=2))


def _running(values: Exact) -> Exact:
    """Return running totals (n_pairs, n_events + 1), from 0."""
    total = np.zeros((values.shape[0], values.shape[1] + 1), values.dtype)
    np.cumsum(values, axis=1, out=total[:, 1:])
    return total


def _inside(total: Exact, slots: _Chosen, starts: Ints, ends: Ints) -> Exact:
    """Return what came together in each slot's window, (n, n_slots)."""
    return np.asarray(total[slots.pair, ends] - total[slots.pair, starts[:, slots.windows]])
