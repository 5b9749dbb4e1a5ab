"""Lifetime value as an outcome, on worlds one can check by hand; windows close with what training labels say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from small_shop import Shop

from nbatool.base.clock import DAY_US, parse_time
from nbatool.features.choice import as_timestamp
from nbatool.features.labels import load_moment_actions, outcomes
from nbatool.features.moments import Moments, load_moments, load_zone_offsets
from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.learn import windows
from nbatool.models.clv.history import load_purchase_days, read_purchases
from nbatool.models.clv.model import ClvModel
from nbatool.models.clv.purchases import Purchases
from nbatool.models.clv.settings import ClvSettings
from nbatool.models.clv.spend import SpendModel
from nbatool.models.clv.windowed import at_window_end
from nbatool.models.later_in_force import later_in_force
from nbatool.models.lifetime_outcome import LaterValue, later_value
from nbatool.store.warehouse import open_warehouse

DAY = parse_time("2024-03-01")
SETTINGS = """
[roles]
purchase = ["buy", "renew"]
unsubscribe = ["bye"]
[clv]
margin = 0.4
[[objective]]
name = "worth"
measure = "lifetime_value"
within = "5d"
clip_event = 50
unsubscribe_cost = 3
weight = 2
"""
MODEL = ClvModel(
    ClvSettings(margin=0.4), "bg_nbd", (0.8, 6.0, 0.9, 4.0), SpendModel("pooled_mean", 25.0, 2.0), False
)


def us(day: float) -> int:
    return DAY + round(day * DAY_US)


def add(con: duckdb.DuckDBPyConnection, *rows: tuple[str, float, str, float | None]) -> None:
    who, day, kind, value = zip(*rows, strict=True)
    con.execute(
        "insert into events (source, event_id, source_id, ts, type, value, batch_id) "
        "select 's', uuid()::varchar, unnest($1), unnest($2), unnest($3), unnest($4), 'b'",
        [list(who), [as_timestamp(us(each)) for each in day], list(kind), list(value)],
    )


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path)
    shop.configure(SETTINGS)
    return shop


@pytest.fixture
def con(shop: Shop) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_warehouse(shop.configure(SETTINGS)) as warehouse:
        yield warehouse.con


def terms(shop: Shop, settings: str = SETTINGS) -> OutcomeTerms:
    return OutcomeTerms.of(shop.configure(settings).config)


def moments_of(con: duckdb.DuckDBPyConnection, *who: str) -> int:
    load_moments(con, Moments(list(who), np.full(len(who), us(0))), "UTC")
    load_moment_actions(con, [None] * len(who))
    return len(who)


WORLD = (
    ("a", -30, "buy", 10.0), ("a", -10, "renew", 20.0), ("a", 2, "buy", 30.0), ("a", 3, "bye", None),
    ("a", 5, "buy", 99.0), ("a", 5, "bye", None),  # the window has ended
    ("b", 1, "renew", 80.0), ("b", 2, "bye", None), ("b", 3, "bye", None),
    ("c", -4, "buy", 10.0),
    ("d", -20, "buy", 40.0), ("d", -10, "buy", 20.0), ("d", 1, "buy", -20.0),  # given back whole
)  # fmt: skip


def test_money_of_the_window_times_margin_less_unsubscriptions(
    con: duckdb.DuckDBPyConnection, shop: Shop
) -> None:
    add(con, *WORLD)
    n = moments_of(con, "a", "b", "c", "d")
    expected = [2 * (0.4 * 30 - 3), 2 * (0.4 * 50 - 6), 0.0, 2 * 0.4 * -20]
    assert outcomes(con, terms(shop).objectives, n).tolist() == pytest.approx(expected, abs=1e-12)
    only = terms(shop, SETTINGS.replace('within = "5d"', 'within = "5d"\nevent = "renew"'))
    assert outcomes(con, only.objectives, n).tolist() == pytest.approx([-6, expected[1], 0, 0], abs=1e-12)


def later(kappa: float, counted: tuple[str, ...] = ("buy", "renew")) -> LaterValue:
    return LaterValue(MODEL, kappa, ("buy", "renew"), counted, 5 * 86_400, 2.0, "UTC")


def test_later_value_is_that_with_the_purchases_inside_less_that_without(
    con: duckdb.DuckDBPyConnection,
) -> None:
    add(con, *WORLD)
    n = moments_of(con, "a", "b", "c", "d")
    # The last day of the window is the fourth: ages count up to it.
    with_them = MODEL.predict(
        Purchases.of(
            np.array([2, 0, 0]), np.array([32, 0, 0]), np.array([34, 3, 24]), np.array([25.0, np.nan, np.nan])
        )
    ).clv
    without = MODEL.predict(
        Purchases.of(np.array([1, 1]), np.array([20, 10]), np.array([34, 24]), np.array([20.0, 20.0]))
    ).clv
    expected = (
        2.0 * 0.25 * np.array([with_them[0] - without[0], with_them[1], 0.0, with_them[2] - without[1]])
    )
    np.testing.assert_allclose(later(0.25).value(con, n), expected, rtol=1e-12)
    assert expected[0] > 0 > expected[3]
    only = later(0.25, ("renew",)).value(con, n)
    assert only[[0, 2, 3]].tolist() == [0.0, 0.0, 0.0]
    assert only[1] == pytest.approx(expected[1])


def test_what_happens_from_the_end_of_the_window_on_does_not_matter(con: duckdb.DuckDBPyConnection) -> None:
    add(con, *WORLD)
    n = moments_of(con, "a", "b", "c", "d")
    before = later(1.0).value(con, n)
    add(con, ("a", 5.001, "buy", 500.0), ("b", 6, "buy", -80.0), ("c", 40, "renew", 1.0))
    assert later(1.0).value(con, n).tobytes() == before.tobytes()


@pytest.mark.parametrize("seed", range(3))
def test_histories_equal_those_read_at_the_end_of_each_window(
    con: duckdb.DuckDBPyConnection, seed: int
) -> None:
    """The oracle is the purchase history of a warehouse that ends with the window, and has no purchase inside."""
    rng = np.random.default_rng(seed)
    zones = {"w0": "Asia/Tokyo", "w1": "America/New_York"}
    for name, zone in zones.items():
        con.execute(
            "insert into customers (source, source_id, timezone, batch_id) values ('s', $1, $2, 'b')",
            [name, zone],
        )
    rows = [
        (f"w{rng.integers(4)}", float(rng.integers(-60 * 24, 20 * 24)) / 24, str(rng.choice(["buy", "renew"])),
         None if rng.random() < 0.1 else float(rng.integers(-20, 40)))
        for _ in range(160)
    ]  # fmt: skip
    add(con, *rows)
    who = [f"w{k}" for k in range(4)]
    at = np.array([us(x) for x in (0.0, 3.25, -7.5, 8.75)])
    load_moments(con, Moments(who, at), "UTC")
    found = at_window_end(con, ["buy", "renew"], within_s=5 * 86_400, zone="UTC", grain_days=7 if seed else 1)
    con.execute("create temp table everything as select * from events")
    for moment, (name, as_of_us) in enumerate(zip(who, at.tolist(), strict=True)):
        for inside in (True, False):
            end_us = as_of_us + 5 * DAY_US
            if not inside:
                con.execute(
                    "delete from events where ts >= $1 and ts < $2",
                    [as_timestamp(as_of_us), as_timestamp(end_us)],
                )
            load_zone_offsets(con, "UTC", end_us)
            load_purchase_days(con, ["buy", "renew"], as_of_us=end_us, grain_days=7 if seed else 1)
            known = read_purchases(con)
            at_ = np.flatnonzero(known.customer_ids == name)
            row = np.flatnonzero((found.moment == moment) & (found.inside == inside))
            assert len(row) == len(at_) <= 1
            for column in ("x", "t_x_days", "age_days", "paid", "mean_spend", "first_spend"):
                a, b = getattr(found.purchases, column)[row], getattr(known.purchases, column)[at_]
                np.testing.assert_array_equal(a, b, err_msg=f"{column} of {name}, inside {inside}")
            con.execute("delete from events")
            con.execute("insert into events select * from everything")


def test_without_a_kappa_nothing_of_later_is_looked_at(shop: Shop) -> None:
    config, clv = shop.configure(SETTINGS).config, MODEL.to_json()
    for card in ({}, {"kappa": None}, {"kappa": {"value": 0.0}}):
        assert later_value(config, clv, card) is None
    assert later_value(config, None, {"kappa": {"value": 0.5}}) is None
    money = SETTINGS.replace('"lifetime_value"', '"sum"\nevent = "buy"').replace("unsubscribe_cost = 3", "")
    assert later_value(shop.configure(money).config, clv, {"kappa": {"value": 0.5}}) is None
    found = later_value(shop.configure(SETTINGS).config, clv, {"kappa": {"value": 0.5}})
    assert found == LaterValue(MODEL, 0.5, ("buy", "renew"), ("buy", "renew"), 5 * 86_400, 2.0, "UTC")


def test_terms_survive_json_and_wait_for_events(shop: Shop) -> None:
    found = terms(shop)
    assert OutcomeTerms.from_json(json.loads(json.dumps(found.to_json()))) == found
    assert not found.all_posted
    assert found.objectives[0].measured(2, 10.0) == 4.0


@pytest.mark.parametrize("kappa", [None, 0.5])
def test_windows_close_with_what_training_labels_say(
    con: duckdb.DuckDBPyConnection, shop: Shop, kappa: float | None
) -> None:
    add(con, *WORLD)
    said = terms(shop)
    n = moments_of(con, "a", "b", "c", "d")
    term = None if kappa is None else later(kappa)
    labels = outcomes(con, said.objectives, n) + (0.0 if term is None else term.value(con, n))
    start = datetime(2024, 3, 1)  # noqa: DTZ001
    con.execute(
        "create or replace temp table due as select unnest($1) as decision_id, 1 as slot, unnest($2) as source_id, "
        "$3::timestamp as as_of, $3::timestamp as began, 'nothing' as action_id, 'earns' as verdict, unnest($4) as moment",
        [list("wxyz"), list("abcd"), start + timedelta(0), list(range(n))],
    )
    windows._run(con, "create_moments")
    windows._run(con, "create_moment_actions")
    values, came = windows.outcomes(con, said, n, term)
    assert came.tolist() == [True, True, False, True]
    assert values.tobytes() == labels.tobytes()


def test_the_version_in_force_says_what_later_counts(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace: Any = shop.configure(SETTINGS)
    assert later_in_force(workspace) is None
    files = {"clv.json": MODEL.to_json().encode(), "card.json": b'{"kappa": {"value": 0.5}}'}
    monkeypatch.setattr("nbatool.models.registry.champion", lambda _: "v1")
    monkeypatch.setattr("nbatool.models.registry.load_files", lambda *_: files)
    found = later_in_force(workspace)
    assert found is not None
    assert (found.kappa, found.model) == (0.5, MODEL)
