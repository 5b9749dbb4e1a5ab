"""Which moments can be asked about."""

from __future__ import annotations

import duckdb
import pytest

from nbatool.base.clock import parse_time
from nbatool.base.errors import DataError
from nbatool.profile.present import require_past

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
