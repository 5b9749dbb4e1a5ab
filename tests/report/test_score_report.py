from __future__ import annotations

from pathlib import Path

import pytest

from nbatool.activate.scored import ScoreReport
from nbatool.activate.tally import Share
from nbatool.report.score_report import score_json, score_text


def report(*mix: Share, **other: object) -> ScoreReport:
    settings: dict[str, object] = {
        "as_of_us": 1_530_403_200_000_000,
        "model_version": "2018-07-01-a41c",
        "customers": sum(share.customers for share in mix),
        "contacted": sum(share.customers for share in mix if share.action_id != "nothing"),
        "plan_value": sum(share.net_value for share in mix),
        "best_single": ("a", -4.4),
        "actions_file": Path("/shop/out/actions-2018-07-01.csv"),
        "scores_file": None,
        "published": True,
        "why_not_published": None,
        "by_propensity": False,
        "best_customer": None,
        "within_s": 30 * 86_400,
        **other,
    }
    return ScoreReport(mix=mix, **settings)  # type: ignore[arg-type]


MIX = (
    Share("nothing", "nothing", 50, 0.0),
    *(
        Share(name, f"Offer {name}", n, 2.0 * n)
        for name, n in zip("abcdef", (25, 10, 6, 5, 3, 1), strict=True)
    ),
    Share("g", "Offer g", 0, 0.0),
)


def test_four_actions_nothing_and_the_rest_together() -> None:
    lines = score_text(report(*MIX), "USD", 80).splitlines()
    assert lines[0] == "What to do now, as of 2018-07-01 00:00 UTC, for the next 30d"
    assert lines[2:9] == [
        "  action   customers  net value each  in all",
        f"  Offer a         25           $2.00     $50  {'█' * 30}",
        f"  Offer b         10           $2.00     $20  {'█' * 12}",
        f"  Offer c          6           $2.00     $12  {'█' * 7}▎",
        f"  Offer d          5           $2.00     $10  {'█' * 6}",
        "  nothing         50           $0.00      $0",
        "  2 more           4           $2.00      $8  ████▊",
    ]
    assert "  best for nobody now: Offer g" in lines
    assert "  this plan                     $100" in lines
    assert "  best single action (Offer a)   -$4" in lines
    files = ["Files    /shop/out/actions-2018-07-01.csv", f"{'':11}50 customers with an action, best first"]
    assert lines[-3:-1] == files
    assert "Live     decides with this from now on" in lines


@pytest.mark.parametrize("width", [80, 100])
def test_the_files_fit_whatever_their_names(width: int) -> None:
    path = Path("/shop/out") / f"{'x' * 20}.csv"
    lines = score_text(report(*MIX, actions_file=path, scores_file=Path("/s.csv")), "USD", width).splitlines()
    assert max(map(len, lines)) <= width
    start = lines.index(next(line for line in lines if line.startswith("Files")))
    beside = [
        f"Files    {path}  50 customers with an action, best first",
        f"{'':9}/s.csv{'':{36 - 6}}100 customers",
    ]
    below = [
        f"Files    {path}",
        f"{'':11}50 customers with an action, best first",
        f"{'':9}/s.csv",
        f"{'':11}100 customers",
    ]
    assert lines[start:-1] == (beside if width == 100 else below)


def test_why_it_was_not_published_and_that_values_are_propensities() -> None:
    said = score_text(
        report(*MIX, published=False, why_not_published="dry run", by_propensity=True, best_customer="c 7"),
        "EUR",
        100,
        "nbatool -w shop",
    )
    assert "Live     unchanged: dry run" in said
    assert "NOT the effect of the action" in " ".join(said.split())
    assert said.endswith("Next     nbatool -w shop explain 'c 7'")
    assert "€2.00" in said


@pytest.mark.parametrize("width", [40, 60, 100, 200])
def test_the_table_keeps_to_the_width(width: int) -> None:
    mix = (*MIX, Share("long", "An offer with a very long name that nobody would type by hand", 90, 1e6))
    table = score_text(report(*mix), "JPY", width).split("\n\n")[1].splitlines()
    assert max(map(len, table)) <= max(width, 78)


def test_nobody_known() -> None:
    assert "What to do now" in score_text(report(best_single=None), "USD", 80)


def test_json_has_four_decimals() -> None:
    found = score_json(report(*MIX, Share("h", "h", 3, 1.0)), "CHF")
    assert found["actions"][-1]["net_value_each"] == 0.3333
    assert found["best_single_action"] == {"action_id": "a", "net_value": -4.4}


def test_an_empty_catalogue_is_said_plainly() -> None:
    said = score_text(
        report(Share("nothing", "nothing", 5, 0.0), by_propensity=True, best_single=None), "USD", 100
    )
    assert "! no actions are configured: add [[action]] tables to nba.toml" in said
    assert "No contact whose window" not in said


def test_a_plan_of_propensities_is_not_set_against_nothing() -> None:
    said = score_text(report(*MIX, by_propensity=True), "USD", 100)
    assert "  expected responses less costs, not an effect\n  this plan " in said
    assert "\n  nothing    " not in said.split("this plan")[1]


@pytest.mark.parametrize(("later_us", "warned"), [(0, False), (-1, False), (86_400_000_000, True)])
def test_a_model_that_knows_the_future_is_not_to_be_judged(later_us: int, warned: bool) -> None:
    found = report(*MIX, learned_until_us=1_530_403_200_000_000 + later_us)
    said = " ".join(score_text(found, "USD", 100).split())
    assert (
        "! the model in force learned from data until 2018-07-02 00:00 UTC, after this time: do not judge it by these"
        in said
    ) == warned
    assert score_json(found, "USD")["model_as_of"].startswith("2018-0")


def test_actions_that_make_much_of_the_plan_are_named() -> None:
    """Few customers may be worth most: what is named follows the money."""
    mix = (*MIX, Share("z", "Offer z", 1, 900.0))
    table = score_text(report(*mix), "USD", 80).split("\n\n")[1].splitlines()
    assert table[1].startswith("  Offer z ")
    assert [line.split("  ")[1] for line in table[1:7]] == [
        "Offer z",
        "Offer a",
        "Offer b",
        "Offer c",
        "nothing",
        "3 more",
    ]
    five = tuple(
        Share(name, f"Offer {name}", 1, 10.0 * sign)
        for name, sign in zip("abcdef", (9, 9, 9, 9, -9, -9), strict=True)
    )
    assert "more" not in score_text(report(*five), "USD", 80).split("\n\n")[1]


def test_what_learning_and_keeping_apart_cost() -> None:
    found = report(*MIX, tried=1, exploring=3.0, kept_apart=7, apart=41.2)
    said = " ".join(score_text(found, "USD", 100).split())
    assert "1 customer gets something worth less than the best, to learn from it (expected cost $3)" in said
    assert "7 customers are kept apart, to measure what the plan earns (expected cost $41)" in said
    assert score_json(found, "USD")["kept_apart_cost"] == 41.2


def test_nobody_to_score_says_who_would_be() -> None:
    text = score_text(report(Share("nothing", "nothing", 0, 0.0), Share("a", "A", 0, 0.0)), "USD", 80)
    said = " ".join(text.split())
    assert (
        "nobody is scored: known customers, who would be, are those with an event or a line of a customers file"
        in said
    )
    assert "this plan" not in said
    assert max(map(len, text.splitlines()[:6])) <= 80


def test_a_floor_that_does_not_hold_is_said() -> None:
    assert "\n  ! min_probability does not hold\n" in score_text(
        report(*MIX), "USD", 80, warning="min_probability does not hold"
    )
