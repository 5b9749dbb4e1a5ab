"""A policy without models over a few offers, and decisions of given worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nbatool.base.records import Action
from nbatool.decide.catalogue import compile_catalogue
from nbatool.decide.decision import Decision
from nbatool.decide.expected import Expected
from nbatool.decide.policy import Foreseen, Policy
from nbatool.decide.selection import GREEDY_PRACTICE, Practice
from nbatool.decide.subjects import Subjects

OFFERS = (Action("coupon", "Coupon", ("web",)), Action("mail", "Mail", ("email", "sms")))
"""Offers by number: 0 coupon by web, 1 mail by email, 2 mail by sms; 3 is nothing."""


def policy_of(
    practice: Practice = GREEDY_PRACTICE, *, every_channel: bool = False, allow_nothing: bool = True
) -> Policy:
    catalogue = compile_catalogue(
        OFFERS, {}, every_channel=every_channel, allow_nothing=allow_nothing, file="nba.toml"
    )
    models: Any = None
    return Policy(models, catalogue, practice)


def decided(
    policy: Policy,
    uplift: Sequence[float],
    customer_id: str | None = "c1",
    decision_id: str = "d_1",
    removed: Sequence[int] | None = None,
) -> Decision:
    """Decide for one customer for whom nothing is expected to bring 1, and each offer so much more."""
    expected = Expected(np.ones(1), 1.0 + np.array([uplift]), np.zeros((1, len(uplift))))
    gone = np.array([[0] * len(uplift) if removed is None else removed], dtype=np.int8)
    return policy.arbitrate(
        Foreseen(expected, gone, np.empty((1, 0))), Subjects([customer_id], [decision_id])
    )
