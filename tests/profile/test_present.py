"""Which moments can be asked about."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from small_shop import Shop, log_source, source

from nbatool.base.clock import parse_time
from nbatool.base.errors import DataError
from nbatool.profile.present import present_us, require_past
from nbatool.store.warehouse import open_warehouse

BEFORE = parse_time("2019-01-01")


def loaded(*valid_from: str | None) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("create table events as select timestamp '2020-01-02' as ts")
    con.execute("create table customers (valid_from timestamp)")
    con.execute("create table consent (ts timestamp)")
    for time in valid_from:
        con.execute("insert into customers values (?)", [time])
    return con


@pytest.mark.parametrize(("valid_from", "first"), [((), "2020-01-02"), (("2020-01-01",), "2020-01-01")])
def test_before_everything(valid_from: tuple[str, ...], first: str) -> None:
    with pytest.raises(DataError, match=f"nothing is known before 2019-.* loaded is of {first}"):
        require_past(loaded(*valid_from), BEFORE)
    require_past(loaded(*valid_from), parse_time(first) + 1)


def test_a_customer_without_a_date_is_always_known() -> None:
    with pytest.raises(DataError):
        require_past(loaded("2020-01-01"), BEFORE)
    require_past(loaded("2020-01-01", None), BEFORE)


def test_the_newest_record_may_be_an_outcome_with_a_time_of_its_own(tmp_path: Path) -> None:
    """A log loaded again with its outcomes is known up to the last of them; what was told live pushes nothing on."""
    shop = Shop(tmp_path)
    shop.write("log.csv", "d,id,ts,action\n1,c1,2024-01-01,a\n2,c2,2024-01-02,a\n")
    shop.write("came.csv", "d,o,ts,value\n1,o1,2024-01-09T10:00:00,5\n")
    decided = log_source("log.csv")
    came = source(
        "came.csv",
        name="came",
        kind="outcomes",
        decision_id="d",
        outcome_id="o",
        ts="ts",
        value="value::decimal(18,4)",
    )
    workspace = shop.configure('as_of = "newest"\n' + decided)
    shop.load(workspace)
    with open_warehouse(workspace) as warehouse:
        assert present_us(warehouse.con, workspace.config) == parse_time("2024-01-02") + 1
    workspace = shop.configure('as_of = "newest"\n' + decided + came)
    shop.load(workspace)
    with open_warehouse(workspace) as warehouse:
        newest = parse_time("2024-01-09T10:00:00") + 1
        assert present_us(warehouse.con, workspace.config) == newest
        warehouse.con.execute(
            "insert into outcomes select 'live', '2', null, 'o2', null, timestamp '2024-02-01', 1, '@live'"
        )
        assert present_us(warehouse.con, workspace.config) == newest
