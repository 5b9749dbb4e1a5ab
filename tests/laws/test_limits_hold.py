"""Law 3: budgets, stocks, capacities and shares hold on everybody, whoever decides; prices are one for night and live."""

from __future__ import annotations

import csv
import json
import math
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from calls import call, decide
from same_answer import every

from nbatool.base.clock import US_PER_S, format_time, parse_time
from nbatool.store.contact import Held
from nbatool.store.online import OnlineStore

pytestmark = pytest.mark.slow

CUT = parse_time("2018-07-01T00:00:00Z")
HOUR_US = 3600 * US_PER_S
DAY_US = 24 * HOUR_US
SETTINGS = """
[exploration]
method = "inverse_gap"
share = 0.1

[experiment]
name = "x"
control = 0.1
component_arms = 0.1

[[action]]
id = "free_shipping"
stock = 30

[guardrails]
max_contacts = [ { limit = 1, window = "7d" } ]
budget = [ { amount = 100.0, window = "30d" }, { amount = 60.0, window = "1d" } ]
capacity = [ { limit = 40, channel = "push", window = "1d" } ]
max_share = [ { action = "ten_percent_off", share = 0.5 } ]
min_share = [ { tag = "advice", share = 0.05 } ]
live_share = 0.25
"""


@pytest.fixture(scope="module")
def shop(trained_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two nights, the second with live decisions before it and after it."""
    root: Path = shutil.copytree(trained_world, tmp_path_factory.mktemp("limited") / "shop")
    with (root / "nba.toml").open("a", encoding="utf-8") as file:
        file.write(SETTINGS)
    first = call(root, "score", "--json").json
    (root / "first.json").write_text(json.dumps(first))
    with next((root / "out").glob("scores-*.csv")).open(encoding="utf-8") as lines:
        ids = sorted(row["customer_id"] for row in csv.DictReader(lines))
    for hour in (3, 9, 20):
        decide(root, asked(ids, CUT + hour * HOUR_US), "--quiet")
    call(root, "score", "--quiet", "--as-of", "2018-07-02T06:00:00Z")
    decide(root, asked(ids, CUT + 40 * HOUR_US), "--quiet")
    return root


def asked(ids: Sequence[str], as_of_us: int) -> list[dict[str, Any]]:
    known: list[dict[str, Any]] = [{"customer_id": i} for i in every(ids, 200)]
    return [
        {**who, "as_of": format_time(as_of_us + k * 1_000_000), "request_id": f"{as_of_us} {k}"}
        for k, who in enumerate([*known, *({} for _ in range(40))])
    ]


def contacts_of(root: Path) -> list[Held]:
    online = OnlineStore(root / "data" / "online.db")
    found = [held for rows in online.ledger.held_since(0) for held in rows.contacts()]
    online.close()
    return sorted(found, key=lambda held: held.at_us)


def most_in_a_window(contacts: Sequence[Held], hours: int, use: Callable[[Held], float]) -> float:
    """The greatest use of so many clock hours in a row."""
    by_hour: dict[int, list[float]] = {}
    for held in contacts:
        by_hour.setdefault(held.at_us // HOUR_US, []).append(use(held))
    return max(
        (
            math.fsum(x for h, uses in by_hour.items() if last - hours < h <= last for x in uses)
            for last in by_hour
        ),
        default=0.0,
    )


def test_no_window_holds_more_than_its_limit(shop: Path) -> None:
    contacts = contacts_of(shop)
    live = [held for held in contacts if held.batch == ""]
    assert len(live) > 20
    for amount, hours in ((100.0, 720), (60.0, 24)):
        used = most_in_a_window(contacts, hours, lambda held: held.cost)
        assert used <= amount + 1e-9
    assert most_in_a_window(contacts, 24, lambda held: held.cost) > 0.9 * 60.0
    assert most_in_a_window(contacts, 24, lambda held: float(held.channel == "push")) <= 40
    assert sum(held.action_id == "free_shipping" for held in contacts) <= 30


def test_shares_hold_from_each_night_on(shop: Path) -> None:
    second = CUT + DAY_US + 6 * HOUR_US
    contacts = contacts_of(shop)
    for day in (
        [held for held in contacts if CUT <= held.at_us < second],
        [held for held in contacts if held.at_us >= second],
    ):
        for until in range(1, len(day) + 1):
            if day[until - 1].batch and until < len(day) and day[until].batch:
                continue  # a night counts as a whole
            part = day[:until]
            assert sum(held.action_id == "ten_percent_off" for held in part) <= 0.5 * until + 1e-9
            assert sum("advice" in held.tags for held in part) >= 0.05 * until - 1e-9


def test_the_night_leaves_live_decisions_their_part_and_says_what_each_limit_costs(shop: Path) -> None:
    said = {line["name"]: line for line in json.loads((shop / "first.json").read_text())["limits"]}
    day = said["budget 60 in 1d"]
    assert day["most"] == pytest.approx(45.0)
    assert 0.97 * 45.0 <= day["used"] <= 45.0
    assert day["price"] > 0
    assert said["at most 50 % action ten_percent_off"]["part"] <= 0.5
    assert said["at least 5 % tagged advice"]["part"] >= 0.05


def test_batch_and_live_are_one_answer_with_limits(shop: Path) -> None:
    assert call(shop, "parity", "--json").json["differences"] == []


def test_scored_again_a_night_uses_no_more(shop: Path, tmp_path: Path) -> None:
    root: Path = shutil.copytree(shop, tmp_path / "again")
    as_of = "2018-07-04T00:00:00Z"
    call(root, "score", "--quiet", "--as-of", as_of)
    file = (root / "out" / "actions-2018-07-04.csv").read_bytes()
    before = contacts_of(root)
    call(root, "score", "--quiet", "--as-of", as_of)
    assert contacts_of(root) == before
    assert (root / "out" / "actions-2018-07-04.csv").read_bytes() == file


def test_what_is_used_up_is_named(shop: Path, tmp_path: Path) -> None:
    root: Path = shutil.copytree(shop, tmp_path / "used-up")
    text = (root / "nba.toml").read_text(encoding="utf-8")
    (root / "nba.toml").write_text(text.replace("amount = 60.0", "amount = 0.0"), encoding="utf-8")
    said = call(root, "score", "--json", "--as-of", "2018-07-20T12:00:00Z").json
    assert {each["action_id"]: each["customers"] for each in said["actions"]}["ten_percent_off"] == 0
    [answer] = decide(
        root, [{"explain": True, "dry_run": True, "actions": ["ten_percent_off"], "channel": "web"}]
    )
    assert answer["actions"][0]["action_id"] == "nothing"
    assert (
        answer["funnel"]["removed"]["ten_percent_off (web)"]
        == "limit: budget 0 in 1d has no room for one more"
    )
