"""Which version is in force after training: the newest by its data, and why another one is not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from calls import call

from nbatool.models import registry


@pytest.fixture
def shop(logged_shop: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(logged_shop, tmp_path / "shop"))


def test_a_version_of_earlier_data_does_not_take_over(shop: Path) -> None:
    """A look back must not change what decides tonight; who wants it says so."""
    champion = registry.champion(shop / "models")
    done = call(shop, "train", "--as-of", "2026-01-10", "--gate", code=5)
    new = next(name for name in registry.list_versions(shop / "models") if name != champion)
    said = " ".join(done.out.split())
    assert f"train version {new}, not in force" in said
    assert f"{champion} stays in force: it learned from later data than 2026-01-10 00:00 UTC" in said
    assert f"models promote {new} puts this one in its place" in said
    assert registry.champion(shop / "models") == champion
    told = call(shop, "train", "--as-of", "2026-01-10", "--json").json
    assert (told["version"], told["promoted"], told["stays"]) == (new, False, champion)
    listed = call(shop, "models", "list", "--json").json
    assert [v["challenger"] for v in listed["versions"]] == [
        False,
        False,
    ]  # nothing waits without [promotion]
    call(shop, "models", "promote", new, "--why", "to look back")
    assert [s["why"] for s in call(shop, "models", "list", "--json").json["switches"]] == [
        "trained",
        "to look back",
    ]


def test_the_list_of_models_shows_who_waits(shop: Path) -> None:
    with (shop / "nba.toml").open("a") as file:
        file.write("[promotion]\nautomatic = false\n")
    champion = registry.champion(shop / "models")
    new = call(shop, "train", "--json", "--as-of", "2026-02-08").json["version"]
    listed = {v["version"]: v for v in call(shop, "models", "list", "--json").json["versions"]}
    assert [(v["champion"], v["challenger"]) for v in (listed[champion], listed[new])] == [
        (True, False), (False, True),
    ]  # fmt: skip
    out = call(shop, "models", "list").out
    assert f"\nin force    {champion}  " in out
    assert f"\nchallenger  {new}  " in out
