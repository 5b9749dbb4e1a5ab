"""Rejects are told with their own line and text, whatever stands above them."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from small_shop import Shop

from nbatool.ingest import locate
from nbatool.ingest.files import InputFile
from nbatool.ingest.formats import open_rows
from nbatool.ingest.locate import csv_records

CELLS = st.sampled_from(["", " ", "a", "1", '"x\ny"', '"q"""', 'q"', '" "'])
RECORDS = st.lists(st.lists(CELLS, max_size=4), max_size=12)


def source_of(shop: Shop, delimiter: str, columns: int, header: bool, name: str = "e.txt") -> Any:
    names = [f"n{k}" for k in range(columns)]
    keys = f"format = 'csv'\ndelimiter = '{delimiter}'\nheader = {str(header).lower()}"
    keys += "" if header else f"\ncolumns = {names}"
    return shop.events(name, keys=keys).config.sources[0]


def read(file: InputFile, source: Any) -> tuple[Any, list[tuple[int, list[str] | None]]]:
    """Return every row the parser counts: number, and cells (None where their number is wrong)."""
    rows = open_rows(file, source)
    found: list[tuple[int, list[str] | None]] = []
    for batch in rows.batches(range(len(rows.names))):
        for row in batch.to_pylist():
            cells = [row[f"c{k}"] for k in range(len(rows.names))]
            found.append((row["_row"], None if row["_problem"] else cells))
    rows.close()
    return rows, sorted(found, key=lambda row: row[0])


@settings(max_examples=150, deadline=None)
@given(
    records=RECORDS,
    columns=st.integers(1, 3),
    delimiter=st.sampled_from([",", "\t", "|"]),
    header=st.booleans(),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    block=st.sampled_from([8, 1 << 18]),
)
@example([["", ""], ["1"]], 2, "\t", True, "\n", 1 << 18)
@example([[" "], [" "], ["a", "1"]], 1, ",", True, "\n", 1 << 18)
@example([['q"', "a"], ["1"], ["1", "a"]], 2, ",", True, "\n", 8)
def test_both_readings_count_alike(
    records: list[list[str]], columns: int, delimiter: str, header: bool, end: str, block: int
) -> None:
    # Without a header the first row has to have all columns.
    first = [f"n{k}" for k in range(columns)]
    texts = [delimiter.join(record) for record in [first, *records]]
    cells = [len(record) or 1 for record in [first, *records]]
    lines, expected = 1, []
    for text, n in zip(texts, cells, strict=True):
        if text and (text.strip() or n == columns):
            expected.append((lines, text, n))
        lines += text.count("\n") + 1
    expected = expected[int(header) :]
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        patch.setattr(locate, "BLOCK_BYTES", block)
        shop = Shop(Path(place))
        path = shop.write("e.txt", end.join([*texts, ""]))
        file = InputFile(path, "e.txt")
        source = source_of(shop, delimiter, columns, header)
        rows, parsed = read(file, source)
        assert [number for number, _ in parsed] == list(range(1, len(expected) + 1))
        for (_, found), (_, text, n) in zip(parsed, expected, strict=True):
            reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
            assert found == (next(reader) if n == columns else None)
        wanted = [number for number, found in parsed if found is None]
        for some in (wanted, [number for number, _ in parsed]):
            located = [(k, *expected[k - 1][:2]) for k in some]
            assert list(csv_records(file, source, rows, some)) == located


@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_a_reject_below_a_row_of_empty_cells(shop: Shop, delimiter: str) -> None:
    lines = [
        "id,ts,type",
        "a,2020-01-01,view",
        ",,",
        "",
        "   ",
        "b,bad,view",
        " , , ",
        "c,2020-01-01",
        "d,bad,x",
    ]
    lines = [line.replace(",", delimiter) for line in lines]
    shop.write("e.txt", "\n".join(lines) + "\n")
    workspace = shop.events("e.txt", keys=f"format = 'csv'\ndelimiter = '{delimiter}'")
    shop.load(workspace, max_rejects="100%")
    found = shop.rows("select line, raw from rejects order by line")
    assert found == [(k, lines[k - 1]) for k in (3, 6, 7, 8, 9)]


@pytest.mark.parametrize("delimiter", [",", "whitespace"])
def test_a_header_below_empty_lines(shop: Shop, delimiter: str) -> None:
    lines = ["", "", "id,ts,type", "a,2020-01-01,view", "\t ", "b,bad,view"]
    if delimiter == "whitespace":
        lines = [line.replace(",", "  ") for line in lines]
    shop.write("e.txt", "\n".join(lines) + "\n")
    workspace = shop.events("e.txt", keys=f"format = 'csv'\ndelimiter = '{delimiter}'")
    totals = shop.load(workspace, max_rejects="100%").totals
    assert (totals.rows, totals.accepted) == (2, 1)
    assert shop.rows("select line, raw from rejects") == [(6, lines[5])]
