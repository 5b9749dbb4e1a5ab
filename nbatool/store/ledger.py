"""The contact log of ``online.db``: every contact of batch and live, once, and what was last said of it.

Contacts lie in the order of their customers, so that a night writes page after page. What is said of a decision lies
apart, by decision: it may come before the contact, or twice, and the order it comes in changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import compress
from typing import Any

import msgspec
import numpy as np

from nbatool.base.errors import DataError
from nbatool.store.contact import RELEASED, RESERVED, SENT, STATES, Contact, ContactKind, Held, HeldRows, held
from nbatool.store.contact_rows import counted, each_once, keys_of, kind_row, row_of
from nbatool.store.contact_totals import BEFORE, ContactTotals, Counted, add_to_totals, bucket_of
from nbatool.store.ledger_upkeep import chunks, give_back, let_go, pause, reconcile, sweep
from nbatool.store.online_connection import OnlineConnection

MOST_ROWS = 20_000
"""Contacts in a piece of all customers'; more where one customer has more."""
LIVE_RUN = 0
STATE_OF = {None: STATES.index(RESERVED), SENT: STATES.index(SENT), RELEASED: STATES.index(RELEASED)}
"""By what was said last."""

Allowed = Callable[[Sequence[Contact], HeldRows], Sequence[bool]]
"""Says which contacts may go, given what the log holds of their customers."""


class Ledger:
    """The contacts, by customer."""

    def __init__(self, online: OnlineConnection) -> None:
        self._online = online
        self._kinds: dict[int, ContactKind] = {}

    def reserve(self, contacts: Iterable[Contact]) -> int:
        """Reserve live contacts in the caller's transaction; the same (decision, slot) again changes nothing.

        Returns
        -------
        int
            How many are new.
        """
        added = Counter[Counted]()
        with self._online.transaction():
            for contact in contacts:
                self._online.change("add_contact_kind", kind_row(contact.kind))
                row = row_of(contact, LIVE_RUN)
                if self._online.change("add_contact", row):
                    added[int(row["kind"]), bucket_of(contact.at_us)] += 1
            add_to_totals(self._online, added)
        return added.total()

    def batches(self) -> set[str]:
        """Return the nights whose contacts were ever reserved here."""
        return {row[0] for row in self._online.rows("contact_batches")}

    def count_earlier(self, contacts: Mapping[ContactKind, int]) -> None:
        """Let so many contacts more count in what was made in all, without one of them being known."""
        with self._online.transaction():
            self._online.change_many("add_contact_kind", map(kind_row, contacts))
            rows = ((kind_row(kind)["kind"], n) for kind, n in contacts.items())
            add_to_totals(self._online, {(int(str(code)), BEFORE): n for code, n in rows})

    def reserve_where(self, contacts: Sequence[Contact], allowed: Allowed) -> list[Contact]:
        """Reserve live contacts where ``allowed`` says so in the transaction that does it; return those not allowed."""
        with self._online.transaction():
            return self._reserve_chunk(contacts, LIVE_RUN, set(), allowed)

    def totals(self) -> ContactTotals:
        """Return how many contacts count, as they are now."""
        totals = ContactTotals(self._online, self._kind_of)
        totals.refresh()
        return totals

    def of_customer(self, customer_id: str, since_us: int) -> list[Held]:
        """Return a customer's contacts from a time on, earliest first."""
        rows = self._online.rows("contacts_of_customer", customer_id=customer_id, since_us=since_us)
        return [
            held(customer, decision, slot, self._kind_of(kind), at_us, batch or "", status or RESERVED)
            for decision, customer, slot, kind, at_us, batch, status in rows
        ]

    def of_customers(self, customer_ids: Iterable[str]) -> dict[str, list[Held]]:
        """Return all contacts of several customers by id, without those that have none; one look for all.

        Ids have no NUL, as those of requests: SQLite's JSON ends a text there.
        """
        ids = msgspec.json.encode(sorted(set(customer_ids))).decode()
        found: dict[str, list[Held]] = {}
        for decision, customer, slot, kind, at_us, batch, status, _ in self._online.rows(
            "contacts_of_customers", customer_ids=ids
        ):
            contact = held(
                customer, decision, slot, self._kind_of(kind), at_us, batch or "", status or RESERVED
            )
            found.setdefault(customer, []).append(contact)
        return found

    def mark(self, decision_id: str, status: str, ts_us: int) -> bool:
        """Keep what was said of a decision's contacts, all its slots.

        The later word counts, whichever comes first: sent after released holds the cap again, released after sent
        frees it. At one instant released counts, as it does for what is learned.

        Parameters
        ----------
        status
            "sent" or "released".
        ts_us
            When it happened, µs since 1970.

        Returns
        -------
        bool
            Whether it is the word that counts now.
        """
        if status not in {SENT, RELEASED}:
            raise ValueError(f"a contact is {SENT} or {RELEASED}, not {status!r}")
        values = {"decision_id": decision_id, "status": status, "ts_us": ts_us}
        return self._online.change("mark_contact", values) == 1

    def mark_all(self, said: Mapping[str, int], status: str) -> None:
        """Keep of several decisions what `mark` keeps of one, some at a time; what is known already costs a look.

        Parameters
        ----------
        said
            Decision → when, µs since 1970.
        """
        for chunk in chunks(said.items()):
            ids = msgspec.json.encode([name for name, _ in chunk]).decode()
            known = {row[0]: row[1:] for row in self._online.rows("contact_marks_of", decision_ids=ids)}
            rows = [
                {"decision_id": name, "status": status, "ts_us": ts_us}
                for name, ts_us in chunk
                if (before := known.get(name)) is None or (before != (status, ts_us) and before[1] <= ts_us)
            ]
            if rows:
                self._online.change_many("mark_contact", rows)
                pause(self._online)

    def reserve_batch(self, batch: str, contacts: Iterable[Contact], allowed: Allowed) -> list[Contact]:
        """Reserve a night's contacts at once; as `reserving`."""
        with self.reserving(batch) as reserve:
            return reserve(contacts, allowed)

    @contextmanager
    def reserving(self, batch: str) -> Iterator[Callable[[Iterable[Contact], Allowed], list[Contact]]]:
        """Reserve a night's contacts piece by piece while the block runs.

        Yields what reserves a piece, some contacts at a time, and returns those that were not allowed; ``allowed`` is
        called in the transaction that reserves. In the order of their customers this is fastest.

        A night reserved again takes the place of what it reserved before and nothing was said of. Until the block ends
        well, the earlier contacts of customers not yet reserved again count. A contact of which something was said stands
        as it is and is not asked about again.

        Parameters
        ----------
        batch
            Names the night; the same name again is the same night.
        """
        if not batch:
            raise ValueError('"" is the batch of live contacts')
        with self._online.transaction():
            self._online.change("add_contact_run", {"batch": batch})
            run, *earlier = [row[0] for row in self._online.rows("contact_runs", batch=batch)]

        def reserve(contacts: Iterable[Contact], allowed: Allowed) -> list[Contact]:
            refused: list[Contact] = []
            for chunk in chunks(contacts):
                with self._online.transaction():
                    refused += self._reserve_chunk(chunk, run, set(earlier), allowed)
                pause(self._online)
            return refused

        yield reserve
        if earlier:
            let_go(self._online, "give_back_contacts", "contacts_of_earlier_runs", batch=batch, run=run)

    def held_since(self, since_us: int, *, without: str = "") -> Iterator[HeldRows]:
        """Yield the contacts of all customers from a time on, customer by customer.

        Each piece is read by itself: what live decisions reserve meanwhile may be in it or not.

        Parameters
        ----------
        without
            A night about to be reserved again: what it would take the place of is left out.
        """
        after, most = "", MOST_ROWS
        while True:
            rows = self._online.rows(
                "contacts_after", after=after, since_us=since_us, batch=without, most=most
            )
            full = len(rows) == most
            if full:
                last = rows[-1][1]
                whole = [row for row in rows if row[1] != last]
                if not whole:
                    most *= 2
                    continue
                rows = whole
            if rows:
                after = rows[-1][1]
                yield self._held_rows(rows)
            if not full:
                return

    def give_back(self, contacts: Iterable[Contact]) -> int:
        """Take back contacts of which nothing was said; see `ledger_upkeep.give_back`."""
        return give_back(self._online, contacts)

    def unconfirmed(self, since_us: int) -> int:
        """Return how many contacts since a time count no longer, because nobody said in time that they were made."""
        return int(self._online.rows("count_unconfirmed", since_us=since_us)[0][0])

    def sweep(self, before_us: int) -> int:
        """Forget contacts of before a time; see `ledger_upkeep.sweep`."""
        return sweep(self._online, before_us)

    def reconcile(self, present_us: int, unconfirmed_us: int) -> int:
        """Let the totals count what counts at a time; see `ledger_upkeep.reconcile`."""
        return reconcile(self._online, present_us, unconfirmed_us)

    def _reserve_chunk(
        self, chunk: Sequence[Contact], run: int, earlier: set[int], allowed: Allowed
    ) -> list[Contact]:
        gone = Counter[Counted]()
        ids = sorted({contact.customer_id for contact in chunk})
        rows = self._online.rows("contacts_of_customers", customer_ids=msgspec.json.encode(ids).decode())
        replaced = [row for row in rows if row[6] is None and row[7] in earlier]
        if replaced:
            keys = keys_of((row[1], row[0], row[2]) for row in replaced)
            gone = counted(self._online.rows("forget_contacts", keys=keys), sign_of=(0, -1))
            rows = [row for row in rows if row[6] is not None or row[7] not in earlier]
        standing = {(row[0], row[2]) for row in rows}
        asked = [contact for contact in chunk if (contact.decision_id, contact.slot) not in standing]
        may = allowed(asked, self._held_rows(rows)) if asked else ()
        if len(may) != len(asked):
            raise ValueError(f"allowed() was asked about {len(asked)} contacts and answered {len(may)} times")
        kept = list(each_once(compress(asked, may)))
        kinds = {contact.kind for contact in kept}
        self._online.change_many("add_contact_kind", (kind_row(kind) for kind in kinds))
        rows_kept = [row_of(contact, run) for contact in kept]
        self._online.change_many("add_contact", rows_kept)
        gone.update((int(row["kind"]), bucket_of(int(row["at_us"]))) for row in rows_kept)
        add_to_totals(self._online, gone)
        return [contact for contact, yes in zip(asked, may, strict=True) if not yes]

    def _held_rows(self, rows: Sequence[Any]) -> HeldRows:
        columns = list(zip(*rows, strict=True)) if rows else [()] * 7
        decisions, customers, slots, kinds, at_us, batches, said = columns[:7]
        found, kind = np.unique(np.array(kinds, dtype=np.int64), return_inverse=True)
        return HeldRows(
            customer_ids=customers,
            decision_ids=decisions,
            slots=np.array(slots, dtype=np.int64),
            kind=kind.astype(np.int64),
            kinds=[self._kind_of(code) for code in found.tolist()],
            at_us=np.array(at_us, dtype=np.int64),
            batches=[batch or "" for batch in batches],
            state=np.array([STATE_OF[status] for status in said], dtype=np.int8),
        )

    def _kind_of(self, code: int) -> ContactKind:
        """Return what contacts of a kind are of; once known it never changes."""
        known = self._kinds.get(code)
        if known is None:
            rows = self._online.rows("contact_kind", kind=code)
            if not rows:
                raise DataError(
                    f"{self._online.path} is damaged: it has contacts of the kind {code}, which it does not describe. "
                    "Move it away; nbatool score publishes a new one (contacts counted for caps are in it)"
                )
            action_id, channel, tags, cost = rows[0]
            known = ContactKind(action_id, channel, tuple(msgspec.json.decode(tags)), cost)
            self._kinds[code] = known
        return known
