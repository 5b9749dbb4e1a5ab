from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from nbatool.base.errors import DataError, GateError
from nbatool.decide.parity import check_parity, compare_paths
from nbatool.store.online import LiveEvent, OnlineStore
from nbatool.store.workspace import open_workspace


@pytest.fixture
def shop(trained_world: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained_world, tmp_path / "shop"))


def test_both_paths_agree(trained_world: Path) -> None:
    report = check_parity(open_workspace(trained_world), customers=120, seed=0)
    assert (report.customers, report.differences) == (120, ())
    assert report.values > 100
    assert report.sentence == "120 customers, batch = live to the last digit"


def test_late_knowledge_is_found_and_named(shop: Path) -> None:
    workspace = open_workspace(shop)
    online = OnlineStore(workspace.online_path)
    published = online.published()
    assert published is not None
    late = LiveEvent("late", "c000001", published.cut_us - 1, "purchase", "99.0000")
    online.append([late])
    online.close()
    report = compare_paths(workspace, customers=1000, seed=0)
    # Both know the event by now, so features agree; what was scored before it came does not, nor anybody's rank by it.
    ranks = ("score clv_quantile", "score segment")
    fields = {(d.customer_id, d.field) for d in report.differences if d.field not in ranks}
    assert {customer for customer, _ in fields} == {"c000001"}
    assert all(field.startswith("score ") for _, field in fields)
    assert ("c000001", "score clv") in fields
    assert report.live_since
    assert "live events were moved to the warehouse" in report.sentence
    with pytest.raises(GateError, match=r"[\d,]+ of [\d,]+ customers differ, in "):
        check_parity(workspace, customers=1000, seed=0)


def test_nothing_published(shop: Path) -> None:
    (shop / "data" / "online.db").unlink()
    with pytest.raises(DataError, match=rf"Make one: nbatool -w {re.escape(str(shop))} score$"):
        compare_paths(open_workspace(shop), customers=5, seed=0)
    shutil.rmtree(shop / "models")
    with pytest.raises(
        DataError, match=r"Make one: nbatool -w .* train, then nbatool -w .*shop score \(no model"
    ):
        compare_paths(open_workspace(shop), customers=5, seed=0)
