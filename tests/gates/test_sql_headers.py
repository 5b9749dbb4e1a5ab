"""Every SQL file is one statement under a header that says what it makes, its grain, what it reads, its parameters."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SQL = Path(__file__).parents[2] / "sql"
FILES = sorted(SQL.rglob("*.sql"))
HEADER = re.compile(
    r"-- makes: .+\n(?:--   .+\n)*-- grain: .+\n(?:--   .+\n)*-- reads: .+\n(?:--   .+\n)*-- params: .+\n"
)
PARAMETER = re.compile(r"(?<![:\w])[$:]([a-z_]\w*)|(\?)")
"""DuckDB's `$name`, SQLite's `:name`, or `?` by position."""
FORBIDDEN = re.compile(
    r"\b(now|current_date|current_timestamp|today|random|uuid)\b\s*\(|\bcurrent_(date|timestamp)\b", re.I
)


def name_of(file: Path) -> str:
    return str(file.relative_to(SQL))


def body_of(file: Path) -> str:
    """The statement without comments and texts."""
    lines = [line.split("--")[0] for line in file.read_text(encoding="utf-8").splitlines()]
    return re.sub(r"'[^']*'", "''", "\n".join(lines))


def test_there_are_sql_files() -> None:
    assert FILES


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_header(file: Path) -> None:
    assert HEADER.match(file.read_text(encoding="utf-8")), (
        "wanted: -- makes, -- grain, -- reads, -- params, in order"
    )


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_one_statement(file: Path) -> None:
    assert ";" not in body_of(file).rstrip().removesuffix(";")


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_params_are_the_ones_used(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    declared = re.search(r"^-- params:((?:.+\n)(?:--   .+\n)*)", text, re.M)
    assert declared is not None
    used = {name or "position" for name, _ in PARAMETER.findall(body_of(file))}
    missing = {name for name in used if not re.search(rf"\b{name}\b", declared[1])}
    if re.search(r"the columns of \w+", declared[1]):  # an insert's parameters are its table's columns
        return
    assert not missing, f"used and not in -- params: {sorted(missing)}"
    if not used and "{{" not in text:
        assert declared[1].strip().startswith(("none", "-")), "-- params: none, if there are none"


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_no_clock_and_no_chance(file: Path) -> None:
    assert not FORBIDDEN.search(body_of(file))
