"""What is known about a customer live: the published state, the live journal and the request, as one row.

Rows are a `CustomerFeatures`, made by the same finishing code as a million rows at night.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbatool.base.clock import offset_at
from nbatool.features.customer import CustomerFeatures, FeatureSet
from nbatool.features.events import NO_CODE, Codes, Event, OlderEvents, event_dtype, pack
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
    """Computes what is known about customers; made once per published bundle."""

    def __init__(self, features: FeatureSet, codes: dict[str, dict[str, int]]) -> None:
        self.features = features
        self._known_codes = codes
        self._aggregates = LiveAggregates(features.plan, codes)
        pairs, plan = features.pairs, features.plan
        self._roles = np.array([[name in types for name in plan.types] for types in pairs.types], np.bool_)
        self._type_code = {name: code for code, name in enumerate(plan.types)}
        self._text = {name: k for k, name in enumerate(plan.text_fields)}
        self._actions = _lookup(codes.get("action_id", {}), pairs.action_code)
        self._channels = _lookup(codes.get("channel", {}), pairs.channel_code)

    def compute(self, state: CustomerState, events: list[Event], as_of_us: int) -> CustomerFeatures:
        """Return what is known at ``as_of_us`` from the state and later events (those before the moment)."""
        return self.compute_many([state], [events], [as_of_us])

    def compute_many(
        self, states: Sequence[CustomerState], events: Sequence[list[Event]], as_of_us: Sequence[int]
    ) -> CustomerFeatures:
        """`compute` of n customers at once, row by row the same bits; several cost hardly more than one."""
        codes = Codes(self.features.plan.text_fields, self._known_codes)
        packed, edges = self._packed(states, events, as_of_us, codes)
        moments = np.array(as_of_us, dtype=np.int64)
        older = OlderEvents.together([state.older for state in states])
        aggregates = self._aggregates.compute(packed, edges, older, codes, moments)
        contacts = self._contacts(packed, edges, codes, moments)
        return CustomerFeatures(
            as_of_us=moments,
            numbers=self.features.plan.finish(aggregates),
            attributes={
                a.name: _column(a, [state.attributes.get(a.name) for state in states])
                for a in self.features.attributes
            },
            pairs=pair_features(self.features.pairs, contacts),
        )

    def _packed(
        self,
        states: Sequence[CustomerState],
        events: Sequence[list[Event]],
        as_of_us: Sequence[int],
        codes: Codes,
    ) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Return the packed events of all customers, oldest first of each, and where each one's begin and end."""
        plan = self.features.plan
        kept = [len(state.events) for state in states]
        packed = states[0].events
        if len(states) > 1:
            raw = b"".join([state.events.tobytes() for state in states])
            packed = np.frombuffer(raw, event_dtype(plan))
        fresh, hours, owner = list[Event](), list[int](), list[int]()
        for row, (state, happened, moment) in enumerate(zip(states, events, as_of_us, strict=True)):
            for e in happened:
                if e.ts_us < moment and e.type in self._type_code:
                    fresh.append(e)
                    owner.append(row)
                    hours.append(
                        hour_of_week(e.ts_us, state.zone or plan.zone) if plan.uses_local_time else 0
                    )
        count = np.array(kept, np.int64)
        if fresh:
            of = np.concatenate([np.repeat(np.arange(len(states)), count), np.array(owner, np.int64)])
            packed = np.concatenate([packed, pack(plan, fresh, hours, codes)])
            packed = packed[np.lexsort((packed["ts"], of))]
            count += np.bincount(owner, minlength=len(states))
        edges = np.zeros(len(states) + 1, np.int64)
        np.cumsum(count, out=edges[1:])
        return packed, edges

    def _contacts(
        self, packed: NDArray[Any], edges: NDArray[np.int64], codes: Codes, as_of_us: NDArray[np.int64]
    ) -> Contacts:
        """Contacts of n moments, one entry per event: the counts are 1 and add up."""
        pairs, n = self.features.pairs, len(as_of_us)
        moment = np.repeat(np.arange(n), edges[1:] - edges[:-1])
        age_us = as_of_us[moment] - packed["ts"]
        role, at = (self._roles[:, packed["type"]] & (age_us <= pairs.long_s * US)).nonzero()
        age_us = age_us[at]
        return Contacts(
            n_moments=n,
            moment=moment[at],
            role=role,
            action=self._keys(packed, at, codes, "action_id", self._actions, pairs.action_code),
            channel=self._keys(packed, at, codes, "channel", self._channels, pairs.channel_code),
            short=(age_us <= pairs.short_s * US).astype(np.int64),
            long=np.ones(len(at), dtype=np.int64),
            last_s=age_us // US,
        )

    def _keys(
        self,
        packed: NDArray[Any],
        at: NDArray[np.int64],
        codes: Codes,
        name: str,
        known: NDArray[np.int64],
        by_text: dict[str, int],
    ) -> NDArray[np.int64]:
        if name not in self._text or not len(at):
            return np.full(len(at), -1, dtype=np.int64)
        k = self._text[name]
        found = packed[f"t{k}"][at]
        # No code, -1, is the last entry of `known`; what no published event had lies below it.
        keys: NDArray[np.int64] = known[np.maximum(found, NO_CODE)]
        if codes.has_new:
            new = {codes.find(k, text): key for text, key in by_text.items()}
            for place in np.flatnonzero(found < NO_CODE).tolist():
                keys[place] = new.get(int(found[place]), -1)
        return keys


def _lookup(codes: dict[str, int], keys: dict[str, int]) -> NDArray[np.int64]:
    """Return the key of each code, and after all of them -1."""
    result = np.full(max(codes.values(), default=-1) + 2, -1, dtype=np.int64)
    for text, code in codes.items():
        result[code] = keys.get(text, -1)
    return result


def _column(attribute: Attribute, values: Sequence[float | str | None]) -> NDArray[Any]:
    if attribute.is_text:
        result = np.empty(len(values), dtype=object)
        result[:] = values
        return result
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
