"""Law 3 live: what cannot be kept is no contact. Each such line is told so, the stream goes on, and told is kept."""

from __future__ import annotations

import json
import resource
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from calls import command_line, surroundings

from nbatool.cli.app import run
from nbatool.store import online_connection
from nbatool.store.online import OnlineStore

pytestmark = pytest.mark.slow

GUARDRAILS = '\n[guardrails]\nmax_contacts = [{ limit = 2, window = "1h" }]\n'
NO_CONTACT = "Nothing is kept of this request, and no contact is made"


@pytest.fixture(scope="module")
def scored(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root: Path = shutil.copytree(finished, tmp_path_factory.mktemp("closed") / "shop")
    with (root / "nba.toml").open("a", encoding="utf-8") as file:
        file.write(GUARDRAILS)
    assert run(("-w", str(root), "score", "-q")) == 0
    return root


@pytest.fixture
def shop(scored: Path, tmp_path: Path) -> Path:
    return shutil.copytree(scored, tmp_path / "shop")


def asked(n: int) -> list[dict[str, Any]]:
    """Requests of strangers, long enough to fill a disk."""
    context = {"said": "x" * 2000}
    return [
        {
            "customer_id": f"new {k}",
            "as_of": "2018-07-02T10:00:00Z",
            "request_id": f"r{k}",
            "context": context,
        }
        for k in range(n)
    ]


def lines(requests: Sequence[dict[str, Any]]) -> str:
    return "".join(json.dumps(request) + "\n" for request in requests)


@pytest.mark.parametrize("room", [60_000, 400_000, 700_000])
def test_a_disk_that_fills_up_under_a_stream(shop: Path, room: int) -> None:
    ended = subprocess.run(
        command_line(shop, ("decide",)), input=lines(asked(120)), capture_output=True, text=True, env=surroundings(),
        check=False, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
    )  # fmt: skip
    answers = [json.loads(line) for line in ended.stdout.splitlines()]
    assert (ended.returncode, len(answers), ended.stderr.count("Traceback")) == (4, 120, 0)
    failed = [answer["error"] for answer in answers if "error" in answer]
    told = [answer for answer in answers if "error" not in answer]
    assert failed
    assert all(e["code"] == "store_unusable" and e["message"].endswith(NO_CONTACT) for e in failed)
    assert [e["request_id"] for e in failed] == [f"r{e['line'] - 1}" for e in failed]
    contacts = {a["decision_id"] for a in told if a["actions"][0]["action_id"] != "nothing"}
    assert live_contacts(shop) == contacts
    assert room < 500_000 or contacts
    store = OnlineStore(shop / "data" / "online.db")
    assert all(store.decision(answer["decision_id"]) for answer in told)
    store.close()


def live_contacts(shop: Path) -> set[str]:
    store = OnlineStore(shop / "data" / "online.db")
    held = [contact for rows in store.ledger.held_since(0) for contact in rows.contacts()]
    store.close()
    return {contact.decision_id for contact in held if not contact.batch}


@pytest.mark.parametrize("n", [1, 3])
def test_a_log_that_is_locked(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], n: int
) -> None:
    monkeypatch.setattr(online_connection, "BUSY_MS", 200)
    file = shop / "asked.ndjson"
    file.write_text(lines(asked(n)))
    before = live_contacts(shop)
    con = sqlite3.connect(shop / "data" / "online.db", isolation_level=None)
    con.execute("begin immediate")
    began = time.monotonic()
    assert run(("-w", str(shop), "decide", str(file))) == 4
    assert time.monotonic() - began < 10
    con.execute("rollback")
    con.close()
    answers = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [answer["error"]["line"] for answer in answers] == list(range(1, n + 1))
    assert all(answer["error"]["message"].endswith(NO_CONTACT) for answer in answers)
    assert live_contacts(shop) == before
    assert run(("-w", str(shop), "decide", str(file))) == 0


def test_one_that_fails_takes_nothing_of_the_others_with_it(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The decision is kept before its contact: where the contact cannot be, the decision must not stay without it."""
    from nbatool.store.ledger import Ledger

    reserved = Ledger.reserve

    def breaks(self: Ledger, contacts: Any) -> int:
        contacts = list(contacts)
        if any(contact.customer_id == "new 1" for contact in contacts):
            raise online_connection.StoreUnusableError("broken for a moment")
        return reserved(self, contacts)

    file = shop / "asked.ndjson"
    file.write_text(lines(asked(3)))
    with monkeypatch.context() as broken:
        broken.setattr(Ledger, "reserve", breaks)
        assert run(("-w", str(shop), "decide", str(file))) == 4
    first = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert ["error" in answer for answer in first] == [False, True, False]
    assert run(("-w", str(shop), "decide", str(file))) == 0
    again = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert (first[0], first[2]) == (again[0], again[2])
    assert live_contacts(shop) >= {
        a["decision_id"] for a in again if a["actions"][0]["action_id"] != "nothing"
    }
    assert again[1]["actions"][0]["action_id"] != "nothing"
