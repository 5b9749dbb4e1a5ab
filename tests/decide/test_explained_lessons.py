"""An explanation adds up where outcomes have taught something since the models were trained."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from calls import call
from decided import decided, policy_of

from nbatool.cli.app import run
from nbatool.decide.assemble import champion_policy
from nbatool.decide.batch import population, score_chunks
from nbatool.decide.explaining import _uplift_se, explain_customer
from nbatool.decide.net_value_terms import EXPECTED, Term, net_value_terms
from nbatool.decide.policy import Policy
from nbatool.decide.published import terms_in_force
from nbatool.decide.reasons import SINCE
from nbatool.ingest.catalogue import load_catalogue
from nbatool.models.posterior_arms import fitted
from nbatool.report.explanation_report import LEAST_SHOWN, explanation_json, explanation_text
from nbatool.report.figures import money_text
from nbatool.store.warehouse import open_warehouse
from nbatool.store.workspace import Workspace, open_workspace


@pytest.fixture(scope="module")
def workspace(logged_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The shop after sixty live decisions turned out far better than expected."""
    root = Path(shutil.copytree(logged_shop, tmp_path_factory.mktemp("lessons") / "shop"))
    asked = [json.dumps({"customer_id": f"c{n:04d}", "request_id": f"r{n}"}) for n in range(60)]
    made = call(root, "decide", stdin="\n".join(asked)).rows
    came = [
        {"decision_id": d["decision_id"], "outcome": 9.0, "objective": "order", "status": "sent"}
        for d in made
    ]
    call(root, "learn", "-", stdin="\n".join(map(json.dumps, came)))
    call(root, "learn", "-q", "--as-of", "2026-03-20")
    return open_workspace(root)


@pytest.mark.parametrize("customer", ["c0000", "c0001", "c0002", "c0007"])
@pytest.mark.parametrize("action", [None, "banner"])
def test_the_terms_sum_with_what_was_learned_since(
    workspace: Workspace, customer: str, action: str | None
) -> None:
    found = explain_customer(workspace, customer, action=action)
    assert found.about is not None
    assert sum(term.money for term in found.terms) == pytest.approx(found.about.net_value, abs=1e-9)
    assert sum(term.money for term in found.mattered) == pytest.approx(found.about.uplift, abs=1e-9)
    (since,) = (term for term in found.mattered if term.words == SINCE)
    assert since.money != 0
    shown = " ".join(explanation_text(found, "EUR", 100).split())
    assert (SINCE in shown) == (abs(since.money) >= LEAST_SHOWN)


def test_how_sure_the_uplift_is_has_both_parts(workspace: Workspace) -> None:
    """The models' error and what is still open about the correction: at least each of them, and it is told."""
    found = explain_customer(workspace, "c0000")
    _, policy = champion_policy(workspace, load_catalogue(workspace.config))
    in_force = terms_in_force(workspace, found.model_version)
    assert found.uplift_se is not None
    with open_warehouse(workspace) as warehouse:
        people = population(warehouse.con, workspace.config, policy, as_of_us=found.as_of_us, only=["c0000"])
        (chunk,) = score_chunks(people, policy, threads=1, seed=in_force.seed, posterior=in_force.posterior)
    offers = [offer.action.id for offer in policy.catalogue.offers]
    of_model = _uplift_se(policy, chunk, offers.index(found.about.action_id), None)
    assert 0 < of_model < found.uplift_se
    assert explanation_json(found, "EUR")["uplift_se"] == round(found.uplift_se, 4)
    assert f"give or take {money_text(found.uplift_se, 'EUR')}" in " ".join(
        explanation_text(found, "EUR", 120).split()
    )


def test_before_any_contact_a_chance_and_what_was_learned_are_told_apart() -> None:
    """At a cold start lessons move a value that is no effect of the action; each part stands for itself."""
    policy = policy_of()
    models: Any = type("Models", (), {"outcome": None})
    coupon = replace(policy.catalogue.offers[0].action, target="buys", value_per_response=10.0, cost=0.25)
    offers = (replace(policy.catalogue.offers[0], action=coupon), *policy.catalogue.offers[1:])
    policy = Policy(models, replace(policy.catalogue, offers=offers))
    modelled = np.array([[0.3, 0.0, 0.0, 0.0]])
    decision = replace(decided(policy, [0.7, -0.2, 0.0]), modelled=modelled)
    terms = net_value_terms(policy, decision, 0)
    assert [(term.words, round(term.money, 9)) for term in terms] == [
        ("chance 0.030 of buys × 10.00, not an effect of the action", 0.3), (SINCE, 0.4), ("cost of the contact", -0.25),
    ]  # fmt: skip
    assert sum(term.money for term in terms) == pytest.approx(decision.net_value[0, 0], abs=1e-9)
    mail = net_value_terms(policy, decision, 1)
    assert mail[0] == Term(
        "not valued: no contact was logged, and it has no value_per_response", 0.0, kind=EXPECTED
    )
    assert sum(term.money for term in mail) == pytest.approx(decision.net_value[0, 1], abs=1e-9)


def test_json_tells_the_arm_and_whether_it_was_tried(workspace: Workspace) -> None:
    arms = set()
    for n in range(12):
        found = explain_customer(workspace, f"c{n:04d}")
        told = explanation_json(found, "EUR")
        assert (told["arm"], told["tried"]) == (found.arm, found.tried)
        assert told["probability_in_arm"] == found.probability
        arms.add(found.arm)
    assert len(arms) > 1


def test_an_action_withdrawn_since_the_scoring(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is believed of the others stays theirs; whoever asks is told that live decisions go on with the old ones."""
    root = Path(shutil.copytree(workspace.root, tmp_path / "shop"))

    def said(*arguments: str) -> str:
        assert run(["-w", str(root), *arguments]) == 0
        return capsys.readouterr().out

    before = json.loads(said("explain", "c0000", "--action", "coupon", "--json"))
    assert before["unpublished"] is None
    toml = (root / "nba.toml").read_text()
    (root / "nba.toml").write_text(toml.replace('[[action]]\nid = "banner"', '[[action]]\nid = "voucher"'))
    told = json.loads(said("explain", "c0000", "--action", "coupon", "--json"))
    offers = [told["about"], *told["others"], *told["removed"]]
    assert {offer["action_id"] for offer in offers} == {"coupon", "voucher"}
    assert _since(told) == _since(before) != 0
    assert "banner withdrawn; voucher added" in told["unpublished"]
    start = toml.index('[[action]]\nid = "banner"')
    (root / "nba.toml").write_text(toml[:start] + toml[toml.index("[[action]]", start + 1) :])
    text = " ".join(said("explain", "c0000").split())
    assert "! explained is the catalogue of now; the catalogue changed since it was published" in text
    assert "! the catalogue changed since it was published" in said("status")
    checks = {c["check"]: c for c in json.loads(said("doctor", "--json"))["checks"]}
    assert checks["published"]["ok"]
    assert "banner withdrawn. Live decisions" in checks["published"]["detail"]


def _since(told: dict[str, Any]) -> float:
    """What outcomes have taught since about the action explained."""
    return next(float(term["money"]) for term in told["mattered"] if term["words"] == SINCE)


def test_of_arms_that_stay_everything_believed_is_kept(workspace: Workspace) -> None:
    version, policy = champion_policy(workspace, load_catalogue(workspace.config))
    whole = terms_in_force(workspace, version).posterior
    assert whole is not None
    assert fitted(whole, policy.candidates) is whole
    arms = [("new", "web"), whole.arms[1], whole.arms[-1]]
    part = fitted(whole, arms)
    phi = np.random.default_rng(0).normal(size=(5, whole.d))
    np.testing.assert_allclose(part.mean(phi)[:, 1:], whole.mean(phi)[:, [1, -1]])
    np.testing.assert_allclose(part.sd(phi)[:, 1:], whole.sd(phi)[:, [1, -1]])
    np.testing.assert_allclose(part.uplift_sd(phi, 1), whole.uplift_sd(phi, 1))
    assert (part.mean(phi)[:, 0] == 0).all()
    assert (part.sd(phi)[:, 0] > 0).all()
