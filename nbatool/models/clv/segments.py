"""Two words for a customer: what they are worth and whether they are still there, as in "high value, slipping".

Value, by `clv_quantile`: high from .8, mid from .4, low below.
State: new (one purchase, at most 30 days ago), else by P(alive): active from .7, slipping from .3, lost below.
Whoever would be active on a single purchase is called "bought once" instead: BG/NBD gives P(alive) = 1 to everybody
without a repeat purchase, however long ago the purchase was, so that number says nothing about them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nbatool.models.clv.purchases import Purchases
from nbatool.models.clv.scores import ClvScores


@dataclass(frozen=True)
class SegmentRules:
    """Thresholds; quantiles and probabilities 0 to 1."""

    high_value: float = 0.8
    mid_value: float = 0.4
    active: float = 0.7
    slipping: float = 0.3
    new_days: int = 30


DEFAULT_RULES = SegmentRules()
VALUES = ("low value", "mid value", "high value")
STATES = ("lost", "slipping", "active", "bought once", "new")


def segments(
    purchases: Purchases, scores: ClvScores, rules: SegmentRules = DEFAULT_RULES
) -> NDArray[np.str_]:
    """Return a segment for each customer, shape ``(n_customers,)``; the state alone where the value is unknown.

    >>> from nbatool.models.clv.purchases import Purchases
    >>> one = np.array([0.9])
    >>> scores = ClvScores(clv=one, clv_quantile=one, p_alive=np.array([0.5]), expected_purchases=one,
    ...                    spend_per_purchase=one)
    >>> purchases = Purchases.of(np.array([3]), np.array([50]), np.array([90]))
    >>> segments(purchases, scores).tolist()
    ['high value, slipping']
    """
    level = (scores.clv_quantile >= rules.mid_value).astype(int) + (scores.clv_quantile >= rules.high_value)
    state = _states(purchases, scores, rules)
    both = np.array([[f"{value}, {word}" for word in STATES] for value in VALUES] + [list(STATES)])
    level = np.where(np.isnan(scores.clv_quantile), len(VALUES), level)
    words: NDArray[np.str_] = both[level, state]
    return words


def _states(purchases: Purchases, scores: ClvScores, rules: SegmentRules) -> NDArray[np.int64]:
    """Return indices into STATES."""
    silence_days = purchases.age_days - purchases.t_x_days
    # P(alive) is unknown only where every purchase was made on the last day observed: nobody has been silent
    alive = np.where(np.isnan(scores.p_alive), 1.0, scores.p_alive)
    state = (alive >= rules.slipping).astype(np.int64) + (alive >= rules.active)
    once = purchases.x == 0
    state = np.where(once & (alive >= rules.active), STATES.index("bought once"), state)
    return np.where(once & (silence_days <= rules.new_days), STATES.index("new"), state)
