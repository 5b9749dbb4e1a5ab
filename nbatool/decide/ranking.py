"""Which offers are shown beside the one chosen."""

from __future__ import annotations

from nbatool.decide.decision import Decision
from nbatool.decide.policy import Policy


def ranked_offers(policy: Policy, decision: Decision, row: int, chosen: int, top: int) -> list[int]:
    """The chosen offer and the next best ones that are worth more than nothing, at most ``top``."""
    best: list[int] = [chosen]
    for j in decision.possible(row):
        if len(best) >= top or (policy.catalogue.allow_nothing and decision.net_value[row, j] <= 0):
            break
        if j != chosen:
            best.append(j)
    return best
