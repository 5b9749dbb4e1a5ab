"""What a night forgets of the contact log, the review queue and suppressions: what no rule can look at any more."""

from __future__ import annotations

from nbatool.base.clock import US_PER_S, now_us
from nbatool.decide.guardrails import Guardrails
from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.store.online import OnlineStore

KEPT_S = 90 * 86_400
"""Kept at least so long, so that a longer window said tomorrow finds its contacts."""


def forget(online: OnlineStore, guards: Guardrails, outcomes: OutcomeTerms, as_of_us: int) -> None:
    """Forget what lies further back than every window, of outcomes too: those of a reviewed contact begin when it goes out.

    Parameters
    ----------
    as_of_us
        The moment of the night; one that lies ahead of now makes nothing older than it is.
    """
    # One that went out late counts from then.
    waits_us = guards.unconfirmed_s * US_PER_S
    kept_us = max(guards.longest_us + waits_us, outcomes.closes_us(0) + waits_us, KEPT_S * US_PER_S)
    before_us = min(as_of_us, now_us()) - kept_us
    online.ledger.sweep(before_us)
    online.reviews.sweep(before_us)
    online.suppressions.sweep(before_us)
