"""What a decision is called, and which offers are shown beside the one chosen."""

from __future__ import annotations

from nbatool.base.seeds import hash64
from nbatool.decide.policy import Decision, Policy

ARM = "policy"
"""The only arm until experiments exist."""


def decision_id(customer_id: str, as_of_us: int, seed: int, request_id: str = "") -> str:
    """Name a decision by what it depends on: the same question has the same id.

    >>> decision_id("c1", 0, 0) == decision_id("c1", 0, 0), decision_id("c1", 0, 0) == decision_id("c1", 0, 1)
    (True, False)
    """
    return f"d_{hash64('decision', customer_id, as_of_us, seed, request_id):016x}"


def ranked_offers(policy: Policy, decision: Decision, row: int, chosen: int, top: int) -> list[int]:
    """The chosen offer and the next best ones that are worth more than nothing, at most ``top``."""
    best: list[int] = [chosen]
    for j in decision.possible(row):
        if len(best) >= top or (policy.catalogue.allow_nothing and decision.net_value[row, j] <= 0):
            break
        if j != chosen:
            best.append(j)
    return best
