"""Training moments: closed windows, one window apart, never beyond the present."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from nbatool.base.clock import US_PER_S as US
from nbatool.features.schedule import MOST_MOMENTS, training_times

HOUR = 3600


def test_thirty_days_of_data_and_a_window_of_five() -> None:
    times = training_times(0, 720 * HOUR * US, 120 * HOUR)
    assert [t / US / HOUR for t in times] == [120, 240, 360, 480, 600]


def test_too_short_a_history_has_no_moment() -> None:
    assert training_times(0, 100 * HOUR * US, 120 * HOUR) == ()


@given(st.integers(0, 10**15), st.integers(1, 10**15), st.integers(1, 400 * 86_400))
def test_windows_are_closed_and_do_not_overlap(first_us: int, span_us: int, within_s: int) -> None:
    as_of_us = first_us + span_us
    times = training_times(first_us, as_of_us, within_s)
    assert len(times) <= MOST_MOMENTS
    assert all(b - a == within_s * US for a, b in itertools.pairwise(times))
    assert all(first_us <= t and t + within_s * US <= as_of_us for t in times)
