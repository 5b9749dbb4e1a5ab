"""Approved decisions go out once, and hold what everybody else holds, whatever happens at the same time."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from calls import call
from test_review_queue import NEXT_NIGHT, file_of, held, listed, scored, shop

from nbatool.activate import approved, score
from nbatool.activate.score import score_workspace
from nbatool.activate.scored import ScoreSettings
from nbatool.base.clock import now_us, parse_time
from nbatool.base.errors import DataError
from nbatool.store.contact import Contact
from nbatool.store.online import LiveEvent, OnlineStore
from nbatool.store.workspace import open_workspace

__all__ = ["scored", "shop"]
pytestmark = pytest.mark.slow


def test_what_happens_while_an_approved_decision_is_looked_at_holds(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opted out, or contacted, in the moment between the look and the reservation."""
    out, met, last = listed(shop)[:3]
    call(shop, "review", "approve", *(row["decision_id"] for row in (out, met, last)))
    [unsubscribed, *_] = open_workspace(shop).config.roles.unsubscribe

    def and_meanwhile(*given: Any, **named: Any) -> Any:
        with closing(OnlineStore(shop / "data" / "online.db")) as online:
            online.append([LiveEvent("e", out["customer_id"], now_us(), unsubscribed)])
            at_us = parse_time(NEXT_NIGHT)
            live = Contact(met["customer_id"], "d_live", 1, met["action_id"], met["channel"], (), at_us - 1)
            with online.transaction():
                online.ledger.reserve([live])
        return score_chunks(*given, **named)

    score_chunks = approved.score_chunks
    monkeypatch.setattr(approved, "score_chunks", and_meanwhile)
    report = score_workspace(open_workspace(shop), ScoreSettings(), as_of_us=parse_time(NEXT_NIGHT))
    why = {review.decision_id: words for review, words in report.approved.held_back}
    assert "opted out of" in why[out["decision_id"]]
    assert "with contacts made while the night worked" in why[met["decision_id"]]
    assert [review.decision_id for review, _ in report.approved.going] == [last["decision_id"]]


def test_what_was_released_after_it_went_out_leaves_the_file(shop: Path) -> None:
    [goes] = listed(shop)[:1]
    name = goes["decision_id"]
    call(shop, "review", "approve", name)
    call(shop, "score", "--quiet", "--as-of", NEXT_NIGHT)
    assert name in file_of(shop, "2018-07-02")
    told = json.dumps({"decision_id": name, "status": "released", "ts": "2018-07-02T06:30:00Z"})
    call(shop, "learn", "-", "--quiet", stdin=told + "\n")
    said = call(shop, "score", "--json", "--as-of", NEXT_NIGHT).json
    assert said["approved"] == 0
    assert [row["why"] for row in said["held_back"]] == ["its contact was released"]
    assert name not in file_of(shop, "2018-07-02")


def test_a_word_about_what_the_night_decides_otherwise_stops_it(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [spoken] = listed(shop)[:1]
    before, name = file_of(shop, "2018-07-01"), spoken["decision_id"]
    settings = (shop / "nba.toml").read_text(encoding="utf-8").replace("clv > 150", "clv > 1e9")
    (shop / "nba.toml").write_text(settings, encoding="utf-8")

    def and_meanwhile(*given: Any) -> None:
        with closing(OnlineStore(shop / "data" / "online.db")) as online:
            online.reviews.approve(name, "ann", "", now_us())
        log_reviewed(*given)

    log_reviewed = score.log_reviewed
    monkeypatch.setattr(score, "log_reviewed", and_meanwhile)
    with pytest.raises(DataError, match=f"approved or rejected {name} while this night"):
        score_workspace(open_workspace(shop), ScoreSettings(), as_of_us=None)
    assert file_of(shop, "2018-07-01") == before
    monkeypatch.undo()
    assert call(shop, "score", "--json").json["approved"] == 1
    assert file_of(shop, "2018-07-01")[name]["action_id"] == spoken["action_id"]
    assert call(shop, "score", "--json", "--as-of", NEXT_NIGHT).json["approved"] == 0


KILLED = """
import os, sys
from pathlib import Path
from nbatool.cli.app import run
if sys.argv[1] == "before":
    Path.replace = lambda *_: os._exit(9)
else:
    from nbatool.activate import files
    files._flush_names = lambda _: os._exit(9)
run(["-w", *sys.argv[2:]])
"""


@pytest.mark.parametrize(("when", "again"), [("before", 1), ("after", 0)])
def test_killed_as_the_file_takes_its_place_it_goes_out_once(shop: Path, when: str, again: int) -> None:
    [goes] = listed(shop)[:1]
    name = goes["decision_id"]
    call(shop, "review", "approve", name)
    arguments = (when, str(shop), "score", "--quiet", "--as-of", NEXT_NIGHT)
    done = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False, capture_output=True)
    assert done.returncode == 9
    has_gone = (shop / "out" / "actions-2018-07-02.csv").exists()
    assert has_gone == (when == "after")
    assert not has_gone or name in file_of(shop, "2018-07-02")
    said = call(shop, "score", "--json", "--as-of", "2018-07-03T06:00:00Z").json
    assert said["approved"] == again
    assert (name in file_of(shop, "2018-07-03")) == (not has_gone)


def test_what_nobody_confirmed_is_told_and_leaves_its_room_to_the_approved(shop: Path) -> None:
    reserved = len(held(shop))
    with (shop / "nba.toml").open("a", encoding="utf-8") as settings:
        settings.write(f'capacity = [ {{ limit = {reserved}, window = "30d" }} ]\n')
    names = [row["decision_id"] for row in listed(shop)[:2]]
    call(shop, "review", "approve", *names)
    soon = call(shop, "score", "--json", "--as-of", NEXT_NIGHT).json
    assert (soon["approved"], soon["unconfirmed"]) == (0, 0)
    said = call(shop, "score", "--as-of", "2018-07-06").out
    assert f"{reserved:,} contacts of before were never confirmed within 3d" in " ".join(said.split())
    file = file_of(shop, "2018-07-06")
    assert set(names) <= file.keys()
    assert len(file) <= reserved
