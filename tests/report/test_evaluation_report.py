"""What a judgement says: values with intervals, differences, and a warning for everything to be careful about."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from judged_worlds import CHANCES, judged_log, kinds

from nbatool.base.learning_settings import Evaluate
from nbatool.measure.evaluating import EvaluationReport
from nbatool.measure.evaluation import evaluate
from nbatool.report.evaluation_report import evaluation_json, evaluation_text, warnings

SETTINGS = Evaluate(resamples=100)


def reported(**changes: Any) -> EvaluationReport:
    judged = judged_log(2_000)
    best = np.where(kinds(judged) == 0, 0, 1)
    groups = {"kind": np.where(kinds(judged) == 0, "even", "odd").astype(object)}
    found = evaluate(judged, {"champion": best}, SETTINGS, seed=0, groups=groups)
    plain = EvaluationReport(found, "2026-01-20-0d04", None, None, False, False, 0, judged.policies)
    return replace(plain, **changes)


@pytest.fixture(scope="module")
def report() -> EvaluationReport:
    return reported()


@pytest.mark.parametrize("width", [80, 100, 140])
def test_the_table_fits(report: EvaluationReport, width: int) -> None:
    lines = evaluation_text(report, "EUR", width).splitlines()
    assert max(map(len, lines)) <= max(width, 80)
    head, text = lines[0], "\n".join(lines)
    assert head.startswith("Version 2026-01-20-0d04 on 2,000 decisions")
    order = [text.index(f"\n  {name} ") for name in ("the champion", "what was done", "nothing")]
    assert order == sorted(order)  # best first
    for part in (
        "95% interval",
        "more",
        "a by web",
        "kind = even",
        "switch-DR",
        "difference per 1,000 customers",
    ):
        assert part in text
    assert "!" not in text


def test_differences_are_per_thousand_customers(report: EvaluationReport) -> None:
    gain = report.evaluation.of("champion").gain["nothing"]
    (line,) = [
        line
        for line in evaluation_text(report, "EUR", 120).splitlines()
        if "the champion against nothing" in line
    ]
    assert f"+€{gain.value * 1000:,.0f}" in line
    assert line.endswith("more")


def test_what_has_no_support_is_named_and_not_printed() -> None:
    sure = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    judged = judged_log(2_000, chances=sure)
    found = evaluate(judged, {"champion": np.full(2_000, 2)}, SETTINGS, seed=0)
    report = reported(evaluation=found)
    text = " ".join(evaluation_text(report, "EUR", 100).split())
    assert (
        'no estimate of the champion: the policy puts 100.0% of its choices on "nothing", never tried in the log'
        in text
    )
    assert "no estimate of any possible action alike" in text
    assert "the champion by estimator" not in text
    data = evaluation_json(report, "EUR")["policies"]
    assert (data["champion"]["supported"], data["champion"]["estimates"], data["champion"]["gain"]) == (
        False,
        {},
        {},
    )
    assert data["random"]["estimates"] == {}
    assert data["logged"]["estimates"]["DR"]["value"] == pytest.approx(2.5, abs=0.1)


def test_everything_to_be_careful_about_is_said() -> None:
    lying = judged_log(2_000, told=CHANCES[:, [1, 0, 2]])
    found = evaluate(lying, {"champion": np.full(2_000, 2)}, SETTINGS, seed=0)
    found = replace(
        found,
        left_out={"the probability is missing": 3},
        probabilities="estimated: nobody logged them",
        model_r2=-0.1,
    )
    said = warnings(
        reported(evaluation=found, overlaps=True, notes=("decisions were made out of contact events",))
    )
    for part in (
        "is not shown to be worth more than", "estimated: nobody logged them", "the logged probabilities are not those",
        "may have learned from outcomes it is judged on", "predicts no better than the mean", "3 decisions left out",
        "made out of contact events",
    ):  # fmt: skip
        assert any(part in each for each in said) or part == "is not shown to be worth more than", part
    challenged = warnings(reported(overlaps=True, challenger="2026-02-08-aaaa"))
    assert challenged == [
        "the version or the challenger may have learned from outcomes it is judged on: its value is too good"
    ]


def test_a_champion_no_better_than_what_was_done_is_not_praised() -> None:
    judged = judged_log(2_000)
    found = evaluate(judged, {"champion": CHANCES[kinds(judged)]}, SETTINGS, seed=0)
    (said,) = [w for w in warnings(reported(evaluation=found)) if "is not shown to be worth more than" in w]
    assert "what was done" in said


def test_a_twin_is_named_as_one() -> None:
    text = evaluation_text(reported(twin_of_us=0), "EUR", 80)
    assert "a twin trained as of 1970-01-01" in " ".join(text.split())


def test_json_has_null_for_what_cannot_be_had(report: EvaluationReport) -> None:
    judgement = report.evaluation.of("champion")
    blind = replace(
        judgement, estimates={"DR": replace(judgement.estimates["DR"], low=float("nan"), se=float("inf"))}
    )
    found = replace(report.evaluation, judgements=(blind,))
    data = json.loads(json.dumps(evaluation_json(replace(report, evaluation=found), "EUR"), allow_nan=False))
    assert data["policies"]["champion"]["estimates"]["DR"]["low"] is None
    assert (data["decisions"], data["currency"], data["logging_policies"]) == (2_000, "EUR", ["nbatool/v"])
    assert data["segments"][0]["values"]["champion"]["value"] == pytest.approx(3.0, abs=0.5)
