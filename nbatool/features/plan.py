"""The feature plan: the list of features of a workspace, as data that training, scoring and deciding share.

The plan is saved with the models (JSON) and published for live decisions. It knows which aggregates to
compute (`slots`, the columns of a matrix A) and how to finish them into features (`finish`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbatool.features.aggregates import LIFETIME, Series, Slot
from nbatool.features.kinds import KINDS, Feature, Floats, Kind

DERIVED_FIELDS = ("daypart", "weekday")
DAYPARTS = ("night", "morning", "afternoon", "evening")
WEEKDAYS = tuple("1234567")
CHUNK_ROWS = 4096
"""Rows worked on at a time, so that their arrays stay in the processor's cache."""


@dataclass(frozen=True)
class FeaturePlan:
    """Features of a customer at a moment, in the order of the matrix `finish` returns.

    Parameters
    ----------
    features
        The features; names are unique.
    types
        Event types known when the plan was made; their position is the code sequences use.
    zone
        IANA zone of hours and weekdays for customers without one of their own.
    extra_texts
        Text fields the online state keeps for others than the plan's own features (pairs: action and channel).
    """

    features: tuple[Feature, ...]
    types: tuple[str, ...]
    zone: str = "UTC"
    extra_texts: tuple[str, ...] = ()

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(f.name for f in self.features)

    @cached_property
    def categorical(self) -> tuple[str, ...]:
        return tuple(f.name for f in self.features if KINDS[f.kind].categorical)

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        """Every aggregate needed, once, in a fixed order: the columns of A."""
        return tuple(sorted({slot for f in self.features for slot in KINDS[f.kind].slots(f)}))

    @cached_property
    def longest_window_s(self) -> int:
        return max((slot.within_s for slot in self.slots), default=LIFETIME)

    @cached_property
    def number_fields(self) -> tuple[str, ...]:
        """Numeric fields summed or maximised: ``value`` and numeric event attributes."""
        return tuple(
            sorted(
                {s.field for s in self.slots if s.field and s.fn in ("sum", "max", "sum_of_squares", "count")}
            )
        )

    @cached_property
    def text_fields(self) -> tuple[str, ...]:
        """Text fields counted or matched, without the derived ones."""
        counted = {s.field for s in self.slots if s.fn == "distinct"}
        matched = {field for s in self.slots for field, _ in s.series.where}
        return tuple(sorted((counted | matched | set(self.extra_texts)) - set(DERIVED_FIELDS)))

    @cached_property
    def uses_local_time(self) -> bool:
        return any(field in DERIVED_FIELDS for s in self.slots for field, _ in s.series.where)

    @cached_property
    def _groups(self) -> tuple[tuple[Kind, slice, list[slice], Floats], ...]:
        """Per kind: where its features and its arguments stand in the order `_order` and `_wanted` give, and constants."""
        groups, done, read = [], 0, 0
        for name in dict.fromkeys(f.kind for f in self.features):
            kind = KINDS[name]
            members = [f for f in self.features if f.kind == name]
            n, n_arguments = len(members), len(kind.slots(members[0]))
            arguments = [slice(read + k * n, read + (k + 1) * n) for k in range(n_arguments)]
            constants = np.array([kind.constant(f, len(self.types)) for f in members], dtype=np.float64)
            groups.append((kind, slice(done, done + n), arguments, constants))
            done, read = done + n, read + n_arguments * n
        return tuple(groups)

    @cached_property
    def _wanted(self) -> NDArray[np.int64]:
        """Columns of the aggregates, argument by argument of each kind."""
        position = {slot: j for j, slot in enumerate(self.slots)}
        wanted: list[int] = []
        for name in dict.fromkeys(f.kind for f in self.features):
            rows = [KINDS[name].slots(f) for f in self.features if f.kind == name]
            wanted += [position[row[k]] for k in range(len(rows[0])) for row in rows]
        return np.array(wanted, np.int64)

    @cached_property
    def _order(self) -> NDArray[np.int64]:
        """Where each feature stands among those made kind by kind."""
        kinds = list(dict.fromkeys(f.kind for f in self.features))
        by_kind = sorted(range(len(self.features)), key=lambda j: kinds.index(self.features[j].kind))
        return np.argsort(np.array(by_kind, np.int64))

    def finish(self, aggregates: Floats) -> Floats:
        """Turn aggregates (n_moments, n_slots) into features (n_moments, n_features); NaN is null."""
        result = np.empty((aggregates.shape[0], len(self.features)), dtype=np.float64)
        for start in range(0, len(result), CHUNK_ROWS):
            rows = slice(start, start + CHUNK_ROWS)
            read = aggregates[rows, self._wanted]
            made = np.empty((len(read), len(self.features)), dtype=np.float64)
            for kind, features, arguments, constants in self._groups:
                made[:, features] = kind.finish([read[:, part] for part in arguments], constants)
            made.take(self._order, axis=1, out=result[rows], mode="clip")
        return result

    def to_json(self) -> dict[str, Any]:
        return {
            "features": [asdict(f) for f in self.features],
            "types": list(self.types),
            "zone": self.zone,
            "extra_texts": list(self.extra_texts),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> FeaturePlan:
        return cls(
            tuple(_feature(f) for f in data["features"]),
            tuple(data["types"]),
            data["zone"],
            tuple(data["extra_texts"]),
        )


def _series(data: dict[str, Any] | None) -> Series | None:
    if data is None:
        return None
    return Series(tuple(data["types"]), tuple((field, value) for field, value in data["where"]))


def _feature(data: dict[str, Any]) -> Feature:
    return Feature(**{**data, "series": _series(data["series"]) or Series(), "other": _series(data["other"])})


def merge(features: Sequence[Feature]) -> tuple[Feature, ...]:
    """Keep the first feature of each name: the user's own come before the defaults and win."""
    kept: dict[str, Feature] = {}
    for feature in features:
        kept.setdefault(feature.name, feature)
    return tuple(kept.values())
