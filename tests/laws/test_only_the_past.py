"""Law 1: a moment sees only its past. Later events change no feature, no label beyond its window, no model, no score."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from small_world import AS_OF, Row, World, differing, everything
from test_batch_equals_live import AS_OF_US, EVENTS, TYPES, batch
from test_batch_equals_live import Row as Event

from nbatool.base.clock import DAY_US
from nbatool.base.seeds import generator
from nbatool.base.settings import Objective, Target
from nbatool.features.choice import as_timestamp
from nbatool.features.labels import converted, load_moment_actions, measured, target_labels
from nbatool.features.moments import Moments, load_moments
from nbatool.store.sql import statement

WITHIN_US = 5 * 86_400_000_000
LATER = EVENTS.map(lambda rows: [(-age_us, *rest) for age_us, *rest in rows])
"""Events at the moment or after it."""


@settings(max_examples=30)
@drawn(EVENTS, LATER, LATER)
def test_no_later_event_is_in_a_feature(past: list[Event], one: list[Event], other: list[Event]) -> None:
    past = [row for row in past if row[0] > 0]
    a, b = batch([*past, *one]), batch([*other, *past])
    assert a.numbers.tobytes() == b.numbers.tobytes()
    for dimension in ("action", "tag", "channel"):
        assert getattr(a.pairs, dimension).tobytes() == getattr(b.pairs, dimension).tobytes()


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    con = duckdb.connect()
    con.execute("set threads = 1")
    for table in ("events", "customers"):
        con.execute(statement(f"store/create_{table}"))
    load_moments(con, Moments(["c"], np.array([AS_OF_US])), "UTC")
    load_moment_actions(con, ["x"])
    yield con
    con.close()


def labels(
    con: duckdb.DuckDBPyConnection, rows: Sequence[tuple[int, str, int | None, str | None]]
) -> list[list[float]]:
    """Label, measures and conversion of one moment at which action x was taken; rows are (µs after it, …)."""
    con.execute("delete from events")
    for after, kind, value, action in rows:
        con.execute(
            "insert into events values ('s', uuid(), 'c', $1, $2, $3, $4, null, null, null, 'b')",
            [as_timestamp(AS_OF_US + after), kind, value, action],
        )
    target = Target(name="t", event="buy", within="5d")
    whole = Objective(name="o", event="buy", within="5d", measure="sum", clip_event=1000.0)
    own = Objective(name="m", event="buy", within="5d", measure="count", match_action=True)
    found = [
        target_labels(con, target, 1), measured(con, whole, 1), measured(con, own, 1),
        converted(con, ["take"], WITHIN_US // 1_000_000, 1),
    ]  # fmt: skip
    return [column.tolist() for column in found]


KINDS = st.tuples(
    st.sampled_from(TYPES), st.one_of(st.none(), st.integers(0, 5000)), st.sampled_from([None, "x", "y"])
)
INSIDE = st.tuples(st.one_of(st.sampled_from([0, WITHIN_US - 1]), st.integers(0, WITHIN_US - 1)), KINDS)
OUTSIDE = st.tuples(
    st.one_of(
        st.sampled_from([-1, WITHIN_US]), st.integers(-WITHIN_US, -1), st.integers(WITHIN_US, 3 * WITHIN_US)
    ),
    KINDS,
)


@settings(max_examples=30)
@drawn(st.lists(INSIDE, max_size=5), st.lists(OUTSIDE, max_size=8))
def test_a_label_looks_at_its_window_and_nothing_else(
    con: duckdb.DuckDBPyConnection, inside: list[tuple[int, Any]], outside: list[tuple[int, Any]]
) -> None:
    kept = [(after, *rest) for after, rest in inside]
    bought = [value for _, kind, value, _ in kept if kind == "buy"]
    found = labels(con, [*kept, *((after, *rest) for after, rest in outside)])
    assert found == labels(con, kept)
    assert found[0] == [float(bool(bought))]
    assert found[1] == [float(sum(min(value or 0, 1000) for value in bought))]


def removed(rows: Sequence[Row]) -> Sequence[Row]:
    return []


def changed(rows: Sequence[Row]) -> Sequence[Row]:
    """Other customers, types, values and channels; some gone; new types, actions and people; and times moved."""
    rng = generator(1, "changed future")
    kinds = ("purchase", "message_sent", "offer_redeemed", "unsubscribe", "brand_new")
    result: list[Row] = []
    for k, row in enumerate(rows):
        fate = rng.integers(5)
        if fate == 0:
            continue
        if fate == 1:
            row = {
                **row,
                "customer_id": f"c{rng.integers(300):06d}",
                "value": "4999.99",
                "category": "brand new",
            }
        if fate == 2:
            row = {
                **row,
                "type": kinds[k % 5],
                "action_id": "brand_new" if k % 2 else "survey",
                "channel": "fax",
            }
        if fate == 3:
            day = datetime.fromisoformat(row["ts"][:10]) + timedelta(days=int(rng.integers(40)))
            row = {**row, "ts": f"{day.date()}T12:00:00Z"}
        result.append(row)
    first = {"ts": f"{AS_OF}T00:00:00Z", "type": "purchase", "value": "777.00"}
    blank = dict.fromkeys(("event_id", "action_id", "channel", "category", "on_sale"), "")
    for k in range(300):
        result.append(
            {**blank, **first, "event_id": f"at {rows[0]['event_id']} {k}", "customer_id": f"c{k:06d}"}
        )
    return result


def stranger(line: str) -> str:
    who = json.loads(line)
    return json.dumps({**who, "timezone": "Asia/Tokyo", "age": 11, "tier": "brand new"})


@pytest.mark.slow
@pytest.mark.parametrize("future", ["removed", "changed"])
def test_no_later_event_is_in_a_model_or_a_score(
    future: str, world: World, given: dict[str, bytes], tmp_path: Path
) -> None:
    other = world.later(removed, lambda _: "") if future == "removed" else world.later(changed, stranger)
    assert other != world
    assert differing(everything(other.write(tmp_path / "world")), given) == []


@pytest.mark.slow
def test_the_past_does_matter(world: World, given: dict[str, bytes], tmp_path: Path) -> None:
    """What the tests above compare is able to differ."""
    past = next(k for k, row in enumerate(world.events) if row["type"] == "purchase")
    events = [{**row, "value": "99.00"} if k == past else row for k, row in enumerate(world.events)]
    other = World(tuple(events), world.late, world.customers, world.others)
    assert f"scores-{AS_OF}.csv" in differing(everything(other.write(tmp_path / "world")), given)


def test_what_came_of_a_contact_came_after_it(con: duckdb.DuckDBPyConnection) -> None:
    """One that a person let wait for three days: its outcome and its conversion begin there, a label of the moment does not."""
    days = [(day * DAY_US, kind, 1, "x") for day in (0, 2, 3, 7, 8) for kind in ("buy", "take")]
    assert labels(con, days) == [[1.0], [3.0], [3.0], [1.0]]
    try:
        load_moment_actions(con, ["x"], np.array([AS_OF_US + 3 * DAY_US]))
        assert labels(con, days) == [[1.0], [2.0], [2.0], [1.0]]
        assert labels(con, days[:4]) == [[1.0], [0.0], [0.0], [0.0]]
    finally:
        load_moment_actions(con, ["x"])
