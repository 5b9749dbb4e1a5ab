"""Which offers are shown beside the one chosen."""

from __future__ import annotations

from nbatool.decide.decision import Decision
from nbatool.decide.policy import Policy


def ranked_offers(
    policy: Policy, decision: Decision, row: int, chosen: int, top: int, *, by_channel: bool = False
) -> list[int]:
    """The chosen offer and the next best ones that are worth more than nothing, at most ``top``.

    Parameters
    ----------
    by_channel
        Whether an action may come again by its other channels; else each comes once, by the channel worth most.
    """
    offers = policy.catalogue.offers
    best: list[int] = [chosen]
    listed = {offers[chosen].action.id}
    for j in decision.possible(row):
        if len(best) >= top or (policy.catalogue.allow_nothing and decision.net_value[row, j] <= 0):
            break
        if j != chosen and (by_channel or offers[j].action.id not in listed):
            best.append(j)
            listed.add(offers[j].action.id)
    return best
