"""kill -9 of training, scoring, live decisions and the night: before or after, never between; again finishes it."""

from __future__ import annotations

import csv
import json
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from calls import call, command_line, surroundings

from nbatool.models import registry
from nbatool.store.online import OnlineStore, Published
from nbatool.store.state import StateReader
from nbatool.store.warehouse import open_warehouse
from nbatool.store.workspace import open_workspace

pytestmark = pytest.mark.slow

CUSTOMERS = 300
AS_OF = "2018-07-02"


@pytest.fixture
def shop(finished: Path, tmp_path: Path) -> Path:
    return shutil.copytree(finished, tmp_path / "shop")


def start(workspace: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command_line(workspace, arguments), env=surroundings(), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def kill(process: subprocess.Popen[str]) -> bool:
    """Kill a process that may have ended; say whether it had not."""
    alive = process.poll() is None
    process.kill()
    with process:  # closes its pipes
        return alive


def duration_s(workspace: Path, *arguments: str) -> float:
    """How long a command takes when nobody kills it."""
    started = time.monotonic()
    call(workspace, *arguments)
    return time.monotonic() - started


class Stream:
    """An open ``nbatool decide``: one question, one answer."""

    def __init__(self, workspace: Path) -> None:
        self.process = start(workspace, "decide")

    def say(self, request: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        self.say(request)
        assert self.process.stdout is not None
        return dict(json.loads(self.process.stdout.readline()))


@pytest.fixture
def stream(shop: Path) -> Iterator[Stream]:
    opened = Stream(shop)
    yield opened
    kill(opened.process)


def published(workspace: Path) -> Published:
    store = OnlineStore(workspace / "data" / "online.db")
    found = store.published()
    store.close()
    assert found is not None
    return found


def is_whole(workspace: Path, state: str) -> bool:
    reader = StateReader(workspace / "data" / state)
    try:
        return len(reader.customer_ids()) == CUSTOMERS
    finally:
        reader.close()


def is_good(answer: dict[str, Any]) -> bool:
    return "error" not in answer and len(answer["actions"]) == 1 and "net_value" in answer["actions"][0]


def leftovers(workspace: Path) -> list[str]:
    return sorted(
        p.name for p in workspace.rglob("*") if p.name.endswith(".tmp") or p.name.startswith(".tmp-")
    )


def being_saved(workspace: Path) -> bool:
    """Whether a version beside the first is there, or its files are being written."""
    return len([p for p in (workspace / "models").iterdir() if p.is_dir()]) > 1


def test_training(shop: Path, stream: Stream) -> None:
    """Killed while it fits, and while it writes what it fitted."""
    chance = random.Random(1)
    before = registry.champion(shop / "models")
    assert before is not None
    takes_s = duration_s(shutil.copytree(shop, shop.parent / "twin"), "train", "--as-of", AS_OF)
    (after,) = set(registry.list_versions(shop.parent / "twin" / "models")) - {before}
    until = time.monotonic() + chance.uniform(0.3, 0.8) * takes_s
    killed = 0
    for reached in (lambda: time.monotonic() >= until, lambda: being_saved(shop)):
        process = start(shop, "train", "--as-of", AS_OF)
        while not reached() and process.poll() is None:
            time.sleep(0.002)
        killed += kill(process)
        assert registry.champion(shop / "models") in {before, after}
        for version in registry.list_versions(shop / "models"):
            assert version in {before, after}
            registry.load_files(shop / "models", version)
        assert stream.ask({"customer_id": "c000017"})["model_version"] == before
        assert is_good(call(shop, "decide", stdin="{}").json)
    assert killed
    call(shop, "train", "--as-of", AS_OF)
    assert registry.champion(shop / "models") == after
    assert registry.list_versions(shop / "models") == sorted([before, after])
    assert leftovers(shop) == []


def states(workspace: Path) -> set[str]:
    """Names of the files of states, whole or still being written."""
    return {p.name for p in (workspace / "data").iterdir() if "state-" in p.name}


def test_scoring(shop: Path, stream: Stream) -> None:
    """Killed before it writes, as soon as it writes the state, and as soon as there is an action file."""
    chance = random.Random(2)
    takes_s = duration_s(shutil.copytree(shop, shop.parent / "twin"), "score", "--as-of", AS_OF)
    old = published(shop)
    file = shop / "out" / f"actions-{AS_OF}.csv"
    known = states(shop)
    until = time.monotonic() + chance.uniform(0.3, 0.9) * takes_s
    killed = answered = 0

    def writes() -> bool:
        return states(shop) > known

    for reached in (lambda: time.monotonic() >= until, writes, file.exists):
        known = states(shop)
        process = start(shop, "score", "--as-of", AS_OF)
        while not reached() and process.poll() is None:
            answered += 1
            assert is_good(stream.ask({"customer_id": f"c{answered % CUSTOMERS:06d}"}))
        killed += kill(process)
        now = published(shop)
        assert now == old or now.cut_us > old.cut_us
        assert is_whole(shop, now.state)
        if file.exists():
            assert file.read_bytes() == (shop.parent / "twin" / "out" / file.name).read_bytes()
        assert is_good(stream.ask({"customer_id": "c000017", "as_of": AS_OF}))
        assert is_good(call(shop, "decide", stdin='{"customer_id":"c000017"}').json)
    assert killed
    assert answered > 10
    call(shop, "score", "--as-of", AS_OF)
    assert published(shop).cut_us > old.cut_us
    assert file.read_bytes() == (shop.parent / "twin" / "out" / file.name).read_bytes()
    assert leftovers(shop) == []
    assert len(list((shop / "data").glob("state-*.db"))) <= 2  # the one in force, and the one its readers had
    call(shop, "learn")  # the first step of a night: decisions that a killed scoring was writing go with it
    assert leftovers(shop) == []


def session(k: int) -> dict[str, Any]:
    """A request whose events come together or not at all."""
    events = [
        {"event_id": f"{k}/{n}", "type": "page_view", "ts": f"2018-07-01T10:{n:02d}:00Z"} for n in range(5)
    ]
    return {"customer_id": f"c{k % CUSTOMERS:06d}", "as_of": AS_OF, "events": events}


def test_live_events(shop: Path) -> None:
    """An answer that left means its events are kept; drained by a command that is killed too, each counts once."""
    chance = random.Random(3)
    answered: set[int] = set()
    asked = 0
    for _ in range(3):
        stream = Stream(shop)
        stream.ask({})
        until = time.monotonic() + chance.uniform(0.05, 0.4)
        while time.monotonic() < until:
            assert is_good(stream.ask(session(asked)))
            answered.add(asked)
            asked += 1
        stream.say(session(asked))  # killed while it answers this one
        asked += 1
        time.sleep(chance.uniform(0, 0.002))
        kill(stream.process)
    assert len(answered) > 20
    drain_s = duration_s(shutil.copytree(shop, shop.parent / "twin"), "ingest")
    for _ in range(3):
        process = start(shop, "ingest")
        time.sleep(chance.uniform(0.4, 1.0) * drain_s)
        kill(process)
    for _ in range(2):
        call(shop, "ingest")
        with open_warehouse(open_workspace(shop)) as warehouse:
            ids = [
                r[0]
                for r in warehouse.con.execute(
                    "select event_id from events where source = '@live'"
                ).fetchall()
            ]
        kept = {k: sorted(i for i in ids if i.startswith(f"{k}/")) for k in range(asked)}
        assert len(ids) == len(set(ids)) == sum(map(len, kept.values()))
        assert all(len(kept[k]) == 5 for k in answered)
        assert all(len(found) in {0, 5} for found in kept.values())
    # Said again, they are known.
    call(shop, "decide", stdin="".join(json.dumps(session(k)) + "\n" for k in range(asked)))
    call(shop, "ingest")
    with open_warehouse(open_workspace(shop)) as warehouse:
        assert warehouse.con.execute("select count(*) from events where source = '@live'").fetchall() == [
            (5 * asked,)
        ]


def wait_until(happened: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    while not happened():
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)


def test_the_night(finished: Path, tmp_path: Path) -> None:
    """Killed anywhere and started again it goes on from the last finished step, and gives what a quiet night gives."""
    names = ("events.csv.gz", "events-late.csv.gz", "customers.ndjson.gz", "catalogue.json", "nba.toml")
    shop = tmp_path / "shop"
    shop.mkdir()
    for name in names:
        shutil.copy(finished / name, shop)
    note = shop / "data" / "night.json"

    def done() -> list[str]:
        return list(json.loads(note.read_text(encoding="utf-8"))["done"]) if note.exists() else []

    process = start(shop, "run")
    time.sleep(0.9)
    kill(process)
    run_ids = set()
    for step in ("ingest", "train"):
        process = start(shop, "run")
        wait_until(lambda step=step: step in done(), process)  # type: ignore[misc]
        assert kill(process)
        run_ids.add(json.loads(note.read_text(encoding="utf-8"))["run_id"])
    report = call(shop, "run", "--json").json
    assert report["resumed"] == ["ingest", "learn", "train"]
    assert (report["ingest"], report["train"]) == (None, None)
    assert run_ids == {report["run_id"]}
    assert not note.exists()
    for name in ("actions-2018-07-01.csv", "scores-2018-07-01.csv"):
        assert (shop / "out" / name).read_bytes() == (finished / "out" / name).read_bytes()
    assert leftovers(shop) == []

    # The next night starts anew: nothing to load, training not due.
    report = call(shop, "run", "--json").json
    assert report["resumed"] == []
    assert (report["ingest"]["accepted"], report["train"]) == (0, None)
    assert run_ids != {report["run_id"]}
    with (shop / "out" / "scores-2018-07-01.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == CUSTOMERS
