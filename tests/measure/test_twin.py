"""Keeping decisions apart from what a twin learns: by time, or by customer where all were made at one instant."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from small_shop import Shop

from nbatool.measure.twin import customers_apart, last_quarter_us, only_customers
from nbatool.store.warehouse import open_warehouse


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_warehouse(Shop(tmp_path).configure("")) as warehouse:
        warehouse.con.execute(
            "insert into decisions (source, decision_id, source_id, as_of, slot, action_id, batch_id) "
            "select 'log', 'd' || i, case when i < 380 then 'c' || (i // 2) end, timestamp '2020-01-01', 1, 'a', 'b' "
            "from range(400) as t (i)"
        )
        yield warehouse.con


def count(con: duckdb.DuckDBPyConnection) -> int:
    return int(con.execute("select count(*) from decisions").fetchall()[0][0])


def test_the_last_quarter_is_never_all_there_is() -> None:
    assert last_quarter_us([(1, 10), (2, 80), (3, 10)]) == 2
    assert last_quarter_us([(1, 10), (2, 10)]) == 2
    assert last_quarter_us([(1, 10)]) is None
    assert last_quarter_us([]) is None


def test_a_quarter_of_the_customers_is_held_out_always_the_same(con: duckdb.DuckDBPyConnection) -> None:
    learned, held = customers_apart(con, 0)
    # 190 known customers, and 20 anonymous decisions, a customer each
    assert (len(learned), len(held)) == (157, 53)
    assert not set(learned) & set(held)
    assert customers_apart(con, 0) == (learned, held)
    assert customers_apart(con, 1) != (learned, held)


def test_inside_only_their_decisions_are_there_and_afterwards_all(con: duckdb.DuckDBPyConnection) -> None:
    learned, held = customers_apart(con, 0)
    with only_customers(con, learned):
        part = count(con)
    with only_customers(con, held):
        assert count(con) == 400 - part
        assert 0 < part < 400
    assert count(con) == 400

    def stopped() -> None:
        with only_customers(con, held):
            raise KeyError

    with pytest.raises(KeyError):
        stopped()
    assert count(con) == 400
