"""What a night forgets of the contact log, the review queue and suppressions: what no rule can look at any more."""

from __future__ import annotations

from nbatool.base.clock import US_PER_S, now_us
from nbatool.decide.guardrails import Guardrails
from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.store.online import OnlineStore

KEPT_S = 90 * 86_400
"""Kept at least so long, so that a longer window said tomorrow finds its contacts."""


def kept_since_us(guards: Guardrails, as_of_us: int) -> int:
    """From when on contacts are kept, µs since 1970; a moment that lies ahead of now makes nothing older than it is."""
    # One that went out late counts from then.
    kept_us = max(guards.longest_us + guards.unconfirmed_s * US_PER_S, KEPT_S * US_PER_S)
    return min(as_of_us, now_us()) - kept_us


def forget(online: OnlineStore, guards: Guardrails, outcomes: OutcomeTerms, as_of_us: int) -> None:
    """Forget what lies further back than every window at the moment of a night.

    Reviews are kept as long as outcome windows, too: that of a reviewed contact begins when it goes out.
    """
    before_us = kept_since_us(guards, as_of_us)
    window_us = outcomes.closes_us(0) + guards.unconfirmed_s * US_PER_S
    online.ledger.sweep(before_us)
    online.reviews.sweep(min(before_us, min(as_of_us, now_us()) - window_us))
    online.suppressions.sweep(before_us)
