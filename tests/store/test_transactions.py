"""What is kept together in online.db: a part that fails is undone alone, and nothing follows what was undone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from nbatool.store.contact import Contact
from nbatool.store.online import OnlineStore
from nbatool.store.online_connection import StoreUnusableError

EVER = -(2**63)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[OnlineStore]:
    opened = OnlineStore(tmp_path / "online.db")
    yield opened
    opened.close()


def contact(customer_id: str) -> Contact:
    return Contact(customer_id, f"d_{customer_id}", 1, "mail", "email", (), 100)


def held(store: OnlineStore, *customers: str) -> list[str]:
    """What another process finds."""
    other = OnlineStore(store.path)
    found = [c for c in customers if other.ledger.of_customer(c, EVER)]
    other.close()
    return found


def both(store: OnlineStore, first: Contact, second: Contact) -> None:
    with store.transaction():
        store.ledger.reserve([first])
        store.ledger.reserve([second])


def test_a_part_that_fails_is_undone_by_itself(store: OnlineStore) -> None:
    with store.transaction():
        store.ledger.reserve([contact("c1")])
        with pytest.raises(StoreUnusableError, match="CHECK"):
            both(store, contact("c2"), contact(""))
        store.ledger.reserve([contact("c3")])
    assert held(store, "c1", "c2", "c3") == ["c1", "c3"]


def test_many_at_once_fail_as_one_does(store: OnlineStore) -> None:
    def refused(*_: object) -> list[bool]:
        return [True, True]

    with pytest.raises(StoreUnusableError, match=r"online\.db cannot be used: .*CHECK"), store.transaction():
        store.ledger.reserve_batch("night", [contact("c1"), contact("")], refused)
    assert held(store, "c1") == []


def test_nothing_follows_what_sqlite_has_undone(store: OnlineStore) -> None:
    """A full disk makes SQLite roll back by itself; what came after would be kept alone, and the answers before it lost."""
    with ExitStack() as together:
        together.enter_context(pytest.raises(StoreUnusableError, match="was undone"))
        together.enter_context(store.transaction())
        store.ledger.reserve([contact("c1")])
        store._connection._con.execute("rollback")
        with pytest.raises(StoreUnusableError, match="was undone"):
            store.ledger.reserve([contact("c2")])
        with pytest.raises(StoreUnusableError, match="was undone"):
            store.ledger.mark("d_c1", "sent", 0)
    store.ledger.reserve([contact("c3")])
    assert held(store, "c1", "c2", "c3") == ["c3"]


def test_a_disk_that_is_full_says_so_and_what_was_kept_stays(store: OnlineStore) -> None:
    store.ledger.reserve([contact("c1")])
    raw: sqlite3.Connection = store._connection._con
    [[pages]] = raw.execute("pragma page_count").fetchall()
    raw.execute(f"pragma max_page_count = {pages + 1}")
    large = [Contact(f"c{k}" + "x" * 3000, f"d_{k}", 1, "mail", "email", (), 100) for k in range(1000)]
    with pytest.raises(StoreUnusableError, match=r"is full\. Make room"):
        store.ledger.reserve(large)
    assert held(store, "c1") == ["c1"]
    raw.execute("pragma max_page_count = 1000000")
    store.ledger.reserve([contact("c3")])
    assert held(store, "c1", "c3") == ["c1", "c3"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(StoreUnusableError, match="data cannot be made: "):
        OnlineStore(tmp_path / "data" / "online.db")
