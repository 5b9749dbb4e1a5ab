"""The example configurations give the counts that are known of their files."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from nbatool.ingest.load import load
from nbatool.store.warehouse import open_warehouse
from nbatool.store.workspace import Workspace, open_workspace

KNOWN = {
    "starbucks": {"transcript": (306_534, 306_534), "profile": (17_000, 17_000), "agreed": (17_000, 17_000)},
    "cdnow": {"cdnow": (69_659, 69_659)},
    "hillstrom": {"customers": (64_000, 64_000), "mailing": (64_000, 64_000)},
    "openbandit": {"random": (10_000, 10_000), "bts": (10_000, 10_000)},
    "completejourney": {
        "transactions": (155_848, 1_469_307), "campaigns": (6_589, 6_589), "redemptions": (2_102, 2_102),
        "households": (801, 801),
    },
}  # fmt: skip


pytestmark = pytest.mark.real_data


@pytest.fixture
def example(
    real_data: Path, examples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Workspace]:
    """Copies an example's configuration; what it loads are the real files."""

    def copied(name: str) -> Workspace:
        monkeypatch.setenv("NBATOOL_REAL_DATA", str(real_data))
        shutil.copy(examples / name / "nba.toml", tmp_path / "nba.toml")
        return open_workspace(tmp_path)

    return copied


@pytest.mark.parametrize("name", KNOWN)
def test_counts(name: str, example: Callable[[str], Workspace]) -> None:
    workspace = example(name)
    report = load(workspace)
    assert {source.name for source in report.sources} == KNOWN[name].keys()
    for source in report.sources:
        rows, lines = KNOWN[name][source.name]
        counts = source.counts
        assert (counts.rows, counts.lines, counts.accepted) == (rows, lines, rows)
        assert (counts.duplicate, counts.rejected) == (0, 0)
    again = load(workspace).totals
    assert (again.accepted, again.duplicate) == (0, report.totals.rows)


def test_starbucks_in_the_warehouse(example: Callable[[str], Workspace]) -> None:
    workspace = example("starbucks")
    load(workspace)
    with open_warehouse(workspace) as warehouse:
        types = dict(warehouse.con.execute("select type, count(*) from events group by type").fetchall())
        assert types == {
            "transaction": 138_953, "offer received": 76_277, "offer viewed": 57_725, "offer completed": 33_579,
        }  # fmt: skip
        big = "select count(*) from events where type = 'transaction' and value > 100"
        assert warehouse.con.execute(big).fetchall() == [(478,)]
        unknown = "select count(*) from customers where attributes->>'age' is null and attributes->>'gender' is null"
        assert warehouse.con.execute(unknown).fetchall() == [(2_175,)]
        assert warehouse.con.execute("select count(distinct action_id) from events").fetchall() == [(10,)]


def test_hillstrom_in_the_warehouse(example: Callable[[str], Workspace]) -> None:
    workspace = example("hillstrom")
    load(workspace)
    with open_warehouse(workspace) as warehouse:
        mailed = (
            "select action_id, channel, count(*), min(probability) from decisions group by all order by 1"
        )
        assert warehouse.con.execute(mailed).fetchall() == [
            ("mens", "email", 21_307, 1 / 3), ("nothing", None, 21_306, 1 / 3), ("womens", "email", 21_387, 1 / 3),
        ]  # fmt: skip
        outcomes = "select objective, count(*), sum(value)::double from outcomes group by all order by 1"
        assert warehouse.con.execute(outcomes).fetchall() == [
            ("conversion", 64_000, 578), ("spend", 64_000, 67_258.13), ("visit", 64_000, 9_394),
        ]  # fmt: skip


def test_open_bandit_in_the_warehouse(example: Callable[[str], Workspace]) -> None:
    workspace = example("openbandit")
    load(workspace)
    with open_warehouse(workspace) as warehouse:
        clicks = "select source, sum(value)::int from outcomes group by all order by 1"
        assert warehouse.con.execute(clicks).fetchall() == [("bts", 69), ("random", 46)]
        seen = "select policy, count(distinct decision_id), min(slot), max(slot) from decisions group by all order by 1"
        assert warehouse.con.execute(seen).fetchall() == [("bts", 10_000, 1, 3), ("random", 10_000, 1, 3)]
        uniform = "select distinct probability from decisions where policy = 'random'"
        assert warehouse.con.execute(uniform).fetchall() == [(1 / 34,)]
        context = "select count(*) from attributes_seen where source = 'bts' and kind = 'decisions'"
        assert warehouse.con.execute(context).fetchall() == [(38,)]
