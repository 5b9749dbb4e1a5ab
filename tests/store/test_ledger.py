"""The contact log: each contact once, its state the last word, nights in place of themselves; against a plain model."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbatool.base.errors import DataError
from nbatool.store import ledger as ledger_module
from nbatool.store import ledger_upkeep, online_connection
from nbatool.store.contact import RELEASED, RESERVED, SENT, Contact, Held, HeldRows
from nbatool.store.ledger import Ledger
from nbatool.store.online import OnlineStore

EVER = -(2**63)


def contact(decision_id: str = "d_1", customer_id: str = "c1", at_us: int = 100, slot: int = 1) -> Contact:
    return Contact(customer_id, decision_id, slot, "mail", "email", ("promo", "spring"), at_us)


def everybody(asked: Sequence[Contact], _held: HeldRows) -> list[bool]:
    return [True] * len(asked)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[OnlineStore]:
    opened = OnlineStore(tmp_path / "online.db")
    yield opened
    opened.close()


@pytest.fixture
def ledger(store: OnlineStore) -> Ledger:
    return store.ledger


def states(ledger: Ledger, customer_id: str = "c1") -> dict[tuple[str, int], str]:
    return {(held.decision_id, held.slot): held.state for held in ledger.of_customer(customer_id, EVER)}


def test_what_was_reserved_is_read_as_it_was(ledger: Ledger) -> None:
    late, early = contact("d_2", at_us=200), Contact("c1", "d_1", 2, "nomail", None, (), 100, cost=0.25)
    assert ledger.reserve([late, early, contact("d_3", "c2")]) == 3
    assert ledger.of_customer("c1", EVER) == [
        Held("c1", "d_1", 2, "nomail", None, (), 100, "", 0.25, RESERVED),
        Held("c1", "d_2", 1, "mail", "email", ("promo", "spring"), 200, "", 0.0, RESERVED),
    ]
    assert [held.decision_id for held in ledger.of_customer("c1", 101)] == ["d_2"]
    assert ledger.of_customer("nobody", EVER) == []


def test_the_same_contact_again_changes_nothing(ledger: Ledger) -> None:
    ledger.reserve([contact()])
    before = ledger.of_customer("c1", EVER)
    other = Contact("c1", "d_1", 1, "call", None, (), 999)
    assert ledger.reserve([contact(), other]) == 0
    assert ledger.of_customer("c1", EVER) == before
    assert len(before) == 1


def test_contacts_of_a_transaction_that_failed_are_not_there(store: OnlineStore, ledger: Ledger) -> None:
    with pytest.raises(DataError, match="CHECK"), store.transaction():
        assert ledger.reserve([contact(), contact("d_2", customer_id="")])
    assert ledger.of_customer("c1", EVER) == []
    # What this connection remembers of kinds holds for what is reserved now, too.
    ledger.reserve([contact()])
    again = OnlineStore(store.path)
    assert again.ledger.of_customer("c1", EVER)[0].tags == ("promo", "spring")
    again.close()


@pytest.mark.parametrize("turned", [False, True])
def test_the_later_word_counts_whichever_comes_first(ledger: Ledger, turned: bool) -> None:
    ledger.reserve([contact(slot=1), contact(slot=2), contact("d_2")])
    words = [("d_1", SENT, 10), ("d_1", RELEASED, 20), ("d_2", RELEASED, 10), ("d_2", SENT, 20)]
    for word in reversed(words) if turned else words:
        ledger.mark(*word)
    assert states(ledger) == {("d_1", 1): RELEASED, ("d_1", 2): RELEASED, ("d_2", 1): SENT}


def test_of_two_words_of_one_instant_released_counts(ledger: Ledger) -> None:
    ledger.reserve([contact()])
    assert [ledger.mark("d_1", status, 5) for status in (SENT, RELEASED, SENT, RELEASED)] == [
        True, True, False, False,
    ]  # fmt: skip
    assert states(ledger) == {("d_1", 1): RELEASED}
    with pytest.raises(ValueError, match="sent or released"):
        ledger.mark("d_1", "expired", 6)


def test_a_word_may_come_before_its_contact(ledger: Ledger) -> None:
    assert ledger.mark("d_1", RELEASED, 5)
    ledger.reserve([contact()])
    assert states(ledger) == {("d_1", 1): RELEASED}


def test_reserved_ones_count_until_they_expire_and_released_ones_never(ledger: Ledger) -> None:
    ledger.reserve([contact("d_1"), contact("d_2"), contact("d_3")])
    ledger.mark("d_2", SENT, 100)
    ledger.mark("d_3", RELEASED, 100)
    (rows,) = ledger.held_since(EVER)
    for present_us, counted in ((149, [True, True, False]), (150, [False, True, False])):
        assert rows.counts(present_us, 50).tolist() == counted
        assert [held.counts(present_us, 50) for held in ledger.of_customer("c1", EVER)] == counted


def test_a_night_is_asked_with_what_stands_and_keeps_what_may_go(ledger: Ledger) -> None:
    ledger.reserve([contact("d_live", "c1")])
    told: list[tuple[list[str], list[str]]] = []

    def once_each(asked: Sequence[Contact], held: HeldRows) -> list[bool]:
        told.append(([c.decision_id for c in asked], list(held.decision_ids)))
        return [c.customer_id not in held.customer_ids for c in asked]

    night = [contact("d_n1", "c1"), contact("d_n2", "c2"), contact("d_n3", "c3")]
    with patch.object(ledger_upkeep, "MOST_AT_ONCE", 2):
        assert ledger.reserve_batch("night", night, once_each) == night[:1]
    assert told == [(["d_n1", "d_n2"], ["d_live"]), (["d_n3"], [])]
    assert [held.batch for held in ledger.of_customer("c2", EVER)] == ["night"]


def test_a_night_reserved_again_takes_its_own_place_but_not_that_of_what_was_said(ledger: Ledger) -> None:
    first = [contact(f"d_{k}", f"c{k}") for k in range(5)]
    ledger.reserve_batch("night", first, everybody)
    ledger.reserve_batch("other", [contact("d_other", "c1")], everybody)
    ledger.mark("d_3", SENT, 200)
    ledger.mark("d_4", RELEASED, 200)
    assert sorted(r for rows in ledger.held_since(EVER, without="night") for r in rows.decision_ids) == [
        "d_3", "d_4", "d_other",
    ]  # fmt: skip
    held_then: list[str] = []

    def told(asked: Sequence[Contact], held: HeldRows) -> list[bool]:
        held_then.extend(held.decision_ids)
        return [c.decision_id != "d_2" for c in asked]

    # d_0 gets another action, d_1 is no contact any more, d_2 is not allowed, d_3 and d_4 stand.
    other = Contact("c0", "d_0", 1, "call", "phone", (), 150)
    assert ledger.reserve_batch("night", [other, *first[2:]], told) == [first[2]]
    assert sorted(held_then) == ["d_3", "d_4"]
    found = [held for rows in ledger.held_since(EVER) for held in rows.contacts()]
    assert [(held.decision_id, held.action_id, held.state) for held in found] == [
        ("d_0", "call", RESERVED), ("d_other", "mail", RESERVED), ("d_3", "mail", SENT), ("d_4", "mail", RELEASED),
    ]  # fmt: skip


def test_until_its_new_contacts_are_there_the_earlier_ones_of_a_night_count(ledger: Ledger) -> None:
    first = [contact(f"d_{k}", f"c{k}") for k in range(4)]
    ledger.reserve_batch("night", first, everybody)

    def fails_at_the_third(asked: Sequence[Contact], _held: HeldRows) -> list[bool]:
        if asked[0].customer_id == "c2":
            raise RuntimeError("killed here")
        return [False] * len(asked)

    with patch.object(ledger_upkeep, "MOST_AT_ONCE", 1), pytest.raises(RuntimeError):
        ledger.reserve_batch("night", first, fails_at_the_third)
    assert [ledger.of_customer(f"c{k}", EVER) != [] for k in range(4)] == [False, False, True, True]
    assert ledger.reserve_batch("night", [], everybody) == []
    assert list(ledger.held_since(EVER)) == []


def test_a_night_has_a_name_and_an_answer_for_each(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="batch of live"):
        ledger.reserve_batch("", [], everybody)
    with pytest.raises(ValueError, match="asked about 1 contacts and answered 0"):
        ledger.reserve_batch("night", [contact()], lambda _asked, _held: [])


def test_all_customers_come_whole(ledger: Ledger) -> None:
    for customer, n in (("a", 1), ("b", 5), ("c", 2), ("d", 1)):
        ledger.reserve([contact(f"d_{customer}{k}", customer) for k in range(n)])
    with patch.object(ledger_module, "MOST_ROWS", 2):
        pieces = [list(rows.customer_ids) for rows in ledger.held_since(EVER)]
    assert [id_ for piece in pieces for id_ in piece] == [*"a", *"bbbbb", *"cc", *"d"]
    assert all(set(one).isdisjoint(other) for one in pieces for other in pieces if one is not other)


def test_what_is_older_than_any_window_goes_with_what_was_said(store: OnlineStore, ledger: Ledger) -> None:
    ledger.reserve([contact("d_1", at_us=10), contact("d_2", at_us=20), contact("d_2", at_us=10, slot=2)])
    for decision_id, ts_us in (("d_1", 5), ("d_2", 5), ("d_unknown", 5), ("d_later", 25)):
        ledger.mark(decision_id, SENT, ts_us)
    assert ledger.sweep(20) == 2
    assert states(ledger) == {("d_2", 1): SENT}
    left = sqlite3.connect(store.path).execute("select decision_id from contact_mark order by 1").fetchall()
    assert left == [("d_2",), ("d_later",)]


def test_what_was_sent_late_is_as_old_as_that(ledger: Ledger) -> None:
    """A cap's window begins there, whatever time the contact was reserved for."""
    ledger.reserve([contact("d_1", at_us=10), contact("d_1", "c2", at_us=10), contact("d_2", at_us=10)])
    ledger.reserve([contact("d_3", at_us=10)])
    ledger.mark("d_1", SENT, 20)
    ledger.mark("d_2", SENT, 19)
    ledger.mark("d_3", RELEASED, 30)
    assert ledger.sweep(20) == 2
    assert states(ledger) == states(ledger, "c2") == {("d_1", 1): SENT}
    assert ledger.totals().ever().tolist() == [4]
    assert ledger.sweep(21) == 2


# ---- what a file can do to it -----------------------------------------------------------------------------------


def damage(store: OnlineStore) -> None:
    store._connection._con.execute("pragma wal_checkpoint(truncate)")
    with store.path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (store.path.stat().st_size - 4096))
    store._connection._con.execute("pragma shrink_memory")


def make_read_only(store: OnlineStore) -> None:
    store._connection._con.execute("pragma query_only = 1")


def lock(store: OnlineStore) -> None:
    holder = sqlite3.connect(store.path, isolation_level=None, check_same_thread=False)
    holder.execute("begin immediate")
    store.holder = holder  # type: ignore[attr-defined]


def fill(store: OnlineStore) -> None:
    pages = store._connection._con.execute("pragma page_count").fetchone()[0]
    store._connection._con.execute(f"pragma max_page_count = {pages}")


@pytest.mark.parametrize(
    ("hurt", "said"),
    [
        (damage, "malformed.*move it away"),
        (make_read_only, "readonly.*Allow this user to write"),
        (lock, "locked.*Another process"),
        (fill, "full.*Make room"),
    ],
)
def test_what_cannot_be_written_is_said_with_what_to_do(
    store: OnlineStore,
    ledger: Ledger,
    hurt: Callable[[OnlineStore], None],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ledger.reserve([contact()])
    hurt(store)
    many = [contact(f"d_{k}", f"c{k}" * 50) for k in range(1000)]
    monkeypatch.setattr(online_connection, "BUSY_MS", 10)
    for use in (lambda: ledger.reserve(many), lambda: ledger.reserve_batch("night", many, everybody)):
        with pytest.raises(DataError, match=rf"(?s)online\.db cannot be used: .*{said}"):
            use()


def test_a_contact_of_nothing_known_is_damage(store: OnlineStore, ledger: Ledger) -> None:
    ledger.reserve([contact()])
    store._connection._con.execute("delete from contact_kind")
    with pytest.raises(DataError, match="is damaged: it has contacts of the kind"):
        ledger.of_customer("c1", EVER)


# ---- against a plain model --------------------------------------------------------------------------------------

CUSTOMERS = ["a", "b", "c"]
MOST_HELD = 2


class Model:
    """The same in plain words: contacts by key, words by decision."""

    def __init__(self) -> None:
        self.contacts: dict[tuple[str, int], Contact] = {}
        self.words: dict[str, tuple[int, bool]] = {}

    def state(self, decision_id: str) -> str:
        word = self.words.get(decision_id)
        return RESERVED if word is None else RELEASED if word[1] else SENT

    def at_us(self, contact: Contact) -> int:
        """When it goes out; later than it was to where that was told."""
        word = self.words.get(contact.decision_id)
        return contact.at_us if word is None or word[1] else max(contact.at_us, word[0])

    def held(self, customer_id: str, since_us: int = EVER) -> list[Held]:
        found = [
            msgspec.structs.replace(c, at_us=self.at_us(c))
            for c in self.contacts.values()
            if c.customer_id == customer_id and self.at_us(c) >= since_us
        ]
        found.sort(key=lambda c: (c.at_us, c.decision_id, c.slot))
        return [
            Held(
                c.customer_id, c.decision_id, c.slot, c.action_id, c.channel, c.tags, c.at_us, c.batch,
                c.cost, self.state(c.decision_id),
            )
            for c in found
        ]  # fmt: skip

    def night(self, batch: str, contacts: Sequence[Contact]) -> list[Contact]:
        """One contact after another, each seeing those before it; customers come together."""
        own = {
            key for key, c in self.contacts.items() if c.batch == batch and c.decision_id not in self.words
        }
        for key in own:
            del self.contacts[key]
        refused = []
        standing = set(self.contacts)
        for c in contacts:
            key = (c.decision_id, c.slot)
            if key in standing:
                continue
            if sum(held.state != RELEASED for held in self.held(c.customer_id)) >= MOST_HELD:
                refused.append(c)
            else:
                self.contacts[key] = c
        return refused


def few_each(asked: Sequence[Contact], held: HeldRows) -> list[bool]:
    have = dict.fromkeys(CUSTOMERS, 0)
    for row in held.contacts():
        have[row.customer_id] += row.state != RELEASED
    may = []
    for c in asked:
        yes = have[c.customer_id] < MOST_HELD
        # Whoever goes now is reserved, unless the word that releases it came before.
        have[c.customer_id] += yes
        may.append(yes)
    return may


@st.composite
def contacts_of(draw: st.DrawFn, batch: str) -> list[Contact]:
    keys = draw(
        st.lists(
            st.tuples(st.sampled_from(CUSTOMERS), st.integers(0, 3), st.integers(1, 2)),
            unique=True,
            max_size=6,
        )
    )
    kinds = [("mail", "email", ("promo",)), ("mail", "email", ()), ("call", None, ("promo", "call"))]
    return [
        Contact(
            customer, f"d_{batch}_{customer}{k}", slot, *draw(st.sampled_from(kinds)), draw(st.integers(0, 9)), batch
        )
        for customer, k, slot in sorted(keys)
    ]  # fmt: skip


batches = st.sampled_from(["", "n1", "n2"]).flatmap(lambda b: st.tuples(st.just(b), contacts_of(b)))
decisions = st.builds(
    "d_{}_{}{}".format, st.sampled_from(["", "n1", "n2"]), st.sampled_from(CUSTOMERS), st.integers(0, 3)
)
words = st.tuples(decisions, st.sampled_from([SENT, RELEASED]), st.integers(0, 9))
steps = st.one_of(batches, words, st.integers(0, 9))


@settings(max_examples=80, deadline=None)
@given(did=st.lists(steps, max_size=12), at_once=st.integers(1, 4))
def test_it_does_what_a_plain_model_does(did: list[object], at_once: int) -> None:
    with (
        TemporaryDirectory() as folder,
        patch.object(ledger_upkeep, "MOST_AT_ONCE", at_once),
        patch.object(ledger_module, "MOST_ROWS", at_once),
        patch.object(ledger_upkeep, "PAUSE_S", 0),
    ):
        store = OnlineStore(Path(folder) / "online.db")
        store._connection._con.execute("pragma synchronous = off")
        try:
            compare(store.ledger, did)
        finally:
            store.close()


def compare(ledger: Ledger, did: list[object]) -> None:
    model = Model()
    for step in did:
        match step:
            case ("", list() as live):
                new = {
                    (c.decision_id, c.slot): c for c in live if (c.decision_id, c.slot) not in model.contacts
                }
                assert ledger.reserve(live) == len(new)
                model.contacts |= new
            case (str() as batch, list() as night):
                # Words that came before their contact would make the model's order of a chunk matter.
                night = [c for c in night if c.decision_id not in model.words]
                assert ledger.reserve_batch(batch, night, few_each) == model.night(batch, night)
            case (str() as decision_id, str() as status, int() as ts_us):
                word, before = (ts_us, status == RELEASED), model.words.get(decision_id)
                counts = before is None or word > before
                assert ledger.mark(decision_id, status, ts_us) == counts
                if counts:
                    model.words[decision_id] = word
            case int() as before_us:
                kept = {key: c for key, c in model.contacts.items() if model.at_us(c) >= before_us}
                assert ledger.sweep(before_us) == len(model.contacts) - len(kept)
                with_contacts = {decision_id for decision_id, _ in kept}
                model.contacts = kept
                model.words = {
                    d: word for d, word in model.words.items() if word[0] >= before_us or d in with_contacts
                }
        for customer in CUSTOMERS:
            now = ledger.of_customer(customer, EVER)
            assert now == model.held(customer)
            assert ledger.of_customer(customer, 5) == model.held(customer, 5)
        everyone = [held for rows in ledger.held_since(3) for held in rows.contacts()]
        wanted = [held for customer in CUSTOMERS for held in model.held(customer, 3)]
        key = lambda held: (held.customer_id, held.decision_id, held.slot)  # noqa: E731
        assert everyone == sorted(wanted, key=key)
