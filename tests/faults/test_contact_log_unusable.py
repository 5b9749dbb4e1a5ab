"""A contact log that is locked, read-only, full or damaged: the night leaves no file, and no word counts as kept."""

from __future__ import annotations

import csv
import ctypes
import resource
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from calls import call, command_line, decide, surroundings

from nbatool.cli.app import run
from nbatool.store import online_connection

pytestmark = pytest.mark.slow

GUARDRAILS = '\n[guardrails]\nmax_contacts = [{ limit = 2, window = "7d" }]\n'
DROP_CAPABILITY, OVERRIDES = 24, (1, 2, 3)
"""Of prctl and Linux: what lets root write where the file's mode does not allow it."""
Before = Callable[[], None]


@pytest.fixture
def shop(finished: Path, tmp_path: Path) -> Path:
    root: Path = shutil.copytree(finished, tmp_path / "shop")
    with (root / "nba.toml").open("a", encoding="utf-8") as file:
        file.write(GUARDRAILS)
    return root


def files(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "out").iterdir())


def as_others() -> None:
    """Be held to the modes of files, root or not."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in OVERRIDES:
        libc.prctl(DROP_CAPABILITY, capability, 0, 0, 0)


def no_room() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


def read_only(online: Path) -> Before:
    for path in online.parent.glob("online.db*"):
        path.chmod(0o444)
    return as_others


def unreadable(online: Path) -> Before:
    online.chmod(0)
    return as_others


def full(_: Path) -> Before:
    return no_room


def zeros(online: Path) -> Before:
    found = bytearray(online.read_bytes())
    found[4096:60_000] = bytes(60_000 - 4096)
    online.write_bytes(found)
    return int


def cut_off(online: Path) -> Before:
    found = online.read_bytes()
    online.write_bytes(found[: len(found) // 8192 * 4096])
    return int


def something_else(online: Path) -> Before:
    online.write_bytes(b"a letter, not a database" * 1000)
    return int


BROKEN = (read_only, unreadable, full, zeros, cut_off, something_else)


@pytest.mark.parametrize("spoil", BROKEN, ids=lambda f: str(f.__name__))
def test_without_a_contact_log_nothing_goes_out(shop: Path, spoil: Callable[[Path], Before]) -> None:
    before = files(shop)
    prepare = spoil(shop / "data" / "online.db")
    code, _, err = called(shop, prepare, "score", "-q", "--as-of", "2018-07-02")
    assert code == 4, err
    assert "online.db cannot be used: " in err
    assert files(shop) == before
    code, out, err = called(shop, prepare, "suppress", "add", "--customer", "c1", "--reason", "asked")
    assert (code, out) == (4, "")
    assert "online.db cannot be used: " in err
    code, out, err = called(shop, prepare, "learn", "-", said='{"decision_id": "d_1", "status": "sent"}\n')
    assert code == 4
    assert "online.db cannot be used: " in out + err


def called(root: Path, prepare: Before, *arguments: str, said: str = "") -> tuple[int, str, str]:
    ended = subprocess.run(
        command_line(root, arguments), input=said, capture_output=True, text=True, env=surroundings(), check=False,
        preexec_fn=prepare,  # the child only sets limits of its own
    )  # fmt: skip
    return ended.returncode, ended.stdout, ended.stderr


@contextmanager
def somebody_writes(online: Path) -> Iterator[None]:
    """Another process that never finishes."""
    con = sqlite3.connect(online, isolation_level=None)
    con.execute("begin immediate")
    try:
        yield
    finally:
        con.execute("rollback")
        con.close()


def test_a_log_that_is_locked_lets_no_night_pass(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    before = files(shop)
    monkeypatch.setattr(online_connection, "BUSY_MS", 200)
    with somebody_writes(shop / "data" / "online.db"):
        assert run(("-w", str(shop), "score", "-q", "--as-of", "2018-07-02")) == 4
    assert "database is locked" in capfd.readouterr().err
    assert files(shop) == before
    assert run(("-w", str(shop), "score", "-q", "--as-of", "2018-07-02")) == 0
    assert (shop / "out" / "actions-2018-07-02.csv").exists()


def test_a_log_that_is_full_before_all_is_reserved_lets_no_night_pass(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    before = files(shop)
    with monkeypatch.context() as small:
        opened = online_connection.OnlineConnection.__init__

        def open_small(self: online_connection.OnlineConnection, path: Path) -> None:
            opened(self, path)
            [[pages]] = self._con.execute("pragma page_count").fetchall()
            self._con.execute(f"pragma max_page_count = {pages + 1}")

        small.setattr(online_connection.OnlineConnection, "__init__", open_small)
        assert run(("-w", str(shop), "score", "-q", "--as-of", "2018-07-02")) == 4
    assert "is full. Make room on its disk and ask again" in capfd.readouterr().err
    assert files(shop) == before
    assert run(("-w", str(shop), "score", "-q", "--as-of", "2018-07-02")) == 0
    assert (shop / "out" / "actions-2018-07-02.csv").exists()


def test_a_clock_moved_back_still_sees_what_was_promised_later(shop: Path) -> None:
    """A contact of Friday counts on Wednesday: nobody is contacted for it twice because a clock went wrong."""
    toml = shop / "nba.toml"
    toml.write_text(toml.read_text().replace("limit = 2", "limit = 1"))
    call(shop, "score", "-q", "--as-of", "2018-07-10")
    contacted = customers_in(shop / "out" / "actions-2018-07-10.csv")
    assert len(contacted) > 100
    ask = {"customer_id": "somebody new", "explain": True}
    [late] = decide(shop, [{**ask, "as_of": "2018-07-13T10:00:00Z"}], "-q")
    [early] = decide(shop, [{**ask, "as_of": "2018-07-11T10:00:00Z"}], "-q")
    assert late["actions"][0]["action_id"] != "nothing"
    assert early["actions"][0]["action_id"] == "nothing"
    assert set(early["funnel"]["removed"].values()) == {
        "max_contacts: at most 1 contact in 7d (1 counted, the latest "
        f"{late['actions'][0]['action_id']} by {late['actions'][0]['channel']} at 2018-07-13T10:00:00Z)"
    }
    call(shop, "score", "-q", "--as-of", "2018-07-09T12:00:00Z")
    assert contacted.isdisjoint(customers_in(shop / "out" / "actions-2018-07-09.csv"))


def customers_in(file: Path) -> set[str]:
    with file.open(encoding="utf-8", newline="") as lines:
        return {row["customer_id"] for row in csv.DictReader(lines)}
