"""`explain --action` says in one sentence why another action was not chosen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nbatool.decide.explanation import Explanation, Ranked
from nbatool.decide.net_value_terms import COST, EXPECTED, PRICE, Term
from nbatool.report.explanation_report import explanation_json, explanation_text
from nbatool.report.why_not import (
    APART_OF,
    CHOSEN,
    REMOVED,
    SAME_WORTH,
    TAKEN_OUT,
    TRIED,
    WORTH_LESS,
    outcome_of,
    why_not_text,
)

TEA = Ranked("tea", "Tea", "email", 3.0, 3.0, 3.0, None)
MUG = Ranked("mug", "Mug", "web", 1.0, 2.0, 2.0, None)
TERMS = (
    Term("expected", 2.0, kind=EXPECTED),
    Term("cost", -0.25, kind=COST),
    Term("price", -0.75, kind=PRICE, limit="budget 9 in 7d"),
)
TEA_TERMS = (Term("expected", 2.5, kind=EXPECTED), Term("price", 0.5, kind=PRICE, limit="budget 9 in 7d"))
CAPPED = replace(MUG, removed_by="max_contacts: at most 1 contact in 7d (1 counted)", step="cap")
BY_SMS = replace(MUG, channel="sms", removed_by="consent: opted out of sms", step="consent")


def of(chosen: Ranked | None, about: Ranked = MUG, *others: Ranked, **said: object) -> Explanation:
    ranked = tuple(o for o in (chosen, *others) if o is not None and o.removed_by is None and o != about)
    found = Explanation(
        "c1", 0, "v", chosen, about, TERMS, (), 7.0, ranked, tuple(o for o in others if o.removed_by), {}, False,
        asked="mug",
    )  # fmt: skip
    return replace(found, **said)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "outcome", "words"),
    [
        (
            of(TEA, set_against_terms=TEA_TERMS), WORTH_LESS,
            "Mug by web is possible, but worth $1.00, $2.00 less than Tea by email, mostly by the price of budget 9 in 7d "
            "(-$0.75 here, +$0.50 there)",
        ),
        (
            of(None, replace(MUG, net_value=-1.0)), WORTH_LESS,
            "Mug by web is possible, but worth $1.00 less than doing nothing, mostly by the price of budget 9 in 7d (-$0.75)",
        ),
        (of(MUG), CHOSEN, "Mug by web is what was chosen"),
        (
            of(replace(MUG, review="dear: action.cost > 9 (action.cost is 12)"), replace(MUG, review="dear")), CHOSEN,
            "Mug by web is what was chosen; a person would look at it first: dear: action.cost > 9 (action.cost is 12)",
        ),
        (
            of(TEA, CAPPED), REMOVED,
            "Mug is ruled out: max_contacts: at most 1 contact in 7d (1 counted) (step cap)",
        ),
        (
            of(TEA, CAPPED, BY_SMS), REMOVED,
            "Mug is ruled out on web: max_contacts: at most 1 contact in 7d (1 counted) (step cap); "
            "on sms: consent: opted out of sms",
        ),
        (
            of(None, arm="control"), APART_OF,
            "Mug by web is possible and worth $1.00, but the customer is in the control group: never contacted, to "
            "measure what the others earn",
        ),
        (
            of(replace(TEA, net_value=0.5), probability=0.1), TRIED,
            "Mug by web is possible and worth $1.00, but this time Tea by email was tried to learn from it",
        ),
        (
            of(replace(TEA, net_value=1.001)), SAME_WORTH,
            "Mug by web is possible and worth $1.00, as much as Tea by email: of equal ones it is not the one chosen",
        ),
        (
            of(None, MUG, taken_out=replace(MUG, removed_by="budget 20 in 7d has no room for it")), TAKEN_OUT,
            "Mug by web was drawn, but budget 20 in 7d has no room for it",
        ),
    ],
)  # fmt: skip
def test_one_sentence(found: Explanation, outcome: str, words: str) -> None:
    assert outcome_of(found) == outcome
    assert why_not_text(found, "USD") == words
    told = explanation_json(found, "USD")["why_not"]
    assert (told["outcome"], told["words"], told["action_id"]) == (outcome, words, "mug")
    lines = explanation_text(found, "USD", 80).splitlines()
    assert " ".join(" ".join(lines).split()).startswith(f"c1: {words} c1: ")
    assert max(map(len, lines)) <= 80


def test_a_trial_is_set_against_the_best_known() -> None:
    """What was tried is worth less than the action asked for; why the action is not done is that nothing is better."""
    tried = replace(TEA, net_value=-2.0)
    found = of(tried, replace(MUG, net_value=-1.0), probability=0.05)
    said = why_not_text(found, "USD")
    assert said is not None
    assert "worth $1.00 less than doing nothing" in said
    assert said.endswith("this time Tea by email was tried to learn from it")


def test_all_its_channels_are_listed() -> None:
    waits = replace(MUG, channel="email", net_value=0.5, review="dear", send_at_us=8 * 3_600_000_000)
    text = explanation_text(of(TEA, MUG, BY_SMS, waits), "USD", 100)
    assert text[text.index("its channels") :].splitlines()[1:4] == [
        "  web    $1.00  possible",
        "  email  $0.50  possible; a person looks first: dear; goes out at 1970-01-01 08:00 UTC",
        "  sms    $1.00  ruled out: consent: opted out of sms",
    ]


def test_without_a_question_there_is_no_answer() -> None:
    found = replace(of(TEA), asked=None)
    assert why_not_text(found, "USD") is None
    assert explanation_json(found, "USD")["why_not"] is None
    assert "its channels" not in explanation_text(found, "USD", 80)
