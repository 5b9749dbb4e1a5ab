"""Commands that answer questions about a trained workspace."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

Nbatool = Callable[..., tuple[int, str, str]]


def test_features_have_meanings_and_examples(trained_world: Path, nbatool: Nbatool) -> None:
    code, out, err = nbatool("features", "-w", str(trained_world))
    assert (code, err) == (0, "")
    assert out.splitlines()[0].split() == ["name", "kind", "example", "meaning"]
    assert "days since the last purchase" in out
    assert "count_contact_of_action_long" in out
    code, out, _ = nbatool("features", "-w", str(trained_world), "--like", "days*purchase", "--json")
    found = json.loads(out)["features"]
    assert [f["name"] for f in found] == ["days_since_last_purchase"]
    assert found[0]["kind"] == "recency"
    assert found[0]["example"] >= 0


def test_features_of_one_customer(trained_world: Path, nbatool: Nbatool) -> None:
    code, out, _ = nbatool("features", "-w", str(trained_world), "c000007", "--json")
    found = json.loads(out)
    assert code == 0
    values = {f["name"]: f.get("value") for f in found["features"]}
    assert values["tenure"] > 0
    assert "free_shipping" in found["pairs"]["action"]
    code, out, _ = nbatool("features", "-w", str(trained_world), "c000007", "--like", "tenure")
    assert out.startswith("c000007 at 2018-07-01T00:00")
    assert nbatool("features", "-w", str(trained_world), "--as-of", "2018-03-01", "c000007")[0] == 0


def test_features_nobody_has(trained_world: Path, nbatool: Nbatool) -> None:
    code, _, err = nbatool("features", "-w", str(trained_world), "nobody")
    assert (code, err[:37]) == (4, 'no customer "nobody" is known before ')
    code, _, err = nbatool("features", "-w", str(trained_world), "--like", "tenuer")
    assert code == 4
    assert 'did you mean "tenure"' in err


def test_features_before_training(trained_world: Path, tmp_path: Path, nbatool: Nbatool) -> None:
    shop = Path(shutil.copytree(trained_world, tmp_path / "shop"))
    trained = nbatool("features", "-w", str(shop))[1]
    shutil.rmtree(shop / "models")
    assert nbatool("features", "-w", str(shop))[1] == trained


def test_features_before_loading(shop: Path, nbatool: Nbatool) -> None:
    assert nbatool("features") == (4, "", "nothing is loaded yet. Run: nbatool ingest\n")


def test_parity(trained_world: Path, nbatool: Nbatool) -> None:
    said = nbatool("parity", "-w", str(trained_world), "--customers", "25")
    assert said == (0, "25 customers, batch = live to the last digit\n", "")
    found = json.loads(nbatool("parity", "-w", str(trained_world), "--customers", "3", "--json")[1])
    assert (found["equal"], found["customers"], found["differences"]) == (True, 3, [])


def test_parity_shows_what_differs(
    trained_world: Path, nbatool: Nbatool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nbatool.decide import parity

    monkeypatch.setattr(parity, "same_bits", lambda _a, _b: False)
    code, out, err = nbatool("parity", "-w", str(trained_world), "--customers", "2")
    assert code == 5
    assert out.splitlines()[0].split() == ["customer", "what", "batch", "live"]
    assert "2 of 2 customers differ" in err
    assert "please report it" in err


def test_explain(trained_world: Path, nbatool: Nbatool) -> None:
    code, out, err = nbatool("explain", "-w", str(trained_world), "c000007")
    assert (code, err) == (0, "")
    assert out.startswith("c000007: ")
    assert re.search(r"everything else of \d+ candidates( \(\d+ actions by channel\))?, in order", out)
    assert "what is known" in out
    found = json.loads(nbatool("explain", "-w", str(trained_world), "c000007", "--json")[1])
    assert found["best"]["action_id"]
    assert nbatool("explain", "-w", str(trained_world), "nobody")[0] == 4


def test_models_show(trained_world: Path, nbatool: Nbatool) -> None:
    version = json.loads(nbatool("models", "list", "-w", str(trained_world), "--json")[1])["champion"]
    code, out, _ = nbatool("models", "show", version, "-w", str(trained_world))
    assert code == 0
    first, switched, data = out.splitlines()[:3]
    assert first == f"version  {version}, in force"
    assert re.fullmatch(r"switched \d{4}-\d\d-\d\d \d\d:\d\d UTC: trained", switched)
    assert data.startswith("data     2017-")
    found = json.loads(nbatool("models", "show", version, "-w", str(trained_world), "--json")[1])
    assert set(found["card"]["targets"]) == {"purchase_30d", "churn_90d"}
