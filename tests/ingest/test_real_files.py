"""The example configurations give the counts that are known of their files."""

from __future__ import annotations

import shutil

import pytest

from nbatool.ingest.load import load
from nbatool.store.warehouse import open_warehouse
from nbatool.store.workspace import open_workspace

KNOWN = {
    "starbucks": {"transcript": (306_534, 306_534), "profile": (17_000, 17_000)},
    "cdnow": {"cdnow": (69_659, 69_659)},
    "hillstrom": {"customers": (64_000, 64_000)},
    "completejourney": {
        "transactions": (155_848, 1_469_307), "campaigns": (6_589, 6_589), "redemptions": (2_102, 2_102),
        "households": (801, 801),
    },
}  # fmt: skip


@pytest.mark.real_data
@pytest.mark.parametrize("name", KNOWN)
def test_counts(name, real_data, examples, tmp_path, monkeypatch):
    monkeypatch.setenv("NBATOOL_REAL_DATA", str(real_data))
    shutil.copy(examples / name / "nba.toml", tmp_path / "nba.toml")
    workspace = open_workspace(tmp_path)
    report = load(workspace)
    for source in report.sources:
        if source.name in KNOWN[name]:
            rows, lines = KNOWN[name][source.name]
            counts = source.counts
            assert (counts.rows, counts.lines, counts.accepted) == (rows, lines, rows)
            assert (counts.duplicate, counts.rejected) == (0, 0)
        else:
            assert source.skipped
    again = load(workspace).totals
    assert (again.accepted, again.duplicate) == (0, report.totals.rows)


@pytest.mark.real_data
def test_starbucks_in_the_warehouse(real_data, examples, tmp_path, monkeypatch):
    monkeypatch.setenv("NBATOOL_REAL_DATA", str(real_data))
    shutil.copy(examples / "starbucks" / "nba.toml", tmp_path / "nba.toml")
    workspace = open_workspace(tmp_path)
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
