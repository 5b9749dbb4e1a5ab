"""What guardrails look at beside features and scores, gathered live for the customers of some questions.

It is what the night gathered for everybody, with what happened since: contacts reserved and confirmed live, contacts of
others, words of consent, suppressions. A decision does not count itself, so that the same question gets the same answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from nbatool.base.clock import US_PER_S
from nbatool.decide.best import Bools
from nbatool.decide.contact_rules import NO_CONTACTS, Listed, ListedContacts, PastContacts, kind_of_others
from nbatool.decide.guardrails import Circumstances, Guardrails
from nbatool.decide.suppressed import offers_of
from nbatool.features.live_customer import CustomerState
from nbatool.profile.consent import Marks, state_of
from nbatool.store.contact import RESERVED, ContactKind, Held
from nbatool.store.suppressions import Suppression

Happened = tuple[str, str | None, str | None, int, str | None]
"""An event: type, action_id, channel, µs since 1970, decision_id."""
MOST_KNOWN = 4096
"""Sets of suppressions whose offers are remembered."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of the customer of a question.

    Parameters
    ----------
    state
        Of the customer; None where the published state knows no such.
    consent
        What was said before the moment, events since the cut included.
    decision_id
        Of the decision to be made: its own contact does not count.
    held
        The customer's contacts of the contact log.
    happened
        Events since the cut that the state does not hold.
    suppressions
        Those that hold for the customer.
    """

    state: CustomerState | None
    consent: Marks
    as_of_us: int
    decision_id: str
    customer_id: str | None = None
    held: Sequence[Held] = ()
    happened: Sequence[Happened] = ()
    suppressions: Sequence[Suppression] = ()


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

    def now(self, asked: Sequence[Asked]) -> Circumstances:
        """Return what is so at the moments of n questions."""
        contacts = NO_CONTACTS
        if self.looks_at_contacts:
            contacts = ListedContacts([c for row, one in enumerate(asked) for c in self._contacts(row, one)])
        suppressed, suppressions = self._suppressed(asked)
        return Circumstances(
            contacts,
            self._consent([one.consent for one in asked]),
            [None if one.state is None else one.state.zone for one in asked],
            suppressed,
            suppressions,
            live=True,
        )

    def at_the_cut(self, state: CustomerState) -> Circumstances:
        """Return what the night saw, as the state keeps it."""
        contacts = PastContacts.of_one([(at, self.kinds[kind]) for at, kind in (*state.own, *state.others)])
        suppressed = None
        if state.suppressed:
            suppressed = np.zeros((1, len(self.guards.catalogue.offers)), np.bool_)
            suppressed[0, list(state.suppressed)] = True
        consent = self._consent([state.consent])
        return Circumstances(contacts, consent, [state.zone], suppressed)

    def _consent(self, said: Sequence[Marks]) -> np.ndarray[tuple[int, int], np.dtype[np.int8]]:
        channels = self.guards.channels
        return np.array([[state_of(marks, channel) for channel in channels] for marks in said], np.int8)

    def _suppressed(self, asked: Sequence[Asked]) -> tuple[Bools | None, Sequence[Suppression]]:
        """Which offers of whom are suppressed, and by what, oldest first."""
        found = {suppression.id: suppression for one in asked for suppression in one.suppressions}
        if not found:
            return None, ()
        rows = [self._forbidden(one.suppressions) for one in asked]
        return np.array(rows), [found[number] for number in sorted(found)]

    def _forbidden(self, suppressions: Sequence[Suppression]) -> Bools:
        """bool[n_offers]: what these suppressions forbid; most customers have only those for everybody."""
        named = tuple([(one.action, one.tag, one.channel) for one in suppressions])
        known = self._named.get(named)
        if known is None:
            known = np.zeros(len(self.guards.catalogue.offers), np.bool_)
            for suppression in suppressions:
                known[offers_of(suppression, self.guards.catalogue)] = True
            if len(self._named) >= MOST_KNOWN:
                self._named.clear()
            self._named[named] = known
        return known

    @cached_property
    def _named(self) -> dict[tuple[tuple[str | None, str | None, str | None], ...], Bools]:
        """What suppressions seen before forbid, by what they name."""
        return {}

    def _contacts(self, row: int, asked: Asked) -> list[Listed]:
        """The contacts of a customer that count."""
        unconfirmed_us = self.guards.unconfirmed_s * US_PER_S
        since_us = self.since_us(asked.as_of_us)
        told = [e for e in asked.happened if e[0] in self.contact_types and e[3] < asked.as_of_us]
        confirmed = {of: ts_us for *_, ts_us, of in sorted(told, key=lambda e: e[3])} if told else {}
        found: list[Listed] = []
        for contact in asked.held:
            name, at_us = contact.decision_id, contact.at_us
            is_confirmed = name in confirmed
            if is_confirmed:
                at_us = max(at_us, confirmed[name])
            if at_us < since_us or name == asked.decision_id:
                continue
            if contact.counts(asked.as_of_us, unconfirmed_us) or (is_confirmed and contact.state == RESERVED):
                found.append((row, at_us, contact.kind))
        if asked.state is not None:
            found += [(row, at, self.kinds[kind]) for at, kind in asked.state.others]
        if told:
            ours = {contact.decision_id for contact in asked.held}
            found += [
                (row, ts_us, kind_of_others(self.guards.catalogue, action_id, channel))
                for _, action_id, channel, ts_us, of in told
                if of is None or of not in ours
            ]
        return found


def of_question(told: Circumstances, row: int, customer_id: str | None, as_of_us: int) -> Circumstances:
    """Return what is so of one question of several; its customer and moment say which suppressions it is told of."""
    at = slice(row, row + 1)
    return replace(
        told,
        contacts=told.contacts.of_rows(row, row + 1),
        consent=told.consent[at],
        zones=told.zones[at],
        suppressed=None if told.suppressed is None else told.suppressed[at],
        suppressions=[one for one in told.suppressions if one.holds_for(customer_id, as_of_us)],
        charge=None if told.charge is None else told.charge[at],
        full=None if told.full is None else told.full[at],
    )
