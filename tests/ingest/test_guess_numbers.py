"""Cells are read as numbers; a lone odd number means "not given"."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbatool.ingest.guess.numbers import NumberReading, Sentinel, money_reading, number_reading, sentinel
from nbatool.ingest.guess.sorting import file_looks
from nbatool.ingest.guess.workbench import Workbench


def reading(folder: Path, cells: list[str]) -> NumberReading | None:
    path = folder / "numbers.csv"
    path.write_text("n\tx\n" + "".join(f"{n}\t{cell}\n" for n, cell in enumerate(cells)))
    with Workbench(folder) as bench:
        (seen,) = file_looks(bench, [path])
        return number_reading(seen.columns[1])


@pytest.mark.parametrize(
    ("cells", "attribute", "doubted"),
    [
        (["1", "2"], "x::int", False),
        (["1", "3000000000"], "x::bigint", False),
        (["1.5", "2"], "x::double", False),
        (["1", "", "2"], "nullif(x, '')::int", False),
        (["1", " ", "2"], "nullif(trim(x), '')::int", False),
        (["1", "NA", "2"], "try_cast(nullif(x, 'NA') as double)", False),
        (["$1,234.50", "$2.00"], "try_cast(replace(replace(x, '$', ''), ',', '') as double)", False),
        (["12,5", "3,25"], "try_cast(replace(x, ',', '.') as double)", True),
        (["1.234,50 €", "2,00 €"],
         "try_cast(replace(replace(trim(replace(x, '€', '')), '.', ''), ',', '.') as double)", True),
        (["79,90\u00a0€", "5,00\u00a0€"],
         "try_cast(replace(replace(replace(x, '€', ''), '\u00a0', ''), ',', '.') as double)", True),
        (["9.90 EUR", "1.00 EUR"], "try_cast(trim(replace(x, 'EUR', '')) as double)", False),
        (["1 234,50", "2,00"], "try_cast(replace(replace(x, ' ', ''), ',', '.') as double)", True),
        (["$1.00", "2.00 €"], "try_cast(trim(replace(replace(x, '$', ''), '€', '')) as double)", True),
        (["1,234", "2,345"], "try_cast(replace(x, ',', '') as double)", True),
    ],
)  # fmt: skip
def test_written_numbers(tmp_path: Path, cells: list[str], attribute: str, doubted: bool) -> None:
    found = reading(tmp_path, cells)
    assert found is not None
    assert (found.attribute, found.attribute_doubt("x") is not None) == (attribute, doubted)


@pytest.mark.parametrize("cells", [["a", "b"], ["00123", "00456"], ["1-2", "3-4"], ["", ""]])
def test_no_numbers(tmp_path: Path, cells: list[str]) -> None:
    assert reading(tmp_path, cells) is None


def odd_number(folder: Path, rows: list[str]) -> Sentinel | None:
    path = folder / "people.csv"
    path.write_text("n,age,gender\n" + "".join(f"{n},{row}\n" for n, row in enumerate(rows)))
    with Workbench(folder) as bench:
        (seen,) = file_looks(bench, [path])
        return sentinel(bench, seen.raw.table, seen.columns[1], seen.columns)


def test_a_number_that_stands_where_another_column_is_empty(tmp_path: Path) -> None:
    rows = [f"{20 + n % 60},F" for n in range(100)] + ["118,"] * 7
    found = odd_number(tmp_path, rows)
    assert found == Sentinel(118.0, 7, "exactly those without gender")


def test_an_old_person_is_no_sentinel(tmp_path: Path) -> None:
    assert odd_number(tmp_path, [f"{20 + n % 60},F" for n in range(100)] + ["118,F"] * 7) is None


def test_999_far_from_the_rest(tmp_path: Path) -> None:
    found = odd_number(tmp_path, [f"{n % 9},F" for n in range(100)] + ["999,F"] * 7)
    assert found == Sentinel(999.0, 7, "the next is 8")


def money(folder: Path, cells: list[str]) -> NumberReading | None:
    path = folder / "money.csv"
    path.write_text("n\tLine Total\n" + "".join(f"{n}\t{cell}\n" for n, cell in enumerate(cells)))
    with Workbench(folder) as bench:
        (seen,) = file_looks(bench, [path])
        return money_reading(bench, seen.raw.table, seen.columns[1])


def test_one_odd_cell_is_a_doubt(tmp_path: Path) -> None:
    found = money(tmp_path, ["$79.90", "$5.00"] * 6000 + ["($12.50)"] + ["$1.00"] * 7)
    assert found is not None
    assert found.expression == """replace("Line Total", '$', '')"""
    assert found.doubt == (
        "`Line Total` looks like money, but 1 of 12,008 cells cannot be read, such as ($12.50): "
        "those rows will be rejected (or read parentheses as negative)."
    )


def test_an_odd_code_outside_the_sample_is_stripped(tmp_path: Path) -> None:
    found = money(tmp_path, ["$79.90"] * 12_001 + ["$12.50 USD"] + ["$1.00"] * 12_000)
    assert found is not None
    assert "'USD'" in found.expression
    assert (found.doubt, found.currencies) == (None, ("USD",))


@pytest.mark.parametrize("odd", [6, 94])
def test_many_odd_cells_are_no_money(tmp_path: Path, odd: int) -> None:
    assert money(tmp_path, ["$79.90"] * (100 - odd) + ["on request"] * odd) is None
