"""What guardrails look at beside features and scores: gathered for a night, and for one live question.

A contact that counts is one of the contact log (sent, or reserved and not yet expired), or a contact event that is none
of those: somebody else's message counts like ours. A decision does not count itself: the night that is scored again, and
the question that is asked again, see what was there before them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from nbatool.base.clock import US_PER_S
from nbatool.decide.contact_rules import NO_CONTACTS, PastContacts
from nbatool.decide.guardrails import Circumstances, Guardrails
from nbatool.features.choice import as_timestamp
from nbatool.profile.consent import make_consent, read_consent
from nbatool.store.contact import ContactKind, HeldRows
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb

    from nbatool.store.ledger import Ledger

NIGHT: Final = "@night"


def batch_of(as_of_us: int) -> str:
    """Name the night of a moment in the contact log; scored again it is the same night."""
    return f"{NIGHT}/{as_of_us}"


@dataclass(frozen=True)
class NightCircumstances:
    """Of everybody scored at one moment, by position.

    Parameters
    ----------
    contacts
        Sorted by row.
    zones
        (n,) as the customers' own; None for the workspace's.
    """

    con: duckdb.DuckDBPyConnection
    guards: Guardrails
    contacts: PastContacts
    zones: Sequence[str | None]

    def of_rows(self, first: int, last: int) -> Circumstances:
        """Return those of the rows ``first <= row < last``."""
        consent = read_consent(self.con, first, last).states(self.guards.channels)
        return Circumstances(self.contacts.of_rows(first, last), consent, self.zones[first:last])


def night_circumstances(
    con: duckdb.DuckDBPyConnection,
    guards: Guardrails,
    ledger: Ledger,
    customer_ids: Sequence[str],
    as_of_us: int,
    *,
    contact_types: Sequence[str],
    unsubscribes: Sequence[str],
    zones: Sequence[str | None],
) -> NightCircumstances:
    """Gather what the guardrails look at for the moments now in ``moments``.

    Parameters
    ----------
    customer_ids
        Of the moments, in order.
    contact_types, unsubscribes
        Event types of the roles.
    """
    make_consent(con, unsubscribes)
    if not guards.contacts.rules:
        return NightCircumstances(con, guards, NO_CONTACTS, zones)
    since_us = as_of_us - guards.contacts.longest_us
    row_of = {customer_id: row for row, customer_id in enumerate(customer_ids)}
    own, ids = _held(ledger, guards, row_of, since_us, as_of_us)
    foreign = _foreign(con, guards, contact_types, since_us, ids)
    return NightCircumstances(con, guards, joined([own, foreign]), zones)


def joined(parts: Sequence[PastContacts]) -> PastContacts:
    """Return the contacts of several sources as one, sorted by row."""
    kinds = tuple(dict.fromkeys(kind for part in parts for kind in part.kinds))
    place = {kind: k for k, kind in enumerate(kinds)}
    row = np.concatenate([part.row for part in parts])
    at_us = np.concatenate([part.at_us for part in parts])
    of = [
        np.array([place[kind] for kind in part.kinds], np.int64)[part.kind]
        for part in parts
        if len(part.kinds)
    ]
    kind = np.concatenate(of) if of else np.zeros(0, np.int64)
    order = np.argsort(row, kind="stable")
    return PastContacts(row[order], at_us[order], kind[order], kinds)


def _held(
    ledger: Ledger, guards: Guardrails, row_of: dict[str, int], since_us: int, as_of_us: int
) -> tuple[PastContacts, set[str]]:
    """Contacts of the log that count, and the ids of all its decisions since."""
    parts: list[PastContacts] = []
    ids: set[str] = set()
    for held in ledger.held_since(since_us, without=batch_of(as_of_us)):
        ids.update(held.decision_ids)
        parts.append(_counted(held, row_of, as_of_us, guards.unconfirmed_s))
    return (joined(parts) if parts else NO_CONTACTS), ids


def _counted(held: HeldRows, row_of: dict[str, int], as_of_us: int, unconfirmed_s: int) -> PastContacts:
    row = np.array([row_of.get(customer_id, -1) for customer_id in held.customer_ids], np.int64)
    kept = (row >= 0) & held.counts(as_of_us, unconfirmed_s * US_PER_S)
    return PastContacts(row[kept], held.at_us[kept], held.kind[kept], tuple(held.kinds))


def _foreign(
    con: duckdb.DuckDBPyConnection, guards: Guardrails, contact_types: Sequence[str], since_us: int, own: set[str]
) -> PastContacts:  # fmt: skip
    """Contact events that are none of the log's decisions; their tags are those the catalogue has now."""
    from nbatool.store.arrow import fetch_arrow

    asked = {"types": list(contact_types), "since": as_timestamp(since_us)}
    found = fetch_arrow(con, statement("profile/contact_events"), asked)
    mine = np.array([d is not None and d in own for d in found["decision_id"].to_pylist()], np.bool_)
    tags = {action.id: action.tags for action in guards.catalogue.actions.values()}
    pairs = list(zip(found["action_id"].to_pylist(), found["channel"].to_pylist(), strict=True))
    kinds = tuple(dict.fromkeys(ContactKind(a or "", c, tags.get(a or "", ())) for a, c in pairs))
    place = {(kind.action_id, kind.channel): k for k, kind in enumerate(kinds)}
    kind = np.array([place[a or "", c] for a, c in pairs], np.int64)
    row: NDArray[np.int64] = found["moment"].to_numpy()
    return PastContacts(row[~mine], found["at_us"].to_numpy()[~mine], kind[~mine], kinds)
