"""Which past decisions are looked at where there are more than is useful: the newest, but not of a few days only."""

from __future__ import annotations

import numpy as np

from nbatool.base.clock import DAY_US
from nbatool.models.splits import customer_part
from nbatool.models.table import IntArray

WINDOWS, DAYS = 20, 60
"""The newest decisions cover at least so many outcome windows and days: later ones must be there to judge by."""
_PARTS = 4_096  # in which customers are drawn


def least_span_us(window_us: int) -> int:
    """Return how long a time the newest decisions cover at least, µs."""
    return max(WINDOWS * window_us, DAYS * DAY_US)


def newest_from(as_of_us: IntArray, counts: IntArray, most: int, span_us: int) -> int | None:
    """Return the time from which decisions are looked at; None: all of them.

    Parameters
    ----------
    as_of_us, counts
        int64[n]: times, ascending, and how many decisions each has.
    most
        Where there are more, those before the newest ``most`` are left out, once ``span_us`` is covered.

    >>> newest_from(np.array([0, 10, 20, 30]), np.array([5, 5, 5, 5]), 10, 5)
    20
    >>> newest_from(np.array([0, 10, 20, 30]), np.array([5, 5, 5, 5]), 10, 25)
    10
    """
    if int(counts.sum()) <= most:
        return None
    newer = np.cumsum(counts[::-1])[::-1]
    enough = as_of_us[min(int(np.searchsorted(-newer, -most, side="left")), len(as_of_us) - 1)]
    within = as_of_us[as_of_us >= as_of_us[-1] - span_us][0]
    start = min(int(enough), int(within))
    return start if start > int(as_of_us[0]) else None


def newest_rows(
    as_of_us: IntArray, customer: IntArray, *, most: int, span_us: int, seed: int
) -> tuple[IntArray, int | None]:
    """Return the positions of the decisions looked at, at most about ``most``, and `newest_from` of them.

    Where the span alone holds more, whole customers are drawn.
    """
    times, counts = np.unique(as_of_us, return_counts=True)
    start = newest_from(times, counts.astype(np.int64), most, span_us)
    rows = np.arange(len(as_of_us)) if start is None else np.flatnonzero(as_of_us >= start)
    if len(rows) > most:
        parts = min(_PARTS, len(np.unique(customer[rows])))
        part = customer_part(customer[rows], seed, "newest decisions", parts)
        rows = rows[part < max(parts * most // len(rows), 1)]
    return rows, start
