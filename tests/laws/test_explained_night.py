"""What the night did is what is explained of it: the funnel adds up, and each customer's explanation is the file's row."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import pytest
from calls import call, decide
from same_answer import every

from nbatool.decide.decision import STEPS
from nbatool.decide.explaining import explain_customer
from nbatool.report.why_not import CHOSEN, REMOVED, TAKEN_OUT, outcome_of, why_not_text
from nbatool.store.workspace import Workspace, open_workspace

pytestmark = pytest.mark.slow

SETTINGS = """
[[action]]
id = "free_shipping"
stock = 12
eligible_when = "age >= 30"

[exploration]
method = "inverse_gap"
share = 0.1

[guardrails]
max_contacts = [ { channel = "email", limit = 1, window = "40d" } ]
min_gap = { same_action = "60d" }
quiet_hours = [ { start = "21:00", end = "08:00", channels = ["email", "push"] } ]
suppress = [ { when = "tier = 'gold'", reason = "own desk", tag = "promo" }, { when = "age > 80", reason = "old" } ]
review = [ { when = "clv > 150", reason = "a good customer" } ]
budget = [ { amount = 20.0, window = "7d" } ]
"""


@pytest.fixture(scope="module")
def night(trained_world: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, dict[str, Any]]:
    root: Path = shutil.copytree(trained_world, tmp_path_factory.mktemp("explained") / "shop")
    with (root / "nba.toml").open("a", encoding="utf-8") as file:
        file.write(SETTINGS)
    told = call(root, "score", "--explain", "--json").json
    return open_workspace(root), told


def test_the_funnel_adds_up(night: tuple[Workspace, dict[str, Any]]) -> None:
    """Each step leaves what the one before left less what it removed, and every removal has one rule."""
    _, told = night
    steps = {step["step"]: step for step in told["funnel"]}
    assert list(steps) == ["catalogue", *STEPS, "worth more than nothing", "chosen"]
    before = steps["catalogue"]
    for name in STEPS:
        step = steps[name]
        assert step["candidates"] == before["candidates"] - step["removed_candidates"]
        assert step["customers"] <= before["customers"]
        assert sum(rule["candidates"] for rule in step["rules"]) == step["removed_candidates"]
        assert all(rule["customers"] <= step["removed_customers"] for rule in step["rules"])
        before = step
    contacted = sum(a["customers"] for a in told["actions"] if a["action_id"] != "nothing")
    assert steps["chosen"]["customers"] == contacted
    waits = [n["customers"] for n in steps["chosen"]["notes"] if n["note"] == "wait for a person's word"]
    assert sum(waits) == told["waiting_for_review"]
    rules = {rule["rule"] for rule in steps["eligible"]["rules"]}
    assert rules == {"eligible_when of free_shipping: age >= 30"}
    taken_out = {rule["rule"]: rule["candidates"] for rule in steps["limit"]["rules"]}
    assert taken_out == {limit["name"]: limit["taken_out"] for limit in told["limits"] if limit["taken_out"]}


def test_what_is_explained_is_what_was_done(night: tuple[Workspace, dict[str, Any]]) -> None:
    workspace, told = night
    with Path(told["actions_file"]).open(encoding="utf-8") as file:
        rows = {row["customer_id"]: row for row in csv.DictReader(file)}
    with Path(told["scores_file"]).open(encoding="utf-8") as file:
        chosen = {row["customer_id"]: row["action_id"] for row in csv.DictReader(file)}
    outcomes = set()
    for customer in every(chosen, 40):
        found = explain_customer(workspace, customer, action="free_shipping")
        assert (found.chosen.action_id if found.chosen else "nothing") == chosen[customer]
        assert (customer in rows) == (found.chosen is not None and found.chosen.review is None)
        if customer in rows:
            assert found.worth == pytest.approx(float(rows[customer]["net_value"]), abs=1e-4)
        assert found.about is not None
        assert sum(t.money for t in found.terms) == pytest.approx(found.about.net_value, abs=1e-9)
        assert any(term.limit == "budget 20 in 7d" for term in found.terms)
        assert (outcome_of(found) == CHOSEN) == (chosen[customer] == "free_shipping")
        outcomes.add(outcome_of(found))
        if outcome_of(found) == REMOVED:
            said = why_not_text(found, "USD")
            assert said is not None
            assert any(word in said for word in ("age is", "tier is", "min_gap:", "max_contacts:"))
    assert REMOVED in outcomes


def test_what_the_night_could_not_do_is_explained_so(night: tuple[Workspace, dict[str, Any]]) -> None:
    """Whoever the limits took out after the draw got nothing, and is told what was drawn."""
    workspace, told = night
    taken = sum(limit["taken_out"] for limit in told["limits"])
    with Path(told["scores_file"]).open(encoding="utf-8") as file:
        nothing = [row["customer_id"] for row in csv.DictReader(file) if row["action_id"] == "nothing"]
    out = [c for c in every(nothing, 25) if explain_customer(workspace, c).taken_out is not None]
    assert len(out) <= taken
    for customer in out:
        drawn = explain_customer(workspace, customer).taken_out
        assert drawn is not None
        assert drawn.removed_by in {f"{limit['name']} has no room for it" for limit in told["limits"]}
        found = explain_customer(workspace, customer, action=drawn.action_id)
        assert (outcome_of(found), found.chosen) == (TAKEN_OUT, None)


def test_prices_of_other_limits_are_left_out_and_said_to_be(
    night: tuple[Workspace, dict[str, Any]], tmp_path: Path
) -> None:
    workspace, told = night
    root = Path(shutil.copytree(workspace.root, tmp_path / "shop"))
    toml = (root / "nba.toml").read_text(encoding="utf-8")
    (root / "nba.toml").write_text(toml.replace("amount = 20.0", "amount = 25.0"), encoding="utf-8")
    customer = told["best_customer"]
    found = call(root, "explain", customer, "--json").json
    assert found["note"].startswith("limits on everybody changed since the last score")
    assert all(term["limit"] is None for term in found["net_value_terms"])
    earlier = call(workspace.root, "explain", customer, "--json", "--as-of", "2018-06-30").json
    assert earlier["note"].startswith("this time lies before the last score")
    now = call(workspace.root, "explain", customer, "--json").json
    assert now["note"] is None


def test_later_prices_are_those_of_live_decisions(night: tuple[Workspace, dict[str, Any]]) -> None:
    workspace, told = night
    customer, later = told["best_customer"], "2018-07-01T09:00:00Z"
    found = call(workspace.root, "explain", customer, "--json", "--as-of", later).json
    assert found["note"] is None
    explained = {
        (o["action_id"], o["channel"]): o["net_value"] for o in (found["about"], *found["others"]) if o
    }
    [answer] = decide(workspace.root, [{"customer_id": customer, "as_of": later, "top": 30, "dry_run": True}])
    live = [a for a in answer["actions"] if a["action_id"] != "nothing"]
    for action in live:
        assert explained[action["action_id"], action["channel"]] == action["net_value"]
