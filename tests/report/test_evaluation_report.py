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
from nbatool.measure.gate import shortfalls, thresholds
from nbatool.measure.learned_from import Leak
from nbatool.measure.newer import Newer
from nbatool.measure.twin import Twin
from nbatool.report.evaluation_report import evaluation_json, evaluation_text, warnings
from nbatool.report.evaluation_words import best_single_words
from nbatool.report.gate_line import gate_json, gate_line

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
    lines = evaluation_text(report, "EUR", width, "nbatool evaluate --seed 0").splitlines()
    assert max(map(len, lines)) <= width
    head, text = lines[0], "\n".join(lines)
    assert head.startswith("Version 2026-01-20-0d04 on 2,000 decisions")
    order = [text.index(f"\n  {name} ") for name in ("champion", "what was done", "nothing")]
    assert order == sorted(order)  # best first
    for part in ("95% interval", "more", "a by web", "kind = even", "switch-DR", "champion against", "alike"):
        assert part in text
    assert "!" not in text
    assert "€" not in text  # the unit is said once, for every figure
    assert " ".join(text.split()).count("Values are EUR per 1,000 customers decided once") == 1
    assert "seed 0. Made by: nbatool evaluate --seed 0" in " ".join(text.split())


def test_no_two_policies_look_alike(report: EvaluationReport) -> None:
    greedy = np.where(kinds(judged_log(2_000)) == 0, 0, 1)
    near = greedy.copy()
    near[:1] = 2
    found = evaluate(judged_log(2_000), {"champion": near, "greedy": greedy}, SETTINGS, seed=0)
    text = evaluation_text(reported(evaluation=found), "EUR", 80)
    table = text.split("\n\n")[1].splitlines()
    labels = [line[2:20].strip() for line in table[1 : 1 + len(found.judgements)]]
    assert len(set(labels)) == len(labels) == 6
    assert not any("…" in label for label in labels)


def test_every_estimator_is_explained_and_the_one_that_decides_named(report: EvaluationReport) -> None:
    text = evaluation_text(report, "EUR", 80)
    for name in report.evaluation.of("champion").estimates:
        assert any(line.startswith(f"  {name} ") and line[13:14].isalpha() for line in text.splitlines()), (
            name
        )
    assert "Values, gains and verdicts are those of DR: it is right if either" in " ".join(text.split())


def test_differences_are_per_thousand_customers(report: EvaluationReport) -> None:
    gain = report.evaluation.of("champion").gain["nothing"]
    lines = evaluation_text(report, "EUR", 120).split("champion against")[1].splitlines()
    (line,) = [line for line in lines if line.startswith("  nothing")]
    assert f"+{gain.value * 1000:,.0f}" in line
    assert f"{gain.low * 1000:,.0f} to {gain.high * 1000:,.0f}" in line
    assert line.endswith("more")


def test_rates_have_their_digits_and_their_unit() -> None:
    """A click rate of half a percent is 4.5 clicks per 1,000 customers, not $0.00."""
    random = np.random.default_rng(0)
    judged = judged_log(4_000)
    clicks = (random.random(4_000) < 0.0045).astype(float)
    log = replace(judged.checked.log, reward=clicks)
    judged = replace(judged, checked=replace(judged.checked, log=log), unit="clicks")
    found = evaluate(judged, {"champion": np.zeros(4_000, dtype=np.int64)}, SETTINGS, seed=0)
    report = reported(evaluation=found)
    text = evaluation_text(report, "USD", 100)
    assert (
        "Values are clicks per 1,000 customers decided once: what came in, contacts being free"
        in " ".join(text.split())
    )
    assert "USD" not in text
    (line,) = [
        line for line in text.splitlines() if line.startswith("  what was done  ") and "%" not in line
    ][:1]
    assert f" {1000 * clicks.mean():.2f} " in line
    assert evaluation_json(report, "USD")["unit"] == "clicks"


def test_only_policies_of_the_same_choices_do_the_same(report: EvaluationReport) -> None:
    """The difference of two policies may be exactly 0 where they choose differently, and both are chance there."""
    judged = judged_log(2_000)
    log = replace(judged.checked.log, reward=np.zeros(2_000))
    judged = replace(judged, checked=replace(judged.checked, log=log))
    best = np.where(kinds(judged) == 0, 0, 1)
    other = best.copy()
    other[7] = 2
    found = evaluate(judged, {"champion": best, "greedy": other, "rules": best.copy()}, SETTINGS, seed=0)
    gain = found.of("champion").gain
    assert gain["greedy"].value == gain["rules"].value == 0
    assert found.of("champion").alike["greedy"].same is False
    lines = evaluation_text(reported(evaluation=found), "EUR", 100).split("champion against")[1].splitlines()
    (greedy,) = [line for line in lines if line.startswith("  greedy")]
    (rules,) = [line for line in lines if line.startswith("  rules")]
    assert ">99%" in greedy
    assert greedy.endswith("no difference seen")
    assert "100%" in rules
    assert rules.endswith("does the same")


LEAK = Leak("challenger", "2026-02-08-aaaa", 2_000_000_000, 1_500, 1_500, 0, 1_499)


def test_a_policy_trained_on_what_it_is_judged_on_is_marked() -> None:
    judged = judged_log(2_000)
    best = np.where(kinds(judged) == 0, 0, 1)
    found = evaluate(
        judged, {"champion": np.zeros(2_000, dtype=np.int64), "challenger": best}, SETTINGS, seed=0
    )
    report = reported(evaluation=found, leaks=(LEAK,), overlaps=True, challenger=LEAK.version)
    text = evaluation_text(report, "EUR", 80)
    plain = " ".join(text.split())
    assert "  challenger *" in text
    assert "* trained on decisions it is judged on" in plain
    block = text.split("challenger * against")[1].split("champion against")[0]
    assert "more" not in block
    assert block.count("proves nothing *") == len(found.of("challenger").gain)
    for part in (
        "the challenger 2026-02-08-aaaa was trained on what happened until 1970-01-01 00:33 UTC",
        "1,500 of 2,000 decisions", "after its training: --from 1970-01-01T00:00:01Z",
    ):  # fmt: skip
        assert part in plain
    told = evaluation_json(report, "EUR")
    assert {name for name, policy in told["policies"].items() if not policy["clean"]} == {"challenger"}
    (data,) = told["leaks"]
    assert (data["policy"], data["version"], data["decisions"]) == ("challenger", LEAK.version, 1_500)


def test_segments_carry_the_interval_of_both_policies(report: EvaluationReport) -> None:
    lines = evaluation_text(report, "EUR", 80).splitlines()
    at = next(k for k, line in enumerate(lines) if line.startswith("  kind = even"))
    for line, policy in zip(lines[at : at + 2], ("champion", "what was done"), strict=True):
        assert policy in line
        assert " to " in line


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
    assert "champion by estimator" not in text
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
        reported(evaluation=found, leaks=(LEAK,), notes=("decisions were made out of contact events",))
    )
    for part in (
        "estimated: nobody logged them", "the logged probabilities are not those",
        "may have learned from outcomes it is judged on", "predicts no better than the mean", "3 decisions left out",
        "made out of contact events",
    ):  # fmt: skip
        assert any(part in each for each in said), part


def test_a_champion_no_better_than_what_was_done_is_not_praised() -> None:
    judged = judged_log(2_000)
    found = evaluate(judged, {"champion": CHANCES[kinds(judged)]}, SETTINGS, seed=0)
    (said,) = [w for w in warnings(reported(evaluation=found)) if "is not shown to be worth more than" in w]
    assert "what was done" in said


def test_estimates_further_apart_than_their_intervals_are_warned_of(report: EvaluationReport) -> None:
    champion = report.evaluation.of("champion")
    high = champion.best.high
    far = replace(champion.best, value=high + 2, low=high + 1, high=high + 3)
    off = replace(champion, estimates={**champion.estimates, "switch-DR": far})
    judgements = tuple(off if j is champion else j for j in report.evaluation.judgements)
    told = warnings(replace(report, evaluation=replace(report.evaluation, judgements=judgements)))
    assert any("by switch-DR" in each and "further apart than their intervals" in each for each in told)
    assert not any("further apart" in each for each in warnings(report))


def test_a_twin_is_named_as_one() -> None:
    text = evaluation_text(reported(twin_of_us=0), "EUR", 80)
    assert "a twin trained as of 1970-01-01" in " ".join(text.split())


def test_a_twin_of_a_single_instant_says_how_customers_were_kept_apart() -> None:
    text = " ".join(evaluation_text(reported(twin_of_us=0, twin=Twin(0, 1_500, 500)), "EUR", 80).split())
    assert (
        "a twin trained on 1,500 customers, on the decisions of the other 500 (a quarter, drawn by hash, seed 0)"
        in text
    )


def test_a_baseline_that_makes_no_sense_is_left_out_with_its_reason() -> None:
    report = reported()
    found = replace(report.evaluation, omitted={"nothing": "the catalogue says allow_nothing = false"})
    assert 'no baseline "nothing": the catalogue says allow_nothing = false' in warnings(
        replace(report, evaluation=found)
    )


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


def test_one_table_has_the_same_decimals(report: EvaluationReport) -> None:
    champion = report.evaluation.of("champion")
    near = replace(champion.gain["nothing"], value=0.0353, low=0.0107, high=0.0601)
    far = replace(near, value=0.227, low=0.12, high=0.33)
    other = replace(champion, gain={"nothing": far, "random": near})
    found = replace(report.evaluation, judgements=(other,))
    block = evaluation_text(replace(report, evaluation=found), "USD", 100).split("champion against")[1]
    assert "+227 120 to 330" in " ".join(block.split())
    assert "+35 11 to 60" in " ".join(block.split())


def test_shares_say_what_is_left_out_and_count_actions_apart_from_channels(report: EvaluationReport) -> None:
    labels = [f"{action} by {channel}" for action in "abcd" for channel in ("sms", "web")]
    mix = np.array([0.6, 0.2, 0.1, 0.05, 0.04, 0.006, 0.0, 0.003, 0.001])
    champion, logged = (replace(report.evaluation.of(name), mix=mix) for name in ("champion", "logged"))
    found = replace(
        report.evaluation,
        judgements=(champion, logged),
        labels=(*labels, "nothing"),
        actions=(*(label[0] for label in labels), "nothing"),
    )
    text = evaluation_text(replace(report, evaluation=found), "EUR", 100)
    said = " ".join(text.split())
    assert "The champion uses 7 of 8 candidates (4 actions)." in said
    assert "c by web .01 .01 … and 2 more <.01 <.01" in said
    (only,) = [
        line for line in evaluation_text(report, "EUR", 100).splitlines() if "The champion uses" in line
    ]
    assert only.strip() == "The champion uses 2 of 2 candidates (2 actions)."


def test_one_of_something_is_not_many(report: EvaluationReport) -> None:
    found = replace(report.evaluation, n=1, n_customers=1, left_out={"odd": 1}, not_made=1)
    said = " ".join(evaluation_text(replace(report, evaluation=found), "EUR", 100).split())
    assert "on 1 decision of 1 customer, " in said
    assert "1 decision left out: odd" in said
    assert "not judged: 1 contact decided" in said


def test_the_gate_ends_in_one_line_that_names_every_threshold(report: EvaluationReport) -> None:
    found = report.evaluation
    low = found.of("champion").gain["logged"].low
    settings = Evaluate(
        resamples=100, min_gain={"logged": 0.0, "nothing": 50.0, "rules": 0.1}, rules="r.toml"
    )
    asked = thresholds(found, settings)
    assert [(t.over, t.met) for t in asked] == [("logged", True), ("nothing", False), ("rules", False)]
    line = gate_line(asked, shortfalls(found, settings), "EUR")
    assert line.startswith(
        f"gate  failed: gain over what was done +{low * 1000:,.0f}, at least 0 asked; gain over nothing +"
    )
    assert (
        ", but at least +50,000 asked; gain over rules not known, at least +100 asked (EUR per 1,000" in line
    )
    assert gate_line(asked[:1], [], "EUR").startswith("gate  passed: gain over what was done +")
    assert "another reason forbids it" in gate_line(asked[:1], ["it learned from its judges"], "EUR")
    assert "another reason" not in line
    more = [*shortfalls(found, settings), "it learned from its judges"]
    assert "another reason forbids it" in gate_line(asked, more, "EUR")
    assert [t["met"] for t in gate_json(asked)] == [True, False, False]


@pytest.mark.parametrize(
    ("newer", "said"),
    [
        (None, "No decision is newer than what 2026-02-08-a41c learned from. Judged instead"),
        (
            Newer(64_000, 0, 0, 0),
            "64,000 decisions are newer than what 2026-02-08-a41c learned from, but at 1970-01-01 00:00 UTC the outcome is "
            "known of none: the windows of the others have not ended",
        ),
        (
            Newer(0, 0, 0, 0, not_made=800),
            "800 decisions newer than what 2026-02-08-a41c learned from were released or never confirmed",
        ),
        (Newer(64_000, 64_000, 3, 0, {"odd": 63_997}), "but only 3 can be used (63,997: odd); at least 200"),
        (
            Newer(7, 7, 7, 0),
            "Only 7 decisions are newer than what 2026-02-08-a41c learned from; at least 200",
        ),
    ],
)
def test_why_a_twin_is_judged_is_the_true_reason(newer: Newer | None, said: str) -> None:
    report = reported(twin_of_us=0, newer=newer)
    said = said.replace("2026-02-08-a41c", report.version)
    assert said in " ".join(evaluation_text(report, "EUR", 100).split())


def test_the_best_single_action_is_named(report: EvaluationReport) -> None:
    best = report.evaluation.of("best_single")
    label = report.evaluation.labels[int(np.argmax(best.mix[:-1]))]
    said = " ".join(evaluation_text(report, "EUR", 100).split())
    assert f"best single action: the one that did best for other customers, {label}" in said
    assert evaluation_json(report, "EUR")["best_single"].startswith(label)
    split = replace(best, mix=np.array([0.6, 0.3, 0.1]))
    found = replace(report.evaluation, judgements=(split,))
    assert best_single_words(found) == " or ".join(
        f"{name} ({share})" for name, share in zip(found.labels[:2], ("60%", "30%"), strict=True)
    )


def test_the_models_own_interval_is_marked(report: EvaluationReport) -> None:
    block = evaluation_text(report, "EUR", 100).split("champion by estimator")[1]
    assert any(line.startswith("  DM ") and line.count("(") == 2 for line in block.splitlines())
    assert "(" not in next(line for line in block.splitlines() if line.startswith("  SNIPS "))
    assert "In brackets: an interval that knows nothing of them" in " ".join(block.split())
