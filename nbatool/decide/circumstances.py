"""What guardrails look at beside features and scores, gathered for a night.

A contact that counts is one of the contact log (sent, or reserved and not yet expired), or a contact event that is none
of those: somebody else's message counts like ours. A decision does not count itself: the night that is scored again, and
the question that is asked again, see what was there before them.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from nbatool.base.clock import US_PER_S
from nbatool.decide.best import Bools, Floats
from nbatool.decide.contact_rules import NO_CONTACTS, PastContacts, kind_of_others
from nbatool.decide.guardrails import Circumstances, Guardrails
from nbatool.decide.suppressed import suppressed_offers
from nbatool.decide.tie_breaks import charged
from nbatool.features.choice import as_timestamp
from nbatool.profile.consent import make_consent, read_consent
from nbatool.store.contact import RESERVED, SENT, STATES, ContactKind, HeldRows
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb

    from nbatool.store.ledger import Ledger
    from nbatool.store.online import OnlineStore
    from nbatool.store.suppressions import Suppression

NIGHT: Final = "@night"


def batch_of(as_of_us: int) -> str:
    """Name the night of a moment in the contact log; scored again it is the same night."""
    return f"{NIGHT}/{as_of_us}"


@dataclass(frozen=True)
class NightCircumstances:
    """Of everybody scored at one moment, by position.

    Parameters
    ----------
    own, others
        Contacts of the contact log that count, and those somebody else made; sorted by row.
    zones
        (n,) as the customers' own; None for the workspace's.
    suppressions
        Those that hold at the moment.
    confirmed
        Decision → when its contact went out, of contact events that name decisions.
    charge
        (n_offers,) what the prices of limits take off; None: nothing is limited.
    tie_width
        Of the amounts that tell equal customers apart where something is limited; see `tie_breaks`.
    prices
        What is in ``charge``, by limit, in currency per unit.
    full, limits
        As in `Circumstances`; a night knows of nothing that is full before it begins.
    """

    con: duckdb.DuckDBPyConnection
    guards: Guardrails
    customer_ids: Sequence[str]
    own: PastContacts
    others: PastContacts
    zones: Sequence[str | None]
    suppressions: Sequence[Suppression] = ()
    confirmed: Mapping[str, int] = field(default_factory=dict)
    charge: Floats | None = None
    tie_width: float = 0.0
    prices: Sequence[float] = ()
    full: NDArray[np.int16] | None = None
    limits: Sequence[str] = ()

    def of_rows(self, first: int, last: int) -> Circumstances:
        """Return those of the rows ``first <= row < last``."""
        contacts = joined([self.own.of_rows(first, last), self.others.of_rows(first, last)])
        return Circumstances(
            contacts,
            read_consent(self.con, first, last).states(self.guards.channels),
            self.zones[first:last],
            self.suppressed(first, last),
            self.suppressions,
            charge=self.charge_of(first, last),
            full=None if self.full is None else np.tile(self.full, (last - first, 1)),
            limits=self.limits,
            prices=self.prices,
        )

    def charge_of(self, first: int, last: int) -> Floats | None:
        """Return (last - first, n_offers) what is taken off net values; None: nothing is limited."""
        if self.charge is None:
            return None
        return charged(self.charge, self.customer_ids[first:last], self.tie_width)

    @cached_property
    def kinds(self) -> tuple[ContactKind, ...]:
        """What the contacts are of."""
        return tuple(dict.fromkeys((*self.own.kinds, *self.others.kinds)))

    def suppressed(self, first: int, last: int) -> Bools | None:
        """Return bool[last - first, n_offers]: what suppressions forbid; None where there is none."""
        return suppressed_offers(self.suppressions, self.guards.catalogue, self.customer_ids[first:last])


def night_circumstances(
    con: duckdb.DuckDBPyConnection,
    guards: Guardrails,
    online: OnlineStore,
    customer_ids: Sequence[str],
    as_of_us: int,
    *,
    contact_types: Sequence[str],
    unsubscribes: Sequence[str],
) -> NightCircumstances:
    """Gather what the guardrails look at for the moments now in ``moments``.

    Parameters
    ----------
    customer_ids
        Of the moments, in order.
    contact_types, unsubscribes
        Event types of the roles.
    """
    from nbatool.store.arrow import fetch_arrow

    make_consent(con, unsubscribes)
    zones: list[str | None] = fetch_arrow(con, statement("decide/zones_of_moments")).column(0).to_pylist()
    held_back = online.suppressions.all(as_of_us)
    told = _told(con, guards, contact_types, as_of_us - guards.longest_us)
    confirmed = {
        of: at for of, at in zip(told.of, told.contacts.at_us.tolist(), strict=True) if of is not None
    }
    if not guards.contacts.rules:
        return NightCircumstances(
            con, guards, customer_ids, NO_CONTACTS, NO_CONTACTS, zones, held_back, confirmed
        )
    since_us = as_of_us - guards.contacts.longest_us
    row_of = {customer_id: row for row, customer_id in enumerate(customer_ids)}
    own, ids = _held(online.ledger, guards, row_of, since_us, as_of_us, confirmed)
    others = told.without(ids)
    return NightCircumstances(con, guards, customer_ids, own, others, zones, held_back, confirmed)


def confirm(
    con: duckdb.DuckDBPyConnection, guards: Guardrails, online: OnlineStore, contact_types: Sequence[str], as_of_us: int
) -> None:  # fmt: skip
    """Tell the contact log which contacts events before a moment confirm, and let its totals count what counts then."""
    since_us = as_of_us - guards.longest_us
    asked = {
        "types": list(contact_types),
        "since": as_timestamp(since_us),
        "as_of": as_timestamp(as_of_us),
    }
    found = con.execute(statement("profile/confirmed_contacts"), asked).fetchall()
    online.ledger.mark_all(dict(found), SENT)
    online.ledger.reconcile(as_of_us, guards.unconfirmed_s * US_PER_S)


def joined(parts: Sequence[PastContacts]) -> PastContacts:
    """Return the contacts of several sources as one, sorted by row."""
    parts = [part for part in parts if len(part.row)]
    if len(parts) <= 1:
        return parts[0] if parts else NO_CONTACTS
    kinds = tuple(dict.fromkeys(kind for part in parts for kind in part.kinds))
    place = {kind: k for k, kind in enumerate(kinds)}
    row = np.concatenate([part.row for part in parts])
    at_us = np.concatenate([part.at_us for part in parts])
    kind = np.concatenate(
        [np.array([place[kind] for kind in part.kinds], np.int64)[part.kind] for part in parts]
    )
    order = np.argsort(row, kind="stable")
    return PastContacts(row[order], at_us[order], kind[order], kinds)


def counted(
    held: HeldRows, row_of: Mapping[str, int], as_of_us: int, unconfirmed_s: int, confirmed: Mapping[str, int]
) -> PastContacts:
    """Return the contacts of the contact log that count, of the customers asked about.

    Parameters
    ----------
    row_of
        Their rows.
    confirmed
        Decision → when, of contacts an event tells of: they were made, however late that is known, and count from then.
    """
    row = np.array([row_of.get(customer_id, -1) for customer_id in held.customer_ids], np.int64)
    made = np.array([decision_id in confirmed for decision_id in held.decision_ids], np.bool_)
    counts = held.counts(as_of_us, unconfirmed_s * US_PER_S) | (made & (held.state == STATES.index(RESERVED)))
    kept = (row >= 0) & counts
    at_us = held.at_us.copy()
    at_us[made] = [
        max(at, confirmed[decision_id])
        for at, decision_id, is_made in zip(at_us.tolist(), held.decision_ids, made.tolist(), strict=True)
        if is_made
    ]
    return PastContacts(row[kept], at_us[kept], held.kind[kept], tuple(held.kinds))


def _held(
    ledger: Ledger,
    guards: Guardrails,
    row_of: Mapping[str, int],
    since_us: int,
    as_of_us: int,
    confirmed: Mapping[str, int],
) -> tuple[PastContacts, set[str]]:
    """Contacts of the log that count, and the ids of all its decisions since."""
    parts: list[PastContacts] = []
    ids: set[str] = set()
    for held in ledger.held_since(since_us, without=batch_of(as_of_us)):
        ids.update(held.decision_ids)
        parts.append(counted(held, row_of, as_of_us, guards.unconfirmed_s, confirmed))
    return joined(parts), ids


@dataclass(frozen=True)
class _Told:
    """Contact events, and the decision each names."""

    contacts: PastContacts
    of: Sequence[str | None]

    def without(self, decisions: Container[str]) -> PastContacts:
        """Return those that name none of these decisions."""
        kept = np.array([of is None or of not in decisions for of in self.of], np.bool_)
        past = self.contacts
        return PastContacts(past.row[kept], past.at_us[kept], past.kind[kept], past.kinds)


def _told(
    con: duckdb.DuckDBPyConnection, guards: Guardrails, contact_types: Sequence[str], since_us: int
) -> _Told:
    """The contact events of the moments."""
    from nbatool.store.arrow import fetch_arrow

    asked = {"types": list(contact_types), "since": as_timestamp(since_us)}
    found = fetch_arrow(con, statement("profile/contact_events"), asked)
    pairs = list(zip(found["action_id"].to_pylist(), found["channel"].to_pylist(), strict=True))
    of = {pair: kind_of_others(guards.catalogue, *pair) for pair in dict.fromkeys(pairs)}
    place = {kind: k for k, kind in enumerate(dict.fromkeys(of.values()))}
    kind = np.array([place[of[pair]] for pair in pairs], np.int64)
    contacts = PastContacts(found["moment"].to_numpy(), found["at_us"].to_numpy(), kind, tuple(place))
    return _Told(contacts, found["decision_id"].to_pylist())
