"""What live questions are decided with: the published state, what happened since, and what the contact log holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from nbatool.decide.guardrails import Circumstances
from nbatool.decide.in_force import InForce
from nbatool.decide.live_circumstances import Asked, Happened, of_question
from nbatool.decide.request import Question
from nbatool.decide.request_events import SessionEvent, live_event
from nbatool.decide.state_rows import read_body
from nbatool.features.customer import CustomerFeatures
from nbatool.features.events import Event
from nbatool.features.live_customer import CustomerState, unknown_customer
from nbatool.profile.consent import Marks, after_events
from nbatool.store.contact import Held
from nbatool.store.online import LiveEvent, OnlineStore
from nbatool.store.suppressions import Suppression


@dataclass(frozen=True, slots=True)
class Seen:
    """What the store said of a question's customer: while it is the same, the decision saw what stands.

    Parameters
    ----------
    events
        Journalled ones that the published state does not hold.
    held
        Contacts of the contact log; none are read where no rule counts contacts.
    suppressions
        Those that hold at the question's moment.
    """

    events: Sequence[LiveEvent] = ()
    held: Sequence[Held] = ()
    suppressions: Sequence[Suppression] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What is known at the moments of n questions.

    Parameters
    ----------
    customers, scores
        Features, and the published scores, (n,) each.
    told
        What guardrails look at.
    number
        Of the store's changes, taken before anything was read: while it is the same, nobody else wrote.
    seen
        (n,) what of it may be something else a moment later.
    strangers
        (n,) whether a customer was named whom nothing is known of.
    prices
        (n,) what each limit's price is at each moment; empty where nothing is limited.
    """

    customers: CustomerFeatures
    scores: dict[str, NDArray[Any]]
    told: Circumstances
    number: int = 0
    seen: Sequence[Seen] = ()
    strangers: Sequence[bool] = (False,)
    prices: Sequence[Sequence[float]] = ()

    def of_question(self, row: int, question: Question) -> Known:
        """Return what is known for one of the questions."""
        if len(self.customers) == 1:
            return self
        at = slice(row, row + 1)
        told = of_question(self.told, row, question.customer_id, question.as_of_us)
        return Known(
            self.customers.of_rows(at),
            {name: values[at] for name, values in self.scores.items()},
            replace(told, prices=self.prices[row]) if self.prices else told,
            self.number,
            self.seen[at],
            self.strangers[at],
        )


class LiveReading:
    """Reads what questions are decided with."""

    def __init__(self, in_force: InForce, online: OnlineStore) -> None:
        self._in_force, self._online = in_force, online

    def states(self, questions: Sequence[Question]) -> list[CustomerState | None]:
        """Return what the published state says of each question's customer; None where it knows no such."""
        in_force = self._in_force
        features, names = in_force.policy.bundle.features, in_force.score_names
        bodies = in_force.state.bodies(_named(questions))
        found = (bodies.get(question.customer_id or "") for question in questions)
        return [None if body is None else read_body(features, names, body) for body in found]

    def at(self, question: Question, decision_id: str, state: CustomerState | None) -> Known:
        """Return what is known now for one question; as `at_each`."""
        return self.at_each([question], [decision_id], [state])

    def at_each(
        self,
        questions: Sequence[Question],
        decision_ids: Sequence[str],
        states: Sequence[CustomerState | None],
    ) -> Known:
        """Return what is known now.

        Parameters
        ----------
        decision_ids
            Of the decisions to be made: their own contacts do not count.
        states
            As `states` gives them.
        """
        number, seen = self._online.change_number(), self.seen(questions)
        new = [self._new(question) for question in questions]
        since = [_without(q, one.events) for q, one in zip(questions, seen, strict=True)]
        happened = [self._happened(*one) for one in zip(since, new, strict=True)]
        rows = zip(questions, decision_ids, states, seen, since, new, happened, strict=True)
        told = self._in_force.circumstances.now(
            [
                Asked(
                    state, self._consent(state, events, question.as_of_us), question.as_of_us, name,
                    question.customer_id, one.held, _as_happened(before, brought), one.suppressions,
                )
                for question, name, state, one, before, brought, events in rows
            ]
        )  # fmt: skip
        unknown = unknown_customer(self._in_force.policy.bundle.features)
        bodies = [unknown if state is None else state for state in states]
        strangers = [
            question.customer_id is not None and state is None and not before
            for question, state, before in zip(questions, states, since, strict=True)
        ]
        customers = self._in_force.live.compute_many(bodies, happened, [q.as_of_us for q in questions])
        told, prices = self._limited(told, questions)
        return Known(customers, self._scores(states), told, number, seen, strangers, prices)

    def _limited(
        self, told: Circumstances, questions: Sequence[Question]
    ) -> tuple[Circumstances, Sequence[Sequence[float]]]:
        """Add what limits charge now, and what no longer fits; return also the prices of each question."""
        in_force = self._in_force
        if in_force.room is None:
            return told, ()
        room = in_force.room
        found = [(*room.at(question.as_of_us), tuple(room.charged)) for question in questions]
        told = replace(
            told,
            charge=in_force.charge([charge for charge, *_ in found], [q.customer_id for q in questions]),
            full=np.stack([full for _, full, _ in found]),
            limits=in_force.limit_names,
            prices=found[0][-1],
        )
        return told, [prices for *_, prices in found]

    def at_the_cut(self, state: CustomerState, customer_id: str | None) -> Known:
        """Return what the night knew of a customer."""
        in_force = self._in_force
        customers = in_force.live.compute(state, [], in_force.published.cut_us)
        told = in_force.circumstances.at_the_cut(state)
        if told.suppressed is not None:
            # The state keeps what was suppressed; why is told by those that still hold.
            held_back = self._online.suppressions.of_customers([customer_id or ""], in_force.published.cut_us)
            told = replace(told, suppressions=held_back)
        if in_force.room is not None:
            room = in_force.room
            charge = in_force.charge([room.at_night[0]], [customer_id])
            told = replace(told, charge=charge, prices=room.published_prices)
        return Known(customers, self._scores([state]), told)

    def seen(self, questions: Sequence[Question]) -> list[Seen]:
        """Return what the store says of each question's customer now.

        Ask again inside the transaction that reserves: a decision that was made of the same stands.
        """
        ids, online, circumstances = _named(questions), self._online, self._in_force.circumstances
        events = online.events.of_customers(ids, self._in_force.published) if ids else {}
        held = online.ledger.of_customers(ids) if ids and circumstances.looks_at_contacts else {}
        suppressions = online.suppressions.of_customers(ids, min(q.as_of_us for q in questions))
        return [
            Seen(
                events.get(q.customer_id or "", ()),
                held.get(q.customer_id or "", ()),
                [one for one in suppressions if one.holds_for(q.customer_id, q.as_of_us)],
            )
            for q in questions
        ]

    def consent(self, question: Question) -> Marks:
        """Return what the customer said of channels before the question's moment, unsubscribe events since included."""
        [state], [seen] = self.states([question]), self.seen([question])
        happened = self._happened(_without(question, seen.events), self._new(question))
        return self._consent(state, happened, question.as_of_us)

    def _consent(self, state: CustomerState | None, happened: list[Event], as_of_us: int) -> Marks:
        return after_events(
            {} if state is None else state.consent,
            ((e.type, e.texts.get("channel"), e.ts_us) for e in happened),
            self._in_force.unsubscribes,
            as_of_us,
        )

    def _scores(self, states: Sequence[CustomerState | None]) -> dict[str, NDArray[Any]]:
        known = [{} if state is None else state.scores for state in states]
        return {name: _column([one.get(name) for one in known]) for name in self._in_force.score_names}

    def _happened(self, since: Sequence[LiveEvent], new: Sequence[SessionEvent]) -> list[Event]:
        """What happened since the state was made: journalled events, and those of the request it does not hold."""
        fields = self._in_force.policy.bundle.features.plan.number_fields
        return [*(_journalled(e, fields) for e in since), *(e.event for e in new)]

    def _new(self, question: Question) -> list[SessionEvent]:
        """The events of the request without those told before that the night has taken into the state."""
        return [e for e in question.events if not self._is_in_state(e, question)]

    def _is_in_state(self, e: SessionEvent, question: Question) -> bool:
        if question.customer_id is None or e.event_id is None:
            return False
        return self._online.holds(question.customer_id, e.event_id, self._in_force.published)


def _named(questions: Sequence[Question]) -> set[str]:
    return {question.customer_id for question in questions if question.customer_id is not None}


def _without(question: Question, events: Sequence[LiveEvent]) -> list[LiveEvent]:
    """Journalled events without those the request brings again."""
    brought = {e.event_id for e in question.events if e.event_id is not None}
    return [e for e in events if e.event_id not in brought]


def _as_happened(since: Sequence[LiveEvent], new: Sequence[SessionEvent]) -> list[Happened]:
    told = (
        (e.event.type, e.event.texts.get("action_id"), e.event.texts.get("channel"), e.event.ts_us, e.decision_id)
        for e in new
    )  # fmt: skip
    return list(chain(((e.type, e.action_id, e.channel, e.ts_us, e.decision_id) for e in since), told))


def _journalled(e: LiveEvent, number_fields: tuple[str, ...]) -> Event:
    attributes = msgspec.json.decode(e.attributes) if e.attributes else {}
    return live_event(e.ts_us, e.type, e.value, e.action_id, e.channel, attributes, number_fields)


def _column(values: Sequence[float | str | None]) -> NDArray[Any]:
    """A column of texts or of numbers."""
    if any(isinstance(value, str) for value in values):
        result = np.empty(len(values), dtype=object)
        result[:] = values
        return result
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
