"""What guardrails look at beside features and scores, gathered for one customer live.

It is what the night gathered for everybody, with what happened since: contacts reserved and confirmed live, contacts of
others, words of consent, suppressions. A decision does not count itself, so that the same question gets the same answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from nbatool.base.clock import US_PER_S
from nbatool.decide.contact_rules import NO_CONTACTS, PastContacts, kind_of_others
from nbatool.decide.guardrails import Circumstances, Guardrails
from nbatool.decide.suppressed import suppressed_offers
from nbatool.features.live_customer import CustomerState
from nbatool.profile.consent import Marks, state_of
from nbatool.store.contact import RESERVED, ContactKind, Held
from nbatool.store.suppressions import Suppression

Happened = tuple[str, str | None, str | None, int, str | None]
"""An event: type, action_id, channel, µs since 1970, decision_id."""


@dataclass(frozen=True)
class LiveCircumstances:
    """Gathers them for a published state.

    Parameters
    ----------
    kinds
        What the contacts of the state's customers are of.
    contact_types
        Event types of the role ``contact``.
    """

    guards: Guardrails
    kinds: tuple[ContactKind, ...]
    contact_types: frozenset[str]

    @property
    def looks_at_contacts(self) -> bool:
        """Whether any rule counts contacts."""
        return bool(self.guards.contacts.rules)

    def since_us(self, as_of_us: int) -> int:
        """Contacts of before this matter to no rule."""
        return as_of_us - self.guards.contacts.longest_us

    def now(
        self,
        state: CustomerState | None,
        consent: Marks,
        as_of_us: int,
        decision_id: str,
        *,
        customer_id: str | None = None,
        held: Sequence[Held] = (),
        happened: Iterable[Happened] = (),
        suppressions: Sequence[Suppression] = (),
    ) -> Circumstances:
        """Return what is so at a moment.

        Parameters
        ----------
        consent
            What was said before the moment, events since the cut included.
        decision_id
            Of the decision to be made.
        held
            The customer's contacts of the contact log.
        happened
            Events since the cut that the state does not hold.
        suppressions
            Those that hold for the customer.
        """
        contacts = NO_CONTACTS
        if self.looks_at_contacts:
            contacts = self._contacts(state, as_of_us, decision_id, held, happened)
        return Circumstances(
            contacts,
            self._consent(consent),
            [None if state is None else state.zone],
            suppressed_offers(suppressions, self.guards.catalogue, [customer_id]),
            suppressions,
            live=True,
        )

    def at_the_cut(self, state: CustomerState) -> Circumstances:
        """Return what the night saw, as the state keeps it."""
        contacts = [(at, self.kinds[kind]) for at, kind in (*state.own, *state.others)]
        suppressed = None
        if state.suppressed:
            suppressed = np.zeros((1, len(self.guards.catalogue.offers)), np.bool_)
            suppressed[0, list(state.suppressed)] = True
        consent = self._consent(state.consent)
        return Circumstances(PastContacts.of_one(contacts), consent, [state.zone], suppressed)

    def _consent(self, consent: Marks) -> np.ndarray[tuple[int, int], np.dtype[np.int8]]:
        return np.array([[state_of(consent, channel) for channel in self.guards.channels]], np.int8)

    def _contacts(
        self,
        state: CustomerState | None,
        as_of_us: int,
        decision_id: str,
        held: Sequence[Held],
        happened: Iterable[Happened],
    ) -> PastContacts:
        ours = {contact.decision_id for contact in held}
        contacts = [event for event in happened if event[0] in self.contact_types and event[3] < as_of_us]
        confirmed = {of for *_, of in contacts}
        found = [
            (contact.at_us, contact.kind)
            for contact in held
            if contact.decision_id != decision_id
            and (
                contact.counts(as_of_us, self.guards.unconfirmed_s * US_PER_S)
                or (contact.state == RESERVED and contact.decision_id in confirmed)
            )
        ]
        if state is not None:
            found += [(at, self.kinds[kind]) for at, kind in state.others]
        found += [
            (ts_us, kind_of_others(self.guards.catalogue, action_id, channel))
            for _, action_id, channel, ts_us, of in contacts
            if of is None or of not in ours
        ]
        return PastContacts.of_one(found)
