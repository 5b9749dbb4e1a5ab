"""Policies side by side on one log: values, differences, segments, and silence where the log carries nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from judged_worlds import CHANCES, judged_log, kinds, truth

from nbatool.base.learning_settings import Evaluate
from nbatool.measure.evaluation import evaluate
from nbatool.measure.judged import Judged

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
    assert "not those" in found.honest.verdict


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


def never_silent(*, allow_nothing: bool) -> Judged:
    """A log of two actions, drawn half and half, that never did nothing."""
    judged = judged_log(2_000, chances=np.array([[0.5, 0.5, 0.0]] * 2), whole=False)
    log = replace(judged.checked.log, possible=None)
    return replace(judged, checked=replace(judged.checked, log=log), allow_nothing=allow_nothing)


def test_where_nothing_is_no_choice_it_is_no_baseline_and_chance_leaves_it_out() -> None:
    found = evaluate(never_silent(allow_nothing=False), {}, SETTINGS, seed=0)
    assert found.of("nothing") is None
    assert found.omitted == {
        "nothing": "the catalogue says allow_nothing = false, and the log never did nothing"
    }
    random = found.of("random")
    assert random.mix.tolist() == [0.5, 0.5, 0.0]
    assert random.best is not None
    assert "nothing" not in found.of("logged").gain
    # Where the catalogue allows it the log still carries no estimate of it, but it is asked about.
    allowed = evaluate(never_silent(allow_nothing=True), {}, SETTINGS, seed=0)
    assert not allowed.of("nothing").support.printed
    assert allowed.of("random").best is not None
    assert allowed.without_nothing
    usual = evaluate(judged_log(2_000), {}, SETTINGS, seed=0)
    assert (usual.without_nothing, dict(usual.omitted)) == (False, {})
    assert usual.of("random").mix == pytest.approx([1 / 3] * 3)


def test_how_often_two_policies_do_the_same() -> None:
    judged = judged_log(2_000)
    mixed = np.tile([0.2, 0.5, 0.3], (2_000, 1)).astype(np.float32)
    found = evaluate(
        judged, {"champion": mixed, "greedy": mixed.astype(float), "rules": best(judged)}, SETTINGS, seed=0
    )
    alike = found.of("champion").alike
    assert (alike["greedy"].share, alike["greedy"].same) == (1.0, True)
    assert alike["nothing"].share == pytest.approx(0.3)
    kind = kinds(judged)
    assert alike["rules"].share == pytest.approx(np.where(kind == 0, 0.2, 0.5).mean())
    assert alike["logged"].share == pytest.approx(mixed[np.arange(2_000), judged.checked.log.action].mean())
    assert not any(alike[name].same for name in ("nothing", "rules", "logged", "random"))
