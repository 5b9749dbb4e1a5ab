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

from nbatool.features.aggregates import LIFETIME, Series, Slot
from nbatool.features.kinds import KINDS, Feature, Floats

DERIVED_FIELDS = ("daypart", "weekday")
DAYPARTS = ("night", "morning", "afternoon", "evening")
WEEKDAYS = tuple("1234567")


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
    def _groups(self) -> tuple[tuple[str, np.ndarray, list[np.ndarray], np.ndarray], ...]:
        """Per kind: columns of the result, slot columns per argument, constants."""
        position = {slot: j for j, slot in enumerate(self.slots)}
        groups = []
        for name in dict.fromkeys(f.kind for f in self.features):
            kind = KINDS[name]
            members = [j for j, f in enumerate(self.features) if f.kind == name]
            wanted = [kind.slots(self.features[j]) for j in members]
            columns = [np.array([position[w[k]] for w in wanted]) for k in range(len(wanted[0]))]
            constants = np.array(
                [kind.constant(self.features[j], len(self.types)) for j in members], dtype=np.float64
            )
            groups.append((name, np.array(members), columns, constants))
        return tuple(groups)

    def finish(self, aggregates: Floats) -> Floats:
        """Turn aggregates (n_moments, n_slots) into features (n_moments, n_features); NaN is null."""
        features = np.empty((aggregates.shape[0], len(self.features)), dtype=np.float64)
        for name, members, columns, constants in self._groups:
            features[:, members] = KINDS[name].finish([aggregates[:, c] for c in columns], constants)
        return features

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
