"""The warehouse and its journal vouch for each other."""

from __future__ import annotations

import json
import subprocess
import sys

import duckdb
import pytest
from small_shop import Shop

from nbatool.base.errors import BusyError, ConfigError, DataError
from nbatool.ingest.live import live_position, load_live
from nbatool.ingest.load import load
from nbatool.store.lock import workspace_lock
from nbatool.store.runs import record_run
from nbatool.store.sql import statement, template
from nbatool.store.warehouse import open_warehouse
from nbatool.store.workspace import find_workspace


@pytest.fixture
def workspace(tmp_path):
    shop = Shop(tmp_path)
    shop.write("a.csv", "id,ts\na,2020-01-01\n")
    return shop.events("*.csv", type="'view'")


def events(workspace):
    with open_warehouse(workspace) as warehouse:
        return warehouse.con.execute("select count(*) from events").fetchall()[0][0]


def test_lost_warehouse_is_noticed(workspace):
    load(workspace)
    workspace.warehouse_path.unlink()
    with pytest.raises(
        DataError, match=r"lacks 1 of 1 loaded files \(1 rows; first: a.csv of source .shop.\)"
    ):
        events(workspace)
    assert load(workspace, full_refresh=True).totals.accepted == 1
    assert events(workspace) == 1


def test_older_copy_of_the_warehouse_is_noticed(workspace, tmp_path):
    load(workspace)
    copy = workspace.warehouse_path.read_bytes()
    (tmp_path / "b.csv").write_text("id,ts\nb,2020-01-01\n")
    load(workspace)
    workspace.warehouse_path.write_bytes(copy)
    with pytest.raises(DataError, match="lacks 1 of 2"):
        events(workspace)


def test_line_missing_in_the_journal_is_added(workspace):
    load(workspace)
    whole = workspace.batches_path.read_text()
    workspace.batches_path.write_text(whole[:-20])
    assert events(workspace) == 1
    assert json.loads(workspace.batches_path.read_text()) == json.loads(whole)


def test_an_announced_removal_that_never_came_still_vouches(workspace):
    load(workspace)
    with open_warehouse(workspace) as warehouse:
        warehouse.journal.announce_removal(warehouse.journal.finished)
    assert events(workspace) == 1
    workspace.warehouse_path.unlink()
    with pytest.raises(DataError, match="lacks 1 of 1"):
        events(workspace)


def test_damaged_files_are_named(workspace):
    load(workspace)
    workspace.batches_path.write_text("nonsense\n")
    with pytest.raises(DataError, match="batches line 1 is damaged"):
        events(workspace)
    workspace.batches_path.unlink()
    workspace.warehouse_path.write_bytes(b"nonsense" * 10_000)
    with pytest.raises(DataError, match="cannot be opened"):
        events(workspace)


def test_a_connection_sees_no_other_folder(workspace, tmp_path_factory):
    other = tmp_path_factory.mktemp("other") / "x.csv"
    other.write_text("a\n1\n")
    with open_warehouse(workspace) as warehouse, pytest.raises(duckdb.Error):
        warehouse.con.execute("select * from read_csv($path)", {"path": str(other)}).fetchall()


def test_read_only_needs_a_warehouse(workspace):
    with pytest.raises(DataError, match="nbatool ingest"), open_warehouse(workspace, read_only=True):
        pass
    load(workspace)
    with open_warehouse(workspace, read_only=True) as warehouse, pytest.raises(duckdb.Error):
        warehouse.con.execute("delete from events").fetchall()


def test_lock_says_who(workspace):
    program = (
        "import sys; from pathlib import Path\n"
        "from nbatool.store.lock import workspace_lock\nfrom nbatool.store.workspace import open_workspace\n"
        "with workspace_lock(open_workspace(Path(sys.argv[1])), 'nbatool train'):\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(workspace.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    holder.stdout.readline()
    said = rf"workspace .* is in use by `nbatool train` \(pid {holder.pid}, for \d s\). Try again, or wait: --wait 30m"
    with pytest.raises(BusyError, match=said), workspace_lock(workspace, "nbatool score", wait_s=0.2):
        pass
    with holder:
        holder.kill()
    with workspace_lock(workspace, "nbatool score", wait_s=5):
        pass


def test_warehouse_open_elsewhere(workspace):
    load(workspace)
    program = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('x', flush=True); sys.stdin.read()"
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(workspace.warehouse_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    holder.stdout.readline()
    with pytest.raises(BusyError, match="open in another process"):
        events(workspace)
    with holder:
        holder.kill()


def test_live_events_once(workspace):
    first = [("e1", "a", 1_577_836_800_000_000, "view", "12.34565", None, "web", None, '{"x":1}')]
    second = [*first, ("e2", "b", 0, "buy", None, None, None, None, None)]
    with open_warehouse(workspace) as warehouse:
        assert live_position(warehouse) == 0
        assert load_live(warehouse, first, position=1) == 1
        assert load_live(warehouse, second, position=2) == 1
        assert load_live(warehouse, [], position=3) == 0
        assert live_position(warehouse) == 3
        found = warehouse.con.execute("select event_id, value::varchar from events order by 1").fetchall()
    assert found == [("e1", "12.3457"), ("e2", None)]


def test_runs(workspace):
    with open_warehouse(workspace) as warehouse:
        run_id = record_run(
            warehouse, command="ingest", started_us=0, ended_us=1_000_000, exit_code=0, summary={"rows": 3}
        )
        found = warehouse.con.execute("select run_id, summary->>'rows' from runs").fetchall()
    assert found == [(run_id, "3")]


def test_workspace_is_found_upward(workspace, monkeypatch, tmp_path_factory):
    inner = workspace.root / "deep" / "er"
    inner.mkdir(parents=True)
    monkeypatch.delenv("NBATOOL_WORKSPACE", raising=False)
    monkeypatch.chdir(inner)
    assert find_workspace() == workspace.root.resolve()
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    with pytest.raises(ConfigError, match="nbatool init"):
        find_workspace()
    monkeypatch.setenv("NBATOOL_WORKSPACE", str(workspace.root))
    assert find_workspace() == workspace.root.resolve()
    with pytest.raises(ConfigError, match=r"no nba\.toml there"):
        find_workspace(elsewhere)


def test_templates_want_exactly_their_parts():
    assert statement("store/batches").startswith("-- makes:")
    with pytest.raises(KeyError):
        template("ingest/cells", nonsense="1")


def test_a_warehouse_of_an_older_version_gets_the_tables_it_lacks(workspace):
    load(workspace)
    log = ("decisions", "candidate_sets", "outcomes", "contact_states", "closed")
    with open_warehouse(workspace) as warehouse:
        for table in log:
            warehouse.con.execute(f"drop table {table}")
    with open_warehouse(workspace) as warehouse:
        assert [warehouse.con.execute(f"select count(*) from {table}").fetchall() for table in log] == [
            [(0,)]
        ] * 5
    assert events(workspace) == 1
