"""What a command says: data to stdout, talk to stderr, progress only on a terminal."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

WIDE = 100_000
"""Columns of a table that nobody looks at on a terminal: nothing is cut or wrapped."""


@dataclass(frozen=True)
class Column:
    """A column of a printed table; numbers align right."""

    name: str
    right: bool = False


class Step(Protocol):
    """Tell the progress line how far the work is.

    `done` of `total` gives the share and the time left; `count` is what is counted and rated, where that is another
    unit (bytes give the share, rows are shown).
    """

    def __call__(self, done: int, total: int | None = None, count: int | None = None) -> None: ...


@dataclass(frozen=True)
class Console:
    """The two streams of one call and how much may be said on them."""

    json: bool = False
    quiet: bool = False
    verbose: bool = False

    def talk(self, text: str) -> None:
        """Say something a person may want to know."""
        if not self.quiet:
            print(text, file=sys.stderr, flush=True)

    def detail(self, text: str) -> None:
        """Say something only ``--verbose`` asks for."""
        if self.verbose:
            print(text, file=sys.stderr, flush=True)

    def summary(self, result: Mapping[str, Any], text: str) -> None:
        """Report what was done: with ``--json`` one JSON object, else the text unless ``--quiet``."""
        if self.json:
            self.object(result)
        elif not self.quiet:
            print(text)

    def data(self, result: Mapping[str, Any], text: str) -> None:
        """Print what was asked for, as one JSON object or as text, also when quiet."""
        if self.json:
            self.object(result)
        else:
            print(text)

    def object(self, result: Mapping[str, Any]) -> None:
        """Print one JSON object; a number that JSON lacks is an error of ours."""
        print(json.dumps(result, ensure_ascii=False, allow_nan=False))

    @contextmanager
    def progress(self, label: str, unit: str = "rows") -> Iterator[Step]:
        """Show one line of progress (share, rate, time left) on a terminal; nothing anywhere else.

        Yields what takes the work's progress, whether it is shown or not.
        """
        if self.quiet or self.json or not sys.stderr.isatty():
            yield _silent
            return
        line = _ProgressLine(label, unit)
        try:
            yield line
        finally:
            line.clear()

    @property
    def width(self) -> int:
        """Columns a text may take: the terminal's, or 100 where the output goes elsewhere."""
        return shutil.get_terminal_size().columns if sys.stdout.isatty() else 100

    @contextmanager
    def steps(self, label: str) -> Iterator[Callable[[str], None]]:
        """Show what is being worked on, one line on a terminal that is written again; a line each with --verbose.

        Yields what takes the name of each step as it begins.
        """
        if self.verbose:
            yield lambda text: self.detail(f"{label}: {text}")
        elif self.quiet or self.json or not sys.stderr.isatty():
            yield _unwatched
        else:
            began = time.monotonic()

            def show(text: str) -> None:
                sys.stderr.write(f"\r\x1b[K{label}  {time.monotonic() - began:.0f} s  {text} …")
                sys.stderr.flush()

            try:
                yield show
            finally:
                sys.stderr.write("\r\x1b[K")
                sys.stderr.flush()


def _unwatched(text: str) -> None:
    """Take a step that nobody watches."""


def _silent(done: int, total: int | None = None, count: int | None = None) -> None:
    """Take progress that nobody watches."""


class _ProgressLine:
    """One line on stderr, written again at most ten times a second."""

    def __init__(self, label: str, unit: str) -> None:
        self.label, self.unit = label, unit
        self.began = self.shown = time.monotonic()

    def __call__(self, done: int, total: int | None = None, count: int | None = None) -> None:
        now = time.monotonic()
        if now - self.shown < 0.1:
            return
        self.shown = now
        elapsed_s = now - self.began
        shown = done if count is None else count
        parts = [self.label, f"{shown:,} {self.unit}", f"{shown / elapsed_s:,.0f}/s"]
        if total and done:
            parts.insert(1, f"{min(done / total, 1):.0%}")
            parts.append(f"{max(total - done, 0) * elapsed_s / done:.0f} s left")
        sys.stderr.write("\r\x1b[K" + "  ".join(parts))
        sys.stderr.flush()

    def clear(self) -> None:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


def table_text(columns: Sequence[Column], rows: Sequence[Sequence[object]]) -> str:
    """Return rows as a table without lines, fitting the terminal; piped, nothing is cut.

    Colours and widths of wide characters are rich's; it leaves colours out when piped or with NO_COLOR.
    """
    from io import StringIO

    from rich.console import Console as RichConsole
    from rich.table import Table
    from rich.text import Text

    shown = sys.stdout.isatty()
    out = StringIO()
    rich = RichConsole(
        file=out,
        width=None if shown else WIDE,
        force_terminal=shown,
        highlight=False,
        markup=False,
        emoji=False,
    )
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(
            Text(column.name),
            justify="right" if column.right else "left",
            no_wrap=True,
            overflow="ellipsis",
        )
    for row in rows:
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    rich.print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().rstrip("\n").split("\n"))
