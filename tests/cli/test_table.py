"""Tables fit, pipes are plain, no time is cut."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable

import pytest

from nbatool.cli.table import Column, table_text

TIME = "2026-11-22T05:44:11Z"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Make standard output a plain terminal of a width."""

    def of(width: int) -> None:
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setenv("TERM", "dumb")
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((width, 24)))

    return of


def test_a_piped_table_is_plain_and_whole() -> None:
    long = "x" * 300
    text = table_text(
        [Column("name"), Column("rows", right=True)], [("a", "1,000"), (long, 7), ("[b]é", None)]
    )
    assert text.splitlines() == [
        f"{'name':<300}   rows",
        f"{'a':<300}  1,000",
        f"{long}      7",
        "[b]é",
    ]


def test_on_a_terminal_only_the_widest_text_gives_way(terminal: Callable[[int], None]) -> None:
    terminal(40)
    columns = [Column("check"), Column("line", right=True), Column("found")]
    lines = table_text(columns, [("packages", "123,456,789,012", "word " * 30)]).splitlines()
    assert len(lines) == 2
    assert "packages  123,456,789,012  word word wo" in lines[1]
    wrapped = table_text([Column("check"), Column("found", wrap=True)], [("packages", "word " * 30)])
    assert wrapped.count("word") == 30
    assert max(map(len, wrapped.splitlines()[1:])) <= 40


def test_times_are_shown_to_the_second() -> None:
    rows = [("2026-11-22T05:44:11.123456Z",), ("2026-11-22 05:44:11.5",), ("x 2026-11-22T05:44:11.5Z",)]
    assert table_text([Column("at")], rows).splitlines() == [
        "at", TIME, "2026-11-22 05:44:11", "x 2026-11-22T05:44:11.5Z",
    ]  # fmt: skip


@pytest.mark.parametrize("width", [40, 60, 80, 100])
@pytest.mark.parametrize("day", [True, False])
def test_at_no_width_is_a_line_too_long_or_a_time_cut(
    width: int, day: bool, terminal: Callable[[int], None]
) -> None:
    terminal(width)
    columns = [Column("source"), Column("kind")]
    columns += [Column(name, right=True) for name in ("files", "rows", "accepted", "duplicate", "rejected")]
    columns.append(Column("last loaded", day=day))
    rows = [
        ("customers", "customers", 1, "8,000", "8,000", 0, 0, TIME),
        ("events", "events", 2, 9, 9, 0, 0, TIME),
    ]
    text = table_text(columns, rows)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    whole = 89
    assert text.count(TIME if width >= whole or width < 79 or not day else TIME[:10]) == 2
    assert (text.count("last loaded") == 1) == (width >= (79 if day else whole))
