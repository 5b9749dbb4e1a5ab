"""The answer to a question about one customer, as the JSON the contract fixes."""

from __future__ import annotations

from typing import Any

import numpy as np

from nbatool.base.clock import format_time
from nbatool.base.records import NOTHING
from nbatool.decide.arms import ARMS
from nbatool.decide.decision import STEPS, Decision
from nbatool.decide.funnel import CODE
from nbatool.decide.guardrails import Circumstances
from nbatool.decide.how_chosen import how_chosen
from nbatool.decide.policy import Policy
from nbatool.decide.quiet_hours import NEVER
from nbatool.decide.ranking import ranked_offers
from nbatool.decide.reasons import Reasons, money
from nbatool.decide.request import Question
from nbatool.features.customer import CustomerFeatures
from nbatool.store.decision_record import Slot

Json = dict[str, Any]


def answer(
    policy: Policy,
    question: Question,
    customers: CustomerFeatures,
    scores: dict[str, Any],
    decision: Decision,
    slots: list[Slot],
    *,
    decision_id: str,
    model_version: str,
    known: bool = True,
    told: Circumstances | None = None,
) -> Json:
    """Return the answer; ``customers`` and ``decision`` have one row.

    Parameters
    ----------
    known
        False: nobody has that customer_id.
    told
        What guardrails looked at.
    """
    reasons = Reasons(policy) if question.explain else None
    result: Json = {} if question.request_id is None else {"request_id": question.request_id}
    result |= {
        "decision_id": decision_id,
        "customer_id": question.customer_id,
        **({} if known else {"known": False}),
        "as_of": format_time(question.as_of_us),
        "actions": _actions(policy, question, customers, decision, slots, reasons, told),
    }
    if told is not None and (until_us := quiet_until(policy, customers, decision, told)) is not None:
        result["quiet_until"] = format_time(until_us)
    if (better := held_for_review(decision)) is not None:
        why = Reasons(policy).removed(
            customers, scores, decision, 0, better, told=told, context=question.context
        )
        result["needs_review"] = offer_json(policy, decision, better) | {"why": why}
    if reasons is not None:
        result["funnel"] = funnel(policy, question, customers, scores, decision, reasons, told)
    return result | {"arm": ARMS[decision.arm[0]], "model_version": model_version}


def held_for_review(decision: Decision) -> int | None:
    """Return the offer worth most among those a person must look at first, where it is worth more than what is chosen."""
    waits = np.flatnonzero(decision.removed[0] == CODE["review"])
    if not len(waits):
        return None
    best = int(waits[np.argmax(decision.net_value[0, waits])])
    chosen = int(decision.chosen[0])
    worth = 0.0 if chosen < 0 else float(decision.net_value[0, chosen])
    return best if decision.net_value[0, best] > worth else None


def quiet_until(
    policy: Policy, customers: CustomerFeatures, decision: Decision, told: Circumstances
) -> int | None:
    """Return when the first offer that quiet hours hold back may go out; None where they hold nothing back."""
    held_back = decision.removed[0] == CODE["quiet"]
    if not told.live or not held_back.any():
        return None
    goes = int(policy.guardrails.send_at_us(customers.as_of_us, told)[0, held_back].min())
    return None if goes == NEVER else goes


def _actions(
    policy: Policy,
    question: Question,
    customers: CustomerFeatures,
    decision: Decision,
    slots: list[Slot],
    reasons: Reasons | None,
    told: Circumstances | None,
) -> list[Json]:
    """What was chosen, place by place; then alternatives, which have no chance, where they were asked for."""
    silence = decision.net_value.shape[1]
    listed = []
    for place, slot in enumerate(slots):
        j = slot.candidate
        entry = nothing(decision) if j == silence else offer_json(policy, decision, j)
        entry |= _chance(policy, slot)
        if reasons is not None:
            shown = [earlier.candidate for earlier in slots[:place]]
            how = how_chosen(policy, decision, 0, j, slot.probability_in_arm, shown)
            entry["reasons"] = (
                reasons.of_nothing(decision, 0, how)
                if j == silence
                else reasons.of_offer(customers, decision, 0, j, how, told)
            )
        listed.append(entry)
    if question.slate or question.top == 1 or slots[0].candidate == silence:
        return listed
    # Who names one action wants to know of its channels; else a list is of different actions.
    one = question.actions is not None and len(question.actions) == 1
    for j in ranked_offers(policy, decision, 0, slots[0].candidate, question.top, by_channel=one)[1:]:
        entry = offer_json(policy, decision, j) | {"selection_probability": None}
        if reasons is not None:
            entry["reasons"] = reasons.of_offer(customers, decision, 0, j, told=told)
        listed.append(entry)
    return listed


def offer_json(policy: Policy, decision: Decision, j: int) -> Json:
    """One offer with its money, four decimals each."""
    offer = policy.catalogue.offers[j]
    uplift = policy.known_uplift(decision, 0, j)
    return {
        "action_id": offer.action.id,
        "action_name": offer.action.name,
        "channel": offer.channel,
        "net_value": money(decision.net_value[0, j]),
        "uplift": None if uplift is None else money(uplift),
        "expected_outcome": money(decision.expected[0, j]),
    }


def _chance(policy: Policy, slot: Slot) -> Json:
    """With what chance the place was filled so; within the customer's arm too where there are arms."""
    said = {"selection_probability": slot.probability}
    return said | {"probability_in_arm": slot.probability_in_arm} if policy.practice.has_arms else said


def nothing(decision: Decision) -> Json:
    """Silence is an answer too."""
    return {
        "action_id": NOTHING,
        "action_name": NOTHING,
        "channel": None,
        "net_value": 0,
        "uplift": 0,
        "expected_outcome": money(decision.nothing[0]),
    }


def funnel(
    policy: Policy,
    question: Question,
    customers: CustomerFeatures,
    scores: dict[str, Any],
    decision: Decision,
    reasons: Reasons,
    told: Circumstances | None,
) -> Json:
    """How many candidates (actions by channel) each step left, and what removed the others."""
    steps = decision.removed[0]
    counts: Json = {"catalogue": len(steps)}
    for step, name in enumerate(STEPS, start=1):
        counts[name] = int(((steps == 0) | (steps > step)).sum())
    counts["worth_more_than_nothing"] = int(((steps == 0) & (decision.net_value[0] > 0)).sum())
    counts["chosen"] = int(decision.chosen[0] >= 0)
    offers = policy.catalogue.offers
    repeated = len({offer.action.id for offer in offers}) < len(offers)

    def removed(j: int) -> str | None:
        return reasons.removed(
            customers,
            scores,
            decision,
            0,
            j,
            told=told,
            customer_id=question.customer_id,
            context=question.context,
        )

    counts["removed"] = {
        f"{offer.action.id} ({offer.channel})" if repeated else offer.action.id: why
        for j, offer in enumerate(offers)
        if (why := removed(j)) is not None
    }
    return counts
