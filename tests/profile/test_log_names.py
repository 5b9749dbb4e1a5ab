"""What is loaded of decisions is called as nba.toml calls it, or it is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from calls import call
from small_shop import Shop, source

from nbatool.ingest.catalogue import load_catalogue
from nbatool.profile.log_names import counts_for_nothing, unmatched
from nbatool.store.warehouse import open_warehouse
from nbatool.store.workspace import Workspace

LOG = "d,id,ts,action,spend,visit\n" + "".join(
    f"d{k},c{k},2024-01-0{1 + k % 3},{'ab'[k % 2]},{k},1\n" for k in range(6)
)
MAPPED = {"decision_id": "d", "customer_id": "id", "ts": "ts", "action_id": "action"}
OUTCOMES = {"outcome.spend": "spend::decimal(18,4)", "outcome.visit": "visit::decimal(18,4)"}


def loaded(root: Path, more: str, **outcomes: str) -> Workspace:
    shop = Shop(root)
    shop.write("log.csv", LOG)
    workspace = shop.configure(
        'as_of = "newest"\n' + source("log.csv", name="log", kind="decisions", **MAPPED, **outcomes) + more
    )
    shop.load(workspace)
    return workspace


def objective(name: str, more: str = "") -> str:
    return f'[[objective]]\nname = "{name}"\nwithin = "1d"\n{more}'


def action(name: str) -> str:
    return f'[[action]]\nid = "{name}"\nchannels = ["web"]\n'


def said(workspace: Workspace) -> tuple[list[str], bool]:
    with open_warehouse(workspace) as warehouse:
        actions = load_catalogue(workspace.config)
        return unmatched(warehouse.con, workspace.config, actions), counts_for_nothing(
            warehouse.con, workspace.config
        )


def test_outcomes_of_other_names_count_for_nothing(tmp_path: Path) -> None:
    found, nothing = said(loaded(tmp_path, objective("reward") + action("a") + action("b"), **OUTCOMES))
    assert nothing
    (line,) = found
    assert line.startswith("outcomes are loaded for spend, visit; no objective has that name")


@pytest.mark.parametrize("more", [objective("spend"), ""])
def test_a_name_that_fits_is_enough(tmp_path: Path, more: str) -> None:
    assert said(loaded(tmp_path, more + action("a") + action("b"), **OUTCOMES)) == ([], False)


def test_one_objective_of_two_without_outcomes(tmp_path: Path) -> None:
    toml = objective("spend") + objective("reward") + action("a") + action("b")
    found, nothing = said(loaded(tmp_path, toml, **OUTCOMES))
    assert not nothing
    assert found == [
        '[[objective]] "reward": outcomes are loaded for spend, visit, none for it: it is 0 everywhere'
    ]


def test_actions_the_catalogue_does_not_have(tmp_path: Path) -> None:
    toml = objective("spend")
    assert said(loaded(tmp_path, toml + action("mens"), **OUTCOMES))[0] == [
        "6 logged decisions chose actions the catalogue does not have: a, b"
    ]


def test_doctor_and_train_say_it(tmp_path: Path) -> None:
    root = loaded(tmp_path, objective("reward") + action("mens"), **OUTCOMES).root
    with (root / "nba.toml").open("a") as file:
        file.write("[exploration]\n")
    checks = call(root, "doctor", "--json", code=4).json["checks"]
    (check,) = [each for each in checks if not each["ok"]]
    told = call(root, "train", "--json").json["warnings"]
    assert check["check"] == "decision log"
    for part in ("no objective has that name", "6 logged decisions chose actions"):
        assert part in check["detail"]
        assert any(part in each for each in told)
