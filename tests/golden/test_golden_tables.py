"""The action file and the scores file of a shop that can be checked by hand."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from calls import call
from golden import check

from nbatool.activate.action_file import ACTION_COLUMNS

DAY = "2020-05-05"


def test_action_file_csv(tiny: Path) -> None:
    check("actions.csv", (tiny / "out" / f"actions-{DAY}.csv").read_text(encoding="utf-8"))


def test_scores_file_csv(tiny: Path) -> None:
    check("scores.csv", (tiny / "out" / f"scores-{DAY}.csv").read_text(encoding="utf-8"))


def test_action_file_ndjson_on_stdout(tiny: Path) -> None:
    done = call(tiny, "score", "--dry-run", "--format", "ndjson", "--out", "-")
    assert done.err == ""
    check("actions.ndjson", done.out)


def test_all_formats_hold_the_same(tiny: Path, tmp_path: Path) -> None:
    import polars as pl

    for ending in ("csv", "ndjson", "parquet"):
        call(tiny, "score", "-q", "--dry-run", "--top", "3", "--out", str(tmp_path / f"a.{ending}"))
    parquet = pl.read_parquet(tmp_path / "a.parquet")
    assert parquet.columns == list(ACTION_COLUMNS)
    lines = (tmp_path / "a.ndjson").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == parquet.to_dicts()
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row, whole in zip(rows, parquet.to_dicts(), strict=True):
        for name, value in whole.items():
            if isinstance(value, float):
                assert float(row[name]) == value
            elif isinstance(value, str):
                # A spreadsheet runs what begins like a formula: CSV alone puts a ' before it.
                assert row[name] == ("'" + value if value[:1] in set("=+-@") else value)


def test_numbers_by_hand(tiny: Path) -> None:
    """P × value_per_response − cost, × the lever of people; the same P for everybody."""
    with (tiny / "out" / f"scores-{DAY}.csv").open(encoding="utf-8") as file:
        (p,) = {float(row["buys_30d"]) for row in csv.DictReader(file)}
    with (tiny / "out" / f"actions-{DAY}.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    worth = {"coupon": 4 * p - 0.25, "tea": 3 * p - 0.25, "boost": 3 * p - 0.25, "nothing": 0.0}
    assert {row["action_id"] for row in rows} == worth.keys()
    for row in rows:
        assert float(row["net_value"]) == pytest.approx(worth[row["action_id"]], abs=5e-5)
    firsts = [float(row["net_value"]) for row in rows if row["rank"] == "1"]
    assert firsts == sorted(firsts, reverse=True)
    chosen = {row["customer_id"]: (row["action_id"], row["channel"]) for row in rows if row["rank"] == "1"}
    assert chosen == {
        "anna": ("coupon", "email"),  # email before push: ties go by channel
        "bert": ("boost", "email"),
        "céline": ("coupon", "email"),
        "'+49 170 5550101": ("coupon", "email"),
        "dora": ("tea", "email"),
        "emil": ("boost", "email"),
        "fay": ("coupon", "email"),
        "gus": ("tea", "email"),
        "never seen": ("boost", "email"),  # as good as tea; boost comes first in the alphabet
        "007": ("nothing", ""),
    }
