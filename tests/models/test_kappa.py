"""κ, the part of a credited later value that is real, in worlds whose truth is known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from small_shop import Shop

from nbatool.base.clock import DAY_US, parse_time
from nbatool.base.config import Config
from nbatool.models.clv.model import ClvModel
from nbatool.models.clv.settings import ClvSettings
from nbatool.models.clv.spend import SpendModel
from nbatool.models.kappa import Kappa, estimate_kappa, judged_by
from nbatool.report.train_report import kappa_line
from nbatool.store.warehouse import open_warehouse

DAY = parse_time("2024-03-01")
SETTINGS = """
[roles]
purchase = ["buy"]
[clv]
margin = 0.5
[[objective]]
name = "worth"
measure = "lifetime_value"
within = "14d"
"""
N, BEFORE, WINDOW, AFTER = 1500, 140, 14, 84
MODEL = ClvModel(
    ClvSettings(margin=0.5), "bg_nbd", (2.0, 8.0, 0.01, 2.0), SpendModel("pooled_mean", 20.0, 2.0), False
)
"""Rates are gamma with shape 2 and a mean of a quarter a week, and hardly anybody leaves."""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.fixture
def con(shop: Shop) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_warehouse(shop.configure(SETTINGS)) as warehouse:
        yield warehouse.con


def config(shop: Shop) -> Config:
    return shop.configure(SETTINGS).config


def decide(con: duckdb.DuckDBPyConnection, arms: list[str | None], day: float = 0) -> None:
    rows = pa.table({"who": [f"c{k:05d}" for k in range(len(arms))], "arm": pa.array(arms, pa.string())})
    con.register("arm_rows", rows)
    con.execute(
        "insert into decisions (source, decision_id, source_id, as_of, slot, action_id, arm, batch_id) "
        f"select 'nbatool', who || '-{day}', who, make_timestamp({DAY + round(day * DAY_US)}::bigint), 1, 'nothing', arm, 'b' "
        "from arm_rows"
    )
    con.unregister("arm_rows")


def buy(con: duckdb.DuckDBPyConnection, who: Any, day: Any) -> None:
    rows = pa.table({"who": np.asarray(who, dtype=np.int64), "us": (DAY + day * DAY_US).astype(np.int64)})
    con.register("buy_rows", rows)
    con.execute(
        "insert into events (source, event_id, source_id, ts, type, value, batch_id) "
        "select 's', uuid()::varchar, format('c{:05d}', who), make_timestamp(us), 'buy', 20, 'b' from buy_rows"
    )
    con.unregister("buy_rows")


def world(con: duckdb.DuckDBPyConnection, *, kind: str) -> None:
    """Half of the customers in control; what contacts do to the others is the kind of world."""
    rng = np.random.default_rng(5)
    treated = np.arange(N) % 2 == 1
    rate = rng.gamma(2.0, 1 / 8.0, N) / 7
    who, day = [np.arange(N)], [np.full(N, -BEFORE - 1.0)]

    def bought(rates: Any, start: float, end: float) -> None:
        n = rng.poisson(rates * (end - start))
        who.append(np.repeat(np.arange(N), n))
        day.append(rng.uniform(start, end, int(n.sum())))

    bought(rate, -BEFORE, 0)
    bought(rate * np.where(treated & (kind == "character"), 1.8, 1.0), 0, WINDOW + AFTER)
    ids, days = np.concatenate(who), np.concatenate(day)
    if kind == "forward":
        # The first purchase after the window, moved into it.
        for k in np.flatnonzero(treated):
            later = np.flatnonzero((ids == k) & (days > WINDOW))
            if len(later):
                days[later[np.argmin(days[later])]] = rng.uniform(0, WINDOW)
    buy(con, ids, days)
    decide(con, ["policy" if t else "control" for t in treated])


def measured(con: duckdb.DuckDBPyConnection, shop: Shop, until: float = WINDOW + AFTER) -> Kappa:
    return estimate_kappa(con, config(shop), MODEL, DAY + round(until * DAY_US))


def test_contacts_that_change_character_earn_it(con: duckdb.DuckDBPyConnection, shop: Shop) -> None:
    world(con, kind="character")
    found = measured(con, shop)
    assert (found.n, found.n_control, found.why) == (N, N // 2, "")
    assert found.estimate is not None
    assert found.se is not None
    assert found.value == min(found.estimate, 1.0) > 0.5
    assert found.estimate > 3 * found.se
    # What is bought from the present on is not known yet.
    buy(con, np.arange(N), np.full(N, WINDOW + AFTER + 0.001))
    assert measured(con, shop) == found
    assert "1,500 customers, 750 of them in control" in kappa_line(found.to_card())


def test_contacts_that_only_pull_purchases_forward_earn_nothing(
    con: duckdb.DuckDBPyConnection, shop: Shop
) -> None:
    world(con, kind="forward")
    found = measured(con, shop)
    assert found.promised is not None
    assert found.came is not None
    assert found.promised > 0 > found.came
    assert found.value == 0
    assert (
        found.why == "what the other arms brought later was not more than what control brought, beyond chance"
    )
    assert kappa_line(found.to_card()).startswith("κ 0, so what comes after the window does not count: what")


def test_contacts_that_do_nothing_earn_nothing(con: duckdb.DuckDBPyConnection, shop: Shop) -> None:
    world(con, kind="nothing")
    found = measured(con, shop)
    assert (found.value, found.why) == (0, "the other arms did not buy more than control, beyond chance")


def test_without_arms_or_a_pause_it_is_0_and_says_why(con: duckdb.DuckDBPyConnection, shop: Shop) -> None:
    none = "no customer was in a control group: [experiment] control draws one"
    assert measured(con, shop) == Kappa(why=none)
    decide(con, [None] * 300)
    assert measured(con, shop).why == none
    decide(con, ["control"] * 40 + ["policy"] * 260, day=1)
    few = measured(con, shop)
    assert (few.value, few.n, few.n_control) == (0, 300, 40)
    assert (
        few.why == "40 customers in control and 260 in other arms are too few to compare (at least 100 each)"
    )
    for day in range(2, 40):
        decide(con, ["control", "control"], day=day)
    # Twice the window after the last decision, and no earlier, something was seen without contacts.
    for until, pauses in ((39 + 2 * WINDOW, True), (39 + 2 * WINDOW - 0.01, False)):
        why = measured(con, shop, until).why
        assert why.startswith("40 customers" if pauses else "decisions never paused for 14d after"), why
    unknown = ClvModel(ClvSettings(), "none", (), SpendModel("none", None, 2.0), True)
    assert estimate_kappa(con, config(shop), unknown, DAY).why == "too little is known of purchases"


def test_the_longest_pause_is_looked_at_and_those_who_changed_arm_are_left_out(
    con: duckdb.DuckDBPyConnection, shop: Shop
) -> None:
    arms: list[str | None] = ["control"] * 120 + ["policy"] * 130
    decide(con, arms, day=-3)
    decide(con, ["policy"] * 10, day=0)
    decide(con, ["random"], day=40)
    buy(con, np.arange(250), np.full(250, -30.0))
    found = measured(con, shop, 110)
    assert (found.n, found.n_control) == (240, 110)
    assert (found.from_us, found.until_us) == (DAY + 54 * DAY_US, DAY + 110 * DAY_US)


def test_the_ratio_of_differences_and_its_error() -> None:
    rng = np.random.default_rng(1)
    control = np.arange(6000) % 3 == 0
    promised = np.where(control, 10.0, 12.0) + rng.normal(0, 2, 6000)
    came = 0.3 * promised + rng.normal(0, 2, 6000)
    flat = judged_by(came, promised, np.zeros(6000), control)
    more = came[~control].mean() - came[control].mean()
    beyond = promised[~control].mean() - promised[control].mean()
    assert flat.estimate == pytest.approx(more / beyond)
    rest = came - flat.estimate * promised
    error = np.sqrt(rest[~control].var(ddof=1) / 4000 + rest[control].var(ddof=1) / 2000) / beyond
    assert flat.se == pytest.approx(error)
    assert abs(flat.value - 0.3) < 3 * error
    # What is known before the draw takes noise away and changes nothing else.
    known = rng.normal(0, 20, 6000)
    noisy = judged_by(came + known, promised + known, np.zeros(6000), control)
    adjusted = judged_by(came + known, promised + known, known, control)
    assert noisy.se is not None
    assert adjusted.se is not None
    assert adjusted.se < noisy.se / 2
    assert judged_by(3 * came, promised, np.zeros(6000), control).value == pytest.approx(0.9, abs=0.2)
    assert judged_by(9 * came, promised, np.zeros(6000), control).value == 1.0


def test_without_any_effect_it_is_rarely_believed() -> None:
    """Differences that are chance alone pass both bars less than once in twenty times."""
    rng = np.random.default_rng(2)
    control = np.arange(400) % 2 == 0
    believed = 0
    for _ in range(400):
        level = rng.gamma(2, 5, 400)
        found = judged_by(
            level + rng.normal(0, 3, 400), level + rng.normal(0, 3, 400), np.zeros(400), control
        )
        believed += found.value > 0
    assert believed <= 20
