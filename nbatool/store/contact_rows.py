"""Contacts as rows of the store: what is written of them, and what rows count for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from nbatool.base.seeds import hash64
from nbatool.store.contact import Contact, ContactKind
from nbatool.store.contact_totals import Counted, bucket_of


@lru_cache(maxsize=4096)
def kind_row(kind: ContactKind) -> Mapping[str, object]:
    """Return the row of a kind; its key is a hash, so that readers may remember what a key means."""
    channel, tags, cost = (
        msgspec.json.encode(part).decode() for part in (kind.channel, kind.tags, float(kind.cost))
    )
    code = hash64(kind.action_id, channel, tags, cost) >> 1
    return {
        "kind": code, "action_id": kind.action_id, "channel": kind.channel, "tags": tags, "cost": kind.cost,
    }  # fmt: skip


def row_of(contact: Contact, run: int) -> dict[str, Any]:
    return {
        "customer_id": contact.customer_id, "decision_id": contact.decision_id, "slot": contact.slot,
        "kind": kind_row(contact.kind)["kind"], "at_us": contact.at_us, "run": run,
    }  # fmt: skip


def each_once(contacts: Iterable[Contact]) -> Iterable[Contact]:
    """Return the first of each customer, decision and slot."""
    first: dict[tuple[str, str, int], Contact] = {}
    for contact in contacts:
        first.setdefault((contact.customer_id, contact.decision_id, contact.slot), contact)
    return first.values()


def key_of(row: Sequence[object]) -> dict[str, object]:
    """Return a contact's key as parameters."""
    return dict(zip(("customer_id", "decision_id", "slot"), row, strict=True))


def keys_of(rows: Iterable[Sequence[object]]) -> str:
    return msgspec.json.encode([list(row) for row in rows]).decode()


def counted(rows: Iterable[Sequence[int]], *, sign_of: tuple[int, int]) -> Counter[Counted]:
    """Return what rows (kind, at_us, counted) change of the totals.

    Parameters
    ----------
    sign_of
        By how much a row changes them that does not count, and one that does.
    """
    changes = Counter[Counted]()
    for kind, at_us, counted in rows:
        changes[kind, bucket_of(at_us)] += sign_of[counted]
    return changes
