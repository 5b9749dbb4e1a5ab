"""A challenger waits, takes over on evidence only, and is not tried again once it was rolled back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from calls import call
from logged_shop import TRAINED_AT

from nbatool.base.clock import parse_time
from nbatool.measure import promotion
from nbatool.measure.promotion import Verdict, challengers_of, consider_promotion
from nbatool.models import registry
from nbatool.night.night import due_because
from nbatool.store.workspace import Workspace, open_workspace

AT = "2026-02-08"


@pytest.fixture(scope="module")
def trained(logged_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop with a second version, trained later, that asks for evidence."""
    root = Path(shutil.copytree(logged_shop, tmp_path_factory.mktemp("promotion") / "shop"))
    asking(root, automatic=False)
    call(root, "train", "-q", "--as-of", AT)
    asking(root)
    return root


def asking(root: Path, **settings: Any) -> Workspace:
    lines = [f"{key} = {json.dumps(value)}" for key, value in {"min_decisions": 300, **settings}.items()]
    toml = root / "nba.toml"
    toml.write_text(toml.read_text().split("[promotion]")[0] + "\n".join(["[promotion]", *lines, ""]))
    return open_workspace(root)


@pytest.fixture
def shop(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "shop"))


def versions(root: Path) -> tuple[str, str]:
    """The version of the beginning, and the one trained later."""
    old, new = registry.list_versions(root / "models")
    assert (old[:10], new[:10]) == (TRAINED_AT, AT)
    return old, new


def consider(workspace: Workspace, as_of: str | None = None) -> Verdict:
    verdict = consider_promotion(workspace, as_of_us=None if as_of is None else parse_time(as_of), seed=0)
    assert verdict is not None
    return verdict


def test_a_challenger_waits_for_decisions_neither_has_learned_from(shop: Path) -> None:
    old, new = versions(shop)
    verdict = consider(asking(shop, min_decisions=5_000))
    assert (verdict.champion, verdict.challenger, verdict.promoted, verdict.evidence) == (
        old,
        new,
        False,
        None,
    )
    assert verdict.why.endswith("decisions were closed that neither has learned from; 5,000 are asked for")
    assert registry.champion(shop / "models") == old
    # What either may have learned from does not count: before the second training nothing is left.
    assert consider(asking(shop), as_of=AT).why.startswith("0 decisions")


def test_it_is_promoted_with_its_evidence(shop: Path) -> None:
    old, new = versions(shop)
    verdict = consider(asking(shop, max_regression=0.05))
    assert verdict.promoted
    assert registry.champion(shop / "models") == new
    switch = registry.champion_log(shop / "models")[-1]
    assert (switch["from"], switch["to"], switch["kind"]) == (old, new, "promote")
    evidence = switch["evidence"]
    assert evidence == json.loads(json.dumps(verdict.evidence))
    assert 1_000 < evidence["decisions"] < 2_000
    assert (
        evidence["gain"]["low"] >= evidence["least"] == pytest.approx(-0.05 * evidence["champion"]["value"])
    )
    assert evidence["gain"]["confidence"] == 0.95
    assert switch["why"].startswith(f"gain over {old}: ")
    assert consider_promotion(open_workspace(shop), as_of_us=None, seed=0) is None


def test_it_is_refused_where_the_bound_is_too_low(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = versions(shop)
    own = promotion.chances

    def bad(policy: Any, judged: Any, **options: Any) -> Any:
        """The challenger would do nothing for anybody."""
        found = own(policy, judged, **options)
        if policy.bundle.card["as_of_us"] == parse_time(AT):
            found.exploring[:] = [0, 0, 1]
        return found

    monkeypatch.setattr(promotion, "chances", bad)
    verdict = consider(asking(shop))
    assert (verdict.promoted, verdict.challenger) == (False, new)
    assert "is asked for" in verdict.why
    assert verdict.evidence is not None
    assert verdict.evidence["gain"]["high"] < 0
    assert registry.champion(shop / "models") == old
    assert len(registry.champion_log(shop / "models")) == 1


@pytest.mark.slow
def test_a_log_that_lies_promotes_nobody(shop: Path) -> None:
    toml = shop / "nba.toml"
    toml.write_text(
        toml.read_text().replace("p::double", "0.7 * p::double").replace('candidates = "among"\n', "")
    )
    call(shop, "ingest", "-q", "--source", "log", "--full-refresh")
    verdict = consider(asking(shop, max_regression=1.0))
    assert not verdict.promoted
    assert verdict.why.startswith(
        "the log carries no comparison: the logged probabilities are not those of the log"
    )


def test_what_was_rolled_back_is_not_tried_again(shop: Path) -> None:
    old, new = versions(shop)
    workspace = asking(shop, max_regression=0.05)
    assert consider(workspace).promoted
    call(shop, "models", "rollback")
    assert registry.champion(shop / "models") == old
    assert challengers_of(workspace) == []
    assert consider_promotion(workspace, as_of_us=None, seed=0) is None
    assert registry.champion(shop / "models") == old
    assert new in registry.list_versions(shop / "models")


def test_by_hand_only(shop: Path) -> None:
    old, _ = versions(shop)
    assert consider_promotion(asking(shop, automatic=False), as_of_us=None, seed=0) is None
    assert registry.champion(shop / "models") == old


@pytest.mark.slow
def test_a_challenger_too_young_to_be_judged_does_not_hide_an_older_one(shop: Path) -> None:
    """Versions may be trained faster than outcomes arrive."""
    _, new = versions(shop)
    done = call(shop, "train", "--json", "--as-of", "2026-02-27", code=0).json
    assert done["version"] != new
    assert challengers_of(open_workspace(shop)) in ([done["version"], new], [done["version"]])
    assert (done["promoted"], done["promotion"]["challenger"]) == (False, new)
    assert "neither has learned from" in done["promotion"]["why"]


def test_training_is_due_when_the_newest_version_is_old_not_when_the_champion_is(shop: Path) -> None:
    workspace, day = open_workspace(shop), 86_400
    assert due_because(workspace, parse_time("2026-02-10"), 7 * day) is None
    assert due_because(workspace, parse_time("2026-02-15"), 7 * day) == "the newest model is 7 days old"


@pytest.mark.slow
def test_train_says_what_became_of_the_challenger(shop: Path) -> None:
    _, new = versions(shop)
    ended = call(shop, "train", "--gate", "--as-of", AT, code=5)
    assert f"promotion of {new}: 0 decisions were closed" in " ".join(ended.out.split())
    assert "not in force" in ended.err
