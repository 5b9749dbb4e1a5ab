"""The answer to a question about one customer, as the JSON the contract fixes."""

from __future__ import annotations

from typing import Any

from nbatool.base.clock import format_time
from nbatool.base.records import NOTHING
from nbatool.decide.policy import STEPS, Decision, Policy
from nbatool.decide.ranking import ARM, decision_id, ranked_offers
from nbatool.decide.reasons import Reasons, money
from nbatool.decide.request import Question
from nbatool.features.customer import CustomerFeatures

Json = dict[str, Any]


def answer(
    policy: Policy,
    question: Question,
    customers: CustomerFeatures,
    scores: dict[str, Any],
    decision: Decision,
    *,
    seed: int,
    model_version: str,
    known: bool = True,
) -> Json:
    """Return the answer; ``customers`` and ``decision`` have one row. Not ``known``: nobody has that customer_id."""
    chosen = int(decision.chosen[0])
    reasons = Reasons(policy) if question.explain else None
    result: Json = {} if question.request_id is None else {"request_id": question.request_id}
    result |= {
        "decision_id": decision_id(
            question.customer_id or "", question.as_of_us, seed, question.request_id or ""
        ),
        "customer_id": question.customer_id,
        **({} if known else {"known": False}),
        "as_of": format_time(question.as_of_us),
        "actions": _actions(policy, question, customers, decision, chosen, reasons),
    }
    if reasons is not None:
        result["funnel"] = funnel(policy, customers, scores, decision, reasons)
    return result | {"arm": ARM, "model_version": model_version}


def _actions(
    policy: Policy,
    question: Question,
    customers: CustomerFeatures,
    decision: Decision,
    chosen: int,
    reasons: Reasons | None,
) -> list[Json]:
    if chosen < 0:
        return [nothing(decision)]
    listed = []
    for rank, j in enumerate(ranked_offers(policy, decision, 0, chosen, question.top), start=1):
        entry = offer_json(policy, decision, j)
        if rank > 1:
            entry["selection_probability"] = None
        if reasons is not None:
            entry["reasons"] = reasons.of_offer(customers, decision, 0, j)
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
        "selection_probability": 1.0,
    }


def nothing(decision: Decision) -> Json:
    """Silence is an answer too."""
    return {
        "action_id": NOTHING,
        "action_name": NOTHING,
        "channel": None,
        "net_value": 0,
        "uplift": 0,
        "expected_outcome": money(decision.nothing[0]),
        "selection_probability": 1.0,
    }


def funnel(
    policy: Policy, customers: CustomerFeatures, scores: dict[str, Any], decision: Decision, reasons: Reasons
) -> Json:
    """How many candidates (actions by channel) each step left, and what removed the others."""
    removed = decision.removed[0]
    counts: Json = {"catalogue": len(removed)}
    for step, name in enumerate(STEPS, start=1):
        counts[name] = int(((removed == 0) | (removed > step)).sum())
    counts["worth_more_than_nothing"] = int(((removed == 0) & (decision.net_value[0] > 0)).sum())
    counts["chosen"] = int(decision.chosen[0] >= 0)
    offers = policy.catalogue.offers
    repeated = len({offer.action.id for offer in offers}) < len(offers)
    counts["removed"] = {
        f"{offer.action.id} ({offer.channel})" if repeated else offer.action.id: why
        for j, offer in enumerate(offers)
        if (why := reasons.removed(customers, scores, decision, 0, j)) is not None
    }
    return counts
