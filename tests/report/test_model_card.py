from __future__ import annotations

import json
from pathlib import Path

import pytest

from nbatool.models import registry
from nbatool.models.bundle import Bundle
from nbatool.models.training import TrainReport
from nbatool.report.model_card import card_text
from nbatool.report.train_report import NO_CONTACT, train_json, train_text


@pytest.fixture(scope="module")
def bundle(trained_world: Path) -> Bundle:
    version = registry.champion(trained_world / "models")
    assert version is not None
    return Bundle.from_files(registry.load_files(trained_world / "models", version))


def report(bundle: Bundle, **card: object) -> TrainReport:
    changed = Bundle(
        **{**{k: getattr(bundle, k) for k in bundle.__dataclass_fields__}, "card": {**bundle.card, **card}}
    )
    return TrainReport("2018-07-01-a41c", 1_530_403_200_000_000, True, changed, ())


def test_training_in_a_few_lines(bundle: Bundle) -> None:
    target = {
        **bundle.card["targets"]["purchase_30d"],
        "warnings": ["no better than its baseline: the recency rule"],
    }
    verdict = "not causal: contacted and uncontacted customers differ"
    outcome = {
        **bundle.card["outcome"],
        "balance": {"causal": False, "verdict": verdict},
        "warnings": ["odd", verdict],
    }
    lines = train_text(
        report(bundle, targets={"purchase_30d": target}, outcome=outcome), 34.04, 100
    ).splitlines()
    assert lines[0].startswith("train    version 2018-07-01-a41c, now champion  ")
    assert lines[0].endswith("  34.0 s")
    assert lines[1].startswith("           purchase_30d     AUC .")
    assert "(recency rule ." in lines[1]
    assert "calibration error ." in lines[1]
    said = " ".join(" ".join(lines).split())
    assert "! purchase_30d: no better than its baseline: the recency rule" in said
    assert "! expected outcome: odd" in said
    assert said.count("not causal") == 1
    assert "repeat purchases expected in the last" in said


def test_without_contacts_and_lifetime_value(bundle: Bundle) -> None:
    bare = report(bundle, outcome=None, clv=None, targets={})
    said = train_text(bare, 1.0, 100)
    assert NO_CONTACT in " ".join(said.split())
    assert "lifetime value" not in said
    assert train_json(bare)["outcome"] is None
    assert train_json(bare)["warnings"] == [NO_CONTACT]
    assert NO_CONTACT in " ".join(card_text(bare.bundle.card, 100).split())


def test_what_was_not_trained_says_so(bundle: Bundle) -> None:
    target = {
        **bundle.card["targets"]["churn_90d"],
        "evaluation": None,
        "importance": [],
        "warnings": ["not trained: 3 rows"],
    }
    outcome = {**bundle.card["outcome"], "evaluation": None, "importance": {}}
    said = train_text(report(bundle, targets={"churn_90d": target}, outcome=outcome), 1.0, 100)
    assert "churn_90d        not trained\n" in said
    assert "! churn_90d: not trained: 3 rows" in said
    assert "! not trained: 3 rows" in card_text(
        {**bundle.card, "targets": {"churn_90d": target}, "outcome": outcome}, 100
    )


def test_json_is_json(bundle: Bundle) -> None:
    found = json.loads(json.dumps(train_json(report(bundle)), allow_nan=False))
    assert set(found["targets"]) == {"purchase_30d", "churn_90d"}
    assert found["outcome"]["contacts"] > 0
    assert found["clv"]["holdout"]["actual"] > 0


def test_the_card_has_its_sections_and_keeps_to_the_width(bundle: Bundle) -> None:
    said = card_text(bundle.card, 100)
    for part in (
        "data     2017-", "seed 0", "lightgbm ", "purchase_30d: the chance", "recency rule", "95 % interval",
        "times the average rate", "what it looks at most", "ratio ± 2 s.e.", "the same by action",
        "contacts learned from", "standardised difference", "repeat purchases", "days held out",
    ):  # fmt: skip
        assert part in said, part
    assert max(map(len, said.splitlines())) <= 100
    assert max(map(len, card_text(bundle.card, 80).splitlines())) <= 80


def test_the_lists_of_the_outcome_model_are_told_apart(bundle: Bundle) -> None:
    heads = [line.strip() for line in card_text(bundle.card, 100).splitlines() if "looks at most" in line]
    assert heads[:3] == [
        "what it looks at most",
        "what it looks at most",
        "what the baseline looks at most (the outcome of a customer, whatever we do)",
    ]
    outcome = bundle.outcome
    assert outcome is not None
    assert len(heads) == 2 + len(outcome.texts)
    effect = outcome.texts.keys() & {"effect"}
    assert ("what the effect looks at most (what an action changes)" in heads) == bool(effect)


def test_a_target_that_asks_for_absence_is_worded_so(bundle: Bundle) -> None:
    plain = bundle.card["targets"]["churn_90d"]
    for told, words in (
        (
            {"event": "order", "within_s": 7_776_000, "happens": False},
            'the chance of no "order" within 90d, whatever',
        ),
        (
            {"event": "order", "within_s": 7_776_000, "happens": True},
            'the chance of "order" within 90d, whatever',
        ),
    ):
        said = card_text({**bundle.card, "targets": {"churn_90d": {**plain, **told}}}, 100)
        assert f"churn_90d: {words} we do" in said
    told = bundle.card["targets"]
    assert [told[name]["happens"] for name in ("purchase_30d", "churn_90d")] == [True, False]
    old = {key: value for key, value in plain.items() if key not in ("event", "within_s", "happens")}
    said = card_text({**bundle.card, "targets": {"churn_90d": old}}, 100)
    assert "churn_90d: the chance of what this target asks for, whatever we do" in said


def test_the_parts_of_a_model_of_each_action_are_named_by_it(bundle: Bundle) -> None:
    columns = [{"feature": f"column_{k}", "share": 0.2 - 0.01 * k} for k in range(7)]
    outcome = {
        **bundle.card["outcome"],
        "actions": ["coupon", "banner"],
        "trees": {"baseline": 9, "effect-0": 125, "effect-1": 3},
        "importance": {"effect-0": columns, "effect-1": columns},
    }
    said = card_text({**bundle.card, "targets": {}, "outcome": outcome}, 100)
    assert "9 trees for the baseline, trees for the effect of coupon 125, banner 3" in " ".join(said.split())
    assert "effect-" not in said
    assert said.count("looks at most") == 1
    assert "    coupon: column_0 .20, column_1 .19, " in said
    assert "    banner: column_0 .20" in said
    assert "column_4" in said
    assert "column_5" not in said
