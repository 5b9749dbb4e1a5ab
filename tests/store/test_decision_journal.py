"""Decisions kept live: each once, with their events or not at all; the nights' ones in files of their own."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from nbatool.base.errors import DataError
from nbatool.store.decision_record import DecisionRecord, Slot
from nbatool.store.learned import LearnedSnapshot, Lesson
from nbatool.store.night_decisions import (
    Logged,
    NightChances,
    NightChunk,
    NightReader,
    NightTerms,
    night_file,
    write_night,
)
from nbatool.store.nights import Night
from nbatool.store.online import LiveEvent, OnlineStore


def record(decision_id: str = "d_1", **changes: Any) -> DecisionRecord:
    values: dict[str, Any] = {
        "decision_id": decision_id, "customer_id": "c1", "as_of_us": 10, "request_id": "r", "seed": 0, "arm": "policy",
        "model_version": "v1", "candidates": [("mail", "email"), ("nothing", None)], "slots": [Slot(0, 0.9, 0.8)],
        "expected": [2.0, None], "net_value": [0.9, 0.0], "probability": [0.8, 0.2], "removed": [0, 3],
        "context": {"page": "home", "n": 1.0, "none": None}, "phi": [1.0, 0.1], "closes_us": 100,
    }  # fmt: skip
    return DecisionRecord(**values | changes)


@pytest.fixture
def store(tmp_path: Path) -> Any:
    opened = OnlineStore(tmp_path / "online.db")
    yield opened
    opened.close()


def test_the_same_decision_again_is_the_first_one(store: OnlineStore) -> None:
    first, again = record(), record(arm="control")
    assert store.record(first) is first
    assert store.record(again, [LiveEvent("e", "c1", 1, "buy")]) == first
    assert store.decision("d_1") == first
    assert store.decision("d_2") is None
    assert [e.event_id for _, e in store.journal_after(0)] == ["e"]
    assert len(store.decisions.after(0)) == 1


def test_a_decision_and_its_events_are_kept_together_or_not_at_all(store: OnlineStore) -> None:
    events = [LiveEvent("e1", "c1", 1, "buy"), LiveEvent("e2", "c1", None, "buy")]  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"online\.db cannot be used: NOT NULL"):
        store.record(record(), events)
    assert (store.decision("d_1"), store.journal_after(0)) == (None, [])
    assert store.record(record(), events[:1]).decision_id == "d_1"


def test_several_decisions_share_a_transaction(store: OnlineStore, tmp_path: Path) -> None:
    other = OnlineStore(tmp_path / "online.db")
    with store.transaction():
        store.record(record("d_1"))
        store.record(record("d_2"))
        assert store.decision("d_2") is not None
        assert other.decision("d_1") is None  # not before the commit
    assert other.decision("d_1") is not None
    with pytest.raises(DataError), store.transaction():
        _record_then_break(store)
    assert other.decision("d_3") is None
    store.record(record("d_4"))  # and it goes on
    assert other.decision("d_4") is not None
    other.close()


def _record_then_break(store: OnlineStore) -> None:
    store.record(record("d_3"))
    store.append([LiveEvent("e", "c1", None, "buy")])  # type: ignore[arg-type]


def test_windows_are_due_in_order_and_close_once(store: OnlineStore) -> None:
    for decision_id, closes_us in (("late", 300), ("early", 100), ("same", 100)):
        store.record(record(decision_id, closes_us=closes_us))
    assert store.decisions.next_due_us() == 100
    assert [d.decision.decision_id for d in store.decisions.due(299, 10)] == ["early", "same"]
    assert [d.decision.decision_id for d in store.decisions.due(300, 1)] == ["early"]
    assert [store.decisions.mark_closed("early", 7), store.decisions.mark_closed("early", 8)] == [True, False]
    found = store.decisions.look_up("early")
    assert found is not None
    assert found.closed_us == 7
    assert [d.decision.decision_id for d in store.decisions.due(300, 10)] == ["same", "late"]
    assert [row[1] for row in store.decisions.due_after(0, 300)] == ["late", "same"]


def test_a_decision_teaches_once_and_every_change_is_seen(store: OnlineStore) -> None:
    marks = store.learned.marks()
    assert (store.learned.snapshot(), marks) == (None, (0, 0))
    lesson = Lesson("d_1", "v1", "mail", None, 10, 5.0, 2.0, b"\0" * 16, 100)
    assert [store.learned.add_lesson(lesson), store.learned.add_lesson(lesson)] == [True, False]
    assert store.learned.has_lesson("d_1")
    assert store.learned.lessons_after(0) == [(1, lesson)]
    assert store.learned.lessons_after(1) == []
    snapshot = LearnedSnapshot("v1", b"x", 1, 0, 10)
    store.learned.put_in_force(snapshot)
    store.learned.put_in_force(snapshot)
    assert (store.learned.snapshot(), store.learned.marks()) == (snapshot, (2, 1))


TERMS = NightTerms(10, 100, 0, "v1", [("mail", "email"), ("nothing", None)])


def chunk(*ids: str, d: int = 2) -> NightChunk:
    n = len(ids)
    return NightChunk(
        ids, np.arange(n) % 2, np.where(np.arange(n) == 1, np.nan, 2.5), np.tile([1.0, 0.25][:d], (n, 1))
    )


def test_a_nights_decisions_are_read_back(tmp_path: Path) -> None:
    assert night_file("state-0f.db") == "decisions-0f.db"
    path = tmp_path / "decisions-0f.db"
    with write_night(path, TERMS) as night:
        night.add(chunk("d_2", "d_1"))
        night.add(chunk("d_3"))
        assert not path.exists()
    assert night.decisions == 3
    reader = NightReader(path)
    assert reader.terms == replace(TERMS, believed=True, chances=True, says_why=True)
    first, second = reader.choice("d_2"), reader.choice("d_1")
    assert first is not None
    assert second is not None
    assert (first.action_id, first.channel, first.expected, list(first.phi)) == (
        "mail",
        "email",
        2.5,
        [1.0, 0.25],
    )
    assert (second.action_id, second.channel, second.expected) == ("nothing", None, None)
    assert (first.as_of_us, first.closes_us, first.model_version) == (10, 100, "v1")
    assert reader.choice("d_9") is None
    reader.close()


def test_what_was_believed_is_kept_beside_what_the_models_expected(tmp_path: Path) -> None:
    path = tmp_path / "decisions-0f.db"
    with write_night(path, TERMS) as night:
        night.add(chunk("d_1"))
        night.add(NightChunk(["d_2"], np.array([0]), np.array([2.5]), np.ones((1, 2)), np.array([4.0])))
    reader = NightReader(path)
    found = [reader.choice(each) for each in ("d_1", "d_2")]
    assert [each and (each.expected, each.foreseen) for each in found] == [(2.5, 2.5), (2.5, 4.0)]
    reader.close()


def test_what_was_chosen_is_kept_with_its_chances(tmp_path: Path) -> None:
    path, likely = tmp_path / "decisions-0f.db", NightChances(np.array([2]), np.array([0.1]), np.array([0.3]))
    with write_night(path, TERMS) as night:
        night.add(
            NightChunk(["d_1"], np.array([0]), np.array([2.5]), np.ones((1, 2)), np.array([4.0]), likely)
        )
        night.add(chunk("d_2", "d_3"))
    reader = NightReader(path)
    assert [reader.logged(each) for each in ("d_1", "d_2", "d_3", "d_9")] == [
        Logged(0, 4.0, (2, 0.1, 0.3)), Logged(0, 2.5, None), Logged(1, None, None), None,
    ]  # fmt: skip
    reader.close()


def test_files_of_earlier_versions_are_read(tmp_path: Path) -> None:
    path = tmp_path / "decisions-0f.db"
    older = [
        (TERMS, [("chosen", "<u2"), ("expected", "<f8"), ("phi", "<f4", (2,))], (1, 2.5, [1.0, 0.5])),
        (
            replace(TERMS, believed=True),
            [("chosen", "<u2"), ("expected", "<f8"), ("believed", "<f8"), ("phi", "<f4", (2,))],
            (1, 2.5, 4.0, [1.0, 0.5]),
        ),
    ]
    for terms, layout, row in older:
        with write_night(path, TERMS) as night:
            night.add(chunk("d_1"))
        con = sqlite3.connect(path)
        con.execute("update terms set body = ?", (msgspec.json.encode(terms),))
        con.execute("update decision set body = ?", (np.array([row], dtype=layout).tobytes(),))
        con.commit()
        con.close()
        reader = NightReader(path)
        choice = reader.choice("d_1")
        assert choice is not None
        assert (choice.action_id, choice.foreseen, list(choice.phi)) == ("nothing", row[-2], [1.0, 0.5])
        assert reader.logged("d_1") == Logged(1, row[-2], None)
        reader.close()


def test_a_night_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.IntegrityError), write_night(tmp_path / "decisions-1.db", TERMS) as night:
        night.add(chunk("d_1", "d_1"))
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_night_is_said(tmp_path: Path) -> None:
    path = tmp_path / "decisions-1.db"
    with pytest.raises(DataError, match="is missing"):
        NightReader(path)
    path.write_bytes(b"no database")
    with pytest.raises(DataError, match="is damaged"):
        NightReader(path)
    with write_night(path, TERMS) as night:
        night.add(chunk("d_1"))
    con = sqlite3.connect(path)
    con.execute("update decision set body = x'00'")
    con.commit()
    con.close()
    with pytest.raises(DataError, match="the row of d_1 has 1 bytes"):
        NightReader(path).choice("d_1")


def test_a_night_decided_again_takes_the_place_of_the_first(store: OnlineStore, tmp_path: Path) -> None:
    files = {"decisions-a.db": (10, 100), "decisions-b.db": (10, 100), "decisions-c.db": (20, 200)}
    for number, (name, (as_of_us, closes_us)) in enumerate(files.items()):
        (tmp_path / name).write_bytes(b"")
        store.nights.register(Night(name, as_of_us, closes_us, 0, 1, number))
    assert [night.file for night in store.nights.all()] == ["decisions-c.db", "decisions-b.db"]
    (tmp_path / ".decisions-x.db.1.tmp").write_bytes(b"")
    assert store.nights.sweep(tmp_path, 100) == 1
    assert {p.name for p in tmp_path.glob("*decisions*")} == {"decisions-b.db", "decisions-c.db"}
    assert store.nights.sweep(tmp_path, 101) == 1
    assert [night.file for night in store.nights.all()] == ["decisions-c.db"]


def test_a_decision_of_an_older_store_is_read_as_it_was_written() -> None:
    older = record()
    assert DecisionRecord.from_bytes(msgspec.json.encode(older)) == older
    assert DecisionRecord.from_bytes(older.to_bytes()) == older
    assert len(older.to_bytes()) < len(msgspec.json.encode(older))
