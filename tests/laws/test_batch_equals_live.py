"""Law 2 at its root: features of random histories, computed in SQL and live, are equal to the last bit."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbatool.base.clock import DAY_S, US_PER_S
from nbatool.decide.request_events import live_event
from nbatool.features import live_numbers
from nbatool.features.aggregates import Series
from nbatool.features.customer import CustomerFeatures, FeatureSet
from nbatool.features.defaults import EventType, default_features
from nbatool.features.events import NO_NUMBER, Event, OlderEvents
from nbatool.features.kinds import Feature
from nbatool.features.live_customer import CustomerState, LiveFeatures, unknown_customer
from nbatool.features.moments import Moments, prepare_moments
from nbatool.features.pairs import DIMENSIONS, PairPlan
from nbatool.features.plan import FeaturePlan
from nbatool.profile.attributes import Attribute

TYPES = ("buy", "send", "see", "take", "stop")
AS_OF_US = 1_600_000_000 * US_PER_S + 123
WEEK = 7 * DAY_S

FEATURES = FeatureSet(
    FeaturePlan(
        (
            *default_features(
                {"purchase": ("buy",), "contact": ("send",), "engage": ("see", "take")},
                (
                    EventType("buy", 9, True, True, {"category": ("a", "b")}, ("action_id",)),
                    EventType("send", 5, False, True, {"channel": ("email", "web")}),
                    EventType("see", 5, False, True),
                    EventType("take", 5, True, True),
                    EventType("stop", 1, False, True),
                ),
                (WEEK, 4 * WEEK),
                100 * DAY_S,
            ),
            Feature("sizes", "sum", Series(("buy",)), "size", WEEK),
            Feature("largest", "max", Series(("buy",)), "size", 4 * WEEK),
            Feature("spread_all", "spread", Series(("buy", "take")), "value", 4 * WEEK),
        ),
        TYPES,
        "America/New_York",
        ("action_id", "channel"),
    ),
    (Attribute("age", "number"),),
    PairPlan(
        (("send",), ("see",), ("take",)), ("x", "y"), ("email", "web"), ("promo",), ((0,), ()), WEEK, 4 * WEEK
    ),
)

AGES_US = st.one_of(
    st.integers(0, 60 * DAY_S * US_PER_S),
    st.sampled_from(
        [0, 1, WEEK * US_PER_S, WEEK * US_PER_S + 1, 4 * WEEK * US_PER_S, 4 * WEEK * US_PER_S + 1]
    ),
)
EVENTS = st.lists(
    st.tuples(
        AGES_US,
        st.sampled_from([*TYPES, "unheard"]),
        st.one_of(st.none(), st.integers(-(10**12), 10**12), st.integers(-(10**6), 10**6)),
        st.sampled_from([None, "x", "y", "z"]),
        st.sampled_from([None, "email", "web", "sms"]),
        st.sampled_from([None, "a", "b", "c"]),
        st.one_of(st.none(), st.integers(-100, 100)),
        st.dictionaries(
            # Columns and derived fields of ours: an attribute may have their names, and is not they.
            st.sampled_from(["action_id", "channel", "value", "type", "daypart", "weekday"]),
            st.sampled_from(["x", "email", "night", "1", 7]),
            max_size=3,
        ),
    ),
    max_size=30,
)
Row = tuple[int, str, int | None, str | None, str | None, str | None, int | None, dict[str, str | int]]


def batch(rows: list[Row]) -> CustomerFeatures:
    con = duckdb.connect()
    con.execute("set threads=1")
    rows_in = pa.table(
        {
            "source_id": pa.array(["c"] * len(rows), pa.string()),
            "ts": pa.array([AS_OF_US - r[0] for r in rows], pa.int64()).cast(pa.timestamp("us")),
            "type": pa.array([r[1] for r in rows], pa.string()),
            "value": pa.array(
                [None if r[2] is None else Decimal(r[2]).scaleb(-4) for r in rows], pa.decimal128(18, 4)
            ),
            "action_id": pa.array([r[3] for r in rows], pa.string()),
            "channel": pa.array([r[4] for r in rows], pa.string()),
            "attributes": pa.array(
                [json.dumps(_attributes(r)) for r in rows],
                pa.string(),
            ),
        }
    )
    con.register("rows_in", rows_in)
    con.execute("create table events as select * from rows_in")
    con.execute(
        "create table customers as select 'c' as source_id, null::timestamp as valid_from, 's' as source,"
        """ null::varchar as timezone, '{"age": "41"}' as attributes"""
    )
    return prepare_moments(con, FEATURES, Moments(["c"], np.array([AS_OF_US]))).read(0, 1)


def live(rows: list[Row], split_us: int) -> CustomerFeatures:
    made, state, fresh = halves(rows, split_us)
    return made.compute(state, fresh, AS_OF_US)


def halves(rows: list[Row], split_us: int) -> tuple[LiveFeatures, CustomerState, list[Event]]:
    """Part of the history as a published state, the rest as events of the request."""
    codes = {"action_id": {"x": 0, "y": 1}, "channel": {"email": 0, "web": 1}, "category": {"a": 0, "b": 1}}
    made = LiveFeatures(FEATURES, codes)
    longest_us = FEATURES.longest_window_s * US_PER_S
    plan = FEATURES.plan
    events = [(r, _event(r)) for r in sorted(rows, key=lambda r: -r[0])]
    kept = [e for r, e in events if split_us < r[0] <= longest_us]
    state = made_state(made, kept, _older([r for r in rows if r[0] > max(longest_us, split_us)]))
    fresh = [e for r, e in events if r[0] <= split_us]
    assert plan.longest_window_s <= FEATURES.longest_window_s
    return made, state, fresh


def made_state(made: LiveFeatures, events: list[Event], older: OlderEvents) -> CustomerState:
    from nbatool.features.events import Codes, pack
    from nbatool.features.live_customer import hour_of_week

    plan = FEATURES.plan
    hours = [hour_of_week(e.ts_us, plan.zone) for e in events]
    packed = pack(plan, events, hours, Codes(plan.text_fields, made._known_codes))
    known = list(packed)
    assert len(known) <= len(events)
    return CustomerState(packed, older, {"age": 41.0})


def _event(r: Row) -> Event:
    value = None if r[2] is None else str(Decimal(r[2]).scaleb(-4))
    fields = FEATURES.plan.number_fields
    return live_event(AS_OF_US - r[0], r[1], value, r[3], r[4], _attributes(r), fields)


def _attributes(r: Row) -> dict[str, Any]:
    return r[7] | {k: v for k, v in (("category", r[5]), ("size", r[6])) if v is not None}


def _older(rows: list[Row]) -> OlderEvents:
    none = OlderEvents.none(FEATURES.plan)
    made = OlderEvents(
        *(getattr(none, name).copy() for name in ("count", "first", "last", "total", "most", "known"))
    )
    made.first[:], made.last[:], made.most[:] = np.iinfo(np.int64).max, NO_NUMBER, NO_NUMBER
    for r in rows:
        if r[1] not in TYPES:
            continue
        code, event = TYPES.index(r[1]), _event(r)
        made.count[code] += 1
        made.first[code] = min(made.first[code], event.ts_us)
        made.last[code] = max(made.last[code], event.ts_us)
        for k, name in enumerate(FEATURES.plan.number_fields):
            if name in event.numbers:
                made.total[code, k] += event.numbers[name]
                made.most[code, k] = max(made.most[code, k], event.numbers[name])
                made.known[code, k] += 1
    return made


@settings(max_examples=60, deadline=None)
@given(EVENTS, st.integers(0, 28 * DAY_S * US_PER_S))
def test_live_features_equal_batch_features(rows: list[Row], split_us: int) -> None:
    in_sql, in_memory = batch(rows), live(rows, split_us)
    for name, a, b in zip(FEATURES.plan.names, in_sql.numbers[0], in_memory.numbers[0], strict=True):
        assert a.tobytes() == b.tobytes() or (np.isnan(a) and np.isnan(b)), (name, a, b)
    for dimension in ("action", "tag", "channel"):
        assert np.array_equal(
            getattr(in_sql.pairs, dimension), getattr(in_memory.pairs, dimension), equal_nan=True
        )


def test_a_stranger_has_no_history() -> None:
    row = LiveFeatures(FEATURES, {}).compute(unknown_customer(FEATURES), [], AS_OF_US)
    by_name = dict(zip(FEATURES.plan.names, row.numbers[0], strict=True))
    assert by_name["count_purchase_7d"] == 0.0
    assert np.isnan(by_name["days_since_last_purchase"])


LARGE = st.integers(-(10**18) + 1, 10**18 - 1)
CUSTOMER = st.tuples(
    EVENTS, st.integers(0, 28 * DAY_S * US_PER_S), st.integers(0, 3), st.lists(LARGE, max_size=3)
)


@settings(max_examples=40, deadline=None)
@given(st.lists(CUSTOMER, min_size=1, max_size=5))
def test_several_customers_at_once_have_the_bits_each_has_alone(
    customers: list[tuple[list[Row], int, int, list[int]]],
) -> None:
    """Also where numbers are too large for 64-bit sums: those run over Python's integers then, for all of them."""
    parts, alone = [], []
    for rows, split_us, later_s, large in customers:
        rows = rows + [(DAY_S * US_PER_S, TYPES[0], value, "new", None, None, None, {}) for value in large]
        made, state, fresh = halves(rows, split_us)
        as_of_us = AS_OF_US + later_s * US_PER_S
        parts.append((state, fresh, as_of_us))
        alone.append(made.compute(state, fresh, as_of_us))
    together = made.compute_many(*(list(column) for column in zip(*parts, strict=True)))
    for row, one in enumerate(alone):
        same = together.of_rows(slice(row, row + 1))
        assert np.array_equal(one.numbers.view(np.int64), same.numbers.view(np.int64))
        assert (one.as_of_us, one.attributes["age"]) == (same.as_of_us, same.attributes["age"])
        for dimension in DIMENSIONS:
            a, b = (np.ascontiguousarray(getattr(f.pairs, dimension)) for f in (one, same))
            assert np.array_equal(a.view(np.int64), b.view(np.int64))


@settings(max_examples=40, deadline=None)
@given(EVENTS, st.integers(0, 28 * DAY_S * US_PER_S))
def test_sums_over_64_bits_and_without_end_are_the_same(rows: list[Row], split_us: int) -> None:
    quick = live(rows, split_us).numbers
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live_numbers, "_ROOM", 0)
        slow = live(rows, split_us).numbers
    assert np.array_equal(quick.view(np.int64), slow.view(np.int64))
