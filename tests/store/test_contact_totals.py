"""Totals of the contact log: whatever was reserved, said, given back and swept, they are what a recount finds."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbatool.store import ledger_upkeep
from nbatool.store.contact import RELEASED, SENT, Contact, ContactKind, HeldRows
from nbatool.store.contact_totals import HOUR_US, ContactTotals, bucket_of
from nbatool.store.ledger import Ledger
from nbatool.store.online import OnlineStore

EVER = -(2**63)
KINDS = (("mail", "email", ("promo",), 0.5), ("mail", "email", ("promo",), 0.75), ("call", None, (), 0.0))
HALF_US = HOUR_US // 2
UNCONFIRMED_US = 3 * HALF_US


def contact(
    decision_id: str, customer_id: str, at: int, kind: int = 0, batch: str = "", slot: int = 1
) -> Contact:
    """Of a half hour from 1970 on."""
    action_id, channel, tags, cost = KINDS[kind]
    return Contact(customer_id, decision_id, slot, action_id, channel, tags, at * HALF_US, batch, cost)


def everybody(asked: Sequence[Contact], _held: HeldRows) -> list[bool]:
    return [True] * len(asked)


def some(asked: Sequence[Contact], held: HeldRows) -> list[bool]:
    return [(c.at_us // HALF_US + len(held.slots)) % 4 != 0 for c in asked]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[OnlineStore]:
    opened = OnlineStore(tmp_path / "online.db")
    yield opened
    opened.close()


@pytest.fixture
def ledger(store: OnlineStore) -> Ledger:
    return store.ledger


def by_kind(totals: ContactTotals, counts: np.ndarray) -> dict[ContactKind, int]:
    return {kind: n for kind, n in zip(totals.kinds, counts.tolist(), strict=True) if n}


def test_what_a_contact_cost_is_kept_with_it(ledger: Ledger) -> None:
    ledger.reserve([contact("d1", "a", 0), contact("d2", "a", 0, kind=1)])
    assert [held.cost for held in ledger.of_customer("a", EVER)] == [0.5, 0.75]
    assert ledger.totals().kinds == [held.kind for held in ledger.of_customer("a", EVER)]


def test_hours_are_counted_apart_and_the_same_contact_once(ledger: Ledger) -> None:
    totals = ledger.totals()
    assert (totals.kinds, totals.since(0).tolist(), totals.refresh()) == ([], [], False)
    ledger.reserve([contact("d1", "a", 1), contact("d2", "a", 2), contact("d3", "b", 2)])
    assert totals.refresh()
    assert [totals.since(hour).tolist() for hour in (0, 1, 2)] == [[3], [2], [0]]
    ledger.reserve([contact("d1", "a", 1)])
    assert not totals.refresh()


def test_a_night_scored_again_does_not_count_against_itself(ledger: Ledger) -> None:
    ledger.reserve([contact("live", "z", 2)])
    ledger.reserve_batch("n1", [contact(f"d{k}", f"c{k}", k, batch="n1") for k in range(5)], everybody)
    ledger.mark("d4", SENT, 7)
    totals = ledger.totals()
    assert totals.ever().tolist() == [6]
    assert totals.without("n1").ever().tolist() == [2]  # the live one, and the one that went out
    assert totals.without("n2").ever().tolist() == totals.ever().tolist() == [6]


def test_released_and_expired_ones_stop_counting_at_the_next_night_and_late_ones_count_again(
    ledger: Ledger,
) -> None:
    ledger.reserve([contact(f"d{k}", "a", k) for k in range(4)])
    ledger.mark("d0", SENT, 1)
    ledger.mark("d3", RELEASED, 1)
    assert ledger.totals().ever().tolist() == [4]
    assert ledger.reconcile(4 * HALF_US, UNCONFIRMED_US) == 2  # d1 waited three half hours, d3 was released
    assert ledger.reconcile(4 * HALF_US, UNCONFIRMED_US) == 0
    assert ledger.totals().ever().tolist() == [2]
    ledger.mark("d1", SENT, 9)
    ledger.mark("d3", SENT, 9)
    assert ledger.reconcile(99 * HALF_US, UNCONFIRMED_US) == 3
    assert ledger.totals().ever().tolist() == [3]


def test_what_was_swept_counts_in_what_was_made_in_all(ledger: Ledger) -> None:
    ledger.reserve([contact(f"d{k}", "a", k) for k in range(6)])
    ledger.mark("d0", RELEASED, 0)
    ledger.reconcile(0, UNCONFIRMED_US)
    behind = ledger.totals()
    assert ledger.sweep(3 * HALF_US) == 3
    assert ledger.sweep(3 * HALF_US) == 0
    for totals in (ledger.totals(), behind):
        totals.refresh()
        assert (totals.ever().tolist(), totals.since(0).tolist()) == ([5], [3])


def test_who_reads_after_rows_were_deleted_has_none_of_them(ledger: Ledger) -> None:
    ledger.reserve([contact("d1", "a", 0), contact("d2", "b", 40)])
    behind = ledger.totals()
    for turn in range(3):
        ledger.reserve([contact(f"e{turn}", "a", turn)])
        ledger.sweep(10 * HALF_US)
    assert behind.refresh()
    assert (behind.since(-5).tolist(), behind.ever().tolist()) == ([1], [5])


def test_what_is_given_back_counts_no_longer_unless_it_went_out(ledger: Ledger) -> None:
    night = [contact(f"d{k}", f"c{k}", k, batch="n1") for k in range(5)]
    ledger.reserve_batch("n1", night, everybody)
    ledger.mark("d2", SENT, 1)
    assert ledger.give_back(night[1:4]) == 2
    assert ledger.give_back(night[1:2]) == 0
    assert ledger.totals().ever().tolist() == [3]
    assert sorted(held.decision_id for rows in ledger.held_since(EVER) for held in rows.contacts()) == [
        "d0",
        "d2",
        "d4",
    ]


def test_what_was_read_in_a_transaction_that_was_undone_is_read_again(store: OnlineStore) -> None:
    other = OnlineStore(store.path)
    ledger, totals = store.ledger, store.ledger.totals()
    ledger.reserve([contact("d1", "a", 2)])

    def undone(turn: int) -> None:
        with store.transaction():
            ledger.reserve([contact(f"undone{turn}", "a", 2), contact(f"new{turn}", "a", 20 + turn)])
            totals.refresh()
            assert totals.ever().tolist() == [before[0] + 2]
            raise RuntimeError

    for turn in range(3):
        before = other.ledger.totals().ever().tolist()
        with pytest.raises(RuntimeError):
            undone(turn)
        if turn < 2:  # the same number of a change, of another one
            other.ledger.reserve([contact(f"d2{turn}", "b", 8)])
        version = totals.version
        assert totals.refresh()
        assert totals.version > version
        assert totals.ever().tolist() == other.ledger.totals().ever().tolist() == [before[0] + (turn < 2)]
        assert totals.since(10).tolist() == [0]
        assert not totals.refresh()
    other.close()


# ---- against a plain model --------------------------------------------------------------------------------------


@dataclass
class Plain:
    """Which contacts count, one by one, and what was swept."""

    counts: dict[tuple[str, str, int], tuple[Contact, bool]] = field(default_factory=dict)
    before: Counter[ContactKind] = field(default_factory=Counter)

    def follow(self, ledger: Ledger, reserved_for: Mapping[tuple[str, str, int], int]) -> None:
        """Take over what the log holds: what is new counts, what is gone does not.

        It counts in the hour it was reserved for, however late it went out.
        """
        held = [
            msgspec.structs.replace(c, at_us=reserved_for[c.customer_id, c.decision_id, c.slot])
            for rows in ledger.held_since(EVER)
            for c in rows.contacts()
        ]
        keys = {(c.customer_id, c.decision_id, c.slot): c for c in held}
        # A night takes the place of its own contacts: the same key again is a new contact where it differs.
        known = {k: v for k, v in self.counts.items() if k in keys and v[0].kind == keys[k].kind}
        self.counts = {k: (c, known[k][1] if k in known else True) for k, c in keys.items()}

    def sweep(self, ledger: Ledger, before_us: int) -> None:
        """What goes is of before by when it went out, which is later than it was to where that was told."""
        held = [c for rows in ledger.held_since(EVER) for c in rows.contacts()]
        gone = {(c.customer_id, c.decision_id, c.slot) for c in held if c.at_us < before_us}
        for key, (c, yes) in self.counts.items():
            self.before[c.kind] += yes and key in gone

    def reconcile(self, ledger: Ledger, present_us: int) -> int:
        held = {
            (c.customer_id, c.decision_id, c.slot): c for r in ledger.held_since(EVER) for c in r.contacts()
        }
        now = {k: held[k].counts(present_us, UNCONFIRMED_US) for k in self.counts}
        changed = sum(now[k] != yes for k, (_, yes) in self.counts.items())
        self.counts = {k: (c, now[k]) for k, (c, _) in self.counts.items()}
        return changed

    def since(self, hour: int) -> dict[ContactKind, int]:
        found = Counter(c.kind for c, yes in self.counts.values() if yes and bucket_of(c.at_us) >= hour)
        return dict(found)

    def ever(self) -> dict[ContactKind, int]:
        return {kind: n for kind, n in (Counter(self.since(-(2**40))) + self.before).items() if n}


@st.composite
def some_contacts(draw: st.DrawFn, batch: str) -> list[Contact]:
    keys = draw(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.integers(1, 2)), max_size=6))
    return [
        contact(f"d_{batch}{k}{who}", who, draw(st.integers(-3, 9)), draw(st.integers(0, 2)), batch, slot)
        for who, k, slot in sorted(keys)
    ]


batches = st.sampled_from(["", "n1", "n2"]).flatmap(lambda b: st.tuples(st.just(b), some_contacts(b)))
decisions = st.builds(
    "d_{}{}{}".format, st.sampled_from(["", "n1", "n2"]), st.integers(0, 3), st.sampled_from("abc")
)
words = st.tuples(decisions, st.sampled_from([SENT, RELEASED]), st.integers(0, 9))
nights = st.tuples(st.sampled_from(["sweep", "reconcile"]), st.integers(-2, 12))


def compare(store: OnlineStore, did: list[tuple[object, ...]]) -> None:
    ledger, plain = store.ledger, Plain()
    kept = ledger.totals()
    for step in did:
        match step:
            case ("sweep", int() as half):
                plain.sweep(ledger, half * HALF_US)
                ledger.sweep(half * HALF_US)
            case ("reconcile", int() as half):
                changed = plain.reconcile(ledger, half * HALF_US)
                assert ledger.reconcile(half * HALF_US, UNCONFIRMED_US) == changed
            case ("", list() as live):
                ledger.reserve(live)
            case (str() as batch, list() as night):
                before = {
                    k: v for k, v in plain.counts.items()
                    if v[0].batch != batch or ledger_state(ledger, k) != "reserved"
                }  # fmt: skip
                ledger.reserve_batch(batch, night, some)
                plain.counts = before
            case (str() as decision_id, str() as status, int() as ts_us):
                ledger.mark(decision_id, status, ts_us)
        plain.follow(ledger, reserved_for(store.path))
        kept.refresh()
        for totals in (kept, ledger.totals()):
            assert by_kind(totals, totals.ever()) == plain.ever()
            for hour in (-3, 0, 1, 3, 9):
                assert by_kind(totals, totals.since(hour)) == plain.since(hour)


def reserved_for(path: Path) -> dict[tuple[str, str, int], int]:
    """When each contact was to be made, µs since 1970."""
    with closing(sqlite3.connect(path)) as con:
        rows = con.execute("select customer_id, decision_id, slot, at_us from contact").fetchall()
    return {(customer, decision, slot): at_us for customer, decision, slot, at_us in rows}


def ledger_state(ledger: Ledger, key: tuple[str, str, int]) -> str:
    held = ledger.of_customer(key[0], EVER)
    return next((c.state for c in held if (c.decision_id, c.slot) == key[1:]), "")


@settings(max_examples=150, deadline=None)
@given(did=st.lists(st.one_of(batches, words, nights), max_size=12), at_once=st.integers(1, 4))
def test_they_are_what_a_recount_finds(did: list[tuple[object, ...]], at_once: int) -> None:
    with (
        TemporaryDirectory() as folder,
        patch.object(ledger_upkeep, "MOST_AT_ONCE", at_once),
        patch.object(ledger_upkeep, "MOST_READ", 2 * at_once),
        patch.object(ledger_upkeep, "PAUSE_S", 0),
    ):
        store = OnlineStore(Path(folder) / "online.db")
        store._connection._con.execute("pragma synchronous = off")
        try:
            compare(store, did)
        finally:
            store.close()
