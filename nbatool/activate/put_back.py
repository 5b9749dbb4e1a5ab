"""Contacts put back from the decision log, where the contact log is new or an older copy: caps hold all the same.

The contact log lies in ``online.db``. Where that file was deleted or replaced, the warehouse still knows what was decided, and
what was said of it. What an action was then is lost, so a contact gets the tags and the cost the action has today, and
counts from the moment of its decision, since the end of quiet hours it may have waited for is not in the log.

An older copy shows by a night it does not know, or by a journal that had been drained further than it knows. Such a copy
lacks words on contacts it has, too: those are put back as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from nbatool.activate.upkeep import kept_since_us
from nbatool.base.clock import US_PER_S
from nbatool.decide.circumstances import batch_of
from nbatool.decide.guardrails import Guardrails
from nbatool.decide.recording import VISITOR
from nbatool.features.choice import as_timestamp
from nbatool.store.contact import RELEASED, SENT, Contact, ContactKind, HeldRows
from nbatool.store.online import OnlineStore
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb

MOST_READ = 100_000
"""Rows of the decision log in memory at once."""


@dataclass(frozen=True)
class PutBack:
    """What was put back.

    Parameters
    ----------
    contacts
        How many, released ones included.
    earlier
        How many of before every window count in what was made in all, which `stock` looks at.
    nights
        How many nights of contacts the contact log did not know.
    was_new
        Whether it knew nothing at all; else it was an older copy, or what it lacks never came to be there.
    """

    contacts: int
    earlier: int
    nights: int
    was_new: bool


def with_contacts_put_back(
    con: duckdb.DuckDBPyConnection, online: OnlineStore, guards: Guardrails, as_of_us: int, *, keeps: bool
) -> tuple[OnlineStore, PutBack | None]:
    """Return the store to decide with, and what was put back; None where the contact log lacks nothing.

    Contacts come in one transaction: a kill leaves the contact log as it was, and the next night finds it so. Contacts that
    are there already stay as they are.

    Parameters
    ----------
    keeps
        Whether the store itself is changed; else a copy in memory, which the caller closes.
    """
    since_us = kept_since_us(guards, as_of_us)
    known = online.ledger.batches()
    nights = [night for night in nights_logged(con, since_us) if batch_of(night) not in known]
    went_back = online.drained.went_back
    was_new = not known and online.published() is None
    if not (nights or was_new or went_back):
        return online, None
    contacts = _contacts(con, guards, nights, since_us)
    earlier = _earlier(con, guards, since_us) if was_new else {}
    first = next(contacts, None)
    if first is None and not (earlier or went_back):
        return online, None
    store = online if keeps else online.copy_in_memory()
    if went_back:
        _put_words_back(con, store, since_us)
    back = found = 0
    said: dict[str, dict[str, int]] = {SENT: {}, RELEASED: {}}
    with store.transaction():
        for batch, group in groupby(_with(first, contacts), lambda one: one[0]):
            if batch:
                back += _reserve_night(store, batch, _marked(group, said))
                found += 1
            else:
                back += _reserve_live(store, group, said)
        for status, words in said.items():
            store.ledger.mark_all(words, status)
        store.ledger.count_earlier(earlier)
        store.ledger.reconcile(as_of_us, guards.unconfirmed_s * US_PER_S)
        store.drained.contacts_are_back()
    # Live and reviewed contacts are asked about whatever the nights are; all of them may be known.
    is_any = bool(back or earlier)
    return store, PutBack(back, sum(earlier.values()), found, was_new) if is_any else None


def nights_logged(con: duckdb.DuckDBPyConnection, since_us: int) -> list[int]:
    """Return the moments of the nights in the decision log since a time, µs since 1970."""
    rows = con.execute(statement("activate/logged_nights"), {"since": as_timestamp(since_us)}).fetchall()
    return [row[0] for row in rows]


Said = tuple[str, Contact, str | None, int]
"""The night ("": live), a contact, what was last said of it and when."""
Words = Mapping[str, dict[str, int]]
"""Sent or released → decision → when, µs since 1970."""


def _contacts(
    con: duckdb.DuckDBPyConnection, guards: Guardrails, nights: Sequence[int], since_us: int
) -> Iterator[Said]:
    """Yield the contacts of some nights, and all live ones since a time; those of a night follow each other."""
    asked = {
        "nights": [as_timestamp(night) for night in nights], "since": as_timestamp(since_us), "visitor": VISITOR,
    }  # fmt: skip
    found = con.cursor().execute(statement("activate/logged_contacts"), asked)
    kinds: dict[tuple[str, str | None], ContactKind] = {}
    while rows := found.fetchmany(MOST_READ):
        for is_night, at_us, customer_id, decision_id, slot, action_id, channel, status, said_us in rows:
            kind = kinds.get((action_id, channel))
            if kind is None:
                kind = kinds[action_id, channel] = _kind(guards, action_id, channel)
            contact = Contact.of(kind, customer_id, decision_id, slot, at_us)
            yield batch_of(at_us) if is_night else "", contact, status, at_us if said_us is None else said_us


def _earlier(con: duckdb.DuckDBPyConnection, guards: Guardrails, before_us: int) -> dict[ContactKind, int]:
    """How many contacts of before a time were made, by what they were of."""
    rows: list[Any] = con.execute(
        statement("activate/logged_contacts_before"), {"before": as_timestamp(before_us)}
    ).fetchall()
    return {_kind(guards, action_id, channel): n for action_id, channel, n in rows}


def _kind(guards: Guardrails, action_id: str, channel: str | None) -> ContactKind:
    """What a contact is of today; of an action that has left the catalogue neither tags nor cost are known."""
    action = guards.catalogue.actions.get(action_id)
    tags, cost = ((), 0.0) if action is None else (action.tags, action.cost)
    return ContactKind(action_id, channel, tags, cost)


def _with(first: Said | None, others: Iterator[Said]) -> Iterator[Said]:
    if first is not None:
        yield first
    yield from others


def _put_words_back(con: duckdb.DuckDBPyConnection, store: OnlineStore, since_us: int) -> None:
    """Keep what was last said of the contacts of nights, those the contact log has included; twice changes nothing.

    By itself, with pauses, since it may be much; what a word is about may come later.
    """
    found = con.cursor().execute(statement("activate/logged_words"), {"since": as_timestamp(since_us)})
    while rows := found.fetchmany(MOST_READ):
        for status in (SENT, RELEASED):
            store.ledger.mark_all({name: said_us for name, word, said_us in rows if word == status}, status)


def _marked(group: Iterable[Said], said: Words) -> Iterator[Contact]:
    """Yield the contacts, and remember what was said of them."""
    for one in group:
        _keep_word(one, said)
        yield one[1]


def _keep_word(one: Said, said: Words) -> None:
    _, contact, status, said_us = one
    if status is not None:
        said[status][contact.decision_id] = said_us


def _reserve_live(store: OnlineStore, group: Iterable[Said], said: Words) -> int:
    """Reserve live contacts and remember what was said of them; return how many are new.

    The log has every live answer as sent when it was decided: that is no news of a contact that is there.
    """
    back = 0
    for one in group:
        _, contact, status, said_us = one
        is_new = store.ledger.reserve([contact]) == 1
        back += is_new
        if is_new or status != SENT or said_us > contact.at_us:
            _keep_word(one, said)
    return back


def _reserve_night(store: OnlineStore, batch: str, contacts: Iterator[Contact]) -> int:
    """Reserve the contacts of a night; return how many are new."""
    asked = 0

    def everyone(chunk: Sequence[Contact], _: HeldRows) -> Sequence[bool]:
        nonlocal asked
        asked += len(chunk)
        return [True] * len(chunk)

    with store.ledger.reserving(batch) as reserve:
        reserve(contacts, everyone)
    return asked
