"""A contact log that was lost is put back from the decision log: caps hold, and nobody is contacted twice for it."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from calls import call, decide

from nbatool.store.ledger import Ledger
from nbatool.store.online import OnlineStore

pytestmark = pytest.mark.slow

SETTINGS = """
[guardrails]
max_contacts = [ { limit = 1, window = "7d" } ]
review = [ { when = "clv > 150", reason = "a good customer" } ]
"""
SECOND, THIRD = "2018-07-02T06:00:00Z", "2018-07-03T06:00:00Z"


@pytest.fixture(scope="module")
def scored(trained_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root: Path = shutil.copytree(trained_world, tmp_path_factory.mktemp("put-back") / "shop")
    with (root / "nba.toml").open("a", encoding="utf-8") as file:
        file.write(SETTINGS)
    call(root, "score", "--quiet")
    return root


@pytest.fixture
def shop(scored: Path, tmp_path: Path) -> Path:
    return shutil.copytree(scored, tmp_path / "shop")


def contacted(root: Path, day: str) -> dict[str, str]:
    """Customer → decision of the action file."""
    with (root / "out" / f"actions-{day}.csv").open(encoding="utf-8") as file:
        return {row["customer_id"]: row["decision_id"] for row in csv.DictReader(file)}


def lose(root: Path) -> None:
    for file in (root / "data").glob("online.db*"):
        file.unlink()


def held(root: Path) -> dict[str, tuple[str, str]]:
    """Decision → customer and state of the contact log."""
    online = OnlineStore(root / "data" / "online.db")
    found = {
        h.decision_id: (h.customer_id, h.state)
        for rows in online.ledger.held_since(0)
        for h in rows.contacts()
    }
    online.close()
    return found


def live_decisions(root: Path) -> int:
    with duckdb.connect(str(root / "data" / "warehouse.duckdb"), read_only=True) as con:
        [[n]] = con.execute("select count(*) from decisions where batch_id = '@live'").fetchall()
    return int(n)


def score(root: Path, as_of: str, *options: str) -> dict[str, Any]:
    said: dict[str, Any] = call(root, "score", "--json", "--as-of", as_of, *options).json
    return said


def test_nobody_is_contacted_twice_and_what_was_released_is_free(shop: Path) -> None:
    first = contacted(shop, "2018-07-01")
    released = dict(list(first.items())[: len(first) // 2])
    told = "".join(
        json.dumps({"decision_id": name, "status": "released"}) + "\n" for name in released.values()
    )
    call(shop, "learn", "-", "--quiet", stdin=told)
    call(shop, "ingest", "--quiet")
    lose(shop)
    said = score(shop, SECOND)
    assert said["put_back"] == {"contacts": len(first), "earlier": 0, "nights": 1, "was_new": True}
    again = contacted(shop, "2018-07-02").keys() & first.keys()
    assert again
    assert again <= released.keys()
    states = held(shop)
    assert {name for name, (_, state) in states.items() if state == "released"} == set(released.values())
    assert score(shop, SECOND)["put_back"] is None, "the contact log knows the night now"


def test_what_waited_for_a_person_is_no_contact(shop: Path) -> None:
    waiting = {
        row["customer_id"] for row in call(shop, "review", "list", "--json", "--most", "9999").json["reviews"]
    }
    lose(shop)
    score(shop, SECOND)
    assert waiting.isdisjoint(customer for customer, _ in held(shop).values())
    assert call(shop, "review", "list", "--json", "--most", "9999").json["reviews"], "they wait anew"


def test_a_trial_counts_them_and_changes_nothing(shop: Path) -> None:
    first = contacted(shop, "2018-07-01")
    lose(shop)
    text = call(shop, "score", "--as-of", SECOND, "--dry-run").out
    assert f"{len(first):,} contacts counted from the decision log: online.db was new" in text
    assert "the next score puts them back" in text
    assert contacted(shop, "2018-07-02").keys().isdisjoint(first)
    assert not held(shop)
    text = call(shop, "score", "--as-of", SECOND).out
    assert f"{len(first):,} contacts put back from the decision log: online.db was new" in text
    assert contacted(shop, "2018-07-02").keys().isdisjoint(first)


def test_the_night_that_is_scored_again_takes_the_place_of_what_was_put_back(shop: Path) -> None:
    first, before = contacted(shop, "2018-07-01"), held(shop)
    lose(shop)
    assert call(shop, "score", "--json").json["put_back"]["contacts"] == len(first)
    assert contacted(shop, "2018-07-01") == first
    assert held(shop) == before


def test_an_older_copy_gets_the_night_it_does_not_know(shop: Path) -> None:
    older = (shop / "data" / "online.db").read_bytes()
    score(shop, SECOND)
    twice = contacted(shop, "2018-07-01") | contacted(shop, "2018-07-02")
    lose(shop)
    (shop / "data" / "online.db").write_bytes(older)
    said = score(shop, THIRD)
    assert said["put_back"] == {
        "contacts": len(contacted(shop, "2018-07-02")), "earlier": 0, "nights": 1, "was_new": False,
    }  # fmt: skip
    assert contacted(shop, "2018-07-03").keys().isdisjoint(twice)


@pytest.mark.parametrize("learned", [False, True])
def test_an_older_copy_that_knows_every_night_gets_live_contacts_made_since(
    shop: Path, learned: bool
) -> None:
    """Whoever drains first, and however much happens live before."""
    older = (shop / "data" / "online.db").read_bytes()
    free = sorted({f"c{k:06d}" for k in range(1, 1_500)} - contacted(shop, "2018-07-01").keys())[:200]
    made = live_contacts(shop, free[:100])
    assert len(made) > 5
    call(shop, "ingest", "--quiet")
    lose(shop)
    (shop / "data" / "online.db").write_bytes(older)
    since = live_contacts(shop, free[50:])
    if learned:
        call(shop, "learn", "--quiet")
    text = call(shop, "score", "--as-of", SECOND).out
    words = " ".join(text.replace("!", " ").split())
    assert "put back from the decision log: online.db did not know them" in words
    assert (
        "If it was replaced by an older copy, suppressions and words on reviews made since are lost" in words
    )
    assert contacted(shop, "2018-07-02").keys().isdisjoint(made | since)
    assert {customer for customer, _ in held(shop).values()} >= made | since
    assert live_decisions(shop) == len({*free[:100], *free[50:]})
    assert score(shop, THIRD)["put_back"] is None


def live_contacts(root: Path, customers: list[str]) -> set[str]:
    """Decide live; return who is contacted."""
    asked = [{"customer_id": customer, "as_of": "2018-07-01T10:00:00Z"} for customer in customers]
    return {a["customer_id"] for a in decide(root, asked, "-q") if a["actions"][0]["action_id"] != "nothing"}


def test_live_contacts_come_back_and_what_happens_live_is_seen_again(shop: Path) -> None:
    free = sorted(
        {f"c{k:06d}" for k in range(1, 1_500)} - contacted(shop, "2018-07-01").keys(),
    )[:300]
    asked = [{"customer_id": customer, "as_of": "2018-07-01T10:00:00Z"} for customer in free]
    answers = decide(shop, asked, "-q")
    live = {a["customer_id"] for a in answers if a["actions"][0]["action_id"] != "nothing"}
    assert len(live) > 10
    call(shop, "ingest", "--quiet")
    lose(shop)
    score(shop, SECOND)
    assert contacted(shop, "2018-07-02").keys().isdisjoint(live)
    again = decide(shop, [{"customer_id": c, "as_of": "2018-07-02T10:00:00Z"} for c in sorted(live)], "-q")
    assert {a["actions"][0]["action_id"] for a in again} == {"nothing"}
    logged = live_decisions(shop)
    call(shop, "ingest", "--quiet")
    assert live_decisions(shop) == logged + len(live), "the journals of the new file are drained as well"


def test_what_fails_on_the_way_leaves_the_log_new(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nbatool.cli.app import run

    first = contacted(shop, "2018-07-01")
    lose(shop)
    with monkeypatch.context() as broken:
        broken.setattr(Ledger, "reconcile", lambda *_: (_ for _ in ()).throw(OSError("gone")))
        assert run(("-w", str(shop), "score", "-q", "--as-of", SECOND)) != 0
    assert not held(shop)
    assert score(shop, SECOND)["put_back"]["contacts"] == len(first)
