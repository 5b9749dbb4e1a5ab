"""A live decision as it is kept: everything a later judge needs, and what a repeated request is answered with."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nbatool.base.errors import DataError
from nbatool.decide.arms import ARMS
from nbatool.decide.contact_rules import kind_of
from nbatool.decide.decision import Decision
from nbatool.decide.policy import Policy
from nbatool.decide.request import Question
from nbatool.decide.slots import first_chances
from nbatool.store.contact import Contact
from nbatool.store.decision_record import DecisionRecord, Slot, plain
from nbatool.store.night_decisions import Logged
from nbatool.store.online import LiveEvent

VISITOR = "visitor "
"""Begins the name of a customer who is none in the contact log."""


@dataclass(frozen=True, slots=True)
class Made:
    """A decision of one row, what fills its places, and the version that made it."""

    decision: Decision
    slots: list[Slot]
    model_version: str


def record_of(
    policy: Policy,
    question: Question,
    decision: Decision,
    *,
    slots: list[Slot],
    decision_id: str,
    seed: int,
    model_version: str,
    closes_us: int,
) -> DecisionRecord:
    """Return the record of a decision of one row.

    The chances of all candidates are those of the first place, and unknown where the caller chose.
    """
    candidates = policy.candidates
    chance = plain(first) if (first := first_chances(policy, question, decision)) is not None else None
    expected = plain([*decision.expected[0].tolist(), float(decision.nothing[0])])
    modelled = plain(decision.modelled[0].tolist()) if len(decision.modelled) else []
    return DecisionRecord(
        decision_id=decision_id,
        customer_id=question.customer_id,
        as_of_us=question.as_of_us,
        request_id=question.request_id,
        seed=seed,
        arm=ARMS[decision.arm[0]],
        model_version=model_version,
        candidates=candidates,
        slots=slots,
        expected=expected,
        net_value=plain([*decision.net_value[0].tolist(), 0.0]),
        probability=[None] * len(candidates) if chance is None else chance,
        removed=[*decision.removed[0].tolist(), 0],
        context=question.context,
        phi=decision.phi[0].tolist(),
        closes_us=closes_us,
        modelled=[] if modelled == expected else modelled,
    )


def contacts_of(policy: Policy, record: DecisionRecord) -> list[Contact]:
    """Return the contacts a live decision makes, place by place; each goes out at once.

    A visitor nobody knows has contacts of their own: they count for what limits everybody, and for no cap.
    """
    offers = policy.catalogue.offers
    customer = record.customer_id or f"{VISITOR}{record.decision_id}"
    found = []
    for place, slot in enumerate(record.slots, start=1):
        if slot.candidate < len(offers):
            kind = kind_of(offers[slot.candidate])
            found.append(Contact.of(kind, customer, record.decision_id, place, record.as_of_us))
    return found


def as_it_stands(policy: Policy, decision: Decision, stands: DecisionRecord) -> Made:
    """Return the decision kept before under the same name, and who made it.

    Raises
    ------
    DataError
        It was made among other actions than the catalogue has.
    """
    if stands.candidates != policy.candidates:
        raise DataError(
            f"this was decided before ({stands.decision_id}), among other actions than the catalogue has now: what was "
            "answered then stands. Ask anew with another request_id"
        )
    return Made(as_recorded(decision, stands), stands.slots, stands.model_version)


def as_recorded(decision: Decision, record: DecisionRecord) -> Decision:
    """Return a decision of one row as it was made the first time: what was learned since must not change the answer."""
    expected, net_value = (
        np.array([np.nan if v is None else v for v in values])
        for values in (record.expected, record.net_value)
    )
    nothing = len(expected) - 1
    first = record.slots[0].candidate
    ranked = np.where(np.array(record.removed[:-1]) == 0, net_value[:-1], -np.inf)
    return replace(
        decision,
        expected=expected[None, :-1],
        nothing=expected[-1:],
        uplift=(expected[:-1] - expected[-1])[None, :],
        net_value=net_value[None, :-1],
        removed=np.array([record.removed[:-1]], dtype=np.int8),
        order=np.argsort(-ranked, kind="stable")[None, :],
        chosen=np.array([-1 if first == nothing else first]),
        arm=np.array([ARMS.index(record.arm)], dtype=np.int8),
        probability=np.array([[0.0 if p is None else p for p in record.probability]]),
    )


def as_logged(decision: Decision, logged: Logged) -> Decision | None:
    """Return a decision of one row with the choice, the arm and the chances the night logged.

    None where the log does not tell the chances (an older file) and the decision is not what was logged, so that its
    own chances are not the logged ones either.
    """
    nothing = decision.net_value.shape[1]
    at = logged.chosen
    if logged.chances is None:
        own = int(decision.chosen[0])
        foreseen = plain([decision.nothing[0] if at == nothing else decision.expected[0, at]])[0]
        return decision if (nothing if own < 0 else own, foreseen) == (at, logged.foreseen) else None
    arm, in_arm, overall = logged.chances
    chance_in_arm, chance = decision.probability_in_arm.copy(), decision.probability.copy()
    chance_in_arm[0, at], chance[0, at] = in_arm, overall
    return replace(
        decision,
        chosen=np.array([-1 if at == nothing else at]),
        arm=np.array([arm], dtype=np.int8),
        probability_in_arm=chance_in_arm,
        probability=chance,
    )


def kept_events(question: Question) -> list[LiveEvent]:
    """Return the events of a request that are kept: those of a known customer that carry an id."""
    if question.customer_id is None:
        return []
    return [
        LiveEvent(
            e.event_id, question.customer_id, e.event.ts_us, e.event.type, e.value,
            e.event.texts.get("action_id"), e.event.texts.get("channel"), e.decision_id, e.attributes,
        )
        for e in question.events
        if e.event_id is not None
    ]  # fmt: skip
