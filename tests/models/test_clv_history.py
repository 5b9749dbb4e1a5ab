"""Purchase days and the summary of them, on a world that can be checked by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import duckdb
import numpy as np
import pytest

from nbatool.models.clv.history import load_purchase_days, read_purchases, train_clv
from nbatool.models.clv.settings import ClvSettings


def us(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000_000)


def add(con: Any, *rows: tuple[str, str, str, str | None]) -> None:
    query = (
        "insert into events select unnest($1), unnest($2)::timestamp, unnest($3), unnest($4)::decimal(18, 4)"
    )
    con.execute(query, [list(column) for column in zip(*rows, strict=True)]).fetchall()


@pytest.fixture
def con() -> Iterator[Any]:
    connection = duckdb.connect()
    connection.execute(
        "create table events (source_id varchar, ts timestamp, type varchar, value decimal(18, 4))"
    )
    connection.execute(
        "create table customers (source_id varchar, valid_from timestamp, timezone varchar, source varchar default 's')"
    )
    connection.execute(
        "create table zone_offsets (zone varchar, from_ts timestamp, until_ts timestamp, offset_s bigint)"
    )
    for zone, offset in (("UTC", 0), ("Asia/Tokyo", 32_400)):
        connection.execute(
            "insert into zone_offsets values ($1, '1900-01-01', '2100-01-01', $2)", [zone, offset]
        )
    yield connection
    connection.close()


def days(con: Any) -> list[tuple[str, str, float | None]]:
    rows = con.execute(
        "select customer_id, day::varchar, spend::double from purchase_days order by all"
    ).fetchall()
    return [tuple(row) for row in rows]


def load(con: Any, as_of: str, **rest: Any) -> None:
    load_purchase_days(con, ["buy", "refund"], as_of_us=us(as_of), **rest)


def test_a_day_counts_once_and_refunds_are_netted_into_it(con: Any) -> None:
    add(
        con,
        ("a", "2024-01-01 08:00", "buy", "10"),
        ("a", "2024-01-01 20:00", "buy", "5.5"),
        ("a", "2024-01-03 08:00", "buy", "20"),
        ("a", "2024-01-03 09:00", "refund", "-8"),
        ("a", "2024-01-05 08:00", "buy", "7"),  # taken back whole: no purchase
        ("a", "2024-01-05 09:00", "refund", "-7"),
        ("a", "2024-01-06 09:00", "refund", "-3"),  # a refund alone is none: of the 3rd
        ("a", "2024-01-07 09:00", "buy", "0"),  # a free purchase is one
        ("a", "2024-01-08 09:00", "buy", None),  # so is one of unknown price
        ("a", "2024-01-09 09:00", "visit", "1"),
        ("b", "2024-01-04 09:00", "buy", "1"),
    )
    load(con, "2024-01-11")
    assert days(con) == [
        ("a", "2024-01-01", 15.5),
        ("a", "2024-01-03", 9.0),
        ("a", "2024-01-07", 0.0),
        ("a", "2024-01-08", None),
        ("b", "2024-01-04", 1.0),
    ]
    history = read_purchases(con)
    purchases = history.purchases
    assert history.customer_ids.tolist() == ["a", "b"]
    assert purchases.x.tolist() == [3, 0]
    assert purchases.t_x_days.tolist() == [7, 0]
    assert purchases.age_days.tolist() == [9, 6]  # 10 January is the last day seen
    assert purchases.paid.tolist() == [1, 0]
    assert purchases.mean_spend[0] == 9.0
    assert np.isnan(purchases.mean_spend[1])
    assert purchases.first_spend.tolist() == [15.5, 1.0]


def test_a_later_refund_is_netted_into_the_latest_purchase_day(con: Any) -> None:
    add(
        con,
        ("a", "2024-01-01 08:00", "buy", "10"),
        ("a", "2024-01-04 08:00", "buy", "20"),
        ("a", "2024-01-06 08:00", "refund", "-5"),  # of the 4th, in two parts
        ("a", "2024-01-07 08:00", "refund", "-3"),
        ("a", "2024-01-08 08:00", "buy", "30"),
        ("b", "2024-01-01 08:00", "refund", "-2"),  # of a purchase nobody saw
        ("b", "2024-01-02 08:00", "buy", "8"),
        ("b", "2024-01-05 08:00", "buy", "6"),
        ("b", "2024-01-09 08:00", "refund", "-6"),  # taken back whole: no purchase
        ("c", "2024-01-02 08:00", "buy", "9"),
        ("c", "2024-01-02 07:00", "refund", "-1"),  # its own day has a purchase
        ("c", "2024-01-09 08:00", "refund", "-9"),  # of more than is left
        ("d", "2024-01-09 08:00", "refund", "-9"),
    )
    load(con, "2024-01-11")
    assert days(con) == [
        ("a", "2024-01-01", 10.0),
        ("a", "2024-01-04", 12.0),
        ("a", "2024-01-08", 30.0),
        ("b", "2024-01-02", 8.0),
    ]
    purchases = read_purchases(con).purchases
    assert purchases.x.tolist() == [2, 0]
    assert purchases.mean_spend[0] == 21.0
    load(con, "2024-01-09")  # before they went back
    assert days(con)[3:] == [("b", "2024-01-02", 8.0), ("b", "2024-01-05", 6.0), ("c", "2024-01-02", 8.0)]


def test_only_what_was_strictly_before_is_seen(con: Any) -> None:
    add(con, ("a", "2024-01-01", "buy", "1"), ("a", "2024-01-05", "buy", "1"))
    load(con, "2024-01-05")
    assert days(con) == [("a", "2024-01-01", 1.0)]
    assert read_purchases(con).purchases.age_days.tolist() == [3]
    load(con, "2024-01-05T00:00:00.000001")
    assert read_purchases(con).purchases.x.tolist() == [1]
    assert read_purchases(con).purchases.age_days.tolist() == [4]


def test_days_are_local_to_the_customer(con: Any) -> None:
    for who in ("tokyo", "nowhere", "later"):
        add(con, (who, "2024-01-01 14:59", "buy", "1"), (who, "2024-01-01 15:00", "buy", "1"))
    con.execute(
        "insert into customers (source_id, valid_from, timezone) values ('tokyo', null, 'UTC'), ('tokyo', '2023-05-01', 'Asia/Tokyo')"
    )
    con.execute(
        "insert into customers (source_id, valid_from, timezone) values ('nowhere', null, 'Mars/Base'), ('later', '2024-01-02', 'Asia/Tokyo')"
    )
    load(con, "2024-01-02")
    assert [row[:2] for row in days(con)] == [
        ("later", "2024-01-01"),
        ("nowhere", "2024-01-01"),
        ("tokyo", "2024-01-01"),
        ("tokyo", "2024-01-02"),
    ]
    assert read_purchases(con).purchases.age_days.tolist() == [0, 0, 1]
    load(con, "2024-01-02", zone="Asia/Tokyo")
    assert read_purchases(con).purchases.x.tolist() == [1, 1, 1]


def test_a_longer_grain_starts_on_monday(con: Any) -> None:
    # 1 January 2024 was a Monday; 1969-12-28 a Sunday
    for day in ("2024-01-01", "2024-01-07", "2024-01-08", "2024-01-22", "1969-12-28"):
        add(con, ("a", day, "buy", "2"))
    load(con, "2024-01-31", grain_days=7)
    assert [row[1:] for row in days(con)] == [
        ("1969-12-22", 2.0),
        ("2024-01-01", 4.0),
        ("2024-01-08", 2.0),
        ("2024-01-22", 2.0),
    ]
    purchases = read_purchases(con).purchases
    assert purchases.x.tolist() == [3]
    assert int(purchases.age_days[0]) % 7 == 0


def test_holding_out_cuts_the_history(con: Any) -> None:
    add(
        con, ("a", "2024-01-01", "buy", "1"), ("a", "2024-01-04", "buy", "2"), ("a", "2024-01-09", "buy", "4")
    )
    add(con, ("new", "2024-01-09", "buy", "8"))
    load(con, "2024-01-11")
    history = read_purchases(con, held_out_days=5)  # seen until 5 January
    assert history.customer_ids.tolist() == ["a"]
    assert history.purchases.x.tolist() == [1]
    assert history.purchases.age_days.tolist() == [4]
    assert history.later.tolist() == [1]
    assert history.later_spend.tolist() == [4.0]


def test_no_events_no_crash(con: Any) -> None:
    load(con, "2024-01-11")
    model, history = train_clv(con, ClvSettings(), 0)
    assert len(history.customer_ids) == 0
    assert model.family == "none"
    assert "holdout" not in model.card


def test_order_of_events_changes_nothing(con: Any) -> None:
    rng = np.random.default_rng(0)
    rows = [
        (
            f"c{rng.integers(400)}",
            str(np.datetime64("2023-01-01") + int(rng.integers(365))),
            "buy",
            f"{rng.integers(1, 900) / 10}",
        )
        for _ in range(1500)
    ]
    add(con, *rows)
    load(con, "2024-01-01")
    first, history = train_clv(con, ClvSettings(), 0)
    con.execute("create or replace table events as select * from events order by hash(ts, source_id, value)")
    load(con, "2024-01-01")
    second, again = train_clv(con, ClvSettings(), 0)
    assert first.to_json() == second.to_json()
    assert history.customer_ids.tolist() == again.customer_ids.tolist()
    assert first.fallback or first.card["holdout"]["held_out_days"] == 121


def test_a_poor_forecast_is_a_warning_of_the_version(con: Any) -> None:
    """Everybody buys every week until the last third of the year, and then nobody."""
    first = np.datetime64("2023-01-02")
    add(
        con,
        *(
            (f"c{k:03d}", str(first + 7 * week + k % 7), "buy", "10")
            for k in range(150)
            for week in range(34)
        ),
    )
    add(con, ("late", "2023-12-30", "buy", "10"))
    load(con, "2024-01-01")
    model, _ = train_clv(con, ClvSettings(model="bg_nbd"), 0)
    assert any("repeat purchases in the last 121 days where" in warning for warning in model.warnings)
