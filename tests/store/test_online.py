"""The online store: what it holds once stays once, and damage is a message."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from nbatool.base.errors import DataError
from nbatool.store.online import LiveEvent, OnlineStore, Published
from nbatool.store.state import StateReader, write_state


def events_of(store: OnlineStore, customer_id: str, night: Published) -> list[LiveEvent]:
    return store.events.of_customers([customer_id], night).get(customer_id, [])


def test_an_event_that_the_night_took_in_is_known_to_be_in_the_state(tmp_path: Path) -> None:
    store = OnlineStore(tmp_path / "online.db")
    early, late = LiveEvent("early", "a", 10, "buy"), LiveEvent("late", "a", 30, "buy")
    assert store.append([early, late, early]) == 2
    night = Published("state-1.db", "v", cut_us=20, journal_position=2, published_us=0)
    assert [e.event_id for e in events_of(store, "a", night)] == ["late"]
    held = {name for name in ("early", "late", "new") if store.holds("a", name, night)}
    assert held == {"early"}
    assert not store.holds("b", "early", night)
    before = Published("state-0.db", "v", cut_us=20, journal_position=0, published_us=0)
    assert not store.holds("a", "early", before)
    store.close()


def test_customers_number_their_events_each_for_themselves(tmp_path: Path) -> None:
    store = OnlineStore(tmp_path / "online.db")
    a, b = LiveEvent("1", "a", 10, "buy"), LiveEvent("1", "b", 11, "buy")
    assert store.append([a, b]) == 2
    assert store.append([b, a]) == 0
    nothing = Published("state-0.db", "v", cut_us=0, journal_position=0, published_us=0)
    assert [events_of(store, customer, nothing) for customer in ("a", "b")] == [[a], [b]]
    first = Published("state-1.db", "v", cut_us=20, journal_position=1, published_us=0)
    assert [store.holds(customer, "1", first) for customer in ("a", "b")] == [True, False]
    store.close()


def test_a_damaged_store_is_said(tmp_path: Path) -> None:
    store = OnlineStore(tmp_path / "online.db")
    other = sqlite3.connect(tmp_path / "online.db")
    other.execute("drop table journal")
    other.close()
    night = Published("state-1.db", "v", 20, 2, 0)
    for use in (lambda: events_of(store, "a", night), lambda: store.append([LiveEvent("e", "a", 1, "buy")])):
        with pytest.raises(DataError, match=r"online\.db cannot be used: no such table"):
            use()
    store.close()


def test_a_state_in_a_folder_of_any_name(tmp_path: Path) -> None:
    path = tmp_path / "50%25 #1?" / "state-1.db"
    with write_state(path) as writer:
        writer.put_customers([("a", b"x")])
    reader = StateReader(path)
    assert (reader.body("a"), reader.body("b")) == (b"x", None)
    reader.close()


NAMES = ("a", "b", "quote'\"", "Łódź 😀", "7")


def test_a_look_for_several_customers_finds_what_a_look_for_each_does(tmp_path: Path) -> None:
    store = OnlineStore(tmp_path / "online.db")
    kept = NAMES[:-1]
    store.append(LiveEvent(f"e{k}", name, 20 - k, "buy") for k in range(3) for name in kept)
    late = Published("state-1.db", "v", cut_us=19, journal_position=5, published_us=0)
    for night in (late, Published("state-0.db", "v", cut_us=99, journal_position=0, published_us=0)):
        found = store.events.of_customers(NAMES, night)
        assert found == {name: each for name in NAMES if (each := events_of(store, name, night))}
    store.close()
    with write_state(tmp_path / "state-1.db") as writer:
        writer.put_customers((name, name.encode()) for name in kept)
    reader = StateReader(tmp_path / "state-1.db")
    assert reader.bodies([*NAMES, "nobody", "a"]) == {name: reader.body(name) for name in kept}
    reader.close()


def test_journals_of_a_new_store_go_on_where_the_warehouse_has_come_to(tmp_path: Path) -> None:
    store = OnlineStore(tmp_path / "online.db")
    published = Published("state-1.db", "v", cut_us=20, journal_position=500, published_us=0)
    store.continue_after("journal", 500)
    store.continue_after("journal", 400)
    store.append([LiveEvent("1", "a", 10, "opt_out")])
    assert [e.event_id for e in events_of(store, "a", published)] == ["1"]
    assert [position for position, _ in store.journal_after(500)] == [501]
    store.continue_after("journal", 600)
    store.append([LiveEvent("2", "a", 11, "buy")])
    assert [position for position, _ in store.journal_after(501)] == [601]
    store.close()
