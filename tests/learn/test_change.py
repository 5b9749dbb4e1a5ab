"""Changes are found soon, false alarms are as rare as asked, and what is watched survives being written down."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from nbatool.base.clock import DAY_US
from nbatool.base.errors import DataError
from nbatool.learn.change import Change, Sensitivity, Watch, threshold
from nbatool.learn.forgetting import LEAST_KEPT, change_text, kept_after
from nbatool.learn.watches import Watches

Floats = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Floats]


def bell(rng: np.random.Generator, n: int) -> Floats:
    return rng.normal(0.0, 1.0, n)


def money(rng: np.random.Generator, n: int) -> Floats:
    """Mostly nothing, sometimes an order; mean 0, standard deviation 1."""
    spend = np.where(rng.random(n) < 0.15, rng.gamma(2.0, 6.0, n), 0.0)
    return (spend - 1.8) / math.sqrt(0.15 * 6.0**2 * 6.0 - 1.8**2)


def alarms(
    draw: Draw, per_day: int, days: int, seed: int, shift: float = 0.0, on: int = 10**9
) -> list[Change]:
    rng, watch, found = np.random.default_rng(seed), Watch("a"), []
    for day in range(days):
        n = int(rng.poisson(per_day))
        outcome = draw(rng, n) - (shift if day >= on else 0.0)
        watch, change = watch.after(day * DAY_US, outcome, np.zeros(n))
        if change is not None:
            found.append(change)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("draw", [bell, money])
@pytest.mark.parametrize("per_day", [10, 60, 300])
def test_at_most_one_false_alarm_a_year(draw: Draw, per_day: int) -> None:
    years = 25
    false = sum(len(alarms(draw, per_day, 365, seed)) for seed in range(years))
    assert false <= years + 2 * math.sqrt(years)


def test_more_alarms_are_had_by_asking_for_them() -> None:
    """The rate is a setting that works, not a threshold so high that nothing ever passes."""
    rng, watch, found = np.random.default_rng(0), Watch("a"), 0
    often = Sensitivity(false_per_year=60.0)
    for day in range(365):
        watch, change = watch.after(day, rng.normal(0, 1, 60), np.zeros(60), often)
        found += change is not None
    assert 10 <= found <= 60


@pytest.mark.parametrize(("shift", "most_days"), [(0.25, 12), (0.5, 4), (1.0, 2)])
@pytest.mark.parametrize("draw", [bell, money])
def test_a_shift_is_found_within_days(draw: Draw, shift: float, most_days: int) -> None:
    """With 60 decisions a day; the median of several worlds, and the day it began."""
    on, delays, began = 40, [], []
    for seed in range(15):
        found = [c for c in alarms(draw, 60, 80, seed, shift, on) if c.seen_us >= on * DAY_US]
        delays.append(found[0].seen_us / DAY_US - on + 1 if found else math.inf)
        began += [found[0].since_us / DAY_US] if found else []
        if found:
            assert found[0].after < found[0].before
    assert np.median(delays) <= most_days
    assert abs(np.median(began) - on) <= 2


def test_a_change_says_from_what_to_what() -> None:
    rng, watch, found = np.random.default_rng(1), Watch("coffee"), None
    for day in range(60):
        outcome = rng.normal(6.0 if day < 40 else 2.0, 4.0, 100)
        watch, change = watch.after(day * DAY_US, outcome, np.full(100, 5.0))
        found = found or change
    assert found is not None
    assert found.since_us == 40 * DAY_US
    assert (found.before, found.outcome_before) == (pytest.approx(1.0, abs=0.3), pytest.approx(6.0, abs=0.3))
    # one batch has been seen, and its mean is uncertain by .4
    assert found.outcome_after == pytest.approx(2.0, abs=1.3)
    assert found.shift == pytest.approx(-1.0, abs=0.35)
    assert found.evidence > found.threshold
    assert "coffee brings less than before since 1970-02-10" in change_text(found, "EUR")
    # afterwards the new state is the usual one
    assert watch.mean == pytest.approx(-3.0, abs=0.5)


def test_a_constant_error_of_the_model_is_no_change() -> None:
    rng, watch = np.random.default_rng(2), Watch("a")
    for day in range(100):
        watch, change = watch.after(day, rng.normal(7.0, 1.0, 80), np.zeros(80))
        assert change is None
    assert watch.mean == pytest.approx(7.0, abs=0.05)


def test_days_that_differ_by_more_than_their_decisions_explain_raise_no_alarm_each() -> None:
    """A shock shared by all decisions of a day (a holiday, the weather), 0.3 sd: 60 decisions are worth far fewer."""
    found = 0
    for seed in range(6):
        rng, watch = np.random.default_rng(seed), Watch("a")
        for day in range(365):
            watch, change = watch.after(day, rng.normal(rng.normal(0, 0.3), 1.0, 60), np.zeros(60))
            found += change is not None
    assert found <= 6 * 3


def test_rows_without_a_number_are_left_out_and_an_absurd_one_is_no_change() -> None:
    rng, watch = np.random.default_rng(3), Watch("a")
    for day in range(30):
        watch, _ = watch.after(day, rng.normal(0, 1, 50), np.zeros(50))
    same, change = watch.after(30, np.array([np.nan, np.inf]), np.zeros(2))
    assert (same, change) == (watch, None)
    odd = rng.normal(0, 1, 50)
    odd[0] = 1e9
    after, change = watch.after(30, odd, np.zeros(50))
    assert change is None
    assert after.mean < 0.3


def test_the_threshold_grows_with_rarer_alarms() -> None:
    assert (
        threshold(50, Sensitivity(false_per_year=0.1))
        > threshold(50)
        > threshold(50, Sensitivity(false_per_year=10))
    )


def test_watches_written_down_go_on_as_if_never_stopped() -> None:
    rng = np.random.default_rng(4)
    kept, written = Watches(), Watches()
    found = []
    for day in range(40):
        ids = rng.choice(["a", "b", "nothing"], 200)
        outcome = rng.normal(0, 1, 200) - np.where((ids == "b") & (day >= 30), 1.0, 0.0)
        kept, changes = kept.after(day, ids.tolist(), outcome, np.zeros(200))
        written, again = Watches.from_json(written.to_json()).after(day, ids.tolist(), outcome, np.zeros(200))
        assert changes == again
        assert kept == written
        found += changes
    assert [change.action_id for change in found] == ["b"]
    assert Watches.from_json(kept.to_json()).to_json() == kept.to_json()


@pytest.mark.parametrize(
    "text", ["", "[]", '{"format": 1}', '{"format": 1, "watches": [{}]}', '{"format": 2}']
)
def test_damaged_watches_say_what_to_do(text: str) -> None:
    with pytest.raises(DataError, match="watching begins anew"):
        Watches.from_json(text)


def change(shift: float, before: int) -> Change:
    return Change("a", 0, 2 * DAY_US, 0.0, shift, 5.0, 5.0 + shift, before, 100, shift, 30.0, 20.0)


def test_a_change_fades_what_came_before_it() -> None:
    kept = kept_after(change(-0.5, 400))
    assert kept == pytest.approx(1 / 101)
    assert kept_after(change(-0.5, 10)) > kept > kept_after(change(-2.0, 400))
    assert kept_after(change(0.0, 1000)) == 1.0
    assert kept_after(change(9.0, 10**9)) == LEAST_KEPT


def test_kept_evidence_is_the_best_guess_of_the_new_mean() -> None:
    """Among all weights of the old mean the one kept makes the error of the combined estimate least."""
    n_old, n_new, shift, rng = 200, 40, 0.3, np.random.default_rng(5)
    old = rng.normal(0, 1 / math.sqrt(n_old), 40_000) - shift * rng.choice([-1, 1], 40_000)
    new = rng.normal(0, 1 / math.sqrt(n_new), 40_000)

    def error(weight: float) -> float:
        return float((((weight * n_old * old + n_new * new) / (weight * n_old + n_new)) ** 2).mean())

    kept = kept_after(change(shift, n_old))
    assert error(kept) < min(error(kept * 2), error(kept / 2), error(1.0), error(0.0))
