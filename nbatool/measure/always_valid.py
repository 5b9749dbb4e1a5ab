"""Intervals that hold however often one looks: what is asked of a challenger that is looked at every night.

A 95 % interval holds for one look. Looked at until it says what one hopes for, a challenger that is just at the bound
passes far more often than the 2.5 % promised: 12 % within twenty looks at equal steps. The width below covers the truth at all
sample sizes at once (asymptotic confidence sequence with a normal mixture; Robbins 1970, Waudby-Smith et al. 2024).
"""

from __future__ import annotations

import math


def looks_factor(n: int, narrowest: int, confidence: float) -> float:
    """Return by what a standard error is multiplied to cover the truth at every n, in place of 1.96.

    Parameters
    ----------
    n
        Decisions now.
    narrowest
        Decisions at which the intervals are to be least wide, compared with those of one look.

    Examples
    --------
    >>> [round(looks_factor(n, 1000, 0.95), 2) for n in (500, 1000, 10_000, 1_000_000)]
    [3.08, 3.04, 3.24, 3.87]
    """
    odds = -2.0 * math.log(1.0 - confidence)
    spread = n * (odds + math.log(1.0 + odds)) / narrowest
    return math.sqrt((1.0 + 1.0 / spread) * (math.log1p(spread) + odds))
