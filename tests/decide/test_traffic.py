"""The hours people come in: counted over four weeks, without our own messages, and only where there is enough to go by."""

from __future__ import annotations

import duckdb
import pytest

from nbatool.decide.traffic import traffic_before
from nbatool.store.sql import statement

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
AS_OF_US = 100 * DAY_US + 5 * HOUR_US


def warehouse(events: list[tuple[int, str, int]]) -> duckdb.DuckDBPyConnection:
    """Events as (hours before the moment, type, how many)."""
    con = duckdb.connect()
    con.execute(statement("store/create_events"))
    for k, (hours, type_, n) in enumerate(events):
        con.execute(
            "insert into events select 's', $k || '-' || i, 'c', make_timestamp($at), $type, null, null, null, null, null, 'b' "
            "from range($n) as r(i)",
            {"k": str(k), "at": AS_OF_US - hours * HOUR_US, "type": type_, "n": n},
        )
    return con


def test_hours_are_counted_over_four_weeks_without_our_own_messages() -> None:
    con = warehouse(
        [
            (1, "visit", 300), (25, "visit", 200), (10, "visit", 500),  # 4, 4 and 19 o'clock
            (0, "visit", 900), (29 * 24, "visit", 900), (3, "mailed", 900),
        ]
    )  # fmt: skip
    found = traffic_before(con, AS_OF_US, ["mailed"])
    assert found is not None
    assert len(found) == 24
    assert {hour: part for hour, part in enumerate(found) if part} == {4: 0.5, 19: 0.5}


@pytest.mark.parametrize(
    "events",
    [
        [],
        [(1, "visit", 100), (2, "visit", 100)],
        [(5, "visit", 10_000), (29, "visit", 10_000), (1, "visit", 9_000)],
    ],
)
def test_too_little_is_nothing(events: list[tuple[int, str, int]]) -> None:
    """None, few, and all at midnight: dates without a time of day."""
    assert traffic_before(warehouse(events), AS_OF_US, []) is None
