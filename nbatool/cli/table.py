"""Tables of a terminal's width: times whole and to the second, numbers whole, the widest texts give way."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from nbatool.report.tables import entry

WIDE = 100_000
"""Columns of a table that nobody looks at on a terminal: nothing is cut or wrapped."""

LEAST_WIDTH = 12
"""A column keeps its cells whole up to here, however narrow the terminal is."""

GAP = 2
_TIME = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:?\d\d)?")


@dataclass(frozen=True)
class Column:
    """A column of a printed table; numbers align right.

    A text too wide for the terminal is cut, or with ``wrap`` goes on below. A time is never cut; with ``day`` it may
    become its day.
    """

    name: str
    right: bool = False
    wrap: bool = False
    day: bool = False


def table_text(columns: Sequence[Column], rows: Sequence[Sequence[object]]) -> str:
    """Return rows as a table without lines, fitting the terminal; piped, nothing is cut.

    The widest text columns give way, never a number, a time, a name of a column or a short cell. Where these alone are
    too wide, each row becomes a block of lines, one a column.
    """
    shown = sys.stdout.isatty()
    cells = [[_cell_text(cell) for cell in row] for row in rows]
    terminal = shutil.get_terminal_size().columns if shown else WIDE
    narrow = cells
    if _taken(_widths(columns, cells, WIDE)) > terminal:
        narrow = [
            [_day(c) if column.day else c for column, c in zip(columns, row, strict=True)] for row in cells
        ]
    widths = _widths(columns, narrow, terminal)
    if _taken(widths) > terminal:
        return _blocks(columns, cells, terminal)
    return _table(columns, narrow, widths, styled=shown)


def _taken(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _day(cell: str) -> str:
    return cell[:10] if _TIME.fullmatch(cell) else cell


def _cell_text(cell: object) -> str:
    """Return a cell as text; a time to the second."""
    text = "" if cell is None else str(cell)
    time = _TIME.fullmatch(text)
    return f"{time[1]}{time[2] or ''}" if time else text


def _table(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], widths: Sequence[int], *, styled: bool
) -> str:
    """Colours and widths of wide characters are rich's; it leaves colours out with NO_COLOR."""
    from io import StringIO

    from rich.console import Console as RichConsole
    from rich.table import Table
    from rich.text import Text

    out = StringIO()
    # Without a height rich takes any dumb terminal for one of 80 columns, and cuts.
    rich = RichConsole(
        file=out, width=WIDE, height=24, force_terminal=styled, highlight=False, markup=False, emoji=False
    )
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, GAP, 0, 0))
    for column, width in zip(columns, widths, strict=True):
        table.add_column(
            Text(column.name),
            justify="right" if column.right else "left",
            no_wrap=not column.wrap,
            overflow="fold" if column.wrap else "ellipsis",
            width=width,
        )
    for row in rows:
        table.add_row(*map(Text, row))
    rich.print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().rstrip("\n").split("\n"))


def _blocks(columns: Sequence[Column], rows: Sequence[Sequence[str]], terminal: int) -> str:
    at = max(len(column.name) for column in columns) + GAP
    return "\n\n".join(
        "\n".join(
            line
            for column, cell in zip(columns, row, strict=True)
            if cell
            for line in entry(column.name, cell, at=at, indent=0, width=terminal)
        )
        for row in rows
    )


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[str]], terminal: int) -> list[int]:
    """Return the width of each column: all of it where there is room, else the widest texts give way."""
    from rich.cells import cell_len

    heads = [cell_len(column.name) for column in columns]
    full = [max([head, *(cell_len(row[k]) for row in rows)]) for k, head in enumerate(heads)]
    times = [
        max((len(row[k]) for row in rows if _TIME.fullmatch(row[k])), default=0) for k in range(len(heads))
    ]
    least = [
        whole if column.right else max(head, time, min(whole, LEAST_WIDTH))
        for column, head, time, whole in zip(columns, heads, times, full, strict=True)
    ]
    widths = list(full)
    over = _taken(widths) - terminal
    while over > 0:
        can = [k for k in range(len(widths)) if widths[k] > least[k]]
        if not can:
            break
        can.sort(key=lambda k: -widths[k])
        floor = max(least[can[0]], widths[can[1]] - 1 if len(can) > 1 else 0)
        by = min(over, widths[can[0]] - floor)
        widths[can[0]] -= by
        over -= by
    return widths
