"""What a live question is decided with: the published state, what happened since, and what the contact log holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from nbatool.decide.guardrails import Circumstances
from nbatool.decide.in_force import InForce
from nbatool.decide.request import Question
from nbatool.decide.request_events import SessionEvent, live_event
from nbatool.features.customer import CustomerFeatures
from nbatool.features.events import Event
from nbatool.features.live_customer import CustomerState, unknown_customer
from nbatool.profile.consent import Marks, after_events
from nbatool.store.online import LiveEvent, OnlineStore


@dataclass(frozen=True, slots=True)
class Known:
    """What is known at a question's moment.

    Parameters
    ----------
    customers, scores
        Features, and the published scores, one row each.
    told
        What guardrails look at.
    version
        Of what the contact log says of the customer: while it is the same, the decision saw what stands.
    is_stranger
        Whether a customer was named whom nothing is known of.
    """

    customers: CustomerFeatures
    scores: dict[str, NDArray[Any]]
    told: Circumstances
    version: int
    is_stranger: bool = False


class LiveReading:
    """Reads what a question is decided with."""

    def __init__(self, in_force: InForce, online: OnlineStore) -> None:
        self._in_force, self._online = in_force, online

    def at(self, question: Question, decision_id: str, state: CustomerState | None) -> Known:
        """Return what is known now.

        Parameters
        ----------
        decision_id
            Of the decision to be made: its own contact does not count.
        state
            Of the customer, None where the state does not know one.
        """
        in_force, as_of_us = self._in_force, question.as_of_us
        since = self._since(question)
        happened = self._happened(question, since)
        customers = in_force.live.compute(self._body(state), happened, as_of_us)
        version, held = self._contacts(question)
        told = in_force.circumstances.now(
            state, self._consent(state, happened, as_of_us), as_of_us, decision_id,
            customer_id=question.customer_id, held=held,
            happened=[
                *((e.type, e.action_id, e.channel, e.ts_us, e.decision_id) for e in since),
                *(
                    (e.event.type, e.event.texts.get("action_id"), e.event.texts.get("channel"), e.event.ts_us, e.decision_id)
                    for e in question.events
                    if not self._is_in_state(e, question)
                ),
            ],
            suppressions=self._online.suppressions.of_customer(question.customer_id or "", as_of_us),
        )  # fmt: skip
        told = self._limited(told, question)
        stranger = question.customer_id is not None and state is None and not since
        return Known(customers, self._scores(state), told, version, stranger)

    def _limited(self, told: Circumstances, question: Question) -> Circumstances:
        """Add what limits charge now, and what no longer fits."""
        room = self._in_force.room
        if room is None:
            return told
        charge, full = room.at(question.as_of_us)
        names = [limit.title for limit in self._in_force.policy.guardrails.limits.limits]
        return replace(
            told, charge=self._in_force.charge(charge, question.customer_id), full=full, limits=names,
            prices=room.charged,
        )  # fmt: skip

    def at_the_cut(self, state: CustomerState, customer_id: str | None) -> Known:
        """Return what the night knew of a customer."""
        in_force = self._in_force
        customers = in_force.live.compute(state, [], in_force.published.cut_us)
        told = in_force.circumstances.at_the_cut(state)
        if told.suppressed is not None:
            # The state keeps what was suppressed; why is told by those that still hold.
            held_back = self._online.suppressions.of_customer(customer_id or "", in_force.published.cut_us)
            told = replace(told, suppressions=held_back)
        if in_force.room is not None:
            room = in_force.room
            charge = in_force.charge(room.at_night[0], customer_id)
            told = replace(told, charge=charge, prices=room.published_prices)
        return Known(customers, self._scores(state), told, 0)

    def is_as_seen(self, question: Question, version: int) -> bool:
        """Whether the contact log still says of the customer what it did; ask inside the transaction that reserves."""
        return self._version(question) == version

    def _version(self, question: Question) -> int:
        if question.customer_id is None or not self._in_force.circumstances.looks_at_contacts:
            return 0
        return self._online.ledger.version(question.customer_id)

    def _contacts(self, question: Question) -> tuple[int, list[Any]]:
        version = self._version(question)
        if question.customer_id is None or not self._in_force.circumstances.looks_at_contacts:
            return version, []
        since_us = self._in_force.circumstances.since_us(question.as_of_us)
        return version, self._online.ledger.of_customer(question.customer_id, since_us)

    def consent(self, question: Question) -> Marks:
        """Return what the customer said of channels before the question's moment, unsubscribe events since included."""
        state, since = self._in_force.customer(question.customer_id), self._since(question)
        return self._consent(state, self._happened(question, since), question.as_of_us)

    def _consent(self, state: CustomerState | None, happened: list[Event], as_of_us: int) -> Marks:
        return after_events(
            {} if state is None else state.consent,
            ((e.type, e.texts.get("channel"), e.ts_us) for e in happened),
            self._in_force.unsubscribes,
            as_of_us,
        )

    def _body(self, state: CustomerState | None) -> CustomerState:
        return unknown_customer(self._in_force.policy.bundle.features) if state is None else state

    def _scores(self, state: CustomerState | None) -> dict[str, NDArray[Any]]:
        known = {} if state is None else state.scores
        return {name: _array(known.get(name)) for name in self._in_force.score_names}

    def _happened(self, question: Question, since: list[LiveEvent]) -> list[Event]:
        """What happened since the state was made: journalled events, and those of the request it does not hold."""
        fields = self._in_force.policy.bundle.features.plan.number_fields
        events = [_journalled(e, fields) for e in since]
        return events + [e.event for e in question.events if not self._is_in_state(e, question)]

    def _is_in_state(self, e: SessionEvent, question: Question) -> bool:
        """Whether an event of the request was told before, and the night has taken it into the state."""
        if question.customer_id is None or e.event_id is None:
            return False
        return self._online.holds(question.customer_id, e.event_id, self._in_force.published)

    def _since(self, question: Question) -> list[LiveEvent]:
        """Journalled events the state does not hold, without those the request brings again."""
        if question.customer_id is None:
            return []
        brought = {e.event_id for e in question.events if e.event_id is not None}
        events = self._online.events_of(question.customer_id, self._in_force.published)
        return [e for e in events if e.event_id not in brought]


def _journalled(e: LiveEvent, number_fields: tuple[str, ...]) -> Event:
    attributes = msgspec.json.decode(e.attributes) if e.attributes else {}
    return live_event(e.ts_us, e.type, e.value, e.action_id, e.channel, attributes, number_fields)


def _array(value: float | str | None) -> NDArray[Any]:
    if isinstance(value, str):
        result = np.empty(1, dtype=object)
        result[0] = value
        return result
    return np.array([np.nan if value is None else value], dtype=np.float64)
