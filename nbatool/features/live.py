"""Aggregates of one moment from the customer's events in memory: the live form of `features/aggregates`.

Everything is integer arithmetic until the last step, which is the same division the SQL form makes; a property
test feeds both random histories and demands equal bits.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbatool.features.aggregates import LIFETIME, SQUARE_LIMIT, SUM_LIMIT, Slot
from nbatool.features.events import NO_CODE, NO_NUMBER, Codes, Ints, OlderEvents
from nbatool.features.kinds import Floats
from nbatool.features.plan import DAYPARTS, FeaturePlan

US = 1_000_000
SCALE = 10_000
_SUM_LIMIT = SUM_LIMIT * SCALE
_SQUARE_LIMIT = SQUARE_LIMIT * SCALE
_NEVER = np.iinfo(np.int64).max
"""A time that no event has."""


class LiveAggregates:
    """Computes the aggregates A (1, n_slots) of one moment; made once per published plan.

    All series are looked at together, as one matrix (n_series, n_events) of who sees which event: a customer has
    few events, so the number of numpy calls is what a decision costs.
    """

    def __init__(self, plan: FeaturePlan) -> None:
        self.plan = plan
        self._number = {name: k for k, name in enumerate(plan.number_fields)}
        self._text = {name: k for k, name in enumerate(plan.text_fields)}
        series = list(dict.fromkeys(slot.series for slot in plan.slots))
        windows = sorted({slot.within_s for slot in plan.slots if slot.within_s != LIFETIME})
        self._windows = [LIFETIME, *windows]
        self._windows_us = np.array(windows, dtype=np.int64) * US
        self._types = np.array(
            [[not s.types or name in s.types for name in plan.types] for s in series], np.bool_
        )
        self._types = self._types.reshape(len(series), len(plan.types))
        self._conditions = list(dict.fromkeys(condition for s in series for condition in s.where))
        most = max((len(s.where) for s in series), default=0)
        # One more condition, true for every event, stands in where a series has fewer than others.
        self._conditions_of = np.full((most, len(series)), len(self._conditions), np.int64)
        for i, s in enumerate(series):
            for k, condition in enumerate(s.where):
                self._conditions_of[k, i] = self._conditions.index(condition)
        place = {s: i for i, s in enumerate(series)}
        numbered = [(j, place[slot.series], slot) for j, slot in enumerate(plan.slots)]
        self._counts = _Plain(numbered, "count", self._windows)
        self._firsts = _Plain(numbered, "first", self._windows)
        self._lasts = _Plain(numbered, "last", self._windows)
        special: dict[int, list[tuple[int, Slot]]] = defaultdict(list)
        for j, i, slot in numbered:
            if slot.field:
                special[i].append((j, slot))
        self._special = [(i, _FieldSlots(slots)) for i, slots in special.items()]

    def compute(self, events: NDArray[Any], older: OlderEvents, codes: Codes, as_of_us: int) -> Floats:
        """Return A (1, n_slots).

        Parameters
        ----------
        events
            Packed events (`events.pack`), oldest first, all before ``as_of_us``.
        older
            Aggregates of the events before those.
        codes
            Codes of the text fields in ``events``.
        as_of_us
            The moment, µs since 1970.
        """
        result = np.full((1, len(self.plan.slots)), np.nan)
        row, times = result[0], events["ts"]
        seen = self._seen(events, codes)
        before = np.zeros((seen.shape[0], seen.shape[1] + 1), np.int64)
        np.cumsum(seen, axis=1, out=before[:, 1:])
        starts = np.zeros(len(self._windows), np.int64)
        starts[1:] = np.searchsorted(times, as_of_us - self._windows_us, side="left")
        self._fill_counts(row, before, starts, older)
        self._fill_ages(row, before, starts, times, older, as_of_us)
        for i, slots in self._special:
            selected = np.flatnonzero(seen[i])
            start_of = dict(zip(self._windows, before[i, starts].tolist(), strict=True))
            slots.fill(row, self, events, selected, older, self._types[i], start_of)
        return result

    def _seen(self, events: NDArray[Any], codes: Codes) -> NDArray[np.bool_]:
        """Which series sees which event, (n_series, n_events)."""
        seen = self._types[:, events["type"]]
        if len(self._conditions):
            true = np.ones((len(self._conditions) + 1, len(events)), np.bool_)
            for k, (name, value) in enumerate(self._conditions):
                true[k] = self._matches(events, name, value, codes)
            for conditions in self._conditions_of:
                seen &= true[conditions]
        return seen

    def _matches(self, events: NDArray[Any], name: str, value: str, codes: Codes) -> NDArray[np.bool_] | bool:
        if name == "daypart":
            return np.asarray(events["hour"] % 24 // 6 == DAYPARTS.index(value))
        if name == "weekday":
            return np.asarray(events["hour"] // 24 + 1 == int(value))
        code = codes.find(self._text[name], value)
        return np.asarray(events[f"t{self._text[name]}"] == code) if code is not None else False

    def _fill_counts(self, row: Floats, before: Ints, starts: Ints, older: OlderEvents) -> None:
        slots = self._counts
        row[slots.columns] = before[slots.series, -1] - before[slots.series, starts[slots.windows]]
        if len(slots.whole) and older.count.any():
            row[slots.columns[slots.whole]] += (self._types[slots.series[slots.whole]] * older.count).sum(
                axis=1
            )

    def _fill_ages(
        self, row: Floats, before: Ints, starts: Ints, times: Ints, older: OlderEvents, as_of_us: int
    ) -> None:
        """Fill ``first`` and ``last``, the ages of the oldest and the newest event."""
        for slots, oldest in ((self._firsts, True), (self._lasts, False)):
            if not len(slots.columns):
                continue
            through, until = before[slots.series, 1:], before[slots.series, -1]
            outside = before[slots.series, starts[slots.windows]]
            found = np.full(len(slots.columns), _NEVER if oldest else -_NEVER, np.int64)
            if len(times):
                at = (through > outside[:, None] if oldest else through == until[:, None]).argmax(axis=1)
                found = np.where(until > outside, times[at], found)
            if len(slots.whole) and older.count.any():
                known = self._types[slots.series[slots.whole]] & (older.count > 0)
                if oldest:
                    earlier = np.where(known, older.first, _NEVER).min(axis=1)
                    found[slots.whole] = np.minimum(found[slots.whole], earlier)
                else:
                    latest = np.where(known, older.last, -_NEVER).max(axis=1)
                    found[slots.whole] = np.maximum(found[slots.whole], latest)
            is_known = np.abs(found) != _NEVER
            row[slots.columns[is_known]] = (as_of_us - found[is_known]) // US

    def numbers(self, events: NDArray[Any], name: str, selected: Ints) -> Ints:
        return np.asarray(events[f"n{self._number[name]}"][selected])

    def texts(self, events: NDArray[Any], name: str, selected: Ints) -> Ints:
        return np.asarray(events[f"t{self._text[name]}"][selected])

    def number_index(self, name: str) -> int:
        return self._number[name]


class _Plain:
    """The slots of one aggregate that reads no field, as arrays (n_slots_of_it,): column, series, window.

    ``whole`` are the positions of those whose series the older events belong to as well.
    """

    def __init__(self, numbered: list[tuple[int, int, Slot]], fn: str, windows: list[int]) -> None:
        mine = [(j, i, s) for j, i, s in numbered if s.fn == fn and not s.field]
        self.columns = np.array([j for j, _, _ in mine], np.int64)
        self.series = np.array([i for _, i, _ in mine], np.int64)
        self.windows = np.array([windows.index(s.within_s) for _, _, s in mine], np.int64)
        whole = [k for k, (_, _, s) in enumerate(mine) if s.within_s == LIFETIME and not s.series.where]
        self.whole = np.array(whole, np.int64)


class _FieldSlots:
    """The slots of one series that read a field, grouped so that each array is cut once."""

    def __init__(self, slots: list[tuple[int, Slot]]) -> None:
        self.numeric: dict[str, list[tuple[int, Slot]]] = defaultdict(list)
        self.distinct: dict[str, list[tuple[int, Slot]]] = defaultdict(list)
        self.newest = [(j, s) for j, s in slots if s.fn == "nth_last"]
        for j, s in slots:
            if s.fn == "distinct":
                self.distinct[s.field].append((j, s))
            elif s.fn != "nth_last":
                self.numeric[s.field].append((j, s))

    def fill(
        self,
        row: Floats,
        live: LiveAggregates,
        events: NDArray[Any],
        selected: Ints,
        older: OlderEvents,
        types: NDArray[np.bool_],
        start_of: dict[int, int],
    ) -> None:
        for name, slots in self.numeric.items():
            k = live.number_index(name)
            _fill_numeric(row, slots, live.numbers(events, name, selected), older, types, k, start_of)
        for name, slots in self.distinct.items():
            codes = live.texts(events, name, selected)
            for j, slot in slots:
                inside = codes[start_of[slot.within_s] :]
                row[j] = float(len(set(inside.tolist()) - {NO_CODE}))
        if self.newest:
            self._fill_newest(row, events["ts"][selected], events["type"][selected], start_of)

    def _fill_newest(self, row: Floats, times: Ints, type_codes: Ints, start_of: dict[int, int]) -> None:
        order = np.lexsort((type_codes, times))[::-1]
        for j, slot in self.newest:
            if len(times) - start_of[slot.within_s] >= slot.nth:
                row[j] = float(type_codes[order[slot.nth - 1]])


def _fill_numeric(
    row: Floats,
    slots: list[tuple[int, Slot]],
    values: Ints,
    older: OlderEvents,
    types: NDArray[np.bool_],
    k: int,
    start_of: dict[int, int],
) -> None:
    for j, slot in slots:
        inside = values[start_of[slot.within_s] :]
        inside = inside[inside != NO_NUMBER]
        before = (
            types & (older.known[:, k] > 0) if slot.within_s == LIFETIME and not slot.series.where else None
        )
        known = before is not None and bool(before.any())
        if slot.fn == "count":
            row[j] = float(len(inside) + (int(older.known[before, k].sum()) if known else 0))
        elif slot.fn == "sum":
            total = sum(inside.tolist()) + (sum(older.total[before, k].tolist()) if known else 0)
            row[j] = max(min(total, _SUM_LIMIT), -_SUM_LIMIT) / SCALE
        elif slot.fn == "max":
            most = [int(inside.max())] if len(inside) else []
            most += [int(older.most[before, k].max())] if known else []
            if most:
                row[j] = max(most) / SCALE
        else:
            squares = sum(min(max(v, -_SQUARE_LIMIT), _SQUARE_LIMIT) ** 2 for v in inside.tolist())
            whole, part = divmod(squares, SCALE * SCALE)
            row[j] = float(whole) + part / (SCALE * SCALE)
