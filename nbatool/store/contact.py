"""Contacts: one message to one customer each, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

RESERVED, SENT, RELEASED = "reserved", "sent", "released"
STATES = (RESERVED, SENT, RELEASED)


class ContactKind(NamedTuple):
    """What a contact was of; there are few, however many contacts there are."""

    action_id: str
    channel: str | None
    tags: tuple[str, ...]
    cost: float = 0.0
    """Of one contact, in currency; 0 of contacts somebody else made."""


class Contact(msgspec.Struct, frozen=True, gc=False):
    """A contact as it was decided.

    Parameters
    ----------
    slot
        The place of the decision it fills, from 1.
    channel
        None where the action has none.
    tags
        Of the action, as they were at the time.
    at_us
        When it goes out, µs since 1970.
    batch
        The night that reserved it; "" of a live one.
    cost
        In currency, as it was at the time.
    """

    customer_id: str
    decision_id: str
    slot: int
    action_id: str
    channel: str | None
    tags: tuple[str, ...]
    at_us: int
    batch: str = ""
    cost: float = 0.0

    @property
    def kind(self) -> ContactKind:
        return ContactKind(self.action_id, self.channel, self.tags, self.cost)

    @classmethod
    def of(cls, kind: ContactKind, customer_id: str, decision_id: str, slot: int, at_us: int) -> Contact:
        """Return a contact of a kind."""
        return cls(
            customer_id, decision_id, slot, kind.action_id, kind.channel, kind.tags, at_us, cost=kind.cost
        )


class Held(Contact, frozen=True, gc=False):
    """A contact of the contact log and its state: reserved, sent or released.

    One that went out later than it was to is ``at_us`` the time that was told.
    """

    state: str = RESERVED

    def counts(self, present_us: int, unconfirmed_us: int) -> bool:
        """Whether it counts for caps and gaps: sent, or reserved for no longer than the wait for confirmations.

        >>> held = Held("c1", "d_1", 1, "mail", "email", (), at_us=100)
        >>> held.counts(149, unconfirmed_us=50), held.counts(150, unconfirmed_us=50)
        (True, False)
        """
        return self.state == SENT or (self.state == RESERVED and present_us - self.at_us < unconfirmed_us)


def held(
    customer_id: str, decision_id: str, slot: int, kind: ContactKind, at_us: int, batch: str, state: str
) -> Held:
    action_id, channel, tags, cost = kind
    return Held(customer_id, decision_id, slot, action_id, channel, tags, at_us, batch, cost, state)


@dataclass(frozen=True)
class HeldRows:
    """Contacts of ``n`` rows, customer by customer in the order of their ids; a customer's rows are never split.

    Parameters
    ----------
    customer_ids, decision_ids, batches
        (n,) texts; a batch is "" where the contact is live.
    slots
        (n,) places, from 1.
    kind
        (n,) index into ``kinds``.
    kinds
        What these contacts are of.
    at_us
        (n,) µs since 1970.
    state
        (n,) index into ``STATES``.
    """

    customer_ids: Sequence[str]
    decision_ids: Sequence[str]
    slots: NDArray[np.int64]
    kind: NDArray[np.int64]
    kinds: Sequence[ContactKind]
    at_us: NDArray[np.int64]
    batches: Sequence[str]
    state: NDArray[np.int8]

    def counts(self, present_us: int, unconfirmed_us: int) -> NDArray[np.bool_]:
        """Which count for caps and gaps, (n,); the rule of :meth:`Held.counts`."""
        waiting = (self.state == STATES.index(RESERVED)) & (present_us - self.at_us < unconfirmed_us)
        counted: NDArray[np.bool_] = waiting | (self.state == STATES.index(SENT))
        return counted

    def contacts(self) -> list[Held]:
        """Return the rows one by one."""
        rows = zip(
            self.customer_ids, self.decision_ids, self.slots.tolist(), self.kind.tolist(), self.at_us.tolist(),
            self.batches, self.state.tolist(), strict=True,
        )  # fmt: skip
        return [
            held(customer, decision, slot, self.kinds[kind], at_us, batch, STATES[state])
            for customer, decision, slot, kind, at_us, batch, state in rows
        ]
