"""Which of the judged decisions a version was trained on: what it earns there says nothing about the next ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbatool.decide.policy import Policy
from nbatool.models.table import IntArray


@dataclass(frozen=True, slots=True)
class Leak:
    """Decisions a version is judged on although their outcomes may have taught it.

    Parameters
    ----------
    policy, version
        "champion" or "challenger", and which version that is.
    trained_us
        Up to when the version knew what happened.
    unlearned_us
        The first moment of a decision it cannot have learned from.
    decisions, first_us, last_us
        How many of the judged ones are older, and when they were made.
    """

    policy: str
    version: str
    trained_us: int
    unlearned_us: int
    decisions: int
    first_us: int
    last_us: int


def unlearned_from_us(policy: Policy) -> int:
    """The first moment of a decision of which a version cannot have learned anything: the one it was trained at.

    It learned from what happened before; those of the night it was trained in are made at that very moment. Decisions
    whose windows were still open then are left out too. Their windows overlap those it learned from: a purchase late in
    one is early in the other, of the same customer.
    """
    return int(policy.bundle.card["as_of_us"])


def leak(name: str, version: str, policy: Policy, as_of_us: IntArray) -> Leak | None:
    """Return what a version may have learned of the judged decisions; None where that is none.

    Parameters
    ----------
    as_of_us
        When the judged decisions were made, (n,).
    """
    unlearned_us = unlearned_from_us(policy)
    known = as_of_us[as_of_us < unlearned_us]
    if not len(known):
        return None
    trained_us = int(policy.bundle.card["as_of_us"])
    return Leak(name, version, trained_us, unlearned_us, len(known), int(np.min(known)), int(np.max(known)))
