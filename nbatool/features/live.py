"""Aggregates of one moment from the customer's events in memory: the live form of `features/aggregates`.

Everything is integer arithmetic until the last step, which is the same division the SQL form makes; a property
test feeds both random histories and demands equal bits.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbatool.features.aggregates import LIFETIME, SQUARE_LIMIT, SUM_LIMIT, Series, Slot
from nbatool.features.events import NO_CODE, NO_NUMBER, Codes, Ints, OlderEvents
from nbatool.features.kinds import Floats
from nbatool.features.plan import DAYPARTS, FeaturePlan

US = 1_000_000
SCALE = 10_000
_SUM_LIMIT = SUM_LIMIT * SCALE
_SQUARE_LIMIT = SQUARE_LIMIT * SCALE


class LiveAggregates:
    """Computes the aggregates A (1, n_slots) of one moment; made once per published plan."""

    def __init__(self, plan: FeaturePlan) -> None:
        self.plan = plan
        self._number = {name: k for k, name in enumerate(plan.number_fields)}
        self._text = {name: k for k, name in enumerate(plan.text_fields)}
        grouped: dict[Series, list[tuple[int, Slot]]] = defaultdict(list)
        for j, slot in enumerate(plan.slots):
            grouped[slot.series].append((j, slot))
        self._series = [(s, self._types_of(s), _SlotsOfSeries(slots)) for s, slots in grouped.items()]

    def _types_of(self, series: Series) -> NDArray[np.bool_]:
        return np.array([not series.types or name in series.types for name in self.plan.types], dtype=np.bool_)

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
        row = result[0]
        type_of, times = events["type"], events["ts"]
        for series, types, slots in self._series:
            among = types[type_of] if len(types) else np.zeros(0, np.bool_)
            for name, value in series.where:
                among = among & self._matches(events, name, value, codes)
            selected = np.flatnonzero(among)
            slots.fill(row, self, events, selected, times[selected], older, types, as_of_us)
        return result

    def _matches(self, events: NDArray[Any], name: str, value: str, codes: Codes) -> NDArray[np.bool_]:
        if name == "daypart":
            return np.asarray(events["hour"] % 24 // 6 == DAYPARTS.index(value))
        if name == "weekday":
            return np.asarray(events["hour"] // 24 + 1 == int(value))
        code = codes.find(self._text[name], value)
        found = events[f"t{self._text[name]}"]
        return np.asarray(found == code) if code is not None else np.zeros(len(found), np.bool_)

    def numbers(self, events: NDArray[Any], name: str, selected: Ints) -> Ints:
        return np.asarray(events[f"n{self._number[name]}"][selected])

    def texts(self, events: NDArray[Any], name: str, selected: Ints) -> Ints:
        return np.asarray(events[f"t{self._text[name]}"][selected])

    def number_index(self, name: str) -> int:
        return self._number[name]


class _SlotsOfSeries:
    """The slots of one series, grouped so that each array is cut once."""

    def __init__(self, slots: list[tuple[int, Slot]]) -> None:
        self.windows = sorted({s.within_s for _, s in slots if s.within_s != LIFETIME}, reverse=True)
        self._windows_us = np.array(self.windows, dtype=np.int64) * US
        self.plain = [(j, s) for j, s in slots if s.fn in ("count", "first", "last") and not s.field]
        self.numeric: dict[str, list[tuple[int, Slot]]] = defaultdict(list)
        self.distinct: dict[str, list[tuple[int, Slot]]] = defaultdict(list)
        self.newest = [(j, s) for j, s in slots if s.fn == "nth_last"]
        for j, s in slots:
            if s.fn == "distinct":
                self.distinct[s.field].append((j, s))
            elif s.field and s.fn != "nth_last":
                self.numeric[s.field].append((j, s))

    def fill(
        self, row: Floats, live: LiveAggregates, events: NDArray[Any], selected: Ints, times: Ints,
        older: OlderEvents, types: NDArray[np.bool_], as_of_us: int,
    ) -> None:
        starts = np.searchsorted(times, as_of_us - self._windows_us, side="left").tolist()
        start_of = dict(zip(self.windows, starts, strict=True))
        start_of[LIFETIME] = 0
        self._fill_plain(row, times, older, types, as_of_us, start_of)
        for name, slots in self.numeric.items():
            k = live.number_index(name)
            _fill_numeric(row, slots, live.numbers(events, name, selected), older, types, k, start_of)
        for name, slots in self.distinct.items():
            codes = live.texts(events, name, selected)
            for j, slot in slots:
                inside = codes[start_of[slot.within_s] :]
                row[j] = float(len(set(inside.tolist()) - {NO_CODE}))
        self._fill_newest(row, times, events["type"][selected], start_of)

    def _fill_plain(
        self, row: Floats, times: Ints, older: OlderEvents, types: NDArray[np.bool_], as_of_us: int,
        start_of: dict[int, int],
    ) -> None:
        n = len(times)
        for j, slot in self.plain:
            start = start_of[slot.within_s]
            before = types & (older.count > 0) if slot.within_s == LIFETIME and not slot.series.where else None
            if slot.fn == "count":
                row[j] = float(n - start + (int(older.count[before].sum()) if before is not None else 0))
                continue
            seen = [int(times[start if slot.fn == "first" else n - 1])] if n > start else []
            if before is not None and before.any():
                seen.append(int(older.first[before].min() if slot.fn == "first" else older.last[before].max()))
            if seen:
                found = min(seen) if slot.fn == "first" else max(seen)
                row[j] = float((as_of_us - found) // US)

    def _fill_newest(self, row: Floats, times: Ints, type_codes: Ints, start_of: dict[int, int]) -> None:
        if not self.newest:
            return
        order = np.lexsort((type_codes, times))[::-1]
        for j, slot in self.newest:
            if len(times) - start_of[slot.within_s] >= slot.nth:
                row[j] = float(type_codes[order[slot.nth - 1]])


def _fill_numeric(
    row: Floats, slots: list[tuple[int, Slot]], values: Ints, older: OlderEvents, types: NDArray[np.bool_], k: int,
    start_of: dict[int, int],
) -> None:
    for j, slot in slots:
        inside = values[start_of[slot.within_s] :]
        inside = inside[inside != NO_NUMBER]
        before = types & (older.known[:, k] > 0) if slot.within_s == LIFETIME and not slot.series.where else None
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
