"""Policies side by side on one log: values, differences, segments, and silence where the log carries nothing."""

from __future__ import annotations

import numpy as np
import pytest
from judged_worlds import CHANCES, judged_log, kinds, truth

from nbatool.base.learning_settings import Evaluate
from nbatool.measure.evaluation import evaluate

SETTINGS = Evaluate(resamples=200)


def best(judged) -> np.ndarray:
    return np.where(kinds(judged) == 0, 0, 1)


def test_every_policy_is_judged_near_its_true_value() -> None:
    judged = judged_log(4_000, customers=900)
    mixed = np.tile([0.2, 0.5, 0.3], (4_000, 1))
    found = evaluate(judged, {"champion": best(judged), "challenger": mixed}, SETTINGS, seed=1)
    uniform = np.full((4_000, 3), 1 / 3)
    true = {
        "champion": truth(judged, best(judged)), "challenger": truth(judged, mixed), "random": truth(judged, uniform),
        "nothing": 0.5, "logged": float(judged.checked.log.reward.mean()),
    }  # fmt: skip
    for name, value in true.items():
        judgement = found.of(name)
        assert judgement is not None
        for estimator in ("IPS", "SNIPS", "DR", "SNDR", "switch-DR"):
            for interval in (judgement.estimates[estimator], judgement.asymptotic[estimator]):
                assert abs(interval.value - value) < 4 * interval.se + 1e-9, (name, estimator)
                assert interval.low <= interval.value <= interval.high
        assert judgement.best is judgement.estimates["DR"]
    assert found.probabilities == "logged"
    assert found.honest.honest
    assert (found.n, found.n_customers) == (4_000, judged.checked.log.n_customers)
    assert found.of("logged").mix == pytest.approx(CHANCES[kinds(judged)].mean(axis=0), abs=0.03)


def test_differences_are_those_of_the_values_and_narrower_than_both() -> None:
    judged = judged_log(4_000)
    near = np.zeros((4_000, 3), dtype=np.float32)
    near[np.arange(4_000), best(judged)] = 0.9
    near[:, 2] += 0.1
    found = evaluate(judged, {"champion": best(judged), "challenger": near}, SETTINGS, seed=1)
    champion, challenger = found.of("champion"), found.of("challenger")
    gain = challenger.gain["champion"]
    assert gain.value == pytest.approx(challenger.best.value - champion.best.value, abs=1e-6)
    assert gain.high - gain.low < 0.5 * (champion.best.high - champion.best.low)
    assert gain.low < truth(judged, near) - truth(judged, best(judged)) < gain.high
    assert set(champion.gain) == {"logged", "nothing", "random", "best_single"}
    assert set(challenger.gain) == {*champion.gain, "champion"}
    assert set(found.of("random").gain) == {"logged"}


def test_what_the_log_never_did_has_no_estimate_and_no_difference() -> None:
    """A log that always took one action carries itself and nothing else; not even chance, which would be itself."""
    sure = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    judged = judged_log(2_000, chances=sure)
    found = evaluate(judged, {"champion": best(judged)}, SETTINGS, seed=0)
    for name in ("nothing", "random", "best_single"):
        judgement = found.of(name)
        assert (dict(judgement.estimates), dict(judgement.gain), judgement.best) == ({}, {}, None)
        assert not judgement.support.printed
        assert judgement.support.reasons
    champion = found.of("champion")
    assert champion.best.value == pytest.approx(found.of("logged").best.value)
    assert set(champion.gain) == {"logged"}


def test_a_log_that_lies_about_its_chances_is_caught() -> None:
    lie = CHANCES[:, [1, 0, 2]]
    found = evaluate(
        judged_log(4_000, told=lie), {"champion": np.zeros(4_000, dtype=np.int64)}, SETTINGS, seed=0
    )
    assert not found.honest.honest
    assert "were" in found.honest.verdict or "not those" in found.honest.verdict


def test_segments_are_judged_apart_and_small_ones_not_at_all() -> None:
    judged = judged_log(4_000)
    names = np.where(kinds(judged) == 0, "even", "odd").astype(object)
    names[:20] = "few"
    names[20:30] = None
    found = evaluate(judged, {"champion": best(judged)}, SETTINGS, seed=0, groups={"kind": names})
    by_name = {segment.name: segment for segment in found.segments}
    assert set(by_name) == {"kind = even", "kind = odd", "kind = few"}
    assert by_name["kind = few"].values["champion"] is None
    for name, value in (("kind = even", 3.0), ("kind = odd", 2.0)):
        interval = by_name[name].values["champion"]
        assert abs(interval.value - value) < 4 * interval.se
    assert sum(segment.n for segment in found.segments) == 4_000 - 10


def test_the_same_seed_gives_the_same_figures_and_another_nearly_so() -> None:
    judged = judged_log(1_000, customers=300)
    first, again = (evaluate(judged, {"champion": best(judged)}, SETTINGS, seed=5) for _ in range(2))
    assert first.of("champion").estimates == again.of("champion").estimates
    other = evaluate(judged, {"champion": best(judged)}, SETTINGS, seed=6)
    assert other.of("champion").best.value == pytest.approx(first.of("champion").best.value, abs=0.05)


def test_unusable_rows_are_counted() -> None:
    told = CHANCES.copy()
    told[0] = [0.0, 0.6, 0.4]
    found = evaluate(judged_log(2_000, told=told, whole=False), {}, SETTINGS, seed=0)
    assert set(found.left_out) == {"the probability is zero or negative"}
    assert found.n + sum(found.left_out.values()) == 2_000
