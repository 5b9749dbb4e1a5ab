"""What is put back of a decision log that can be checked by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from nbatool.activate.put_back import PutBack, with_contacts_put_back
from nbatool.base.clock import US_PER_S
from nbatool.decide.catalogue import Catalogue
from nbatool.decide.guardrails import Guardrails
from nbatool.features.choice import as_timestamp
from nbatool.store import ledger_upkeep
from nbatool.store.contact import Contact
from nbatool.store.online import OnlineStore
from nbatool.store.sql import statement

DAY_US = 86_400 * US_PER_S
NOW_US = 19_792 * DAY_US
NOW = as_timestamp(NOW_US)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        for table in ("decisions", "contact_states", "contact_said", "closed", "reviewed"):
            con.execute(statement(f"store/create_{table}"))
        yield con


@pytest.fixture
def online(tmp_path: Path) -> Iterator[OnlineStore]:
    store = OnlineStore(tmp_path / "online.db")
    yield store
    store.close()


def decided(
    con: duckdb.DuckDBPyConnection, name: str, customer: str | None, days_ago: int, *, action: str = "mail",
    batch: str = "@night", source: str = "nbatool",
) -> None:  # fmt: skip
    row = (source, name, customer, NOW - timedelta(days=days_ago), 1, action, "email", batch)
    con.execute(
        "insert into decisions (source, decision_id, source_id, as_of, slot, action_id, channel, batch_id) "
        "values (?, ?, ?, ?, ?, ?, ?, ?)", row,
    )  # fmt: skip


def said(con: duckdb.DuckDBPyConnection, name: str, status: str, days_ago: int) -> None:
    con.execute("insert into contact_states values (?, ?, ?)", (name, status, NOW - timedelta(days=days_ago)))


def reviewed(con: duckdb.DuckDBPyConnection, name: str, days_ago: int, out_days_ago: int | None) -> None:
    out_at = None if out_days_ago is None else NOW - timedelta(days=out_days_ago)
    row = (name, NOW - timedelta(days=days_ago), out_at)
    con.execute("insert into reviewed (decision_id, as_of, out_at) values (?, ?, ?)", row)


def put_back(con: duckdb.DuckDBPyConnection, online: OnlineStore) -> PutBack | None:
    store, back = with_contacts_put_back(con, online, Guardrails(Catalogue(())), NOW_US, keeps=True)
    assert store is online
    return back


def held(online: OnlineStore) -> dict[str, tuple[str, str, int]]:
    """Decision → customer, state and days ago."""
    return {
        h.decision_id: (h.customer_id, h.state, (NOW_US - h.at_us) // DAY_US)
        for rows in online.ledger.held_since(-(2**62))
        for h in rows.contacts()
    }


def test_every_contact_once_as_it_was_said_to_be(con: duckdb.DuckDBPyConnection, online: OnlineStore) -> None:
    decided(con, "reserved", "a", 2)
    decided(con, "left alone", "b", 2, action="nothing")
    decided(con, "waits", "c", 2)
    reviewed(con, "waits", 2, None)
    decided(con, "approved", "d", 4)
    reviewed(con, "approved", 4, 1)
    decided(con, "let go", "e", 5)
    said(con, "let go", "sent", 5)
    said(con, "let go", "released", 4)
    decided(con, "nobody spoke", "f", 5)
    said(con, "nobody spoke", "expired", 2)
    decided(con, "visitor", None, 1, batch="@live")
    said(con, "visitor", "sent", 1)
    decided(con, "of another tool", "g", 1, source="other")
    decided(con, "long ago", "h", 500)
    said(con, "long ago", "sent", 500)
    decided(con, "long ago and not made", "h", 500)
    assert put_back(con, online) == PutBack(contacts=5, earlier=1, nights=2, was_new=True)
    assert held(online) == {
        "reserved": ("a", "reserved", 2),
        "approved": ("d", "reserved", 1),
        "let go": ("e", "released", 5),
        "nobody spoke": ("f", "reserved", 5),
        "visitor": ("visitor visitor", "sent", 1),
    }
    # reserved, approved, visitor, and the one of long ago; what was let go or not confirmed in time counts for nothing
    assert online.ledger.totals().ever().tolist() == [4]
    assert put_back(con, online) is None


def test_what_the_contact_log_has_stays_as_it_is(con: duckdb.DuckDBPyConnection, online: OnlineStore) -> None:
    decided(con, "known", "a", 2)
    decided(con, "unknown", "a", 1)
    contact = Contact("a", "known", 1, "mail", "email", ("then",), NOW_US - DAY_US, cost=3.0)
    online.ledger.reserve_batch(
        f"@night/{NOW_US - 2 * DAY_US}", [contact], lambda asked, _: [True] * len(asked)
    )
    assert put_back(con, online) == PutBack(contacts=1, earlier=0, nights=1, was_new=False)
    found = {h.decision_id: h for h in online.ledger.of_customer("a", 0)}
    assert (found["known"].tags, found["known"].cost) == (("then",), 3.0)
    assert (found["unknown"].tags, found["unknown"].cost) == ((), 0.0)


def went_back(online: OnlineStore) -> None:
    online.drained.put("decision_journal", 7, went_back=True)


def test_an_older_copy_that_knows_every_night_gets_live_contacts_and_words(
    con: duckdb.DuckDBPyConnection, online: OnlineStore
) -> None:
    """The copy is of after the night, and of before what happened live since."""
    for name, batch in (
        ("night", "@night"),
        ("silent", "@night"),
        ("old live", "@live"),
        ("new live", "@live"),
    ):
        decided(con, name, name, 2, batch=batch)
    for name, status, days_ago in (("night", "sent", 1), ("old live", "sent", 2), ("new live", "sent", 2)):
        said(con, name, status, days_ago)
    of = {
        name: Contact(name, name, 1, "mail", "email", ("then",), NOW_US - 2 * DAY_US, cost=3.0)
        for name in ("night", "silent", "old live")
    }
    night = f"@night/{NOW_US - 2 * DAY_US}"
    online.ledger.reserve_batch(night, [of["night"], of["silent"]], lambda asked, _: [True] * len(asked))
    online.ledger.reserve([of["old live"]])
    assert put_back(con, online) is None, "nothing says that it is a copy"
    went_back(online)
    assert put_back(con, online) == PutBack(contacts=1, earlier=0, nights=0, was_new=False)
    assert held(online) == {
        "night": ("night", "sent", 1), "silent": ("silent", "reserved", 2),
        # Of the log every live answer counts as sent: no news of a contact that is there.
        "old live": ("old live", "reserved", 2), "new live": ("new live", "sent", 2),
    }  # fmt: skip
    assert online.ledger.of_customer("old live", 0)[0].cost == 3.0
    assert not online.drained.went_back
    assert put_back(con, online) is None


def test_a_trial_leaves_an_older_copy_as_it_is(con: duckdb.DuckDBPyConnection, online: OnlineStore) -> None:
    decided(con, "new live", "a", 2, batch="@live")
    online.ledger.reserve_batch("@night/0", [], lambda *_: [])
    went_back(online)
    store, back = with_contacts_put_back(con, online, Guardrails(Catalogue(())), NOW_US, keeps=False)
    store.close()
    assert back == PutBack(contacts=1, earlier=0, nights=0, was_new=False)
    assert (held(online), online.drained.went_back) == ({}, True)


def test_a_contact_that_went_out_after_review_counts_once(
    con: duckdb.DuckDBPyConnection, online: OnlineStore
) -> None:
    """It was decided before what is kept, and went out within."""
    for name, out in (("out late", 1), ("out early", 400), ("waits", None)):
        decided(con, name, name, 500)
        reviewed(con, name, 500, out)
        said(con, name, "sent", out or 500)
    assert put_back(con, online) == PutBack(contacts=1, earlier=1, nights=0, was_new=True)
    assert held(online) == {"out late": ("out late", "sent", 1)}
    assert online.ledger.totals().ever().tolist() == [2]


def test_nobody_pauses_while_others_wait(
    con: duckdb.DuckDBPyConnection, online: OnlineStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused: list[bool] = []
    monkeypatch.setattr(
        ledger_upkeep.time, "sleep", lambda _: paused.append(online._connection.in_transaction)
    )
    decided(con, "night", "a", 2)
    said(con, "night", "released", 1)
    assert put_back(con, online) is not None
    assert not paused
    online.ledger.mark_all({"night": NOW_US}, "sent")
    assert online.ledger.reconcile(NOW_US, DAY_US) == 1
    assert paused == [False, False]


def test_a_workspace_that_decided_nothing_has_nothing_to_put_back(
    con: duckdb.DuckDBPyConnection, online: OnlineStore
) -> None:
    assert put_back(con, online) is None
    decided(con, "left alone", "b", 2, action="nothing")
    assert put_back(con, online) is None
