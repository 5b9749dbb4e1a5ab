"""What leaves the contact log, and what no longer counts: some contacts at a time, so that live decisions hardly wait."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from nbatool.store.contact import Contact
from nbatool.store.contact_rows import counted, key_of, keys_of
from nbatool.store.contact_totals import BEFORE, add_to_totals, bucket_of, forget_totals
from nbatool.store.online_connection import OnlineConnection

MOST_AT_ONCE = 500
"""Contacts a transaction of the night reserves or deletes: live decisions wait for it."""
MOST_READ = 100_000
"""Keys read before they are deleted."""
PAUSE_S = 0.002
"""Between two such transactions: SQLite wakes nobody up, so who waits must find the store free when it looks again."""

T = TypeVar("T")


def give_back(online: OnlineConnection, contacts: Iterable[Contact]) -> int:
    """Take back contacts of which nothing was said, such as a night's that live decisions left no room for.

    Returns
    -------
    int
        How many were there.
    """
    gone = 0
    for chunk in chunks((c.customer_id, c.decision_id, c.slot) for c in contacts):
        with online.transaction():
            rows = online.rows("give_back_contacts", keys=keys_of(chunk))
            add_to_totals(online, counted(rows, sign_of=(0, -1)))
        gone += len(rows)
        pause(online)
    return gone


def sweep(online: OnlineConnection, before_us: int) -> int:
    """Forget contacts of before a time, and what was said of them; return how many contacts went.

    What is counted over all time stays: `reconcile` before, since what goes as counted counts for ever.
    """
    gone = let_go(online, "forget_contacts", "old_contacts", kept=True, before_us=before_us)
    while keys := online.rows("old_contact_marks", before_us=before_us, most=MOST_READ):
        for chunk in chunks(keys):
            online.change_many("forget_contact_mark", ({"decision_id": one[0]} for one in chunk))
            pause(online)
    forget_totals(online, bucket_of(before_us))
    return gone


def reconcile(online: OnlineConnection, present_us: int, unconfirmed_us: int) -> int:
    """Let the totals count what counts at a time: no released contact, none that waited too long for a word.

    A word that came late counts again. Live decisions go on meanwhile; what is said then is for the next time.

    Returns
    -------
    int
        How many contacts changed.
    """
    expired_us, changed = present_us - unconfirmed_us, 0
    after: Sequence[object] = ("", "", 0)
    while keys := online.rows("contacts_miscounted", **key_of(after), expired_us=expired_us, most=MOST_READ):
        for chunk in chunks(keys):
            with online.transaction():
                rows = online.rows("recount_contacts", keys=keys_of(chunk), expired_us=expired_us)
                add_to_totals(online, counted(rows, sign_of=(-1, 1)))
            changed += len(rows)
            pause(online)
        after = keys[-1]
    return changed


def let_go(
    online: OnlineConnection, change: str, found: str, /, *, kept: bool = False, **values: object
) -> int:
    """Delete the contacts a query finds, some at a time; return how many went.

    Parameters
    ----------
    kept
        Whether they go on counting in what was made in all.
    """
    gone = 0
    while keys := online.rows(found, most=MOST_READ, **values):
        for chunk in chunks(keys):
            with online.transaction():
                rows = online.rows(change, keys=keys_of(chunk))
                changes = counted(rows, sign_of=(0, -1))
                if kept:
                    for (kind, _), n in list(changes.items()):
                        changes[kind, BEFORE] -= n
                add_to_totals(online, changes)
            gone += len(rows)
            pause(online)
    return gone


def chunks(items: Iterable[T]) -> Iterator[list[T]]:
    left = iter(items)
    while chunk := list(islice(left, MOST_AT_ONCE)):
        yield chunk


def pause(online: OnlineConnection) -> None:
    """Let others write; inside a transaction nobody else can, and a pause would only make them wait longer."""
    if not online.in_transaction:
        time.sleep(PAUSE_S)
