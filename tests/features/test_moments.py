"""What is known at a moment does not hang on what comes later, nor on the order of rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
import pytest

from nbatool.base.clock import parse_time
from nbatool.features.choice import customer_attributes
from nbatool.features.moments import Moments, load_moments, load_zone_offsets
from nbatool.models.clv.history import load_purchase_days, read_purchases
from nbatool.profile.attributes import Attribute, read_attributes
from nbatool.store.sql import statement
from nbatool.store.warehouse import TABLES

AS_OF_US = parse_time("2020-02-01T03:00:00Z")
"""Still the 31st of January in Los Angeles."""


@pytest.fixture
def con() -> Iterator[Any]:
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    for table in TABLES:
        connection.execute(statement(f"store/create_{table}"))
    yield connection
    connection.close()


def buy(con: Any, customer: str, ts: str) -> None:
    con.execute(
        "insert into events values ('s', $1 || $2, $1, $2, 'buy', 5, null, null, null, null, 'b')",
        [customer, ts],
    )


def know(
    con: Any, source: str, valid_from: str | None, zone: str | None, attributes: str | None = None
) -> None:
    con.execute(
        "insert into customers values ($1, 'a', $2, $3, null, $4, 'b')",
        [source, valid_from, zone, attributes],
    )


@pytest.mark.parametrize("later", [False, True])
def test_the_last_day_observed_is_local_whether_or_not_anything_happens_later(con: Any, later: bool) -> None:
    buy(con, "a", "2020-01-01 20:00")
    buy(con, "a", "2020-01-05 20:00")
    if later:
        buy(con, "b", "2020-03-01 00:00")
    load_zone_offsets(con, "America/Los_Angeles", AS_OF_US)
    load_purchase_days(con, ["buy"], as_of_us=AS_OF_US, zone="America/Los_Angeles")
    assert read_purchases(con).purchases.age_days.tolist() == [30]


@pytest.mark.parametrize("sources", [("one", "two"), ("two", "one")])
def test_records_of_one_time_give_one_zone_in_any_order(con: Any, sources: tuple[str, str]) -> None:
    zones = {"one": "Europe/Berlin", "two": "Asia/Tokyo"}
    for source in sources:
        know(con, source, None, zones[source])
    load_moments(con, Moments(["a"], np.array([AS_OF_US])), "UTC")
    assert con.execute("select zone from moments").fetchall() == [("Asia/Tokyo",)]


def test_an_attribute_known_later_only_is_none_yet(con: Any) -> None:
    for name in ("$os", "tier"):
        con.execute("insert into attributes_seen values ('s', 'customers', $1, 'text')", [name])
    know(con, "s", "2020-01-01", None, '{"$os":"ios","tier":null}')
    know(con, "s", "2020-03-01", None, '{"$os":"web","tier":"gold"}')
    assert customer_attributes(con, AS_OF_US) == (Attribute("$os", "text"),)
    assert len(customer_attributes(con, parse_time("2020-04-01"))) == 2
    load_moments(con, Moments(["a"], np.array([AS_OF_US])), "UTC")
    assert read_attributes(con, (Attribute("$os", "text"),), 0, 1)["$os"].tolist() == ["ios"]
