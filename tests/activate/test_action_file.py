"""The action file of a night that explores and keeps customers apart: every row says how it came to be."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from calls import call

from nbatool.activate.action_file import TEXT_DIGITS, for_reading

BEGINS = {
    "control": "control group: never contacted",
    "random": "random arm: any possible action alike, to measure what choosing earns; drawn with probability ",
    "model_only": "model-only arm: by effect alone",
    "rules_only": "rules-only arm: by lever alone",
}


@pytest.fixture(scope="module")
def shop(logged_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(logged_shop, tmp_path_factory.mktemp("actions") / "shop"))


@pytest.fixture(scope="module")
def whole(shop: Path) -> list[dict[str, Any]]:
    """The action file with everything in it, every digit kept."""
    import polars as pl

    out = shop / "out" / "all.parquet"
    report = call(
        shop, "score", "--json", "--dry-run", "--include-nothing", "--top", "3", "--out", str(out)
    ).json
    rows = pl.read_parquet(out).to_dicts()
    firsts = [row for row in rows if row["rank"] == 1 and row["arm"] == "policy"]
    assert sum(row["reasons"].startswith("tried to learn") for row in firsts) == report["tried"] > 0
    return rows


def test_every_row_says_how_it_was_chosen(whole: list[dict[str, Any]]) -> None:
    firsts = [row for row in whole if row["rank"] == 1]
    assert {row["arm"] for row in firsts} == {"policy", *BEGINS}
    for row in firsts:
        if row["arm"] in BEGINS:
            assert row["reasons"].startswith(BEGINS[row["arm"]])
        elif row["selection_probability"] > 0.5:
            assert row["reasons"].startswith(("because ", "no possible action is worth more than nothing"))
        if row["net_value"] <= -0.005:
            assert "less than nothing" in row["reasons"]


def test_a_list_for_one_customer_is_of_different_actions(whole: list[dict[str, Any]]) -> None:
    listed = [(row["customer_id"], row["action_id"]) for row in whole]
    assert len(set(listed)) == len(listed)
    assert any(row["rank"] > 1 for row in whole)


def test_text_has_few_digits_and_parquet_all(shop: Path, whole: list[dict[str, Any]]) -> None:
    asked = ("score", "-q", "--dry-run", "--include-nothing", "--top", "3", "--out")
    for ending in ("csv", "ndjson"):
        call(shop, *asked, str(shop / "out" / f"all.{ending}"))
    lines = (shop / "out" / "all.ndjson").read_text(encoding="utf-8").splitlines()
    with (shop / "out" / "all.csv").open(encoding="utf-8", newline="") as file:
        read = [row["selection_probability"] for row in csv.DictReader(file)]
    assert any(len(repr(row["selection_probability"])) > 12 for row in whole)
    for exact, text, line in zip(whole, read, lines, strict=True):
        chance = exact["selection_probability"]
        assert (float(text) if text else None) == json.loads(line)["selection_probability"]
        assert len(text.split("e")[0].replace(".", "").lstrip("0")) <= TEXT_DIGITS
        assert chance is None or float(text) == pytest.approx(chance, rel=1e-5)


def test_money_keeps_its_decimals_and_gaps_stay_gaps() -> None:
    import polars as pl

    frame = pl.DataFrame({"net_value": [1234567.8912, 0.0001], "p": [0.123456789, None], "name": ["a", "b"]})
    assert for_reading(frame).rows() == [(1234567.8912, 0.123457, "a"), (0.0001, None, "b")]
