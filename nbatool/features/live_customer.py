"""What is known about one customer live: the published state, the live journal and the request, as one row.

The row is a `CustomerFeatures` of length one, made by the same finishing code as a million rows at night.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbatool.base.clock import offset_at
from nbatool.features.customer import CustomerFeatures, FeatureSet
from nbatool.features.events import Codes, Event, OlderEvents, event_dtype, pack
from nbatool.features.live import LiveAggregates
from nbatool.features.pairs import Contacts, pair_features
from nbatool.profile.attributes import Attribute
from nbatool.profile.consent import Marks

US = 1_000_000
HOUR_S = 3600
HOURS_TO_MONDAY = 72
"""1970-01-01 was a Thursday: hour 0 of the week is Monday midnight."""


@dataclass(frozen=True)
class CustomerState:
    """One customer as published: packed recent events, aggregates of older ones, attributes, nightly scores, consent.

    Parameters
    ----------
    own, others
        Contacts that counted at the cut, (at_us, kind) each: of the contact log, and those somebody else made.
    suppressed
        Offers, by place, that were suppressed at the cut.
    """

    events: NDArray[Any]
    older: OlderEvents
    attributes: dict[str, float | str | None] = field(default_factory=dict)
    zone: str | None = None
    scores: dict[str, float | str | None] = field(default_factory=dict)
    consent: Marks = field(default_factory=dict)
    own: Sequence[tuple[int, int]] = ()
    others: Sequence[tuple[int, int]] = ()
    suppressed: Sequence[int] = ()


def hour_of_week(ts_us: int, zone: str) -> int:
    """Local hour of the week, 0 (Monday 00:00) to 167.

    >>> hour_of_week(0, "UTC")
    72
    """
    return ((ts_us // US + offset_at(ts_us, zone)) // HOUR_S + HOURS_TO_MONDAY) % 168


def unknown_customer(features: FeatureSet) -> CustomerState:
    """The state of somebody never seen before."""
    return CustomerState(np.empty(0, event_dtype(features.plan)), OlderEvents.none(features.plan))


class LiveFeatures:
    """Computes what is known about one customer; made once per published bundle."""

    def __init__(self, features: FeatureSet, codes: dict[str, dict[str, int]]) -> None:
        self.features = features
        self._known_codes = codes
        self._aggregates = LiveAggregates(features.plan)
        pairs, plan = features.pairs, features.plan
        self._roles = [
            np.array([name in types for name in plan.types], dtype=np.bool_) for types in pairs.types
        ]
        self._text = {name: k for k, name in enumerate(plan.text_fields)}
        self._actions = _lookup(codes.get("action_id", {}), pairs.action_code)
        self._channels = _lookup(codes.get("channel", {}), pairs.channel_code)

    def compute(self, state: CustomerState, events: list[Event], as_of_us: int) -> CustomerFeatures:
        """Return what is known at ``as_of_us`` from the state and later events (those before the moment)."""
        plan = self.features.plan
        codes = Codes(plan.text_fields, self._known_codes)
        packed = state.events
        fresh = [e for e in events if e.ts_us < as_of_us]
        if fresh:
            zone = state.zone or plan.zone
            hours = [hour_of_week(e.ts_us, zone) if plan.uses_local_time else 0 for e in fresh]
            packed = np.concatenate([packed, pack(plan, fresh, hours, codes)])
            packed = packed[np.argsort(packed["ts"], kind="stable")]
        aggregates = self._aggregates.compute(packed, state.older, codes, as_of_us)
        contacts = self._contacts(packed, codes, as_of_us)
        return CustomerFeatures(
            as_of_us=np.array([as_of_us], dtype=np.int64),
            numbers=plan.finish(aggregates),
            attributes={a.name: _one(a, state.attributes.get(a.name)) for a in self.features.attributes},
            pairs=pair_features(self.features.pairs, contacts),
        )

    def _contacts(self, packed: NDArray[Any], codes: Codes, as_of_us: int) -> Contacts:
        """Contacts of one moment, one entry per event: the counts are 1 and add up."""
        pairs = self.features.pairs
        age_us = as_of_us - packed["ts"]
        inside = np.flatnonzero(age_us <= pairs.long_s * US)
        found = [
            np.flatnonzero(role[packed["type"][inside]]) if len(role) else inside[:0] for role in self._roles
        ]
        at = inside[np.concatenate(found)] if found else inside[:0]
        role = np.repeat(np.arange(len(found)), [len(f) for f in found])
        return Contacts(
            n_moments=1,
            moment=np.zeros(len(at), dtype=np.int64),
            role=role,
            action=self._keys(packed, at, codes, "action_id", self._actions, pairs.action_code),
            channel=self._keys(packed, at, codes, "channel", self._channels, pairs.channel_code),
            short=(age_us[at] <= pairs.short_s * US).astype(np.int64),
            long=np.ones(len(at), dtype=np.int64),
            last_s=age_us[at] // US,
        )

    def _keys(
        self,
        packed: NDArray[Any],
        at: NDArray[np.int64],
        codes: Codes,
        name: str,
        known: dict[int, int],
        by_text: dict[str, int],
    ) -> NDArray[np.int64]:
        if name not in self._text or not len(at):
            return np.full(len(at), -1, dtype=np.int64)
        k = self._text[name]
        new = {codes.find(k, text): key for text, key in by_text.items()}
        lookup = {**{code: key for code, key in new.items() if code is not None}, **known}
        return np.array([lookup.get(code, -1) for code in packed[f"t{k}"][at].tolist()], dtype=np.int64)


def _lookup(codes: dict[str, int], keys: dict[str, int]) -> dict[int, int]:
    return {code: keys[text] for text, code in codes.items() if text in keys}


def _one(attribute: Attribute, value: float | str | None) -> NDArray[Any]:
    if attribute.is_text:
        result = np.empty(1, dtype=object)
        result[0] = value
        return result
    return np.array([np.nan if value is None else value], dtype=np.float64)
