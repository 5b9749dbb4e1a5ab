"""The eight aggregates every feature is made of, and what each one means to the last bit.

An aggregate looks at the events of one customer with ``as_of - within <= ts < as_of`` (or all before ``as_of``
when there is no window) whose type and fields match its series. `features/batch` computes it in SQL,
`features/live` in numpy; both return the same float64:

=================  =======================================================================
count              number of events
sum                Σ of the field as exact decimal, clipped to ± 9e11, as float
sum_of_squares     Σ of the squared field (clipped to ± 1e6), whole part + fraction
max                greatest value of the field
first, last        age in whole seconds of the oldest and the newest event
distinct           number of different values of a text field
nth_last           code of the field (event type) of the n-th newest event
=================  =======================================================================

Sums run over integers and decimals only, so neither threads nor row order change them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

AggregateName = Literal["count", "sum", "sum_of_squares", "max", "first", "last", "distinct", "nth_last"]

LIFETIME = 0
"""Window length that means "everything before the moment"."""

LIFETIME_AGGREGATES = frozenset({"count", "sum", "max", "first", "last"})
"""What the online state keeps beyond the longest window; anything else needs a window."""

SUM_LIMIT = 9 * 10**11
SQUARE_LIMIT = 10**6


@dataclass(frozen=True, slots=True, order=True)
class Series:
    """Which events an aggregate sees.

    Parameters
    ----------
    types
        Event types; empty means every type.
    where
        Pairs (text field, value) that must all match: ``action_id``, ``channel``, an event attribute, or the
        derived fields ``daypart`` (night, morning, afternoon, evening) and ``weekday`` (1 Monday … 7 Sunday).
    """

    types: tuple[str, ...] = ()
    where: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """One aggregate to compute: one column of the matrix both paths fill."""

    fn: AggregateName
    series: Series
    field: str = ""
    within_s: int = LIFETIME
    nth: int = 0
