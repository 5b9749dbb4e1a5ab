"""What a review rule matches goes out when a person says so: once, with the next file, and only if it still may."""

from __future__ import annotations

import csv
import json
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest
from calls import call, decide

from nbatool.activate.score import score_workspace
from nbatool.activate.scored import ScoreSettings
from nbatool.base.clock import parse_time
from nbatool.learn.answers import DecisionLookup
from nbatool.store.night_decisions import NightReader
from nbatool.store.online import OnlineStore
from nbatool.store.workspace import open_workspace

pytestmark = pytest.mark.slow

SETTINGS = """
[guardrails]
max_contacts = [ { limit = 1, window = "1d" } ]
review = [ { when = "clv > 150", reason = "a good customer" } ]
"""
NEXT_NIGHT = "2018-07-02T06:00:00Z"


@pytest.fixture(scope="module")
def scored(trained_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root: Path = shutil.copytree(trained_world, tmp_path_factory.mktemp("reviewed") / "shop")
    with (root / "nba.toml").open("a", encoding="utf-8") as file:
        file.write(SETTINGS)
    call(root, "score", "--quiet")
    return root


@pytest.fixture
def shop(scored: Path, tmp_path: Path) -> Path:
    return shutil.copytree(scored, tmp_path / "shop")


def listed(root: Path, state: str = "pending") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = call(
        root, "review", "list", "--json", "--most", "9999", "--state", state
    ).json["reviews"]
    return found


def file_of(root: Path, day: str) -> dict[str, dict[str, str]]:
    """The action file by decision."""
    with (root / "out" / f"actions-{day}.csv").open(encoding="utf-8") as file:
        return {row["decision_id"]: row for row in csv.DictReader(file)}


def clv_of(root: Path) -> dict[str, float]:
    with (root / "out" / "scores-2018-07-01.csv").open(encoding="utf-8") as file:
        return {row["customer_id"]: float(row["clv"] or 0) for row in csv.DictReader(file)}


def held(root: Path) -> dict[str, tuple[str, str]]:
    online = OnlineStore(root / "data" / "online.db")
    found = {
        h.decision_id: (h.customer_id, h.state)
        for rows in online.ledger.held_since(0)
        for h in rows.contacts()
    }
    online.close()
    return found


def test_what_matches_waits_and_reserves_nothing(shop: Path) -> None:
    waiting, clv = listed(shop), clv_of(shop)
    assert len(waiting) > 10
    file = file_of(shop, "2018-07-01")
    assert not {row["decision_id"] for row in waiting} & file.keys()
    assert all(clv[row["customer_id"]] > 150 for row in waiting)
    assert all(clv[row["customer_id"]] <= 150 for row in file.values())
    assert held(shop).keys() == file.keys()
    assert {row["reason"] for row in waiting} == {"a good customer: clv > 150"}


def test_an_approved_decision_goes_out_once_with_the_next_file(shop: Path) -> None:
    first, second, third = (row for row in listed(shop)[:3])
    names = [row["decision_id"] for row in (first, second, third)]
    call(shop, "review", "approve", *names[:2], "--reason", "fine")
    call(shop, "suppress", "add", "--customer", second["customer_id"], "--reason", "moved")
    call(shop, "review", "reject", names[2], "--reason", "complained", "--suppress", "30d")
    said = call(shop, "score", "--json", "--as-of", NEXT_NIGHT).json
    assert said["approved"] == 1
    text = call(shop, "score", "--as-of", NEXT_NIGHT).out
    customers = {each["customer_id"] for each in file_of(shop, "2018-07-02").values()}
    assert f"{len(customers):,} customers with an action" in text
    assert [row["decision_id"] for row in said["held_back"]] == [names[1]]
    assert "moved" in said["held_back"][0]["why"]
    file = file_of(shop, "2018-07-02")
    row = file[names[0]]
    assert (row["customer_id"], row["action_id"], row["needs_review"]) == (
        first["customer_id"],
        first["action_id"],
        "false",
    )
    assert names[1] not in file
    assert sum(each["customer_id"] == first["customer_id"] for each in file.values()) == 1, (
        "its cap is one a day"
    )
    assert held(shop)[names[0]] == (first["customer_id"], "reserved")
    again = call(shop, "score", "--json", "--as-of", NEXT_NIGHT).json
    assert again["approved"] == 1, "the same night has the same file"
    assert file_of(shop, "2018-07-02") == file
    later = call(shop, "score", "--json", "--as-of", "2018-07-04").json
    assert later["approved"] == 0
    gone = {row["decision_id"]: row for row in listed(shop, "rejected")}
    assert gone[names[2]]["note"] == "complained"
    [answer] = decide(
        shop, [{"customer_id": third["customer_id"], "explain": True, "dry_run": True, "request_id": "x"}]
    )
    assert any("complained" in why for why in answer["funnel"]["removed"].values())


def test_a_live_answer_offers_the_best_that_needs_nobody(shop: Path) -> None:
    good = listed(shop)[0]["customer_id"]
    [answer] = decide(shop, [{"customer_id": good, "explain": True, "dry_run": True, "request_id": "x"}])
    assert answer["actions"][0]["action_id"] == "nothing"
    assert answer["needs_review"]["net_value"] > 0
    assert answer["needs_review"]["why"].startswith("needs review: a good customer: clv > 150 (clv is ")
    assert call(shop, "parity", "--json").json["differences"] == []


def test_a_rejected_decision_stays_out_of_the_same_night_scored_again(shop: Path) -> None:
    rejected, approved = (row["decision_id"] for row in listed(shop)[:2])
    call(shop, "review", "reject", rejected, "--suppress", "30d")
    call(shop, "score", "--quiet")
    assert rejected not in file_of(shop, "2018-07-01")
    assert approved not in file_of(shop, "2018-07-01")


def test_a_released_contact_does_not_go_out_again(shop: Path) -> None:
    file = file_of(shop, "2018-07-01")
    released = list(file)[:10]
    told = "".join(json.dumps({"decision_id": name, "status": "released"}) + "\n" for name in released)
    call(shop, "learn", "-", "--quiet", stdin=told)
    call(shop, "score", "--quiet")
    assert file_of(shop, "2018-07-01").keys() == file.keys() - set(released)


def test_approved_decisions_keep_to_limits(shop: Path) -> None:
    with (shop / "nba.toml").open("a", encoding="utf-8") as settings:
        settings.write('capacity = [ { limit = 3, window = "30d" } ]\n')
    online = OnlineStore(shop / "data" / "online.db")
    held_now = [h for rows in online.ledger.held_since(0) for h in rows.contacts()]
    online.ledger.give_back(held_now)
    online.close()
    call(shop, "review", "approve", *(row["decision_id"] for row in listed(shop)[:5]))
    said = call(shop, "score", "--json", "--as-of", NEXT_NIGHT).json
    assert (said["approved"], len(said["held_back"])) == (3, 2)
    assert all("capacity 3 in 30d has no room" in each["why"] for each in said["held_back"])
    assert len(file_of(shop, "2018-07-02")) == 3


def logged(root: Path) -> dict[str, tuple[Any, ...]]:
    """The night's decisions of the decision log."""
    with closing(duckdb.connect(str(root / "data" / "warehouse.duckdb"), read_only=True)) as con:
        rows = con.execute(
            "select decision_id, action_id, channel, probability, as_of from decisions where batch_id = '@night'"
        ).fetchall()
    return {row[0]: row[1:] for row in rows}


def test_what_was_approved_stands_when_its_own_night_is_scored_again(shop: Path) -> None:
    """It is in the file once, as it was decided, and the log says of it what it said."""
    goes, waits = listed(shop)[:2]
    before = logged(shop)
    call(shop, "review", "approve", goes["decision_id"], waits["decision_id"])
    call(shop, "suppress", "add", "--customer", waits["customer_id"], "--reason", "moved")
    # Nobody needs to be looked at any more, and everybody would get something else.
    settings = (shop / "nba.toml").read_text(encoding="utf-8").replace("clv > 150", "clv > 1e9")
    (shop / "nba.toml").write_text(settings, encoding="utf-8")
    for _ in range(2):
        said = call(shop, "score", "--json").json
        assert (said["approved"], len(said["held_back"])) == (1, 1)
        rows = [
            row for row in file_of(shop, "2018-07-01").values() if row["customer_id"] == goes["customer_id"]
        ]
        assert [(row["decision_id"], row["action_id"]) for row in rows] == [
            (goes["decision_id"], goes["action_id"])
        ]
        assert waits["customer_id"] not in {r["customer_id"] for r in file_of(shop, "2018-07-01").values()}
        after = logged(shop)
        for one in (goes, waits):
            assert after[one["decision_id"]] == before[one["decision_id"]]
    call(
        shop,
        "suppress",
        "remove",
        str(call(shop, "suppress", "list", "--json").json["suppressions"][0]["id"]),
    )
    later = call(shop, "score", "--json", "--as-of", NEXT_NIGHT).json
    assert later["approved"] == 1
    assert waits["decision_id"] in file_of(shop, "2018-07-02")


def test_what_waits_leaves_its_room_to_others(shop: Path) -> None:
    """A limit is used up by those who may go, whoever waits for a person."""
    with (shop / "nba.toml").open("a", encoding="utf-8") as settings:
        settings.write('capacity = [ { limit = 30, window = "30d" } ]\n')
    online = OnlineStore(shop / "data" / "online.db")
    online.ledger.give_back([h for rows in online.ledger.held_since(0) for h in rows.contacts()])
    online.close()
    said = call(shop, "score", "--json", "--as-of", NEXT_NIGHT).json
    assert said["waiting_for_review"] > 3
    [limit] = said["limits"]
    assert limit["used"] == 30
    assert len(file_of(shop, "2018-07-02")) == 30


def test_a_trial_leaves_the_file_of_its_night_as_it_was(shop: Path) -> None:
    before, held_before = file_of(shop, "2018-07-01"), held(shop)
    (shop / "nba.toml").write_text(
        (shop / "nba.toml").read_text(encoding="utf-8").replace("clv > 150", "clv > 1e9"), encoding="utf-8"
    )
    said = call(shop, "score", "--dry-run", "--json").json
    assert Path(said["actions_file"]).name == "actions-2018-07-01-trial.csv"
    assert len(file_of(shop, "2018-07-01-trial")) > len(before)
    assert (file_of(shop, "2018-07-01"), held(shop)) == (before, held_before)


def test_killed_before_the_file_stands_an_approved_decision_goes_out_the_next_time(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [goes] = listed(shop)[:1]
    call(shop, "review", "approve", goes["decision_id"])
    workspace, present_us = open_workspace(shop), parse_time(NEXT_NIGHT)
    monkeypatch.setattr("nbatool.activate.files.os.fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        score_workspace(workspace, ScoreSettings(), as_of_us=present_us)
    monkeypatch.undo()
    assert goes["decision_id"] in held(shop), "it was reserved"
    assert not (shop / "out" / "actions-2018-07-02.csv").exists()
    said = call(shop, "score", "--json", "--as-of", "2018-07-03T06:00:00Z").json
    assert said["approved"] == 1
    assert goes["decision_id"] in file_of(shop, "2018-07-03")


def interrupted(_: int) -> None:
    raise KeyboardInterrupt


def test_a_live_question_at_the_nights_moment_does_not_hand_out_what_waits(shop: Path) -> None:
    waits, rejected, goes = listed(shop)[:3]
    call(shop, "review", "reject", rejected["decision_id"])
    call(shop, "review", "approve", goes["decision_id"])
    asked = [
        {"customer_id": one["customer_id"], "as_of": "2018-07-01T00:00:00Z"}
        for one in (waits, rejected, goes)
    ]
    answers = decide(shop, asked)
    for one, answer in zip((waits, rejected, goes), answers, strict=True):
        assert answer["decision_id"] != one["decision_id"]
        assert answer["actions"][0]["action_id"] == "nothing"
        assert answer["needs_review"]["action_id"]
    assert decide(shop, asked) == answers
    call(shop, "score", "--quiet")
    [out] = decide(shop, asked[2:])
    assert (out["decision_id"], out["actions"][0]["action_id"]) == (goes["decision_id"], goes["action_id"])


def test_what_was_held_back_and_goes_out_later_is_answered_for_as_it_was_logged(shop: Path) -> None:
    held_back, goes = listed(shop)[:2]
    name, before = held_back["decision_id"], decisions_of(shop, "2018-07-01")
    call(shop, "review", "approve", name, goes["decision_id"])
    call(shop, "suppress", "add", "--customer", held_back["customer_id"], "--reason", "moved")
    assert [row["decision_id"] for row in call(shop, "score", "--json").json["held_back"]] == [name]
    after = decisions_of(shop, "2018-07-01")
    with closing(after), closing(before):
        assert after.logged(name).chances == before.logged(name).chances
        assert after.choice(name).action_id == before.choice(name).action_id == held_back["action_id"]
        assert after.taken_out(name).startswith("it waits: a person approved it")
    [answer] = decide(shop, [{"customer_id": held_back["customer_id"], "as_of": "2018-07-01T00:00:00Z"}])
    assert answer["decision_id"] != name, "it waits still"
    lifted = call(shop, "suppress", "list", "--json").json["suppressions"][0]["id"]
    call(shop, "suppress", "remove", str(lifted))
    call(shop, "score", "--quiet", "--as-of", NEXT_NIGHT)
    assert name in file_of(shop, "2018-07-02")
    with closing(OnlineStore(shop / "data" / "online.db")) as online:
        lookup = DecisionLookup(online, shop / "data")
        found = lookup.find(name)
        lookup.close()
    assert found is not None
    assert (found.choice.action_id, found.closed, found.waits) == (held_back["action_id"], False, False)


def decisions_of(root: Path, day: str) -> NightReader:
    """The newest file of a night's decisions."""
    with closing(OnlineStore(root / "data" / "online.db")) as online:
        files = {night.as_of_us: night.file for night in online.nights.all()}
    return NightReader(root / "data" / files[parse_time(day)])
