"""CDNOW's purchases, from the raw file to scores: no action was ever taken, and none can be."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from calls import call, decide, model_files
from loaded import Loaded
from same_answer import every, live_rows, night_rows, shared

from nbatool.activate.action_file import ACTION_COLUMNS

pytestmark = [pytest.mark.real_data, pytest.mark.slow]

COUNTS = ("rows", "accepted", "duplicate", "rejected")
NEWEST = "1998-06-30T00:00:00.000001Z"
PAST = "1998-01-01"


def test_every_row_is_counted_once(cdnow: Loaded) -> None:
    assert [cdnow.first[key] for key in COUNTS] == [69_659, 69_659, 0, 0]
    assert [cdnow.again[key] for key in COUNTS] == [69_659, 0, 69_659, 0]


def test_without_actions_the_scores_are_the_answer(cdnow_trained: Path) -> None:
    out = cdnow_trained / "out"
    assert (out / "actions-1998-06-30.csv").read_text(encoding="utf-8") == ",".join(ACTION_COLUMNS) + "\n"
    with (out / "scores-1998-06-30.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 23_570
    assert {(row["action_id"], row["net_value"], row["as_of"]) for row in rows} == {
        ("nothing", "0.0", NEWEST)
    }
    for name in ("purchase_90d", "p_alive", "expected_purchases", "clv"):
        assert all(0 <= float(row[name]) < 20_000 for row in rows), name
    assert all(0 < float(row["purchase_90d"]) < 1 for row in rows)
    by_value = sorted((float(row["clv"]), float(row["clv_quantile"])) for row in rows)
    quantiles = [quantile for _, quantile in by_value]
    assert quantiles == sorted(quantiles)
    assert (quantiles[0] > 0, quantiles[-1] < 1) == (True, True)


def test_the_lifetime_value_model_explains_the_purchases_it_did_not_see(cdnow_trained: Path) -> None:
    (card,) = (cdnow_trained / "models").glob("*/card.json")
    holdout = json.loads(card.read_text(encoding="utf-8"))["clv"]["card"]["holdout"]
    print(holdout["sentence"])
    assert abs(holdout["predicted"]["aggregate_error"]) <= 0.15


def test_decide_answers_nothing(cdnow_trained: Path) -> None:
    known, unknown, nobody = decide(cdnow_trained, [{"customer_id": "00001"}, {"customer_id": "no such"}, {}])
    for answer in (known, unknown, nobody):
        (entry,) = answer["actions"]
        assert (entry["action_id"], entry["channel"], entry["net_value"]) == ("nothing", None, 0)
    assert (known["customer_id"], unknown["customer_id"], nobody["customer_id"]) == ("00001", "no such", None)


def test_score_and_decide_give_the_same_answer(cdnow_trained: Path) -> None:
    night = night_rows(cdnow_trained)
    ids = every(night, 500)
    live = live_rows(cdnow_trained, [{"customer_id": i} for i in ids], NEWEST)
    assert len(ids) >= 400
    assert shared(live, ids) == shared(night, ids)
    assert call(cdnow_trained, "parity", "--customers", "500", "--json").json["differences"] == []


def test_what_came_later_changes_nothing(
    cdnow: Loaded, real_data: Path, load_example: Callable[..., Loaded], tmp_path: Path
) -> None:
    """Law 1: half of what was bought in 1998 gone, the other half dearer, and strangers buying."""
    lines = (real_data / "cdnow" / "CDNOW_master.txt").read_text(encoding="utf-8").splitlines()
    later = [n for n, line in enumerate(lines) if line.split()[1] >= "19980101" and n > 0]
    gone = set(later[::2])
    changed = {n: lines[n].rsplit(maxsplit=1)[0] + " 1234.50" for n in later[1::2]}
    kept = [changed.get(n, line) for n, line in enumerate(lines) if n not in gone]
    strangers = [f"9{n:05d} 199803{n % 28 + 1:02d} 3 77.00" for n in range(2000)]
    (tmp_path / "cdnow").mkdir()
    (tmp_path / "cdnow" / "CDNOW_master.txt").write_text("\n".join(kept + strangers) + "\n", encoding="utf-8")
    other = load_example("cdnow", tmp_path).root
    this = load_example("cdnow").root
    for workspace in (this, other):
        for command in ("train", "score"):
            call(workspace, command, "-q", "--as-of", PAST)
    assert len(later) > 10_000
    assert model_files(this) == model_files(other)
    for name in (f"actions-{PAST}.csv", f"scores-{PAST}.csv"):
        assert (this / "out" / name).read_bytes() == (other / "out" / name).read_bytes(), name
