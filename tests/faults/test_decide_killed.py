"""Several `decide` for the same customers, killed at any instant: caps hold, and no contact that was told of is lost."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from calls import call, command_line, surroundings

from nbatool.base.clock import DAY_US, format_time
from nbatool.decide.live import LiveService
from nbatool.store.contact import Contact
from nbatool.store.online import OnlineStore

pytestmark = pytest.mark.slow

GUARDRAILS = """
[guardrails]
max_contacts = [ { limit = 3, window = "7d" }, { channel = "email", limit = 1, window = "5d" } ]
min_gap = { same_action = "9d" }
unconfirmed_after = "60d"
"""
PROCESSES, ROUNDS, REQUESTS, CUSTOMERS, DAYS = 4, 3, 1_200, 25, 12


@pytest.fixture
def shop(finished: Path, tmp_path: Path) -> Path:
    root = shutil.copytree(finished, tmp_path / "shop")
    with (root / "nba.toml").open("a", encoding="utf-8") as file:
        file.write(GUARDRAILS)
    call(root, "score", "--quiet")
    return root


def start(shop: Path, asked: list[dict[str, Any]], name: str) -> subprocess.Popen[bytes]:
    file = shop.parent / f"{name}.asked"
    file.write_text("".join(json.dumps(one) + "\n" for one in asked))
    with (shop.parent / f"{name}.told").open("wb") as out:
        return subprocess.Popen(
            command_line(shop, ("decide", str(file))),
            env=surroundings(),
            stdout=out,
            stderr=subprocess.DEVNULL,
        )


def told_by(shop: Path, name: str) -> list[dict[str, Any]]:
    """The answers that left whole."""
    lines = (shop.parent / f"{name}.told").read_bytes().splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith(b"\n")]


def killed(shop: Path, running: dict[str, subprocess.Popen[bytes]], chance: random.Random) -> None:
    """Kill each process but one at a random instant after its first answers; that one must go on by itself."""
    spared, *others = chance.sample(sorted(running), len(running))
    for name in others:
        process, least = running[name], chance.randint(1, REQUESTS // 2)
        while process.poll() is None and (shop.parent / f"{name}.told").stat().st_size < 150 * least:
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.02))
        process.kill()
        process.wait()
    assert running[spared].wait() == 0


def most_within(contacts: list[Contact], window_days: float) -> int:
    """The most contacts any window of that length holds: one that ends with a contact holds as many as any."""
    at = [contact.at_us for contact in contacts]
    return max((sum(end - window_days * DAY_US < one <= end for one in at) for end in at), default=0)


def test_caps_hold_and_no_contact_told_of_is_lost(shop: Path) -> None:
    chance = random.Random(11)
    service = LiveService(shop / "data", shop / "models")
    cut_us, ids = (
        service.in_force().published.cut_us,
        service.in_force().state.customer_ids()[: 4 * CUSTOMERS : 4],
    )
    service.close()
    told = []
    for k in range(ROUNDS):
        running = {}
        for j in range(PROCESSES):
            asked = [
                {
                    "customer_id": chance.choice(ids), "request_id": f"{k}/{j}/{i}",
                    "as_of": format_time(cut_us + chance.randrange(1, DAYS * DAY_US)),
                }
                for i in range(REQUESTS)
            ]  # fmt: skip
            running[f"{k}-{j}"] = start(shop, asked, f"{k}-{j}")
        killed(shop, running, chance)
        found = [told_by(shop, name) for name in running]
        assert sum(len(one) == REQUESTS for one in found) < PROCESSES, "somebody was killed"
        told += [answer for one in found for answer in one]
    assert not any("error" in answer for answer in told)

    online = OnlineStore(shop / "data" / "online.db")
    held = [contact for rows in online.ledger.held_since(0) for contact in rows.contacts()]
    decisions = {row.decision.decision_id: row.decision for row in online.decisions.after(0, 10**9)}
    online.close()
    by_decision = {contact.decision_id: contact for contact in held}
    live = [contact for contact in held if not contact.batch]
    for answer in told:
        [action, *_] = answer["actions"]
        assert answer["decision_id"] in decisions
        contact = by_decision.get(answer["decision_id"])
        assert (contact is None) == (action["channel"] is None)
        if contact is not None:
            assert (contact.customer_id, contact.action_id) == (answer["customer_id"], action["action_id"])
    assert {contact.decision_id for contact in live} <= decisions.keys(), (
        "a contact is kept with its decision"
    )
    assert len(live) > CUSTOMERS, "there was something to cap"
    for customer in ids:
        of = [contact for contact in held if contact.customer_id == customer]
        assert most_within(of, 7) <= 3
        assert most_within([c for c in of if c.channel is not None and "email" in c.channel], 5) <= 1
        for action in {contact.action_id for contact in of}:
            same = sorted(contact.at_us for contact in of if contact.action_id == action)
            assert all(later - earlier >= 9 * DAY_US for earlier, later in pairwise(same))
