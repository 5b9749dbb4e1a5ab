"""Thresholds: met, missed, and never met by what is not known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from judged_worlds import CHANCES, judged_log, kinds
from small_shop import Shop

from nbatool.base.errors import ConfigError
from nbatool.base.learning_settings import Evaluate
from nbatool.measure.evaluation import Evaluation, evaluate
from nbatool.measure.gate import require_thresholds, shortfalls
from nbatool.measure.learned_from import Leak

PLAIN = Evaluate(resamples=100)


@pytest.fixture(scope="module")
def found() -> Evaluation:
    judged = judged_log(3_000)
    best = np.where(kinds(judged) == 0, 0, 1)
    rules = np.zeros(3_000, dtype=np.int64)
    return evaluate(judged, {"champion": best, "rules": rules}, PLAIN, seed=0)


def asked(**least: float) -> Evaluate:
    return Evaluate(resamples=100, min_gain=least, rules="rules.toml")


def test_thresholds_that_are_met(found: Evaluation) -> None:
    assert shortfalls(found, PLAIN) == []
    assert shortfalls(found, asked(logged=0.1, nothing=1.0, random=0.1, best_single=0.1, rules=0.1)) == []
    assert shortfalls(found, asked(champion=5.0)) == []


def test_a_gain_below_its_threshold(found: Evaluation) -> None:
    (said,) = shortfalls(replace(found, unit="EUR"), asked(logged=0.1, nothing=10.0))
    low = found.of("champion").gain["nothing"].low
    # one unit, that of the table; the threshold in both
    assert said == (
        f"the champion's gain over nothing is at least {low * 1000:,.0f} EUR per 1,000 customers (lower bound of its 95% "
        "interval); min_gain asks for 10 per decision, which is 10,000 EUR per 1,000 customers"
    )


def test_a_comparison_that_is_not_there(found: Evaluation) -> None:
    assert shortfalls(found, asked(greedy=0.0)) == [
        "the log carries no comparison of the champion with greedy"
    ]


def test_a_baseline_left_out_is_named_with_its_reason(found: Evaluation) -> None:
    without = tuple(j for j in found.judgements if j.name != "nothing")
    champion = replace(found.of("champion"), gain={})
    less = replace(
        found,
        judgements=(champion, *(j for j in without if j.name != "champion")),
        omitted={"nothing": "the log never did nothing"},
    )
    assert shortfalls(less, asked(nothing=0.0)) == [
        "the log carries no comparison of the champion with nothing: the log never did nothing"
    ]


def test_what_learned_from_its_judges_never_passes(found: Evaluation) -> None:
    known = Leak("champion", "2026-01-20-0d04", 0, 5, 4, 0, 4)
    (said,) = shortfalls(found, asked(logged=0.1), [known])
    assert said.startswith("the champion 2026-01-20-0d04 was trained on decisions it is judged on")
    assert shortfalls(found, asked(logged=0.1), [replace(known, policy="challenger")]) == []


def test_a_gate_without_a_threshold_is_refused(tmp_path: Path) -> None:
    """It would be green whatever the policy is worth."""
    shop = Shop(tmp_path).configure("[evaluate]\nresamples = 300\n").config
    with pytest.raises(
        ConfigError, match=r"nba.toml:\d+: --gate: no threshold is set.*min_gain = \{ logged = 0.0 \}"
    ):
        require_thresholds(shop)
    require_thresholds(Shop(tmp_path).configure("[evaluate]\nmin_gain = { logged = 0.0 }\n").config)


def test_a_bound_that_is_not_known_is_not_met(found: Evaluation) -> None:
    def unknown(judgement: Any) -> Any:
        gain = {name: replace(interval, low=float("nan")) for name, interval in judgement.gain.items()}
        return replace(judgement, gain=gain)

    blind = replace(found, judgements=tuple(unknown(j) for j in found.judgements))
    assert len(shortfalls(blind, asked(logged=-100.0))) == 1


def test_no_estimate_and_a_log_that_lies() -> None:
    judged = judged_log(3_000, told=CHANCES[:, [1, 0, 2]])
    best = np.where(kinds(judged) == 0, 0, 1)
    lying = evaluate(judged, {"champion": best}, PLAIN, seed=0)
    assert any("probabilities" in said for said in shortfalls(lying, PLAIN))
    few = evaluate(judged_log(60), {"champion": np.zeros(60, dtype=np.int64)}, PLAIN, seed=0)
    (said,) = shortfalls(few, PLAIN)
    assert said.startswith("the log carries no estimate of the champion: only")


def test_the_challenger_is_asked_about_where_there_is_one(found: Evaluation) -> None:
    judged = judged_log(3_000)
    worst = np.full(3_000, 2)
    both = evaluate(
        judged, {"champion": np.where(kinds(judged) == 0, 0, 1), "challenger": worst}, PLAIN, seed=0
    )
    (said,) = shortfalls(both, asked(champion=0.0))
    assert said.startswith("the challenger's gain over champion")
