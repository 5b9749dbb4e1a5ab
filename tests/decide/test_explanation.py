"""What would be done without the chosen action."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nbatool.base.records import NOTHING
from nbatool.decide.explanation import Explanation, Ranked
from nbatool.decide.net_value_terms import Term
from nbatool.report.explanation_report import brief_text, explanation_json, explanation_text


def offer(action_id: str, net_value: float, removed_by: str | None = None) -> Ranked:
    return Ranked(action_id, action_id.title(), "email", net_value, net_value, net_value, removed_by)


def explanation(*offers: Ranked, about: int = 0, allow_nothing: bool = True) -> Explanation:
    """Of offers in their order, best first; `about` is the one asked for."""
    possible = [o for o in offers if o.removed_by is None]
    best = possible[0] if possible and (possible[0].net_value > 0 or not allow_nothing) else None
    others = [o for o in offers if o is not offers[about]]
    return Explanation(
        "c1", 0, "v", best, offers[about], (), (), 7.0,
        tuple(o for o in others if o.removed_by is None), tuple(o for o in others if o.removed_by), {}, False,
        allow_nothing=allow_nothing,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("found", "runner_up"),
    [
        (explanation(offer("a", 3), offer("b", 2), offer("c", -1)), "b"),
        (explanation(offer("a", 3), offer("b", 2, "stock is 0"), offer("c", -1)), NOTHING),
        (explanation(offer("a", 3), offer("b", 0), offer("c", -1)), NOTHING),
        (explanation(offer("a", 3), offer("a", 2)), NOTHING),
        (explanation(offer("a", 3)), NOTHING),
        (explanation(offer("a", 3), offer("b", 2), offer("c", -1), about=1), "b"),
        (explanation(offer("a", 3), offer("b", -2), offer("c", -3), about=2), NOTHING),
        (explanation(offer("a", -1), offer("b", -2)), None),
        (explanation(offer("a", -1), offer("b", -2), allow_nothing=False), "b"),
        (explanation(offer("a", 3), offer("b", -2), allow_nothing=False), "b"),
        (explanation(offer("a", 3), allow_nothing=False), None),
    ],
)
def test_the_runner_up_is_worth_more_than_nothing(found: Explanation, runner_up: str | None) -> None:
    assert (found.runner_up.action_id if found.runner_up else None) == runner_up


def test_nothing_as_the_runner_up() -> None:
    found = explanation(offer("a", 3), offer("b", -2))
    assert brief_text(found, "USD", 80).splitlines()[-1] == "  runner-up: nothing, $0.00"
    assert explanation_json(found, "USD")["runner_up"] == {
        "action_id": "nothing", "action_name": "nothing", "channel": None, "net_value": 0.0, "uplift": 0.0,
        "expected_outcome": 7.0,
    }  # fmt: skip


def test_candidates_are_actions_by_channel() -> None:
    found = explanation(offer("a", 3), offer("a", 2), offer("b", 1), offer("b", -1, "stock is 0"))
    assert found.candidates == (4, 2)
    said = explanation_text(replace(found, terms=(Term("expected", 3.0),)), "USD", 100)
    assert "everything else of 4 candidates (2 actions by channel), in order" in said


@pytest.mark.parametrize(("horizon_s", "label"), [(365 * 86_400, "clv over 365 days"), (None, "clv ")])
def test_lifetime_value_says_how_far_it_looks(horizon_s: int | None, label: str) -> None:
    scores = {"clv": 130.0376, "expected_purchases": 7.36, "segment": "low value, bought once"}
    found = replace(explanation(offer("a", 3)), terms=(Term("x", 3.0),), scores=scores, horizon_s=horizon_s)
    lines = explanation_text(found, "USD", 80).splitlines()[-3:]
    assert lines[0].startswith(f"  {label}")
    assert lines[0].endswith("  $130.04")
    assert lines[1].startswith(
        "  expected_purchases over 365 days  7.4" if horizon_s else "  expected_purchases  7.4"
    )
    assert explanation_json(found, "USD")["clv_horizon"] == ("365d" if horizon_s else None)


def test_how_the_uplift_is_made_up_is_wrapped_and_never_cut() -> None:
    found = replace(
        explanation(offer("a", 3)), terms=(Term("expected against doing nothing", 3.0),), uplift_se=123.45
    )
    lines = explanation_text(found, "USD", 80).splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in "".join(lines)
    assert "without), give or take $123.45" in " ".join(" ".join(lines).split())
