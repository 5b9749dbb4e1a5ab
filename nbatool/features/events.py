"""The events of one customer as arrays: what a live decision computes features from.

Text is coded: each text field has a dictionary, written with the published state and extended in memory by
what a request brings. In the state the arrays lie packed in one record per event, oldest first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbatool.features.plan import FeaturePlan

Ints = NDArray[np.int64]

NO_CODE = -1
NO_NUMBER = np.iinfo(np.int64).min


def event_dtype(plan: FeaturePlan) -> np.dtype[np.void]:
    """Layout of one packed event: time (µs), type code, local hour of the week, numbers (1e-4), text codes."""
    return _layout(len(plan.number_fields), len(plan.text_fields))


@cache
def _layout(n_numbers: int, n_texts: int) -> np.dtype[np.void]:
    names: list[tuple[str, str]] = [("ts", "<i8"), ("type", "<i4"), ("hour", "<i4")]
    names += [(f"n{k}", "<i8") for k in range(n_numbers)]
    names += [(f"t{k}", "<i4") for k in range(n_texts)]
    return np.dtype(names)


@dataclass(frozen=True)
class OlderEvents:
    """Lifetime aggregates, per event type, of the events older than those kept one by one.

    ``count`` (n_types,), ``first`` and ``last`` in µs, ``total`` and ``most`` (n_types, n_numbers) in 1e-4,
    ``known`` (n_types, n_numbers) counts of non-null numbers.
    """

    count: Ints
    first: Ints
    last: Ints
    total: Ints
    most: Ints
    known: Ints

    @classmethod
    def none(cls, plan: FeaturePlan) -> OlderEvents:
        """Return what is so where there are none; its arrays belong to the caller."""
        n, m = len(plan.types), len(plan.number_fields)
        times, numbers = np.zeros((3, n), np.int64), np.zeros((3, n, m), np.int64)
        return cls(times[0], times[1], times[2], numbers[0], numbers[1], numbers[2])

    @classmethod
    def together(cls, each: Sequence[OlderEvents]) -> OlderEvents:
        """Return those of n customers, with an axis for the customer before the others."""
        if len(each) == 1:
            one = each[0]
            return cls(
                one.count[None], one.first[None], one.last[None], one.total[None], one.most[None], one.known[None]
            )  # fmt: skip
        return cls(
            np.array([o.count for o in each]),
            np.array([o.first for o in each]),
            np.array([o.last for o in each]),
            np.array([o.total for o in each]),
            np.array([o.most for o in each]),
            np.array([o.known for o in each]),
        )


@dataclass(frozen=True)
class Event:
    """One event of a request or of the live journal; numbers and attributes as the request wrote them."""

    ts_us: int
    type: str
    numbers: dict[str, int]
    texts: dict[str, str]


class Codes:
    """Codes of the values of each text field; values first seen in a request get codes of their own."""

    def __init__(self, fields: tuple[str, ...], known: dict[str, dict[str, int]]) -> None:
        self._known = tuple(known.get(name, {}) for name in fields)
        self._new: list[dict[str, int]] = [{} for _ in fields]

    @property
    def has_new(self) -> bool:
        """Whether there is a value that was never seen before."""
        return any(self._new)

    def code(self, k: int, value: str | None) -> int:
        """Return the code of a value of the k-th text field, a new one below -1 when it was never seen."""
        if value is None:
            return NO_CODE
        known = self._known[k].get(value)
        return known if known is not None else self._new[k].setdefault(value, -2 - len(self._new[k]))

    def find(self, k: int, value: str) -> int | None:
        return self._known[k].get(value, self._new[k].get(value))


def pack(plan: FeaturePlan, events: list[Event], hours: list[int], codes: Codes) -> NDArray[Any]:
    """Return the events as packed records; those of types the plan does not know are left out."""
    type_code = {name: code for code, name in enumerate(plan.types)}
    rows = [
        (
            e.ts_us,
            type_code[e.type],
            hour,
            *(e.numbers.get(name, NO_NUMBER) for name in plan.number_fields),
            *(codes.code(k, e.texts.get(name)) for k, name in enumerate(plan.text_fields)),
        )
        for e, hour in zip(events, hours, strict=True)
        if e.type in type_code
    ]
    return np.array(rows, dtype=event_dtype(plan))
