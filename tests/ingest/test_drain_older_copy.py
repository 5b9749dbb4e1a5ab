"""An older copy of online.db is restored at any time: whatever happens live is in the warehouse once after a drain."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
from desk import record
from hypothesis import given, settings
from hypothesis import strategies as st
from small_shop import HEAD, Shop

from nbatool.ingest.drain import Drained, drain
from nbatool.store.answer_journal import Answer
from nbatool.store.drained_mark import DrainedMark
from nbatool.store.learned import Lesson
from nbatool.store.online import LiveEvent, OnlineStore
from nbatool.store.warehouse import open_warehouse
from nbatool.store.workspace import open_workspace

STORED = {
    "events": "select event_id from events where batch_id = '@live'",
    "decisions": "select decision_id from decisions where batch_id = '@live'",
    "answers": "select outcome_id from outcomes where batch_id = '@live'",
    "closed": "select decision_id from closed",
}


class Files:
    """A workspace of which online.db is copied and restored."""

    def __init__(self, root: Path) -> None:
        (root / "nba.toml").write_text(HEAD)
        self.shop, self.workspace = Shop(root), open_workspace(root)
        self.made = 0

    @contextmanager
    def online(self) -> Iterator[OnlineStore]:
        with closing(OnlineStore(self.workspace.online_path)) as store:
            yield store

    def happens(self, times: int = 1) -> None:
        """An event, a decision, an answer to it, and the end of its window."""
        with self.online() as online:
            for _ in range(times):
                self.made += 1
                name = f"d{self.made}"
                online.record(record(name), [LiveEvent(f"e{self.made}", "a", self.made, "visit")])
                online.answers.add(Answer(name, str(self.made), "stars", "1", "", 1, 1, "credited"))
                online.learned.add_lesson(Lesson(name, "v1", "mail", "email", 1, 2.0, None, b"", 3))

    def copy(self) -> dict[str, bytes]:
        with closing(sqlite3.connect(self.workspace.online_path)) as con:
            con.execute("pragma wal_checkpoint(truncate)")
        return {"online.db": self.workspace.online_path.read_bytes()}

    def restore(self, copy: dict[str, bytes]) -> None:
        for file in self.workspace.online_path.parent.glob("online.db*"):
            file.unlink()
        for name, content in copy.items():
            (self.workspace.online_path.parent / name).write_bytes(content)

    def drain(self) -> Drained:
        with open_warehouse(self.workspace) as warehouse:
            return drain(self.workspace, warehouse)

    def went_back(self) -> bool:
        with self.online() as online:
            return online.drained.went_back

    def held(self) -> set[int]:
        """Numbers of what this file has."""
        with self.online() as online:
            return {int(event.event_id[1:]) for _, event in online.journal_after(0)}

    def stored(self) -> dict[str, list[int]]:
        """Numbers of what the warehouse has."""
        return {
            name: sorted(int(row[0].removeprefix("stars/").lstrip("de")) for row in self.shop.rows(query))
            for name, query in STORED.items()
        }


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def everything(numbers: set[int]) -> dict[str, list[int]]:
    return dict.fromkeys(STORED, sorted(numbers))


@pytest.mark.parametrize("since", [1, 4, 9])
def test_what_happens_after_an_older_copy_was_restored_is_drained(files: Files, since: int) -> None:
    files.happens(3)
    files.drain()
    copy = files.copy()
    files.happens(4)
    files.drain()
    files.restore(copy)
    assert not files.went_back()
    files.happens(since)
    files.drain()
    assert files.went_back(), "however far it came since"
    assert files.stored() == everything(set(range(1, 8 + since)))
    positions = files.drain()
    files.happens()
    assert files.drain().events == positions.events + 1
    assert files.stored() == everything(set(range(1, 9 + since)))


def test_what_was_said_again_counts_once(files: Files) -> None:
    files.happens(2)
    copy = files.copy()
    files.drain()
    files.restore(copy)
    files.drain()
    assert files.stored() == everything({1, 2})
    assert files.went_back()


def test_a_file_that_was_never_replaced_did_not_go_back(files: Files) -> None:
    for _ in range(3):
        files.happens(2)
        files.drain()
        files.drain()
        assert not files.went_back()


def test_a_file_of_before_the_mark_may_be_an_older_copy(files: Files) -> None:
    files.happens(2)
    files.drain()
    with closing(sqlite3.connect(files.workspace.online_path)) as con:
        con.execute("drop table drained")
    files.happens()
    files.drain()
    assert files.went_back()
    assert files.stored() == everything({1, 2, 3})


def test_what_happens_between_the_last_look_and_the_mark_is_seen(files: Files) -> None:
    files.happens(2)
    copy = files.copy()
    files.happens(3)
    files.drain()
    files.restore(copy)
    looked, real = iter(range(99)), OnlineStore.journal_after

    def late(self: OnlineStore, position: int, most: int = 100_000) -> list[tuple[int, LiveEvent]]:
        found = real(self, position, most)
        if not found and next(looked) == 0:
            files.happens()
        return found

    with patch.object(OnlineStore, "journal_after", late):
        files.drain()
    assert files.stored() == everything(set(range(1, 7)))


@pytest.mark.parametrize("journal", range(4))
def test_killed_before_the_mark_nothing_is_lost(files: Files, journal: int) -> None:
    files.happens(2)
    copy = files.copy()
    files.happens(3)
    files.drain()
    files.restore(copy)
    files.happens()
    calls, real = iter(range(99)), DrainedMark.put

    def dies(self: DrainedMark, name: str, position: int, *, went_back: bool) -> None:
        real(self, name, position, went_back=went_back)
        if next(calls) == journal:
            raise KeyboardInterrupt  # inside the transaction: the mark is undone

    with patch.object(DrainedMark, "put", dies), pytest.raises(KeyboardInterrupt):
        files.drain()
    files.happens(5)
    files.drain()
    assert files.went_back()
    assert files.stored() == everything(set(range(1, 12)))


steps = st.lists(st.sampled_from(["happens", "happens", "drain", "copy", "restore"]), max_size=10)


@settings(max_examples=8)
@given(did=steps)
def test_whatever_is_restored_when(did: list[str]) -> None:
    """In the warehouse is what any drained file had, once."""
    with TemporaryDirectory() as folder:
        files, wanted = Files(Path(folder)), set[int]()
        files.happens()
        copies = [files.copy()]
        for step in [*did, "drain"]:
            if step == "happens":
                files.happens()
            elif step == "copy":
                copies.append(files.copy())
            elif step == "restore":
                files.restore(copies[-1])
            else:
                wanted |= files.held()
                files.drain()
                assert files.stored() == everything(wanted)
