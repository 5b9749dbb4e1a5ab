"""When to look back: the past moments at which training asks what was known and what happened next."""

from __future__ import annotations

from nbatool.base.clock import US_PER_S

MOST_MOMENTS = 12


def training_times(first_us: int, as_of_us: int, within_s: int) -> tuple[int, ...]:
    """Return past moments whose label windows are closed and do not overlap, oldest first.

    Parameters
    ----------
    first_us, as_of_us
        The first event and the present, µs since 1970.
    within_s
        Length of the label window, seconds.

    Returns
    -------
    tuple of int
        At most `MOST_MOMENTS` moments, one window apart; each has at least one window (or a quarter of the
        history, whichever is shorter) of history before it. Empty when the data are shorter than that.
    """
    within_us = within_s * US_PER_S
    warm_up_us = min(within_us, (as_of_us - first_us) // 4)
    newest = as_of_us - within_us
    count = min(MOST_MOMENTS, (newest - first_us - warm_up_us) // within_us + 1) if newest >= first_us else 0
    return tuple(newest - k * within_us for k in range(count - 1, -1, -1))
