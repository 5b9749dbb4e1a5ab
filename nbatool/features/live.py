"""Aggregates of moments from the customers' events in memory: the live form of `features/aggregates`.

Everything is integer arithmetic until the last step, which is the same division the SQL form makes; a property
test feeds both random histories and demands equal bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbatool.features.aggregates import LIFETIME, Series, Slot
from nbatool.features.events import NO_CODE, Codes, Ints, OlderEvents
from nbatool.features.kinds import Floats
from nbatool.features.live_numbers import NumberSlots
from nbatool.features.plan import DAYPARTS, FeaturePlan

US = 1_000_000
_NEVER = np.iinfo(np.int64).max
"""A time that no event has."""
_UNSEEN = np.iinfo(np.int32).min
"""A code that no text has."""


class LiveAggregates:
    """Computes the aggregates A (n, n_slots) of n moments, one of each of n customers; made once per published plan.

    All series of all customers are looked at together, as one matrix (n_series, n_events) of who sees which event:
    customers have few events, so the number of numpy calls is what a decision costs, and several hardly cost more than
    one.

    Parameters
    ----------
    codes
        Codes of texts by field, as published.
    """

    def __init__(self, plan: FeaturePlan, codes: Mapping[str, Mapping[str, int]]) -> None:
        self.plan = plan
        series = list(dict.fromkeys(slot.series for slot in plan.slots))
        windows = sorted({slot.within_s for slot in plan.slots if slot.within_s != LIFETIME})
        self._windows_us = np.array(windows, dtype=np.int64) * US
        types = np.array([[not s.types or name in s.types for name in plan.types] for s in series], np.bool_)
        self._types = types.reshape(len(series), len(plan.types))
        self._conditions = _Conditions(plan, series, codes)
        place, window = {s: i for i, s in enumerate(series)}, [LIFETIME, *windows]
        numbered = [(j, place[slot.series], slot) for j, slot in enumerate(plan.slots)]
        self._counts, self._firsts, self._lasts = (
            _Plain([x for x in numbered if x[2].fn == fn and not x[2].field], window, self._types)
            for fn in ("count", "first", "last")
        )
        read = [x for x in numbered if x[2].field]
        text = {name: k for k, name in enumerate(plan.text_fields)}
        self._distinct = [
            (i, text[name], _Plain([x for x in read if x[1] == i and _distinct_of(x[2]) == name], window, self._types))
            for i, name in dict.fromkeys((i, _distinct_of(slot)) for _, i, slot in read)
            if name
        ]  # fmt: skip
        newest = [x for x in read if x[2].fn == "nth_last"]
        self._newest = [
            (i, _Plain([x for x in newest if x[1] == i], window, self._types))
            for i in dict.fromkeys(i for _, i, _ in newest)
        ]
        numeric = [x for x in read if x[2].fn not in ("distinct", "nth_last")]
        self._numbers = NumberSlots(plan, numeric, window, self._types) if numeric else None

    def compute(
        self, events: NDArray[Any], edges: Ints, older: OlderEvents, codes: Codes, as_of_us: Ints
    ) -> Floats:
        """Return A (n, n_slots).

        Parameters
        ----------
        events
            Packed events (`events.pack`) of customer 0, oldest first, then those of customer 1, …; all before the
            customer's moment.
        edges
            (n + 1,) where the events of each customer begin, and where the last one's end.
        older
            Aggregates of the events before those, (n, …).
        codes
            Codes of the text fields in ``events``.
        as_of_us
            (n,) the moments, µs since 1970.
        """
        result = np.full((len(as_of_us), len(self.plan.slots)), np.nan)
        times = np.ascontiguousarray(events["ts"])
        seen = self._types[:, events["type"]]
        self._conditions.narrow(seen, events, codes)
        before = np.zeros((seen.shape[0], seen.shape[1] + 1), np.int64)
        np.cumsum(seen, axis=1, out=before[:, 1:])
        starts, ends = self._starts(times, edges, as_of_us), edges[1:, None]
        self._fill_counts(result, before, starts, ends, older)
        self._fill_ages(result, seen, before, starts, ends, times, older, as_of_us)
        if self._numbers is not None:
            self._numbers.fill(result, events, seen, starts, ends, older)
        for i, k, slots in self._distinct:
            last = _last_of_each(events[f"t{k}"].tolist(), seen[i].tolist(), edges.tolist())
            total = np.zeros(len(events) + 1, np.int64)
            np.cumsum(last, out=total[1:])
            result[:, slots.columns] = total[ends] - total[starts[:, slots.windows]]
        for i, slots in self._newest:
            _fill_newest(result, slots, events, seen[i], before[i], starts, edges)
        return result

    def _starts(self, times: Ints, edges: Ints, as_of_us: Ints) -> Ints:
        """Return (n, n_windows): where in the events each window of each customer begins; all the past comes first."""
        starts = np.empty((len(as_of_us), 1 + len(self._windows_us)), np.int64)
        starts[:, 0] = edges[:-1]
        for row, (first, end) in enumerate(pairwise(edges.tolist())):
            oldest = as_of_us[row] - self._windows_us
            starts[row, 1:] = first + times[first:end].searchsorted(oldest, side="left")
        return starts

    def _fill_counts(
        self, result: Floats, before: Ints, starts: Ints, ends: Ints, older: OlderEvents
    ) -> None:
        slots = self._counts
        counts = before[slots.series, ends] - before[slots.series, starts[:, slots.windows]]
        if len(slots.whole):
            counts[:, slots.whole] += older.count @ slots.types.T
        result[:, slots.columns] = counts

    def _fill_ages(
        self,
        result: Floats,
        seen: NDArray[np.bool_],
        before: Ints,
        starts: Ints,
        ends: Ints,
        times: Ints,
        older: OlderEvents,
        as_of_us: Ints,
    ) -> None:
        """Fill ``first`` and ``last``, the ages of the oldest and the newest event."""
        # The times of what each series sees, series by series, and where each begins; the last stands for "none".
        when = np.append(times[seen.nonzero()[1]], _NEVER)
        begins = before[:, -1].cumsum() - before[:, -1]
        for slots, oldest in ((self._firsts, True), (self._lasts, False)):
            if not len(slots.columns):
                continue
            start, end = before[slots.series, starts[:, slots.windows]], before[slots.series, ends]
            never = _NEVER if oldest else -_NEVER
            found = np.where(end > start, when[begins[slots.series] + (start if oldest else end - 1)], never)
            if len(slots.whole):
                known = (slots.types > 0) & (older.count > 0)[:, None, :]
                if oldest:
                    earlier = np.where(known, older.first[:, None, :], _NEVER).min(axis=2, initial=_NEVER)
                    found[:, slots.whole] = np.minimum(found[:, slots.whole], earlier)
                else:
                    latest = np.where(known, older.last[:, None, :], -_NEVER).max(axis=2, initial=-_NEVER)
                    found[:, slots.whole] = np.maximum(found[:, slots.whole], latest)
            result[:, slots.columns] = np.where(found != never, (as_of_us[:, None] - found) // US, np.nan)


class _Plain:
    """Some slots as arrays (n_of_them,): column, series, window, nth.

    ``whole`` are the positions of those whose series the older events belong to as well, ``types`` (n_whole, n_types) the
    event types of these.
    """

    def __init__(
        self, numbered: list[tuple[int, int, Slot]], windows: list[int], types: NDArray[np.bool_]
    ) -> None:
        self.columns = np.array([j for j, _, _ in numbered], np.int64)
        self.series = np.array([i for _, i, _ in numbered], np.int64)
        self.windows = np.array([windows.index(s.within_s) for _, _, s in numbered], np.int64)
        self.nth = np.array([s.nth for _, _, s in numbered], np.int64)
        whole = [k for k, (_, _, s) in enumerate(numbered) if s.within_s == LIFETIME and not s.series.where]
        self.whole = np.array(whole, np.int64)
        self.types = types[self.series[self.whole]].astype(np.int64)


class _Conditions:
    """The conditions of the series on fields of events (``where``), looked at field by field."""

    def __init__(
        self, plan: FeaturePlan, series: list[Series], codes: Mapping[str, Mapping[str, int]]
    ) -> None:
        found = sorted({condition for s in series for condition in s.where})
        self._n = len(found)
        most = max((len(s.where) for s in series), default=0)
        # One more condition, true for every event, stands in where a series has fewer than others.
        self._of = np.full((most, len(series)), self._n, np.int64)
        for i, s in enumerate(series):
            for k, condition in enumerate(s.where):
                self._of[k, i] = found.index(condition)
        text = {name: k for k, name in enumerate(plan.text_fields)}
        self._dayparts, self._weekdays = (
            [(at, value) for at, (name, value) in enumerate(found) if name == derived]
            for derived in ("daypart", "weekday")
        )
        self._texts: list[tuple[int, slice, NDArray[np.int32]]] = []
        self._unpublished: list[tuple[int, int, str]] = []
        for name, k in text.items():
            rows = [at for at, condition in enumerate(found) if condition[0] == name]
            if not rows:
                continue
            known = [codes.get(name, {}).get(found[at][1]) for at in rows]
            wanted = np.array([_UNSEEN if code is None else code for code in known], np.int32)[:, None]
            self._texts.append((k, slice(rows[0], rows[-1] + 1), wanted))
            self._unpublished += [
                (at, k, found[at][1]) for at, code in zip(rows, known, strict=True) if code is None
            ]

    def narrow(self, seen: NDArray[np.bool_], events: NDArray[Any], codes: Codes) -> None:
        """Take from ``seen`` (n_series, n_events) what a condition of the series rules out."""
        if not self._n:
            return
        true = np.zeros((self._n + 1, len(events)), np.bool_)
        true[-1] = True
        for k, rows, wanted in self._texts:
            np.equal(events[f"t{k}"], wanted, out=true[rows])
        for at, k, value in self._unpublished if codes.has_new else ():
            code = codes.find(k, value)
            if code is not None:
                true[at] = events[f"t{k}"] == code
        for at, value in self._dayparts:
            true[at] = events["hour"] % 24 // 6 == DAYPARTS.index(value)
        for at, value in self._weekdays:
            true[at] = events["hour"] // 24 + 1 == int(value)
        for conditions in self._of:
            seen &= true[conditions]


def _distinct_of(slot: Slot) -> str:
    """The text field a slot counts different values of; "" where it does something else."""
    return slot.field if slot.fn == "distinct" else ""


def _last_of_each(codes: list[int], seen: list[bool], edges: list[int]) -> list[bool]:
    """Mark the newest seen event of each customer and code: so many in a window are its different codes."""
    marks = [False] * len(codes)
    for first, end in pairwise(edges):
        known = {NO_CODE}
        for at in range(end - 1, first - 1, -1):
            if seen[at] and codes[at] not in known:
                known.add(codes[at])
                marks[at] = True
    return marks


def _fill_newest(
    result: Floats,
    slots: _Plain,
    events: NDArray[Any],
    seen: NDArray[np.bool_],
    before: Ints,
    starts: Ints,
    edges: Ints,
) -> None:
    """Fill the types of the n-th newest events; of events of one moment the later type is the newer."""
    selected = np.flatnonzero(seen)
    types = events["type"][selected]
    owner = np.searchsorted(edges, selected, side="right")
    types = np.append(types[np.lexsort((types, events["ts"][selected], owner))], -1)
    start, end = before[starts[:, slots.windows]], before[edges[1:, None]]
    inside = end - start >= slots.nth
    result[:, slots.columns] = np.where(inside, types[np.where(inside, end - slots.nth, -1)], np.nan)
