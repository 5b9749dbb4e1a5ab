"""Cells are read as times by what all rows hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbatool.ingest.guess.sorting import file_looks
from nbatool.ingest.guess.times import TimeReading, time_reading
from nbatool.ingest.guess.workbench import Workbench


def reading(folder: Path, cells: list[str]) -> TimeReading | None:
    path = folder / "times.csv"
    path.write_text("n;t\n" + "".join(f"{n};{cell}\n" for n, cell in enumerate(cells)))
    with Workbench(folder) as bench:
        (seen,) = file_looks(bench, [path])
        return time_reading(bench, seen.raw.table, seen.columns[1], seen.columns)


@pytest.mark.parametrize(
    ("cells", "expression", "last"),
    [
        (["2019-10-01", "2019-10-02"], "t::timestamp", "2019-10-02 00:00:00"),
        (["2019-10-01T10:00:00Z", "2019-10-01T10:00:00+02:00"], "t::timestamptz", "2019-10-01 10:00:00"),
        (["2019-10-01 00:00:00 UTC"] * 2, "replace(t, ' UTC', '')::timestamp", "2019-10-01 00:00:00"),
        (["2019-1-5 8:05", "2019-12-5 18:05"], "strptime(t, '%Y-%m-%d %H:%M')", "2019-12-05 18:05:00"),
        (["20170212", "20170715"], "strptime(t, '%Y%m%d')", "2017-07-15 00:00:00"),
        (["12/1/2010 8:26", "12/13/2010 8:26"], "strptime(t, '%m/%d/%Y %H:%M')", "2010-12-13 08:26:00"),
        (["1/12/2010", "13/12/2010"], "strptime(t, '%d/%m/%Y')", "2010-12-13 00:00:00"),
        (["01.02.10 10:00:00", "28.02.10 11:00:00"], "strptime(t, '%d.%m.%y %H:%M:%S')", "2010-02-28 11:00:00"),
        (["1-Dec-10", "12-Jan-11"], "strptime(t, '%d-%b-%y')", "2011-01-12 00:00:00"),
        (["Dec 1, 2010 8:26 PM"] * 2, "strptime(t, '%b %d, %Y %I:%M %p')", "2010-12-01 20:26:00"),
        (["1396860669.277", "1396860669.5"], "to_timestamp(t::double)", "2014-04-07 08:51:09.500000"),
        (["1569888000123"] * 2, "timestamp '1970-01-01' + to_milliseconds(t::bigint)",
         "2019-10-01 00:00:00.123000"),
        (["1569888000123456"] * 2, "timestamp '1970-01-01' + to_microseconds(t::bigint)",
         "2019-10-01 00:00:00.123456"),
    ],
)  # fmt: skip
def test_formats(tmp_path: Path, cells: list[str], expression: str, last: str) -> None:
    found = reading(tmp_path, cells)
    assert found is not None
    assert (found.expression, str(found.last), found.doubt) == (expression, last, None)


@pytest.mark.parametrize(
    "cells", [["12", "13"], ["a", "b"], ["13/13/2010", "1/1/2010"], ["red", "2019-01-01"]]
)
def test_no_times(tmp_path: Path, cells: list[str]) -> None:
    assert reading(tmp_path, cells) is None


def test_one_late_row_decides_day_or_month(tmp_path: Path) -> None:
    cells = [f"{1 + n % 12}/{1 + n % 9}/2020" for n in range(30_000)]
    undecided = reading(tmp_path, cells)
    assert undecided is not None
    assert undecided.doubt is not None
    decided = reading(tmp_path, [*cells, "25/12/2020"])
    assert decided is not None
    assert (decided.expression, decided.doubt) == ("strptime(t, '%d/%m/%Y')", None)


def test_without_evidence_the_order_of_rows_decides_and_it_is_doubted(tmp_path: Path) -> None:
    found = reading(tmp_path, ["2/1/2010", "3/1/2010", "1/2/2010", "2/2/2010"])
    assert found is not None
    assert found.expression == "strptime(t, '%d/%m/%Y')"
    assert "day or month first" in (found.doubt or "")


def test_a_clock_in_another_column_completes_the_day(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    path.write_text("Invoice,Date,Time\na,1/27/2019,13:08\nb,3/8/2019,10:29\n")
    with Workbench(tmp_path) as bench:
        (seen,) = file_looks(bench, [path])
        found = time_reading(bench, seen.raw.table, seen.columns[1], seen.columns)
    assert found is not None
    assert found.expression == "strptime(Date || ' ' || Time, '%m/%d/%Y %H:%M')"
    assert str(found.last) == "2019-03-08 10:29:00"
