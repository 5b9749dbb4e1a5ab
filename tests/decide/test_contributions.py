from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nbatool.base.errors import DataError, UsageError
from nbatool.base.records import Action
from nbatool.decide.catalogue import Catalogue, Offer
from nbatool.decide.contributions import against_last, uplift_contributions
from nbatool.decide.expected import Expectation
from nbatool.decide.explaining import explain_customer
from nbatool.models import registry
from nbatool.models.bundle import Bundle
from nbatool.models.uplift_map import Curve
from nbatool.report.explanation_report import brief_text, explanation_json, explanation_text
from nbatool.store.workspace import open_workspace


@pytest.fixture(scope="module")
def bundle(trained_world: Path) -> Bundle:
    version = registry.champion(trained_world / "models")
    assert version is not None
    return Bundle.from_files(registry.load_files(trained_world / "models", version))


def test_parts_sum_to_the_uplifts(bundle: Bundle) -> None:
    model = bundle.outcome
    assert model is not None
    x = np.random.default_rng(0).normal(20.0, 30.0, (40, model.n_features))
    x[:, : model.candidate_from] = x[-1, : model.candidate_from]
    x[-1, model.candidate_from :] = model.nothing
    curve = Curve(np.array([0.0, 50.0]), np.array([1.0, 3.0]))
    for level in (None, curve):
        changed = replace(model, uplift_map=replace(model.uplift_map, level=level))
        parts = against_last(changed, x)
        _, uplift = changed.expected(x, len(x))
        assert parts.shape == x.shape
        assert np.allclose(parts[:-1].sum(axis=1), uplift[0], rtol=0, atol=1e-8)
        assert (parts[-1] == 0).all()


def test_an_explanation_adds_up(trained_world: Path) -> None:
    workspace = open_workspace(trained_world)
    found = explain_customer(workspace, "c000007")
    assert found.about is not None
    assert sum(t.money for t in found.terms) == pytest.approx(found.about.net_value, abs=1e-9)
    assert sum(t.money for t in found.mattered) == pytest.approx(found.about.uplift, abs=1e-8)
    assert len(found.ranked) + len(found.removed) + 1 == 21
    assert [o.net_value for o in found.ranked] == sorted((o.net_value for o in found.ranked), reverse=True)
    assert set(found.scores) >= {"purchase_30d", "churn_90d", "clv", "segment"}


def test_an_action_asked_for(trained_world: Path) -> None:
    workspace = open_workspace(trained_world)
    found = [explain_customer(workspace, f"c{number:06d}", action="free_shipping") for number in range(40)]
    assert {each.about.action_id for each in found if each.about} == {"free_shipping"}
    beaten = [each for each in found if each.runner_up is not None and each.chosen is not None]
    assert beaten  # an action is worth more than nothing for some of them
    pairs = {
        (each.runner_up.action_id, each.chosen.action_id) for each in beaten if each.runner_up and each.chosen
    }
    assert all(one != other for one, other in pairs)
    with pytest.raises(UsageError, match='did you mean "free_shipping"'):
        explain_customer(workspace, "c000007", action="free_shiping")


def test_an_unknown_customer(trained_world: Path) -> None:
    with pytest.raises(DataError, match=r'no customer "c0000077" is known before .* did you mean "c00'):
        explain_customer(open_workspace(trained_world), "c0000077")


def test_what_ruled_an_offer_out_and_what_it_saw(trained_world: Path, tmp_path: Path) -> None:
    import shutil

    shop = Path(shutil.copytree(trained_world, tmp_path / "shop"))
    with (shop / "nba.toml").open("a") as file:
        file.write(
            '\n[[action]]\nid = "free_shipping"\neligible_when = "age > 200"\nlever = 2.0\ncost_per_conversion = 1.0\n'
        )
    found = explain_customer(open_workspace(shop), "c000007", action="free_shipping")
    assert found.about is not None
    assert found.about.removed_by is not None
    assert found.about.removed_by.startswith("eligible_when: age > 200 (age is ")
    assert [t.words.split(",")[0] for t in found.terms] == [
        "expected against doing nothing", "lever 2", "cost of the contact", "cost of a conversion",
    ]  # fmt: skip
    said = explanation_text(found, "USD", 100)
    assert "! ruled out: eligible_when: age > 200 (age is " in said
    assert explanation_json(found, "USD")["about"]["removed_by"] == found.about.removed_by
    again = explain_customer(open_workspace(shop), "c000007")
    assert {o.action_id for o in again.removed} == {"free_shipping"}
    assert "ruled out\n  Free shipping" in explanation_text(again, "USD", 100)
    assert brief_text(again, "USD", 80).count("\n") >= 1


def test_without_contacts_the_chance_is_split(bundle: Bundle, trained_world: Path) -> None:
    from nbatool.features.moments import Moments, prepare_moments
    from nbatool.store.warehouse import open_warehouse

    fields = {name: getattr(bundle, name) for name in bundle.__dataclass_fields__}
    bare = Bundle(**{**fields, "outcome": None, "decision": None, "conversion": None})
    action = Action("a", "A", ("email",), target="purchase_30d", value_per_response=10.0)
    expectation = Expectation(bare, Catalogue((Offer(action, "email", None),)))
    with open_warehouse(open_workspace(trained_world)) as warehouse:
        moments = Moments(["c000007"], np.array([1_530_403_200_000_000]))
        customers = prepare_moments(warehouse.con, bare.features, moments).read(0, 1)
    encoded = bare.customer.encode(customers)
    found = uplift_contributions(expectation, customers, encoded, 0)
    expected = expectation.predict(customers, encoded).outcome[0, 0]
    assert found.base > 0
    assert found.base + found.money.sum() == pytest.approx(expected, abs=1e-9)
