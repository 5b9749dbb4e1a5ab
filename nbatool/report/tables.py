"""Tables and paragraphs of plain text within a width."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

GAP = "  "
LEAST_CELL = 8


def table_lines(
    heads: Sequence[str], rows: Sequence[Sequence[str]], *, right: str = "", width: int = 100, indent: int = 2
) -> list[str]:
    r"""Return a table without lines, one text per row, no blanks at the end.

    Parameters
    ----------
    heads
        Column names; all empty for none.
    right
        One letter per column: ``r`` aligns right, anything else left; missing ones are left.
    width
        Characters a row may take; the widest left-aligned column gives way, cut with an ellipsis.

    >>> print("\n".join(table_lines(("what", "n"), [("a", "10"), ("long", "9")], right="lr", indent=0)))
    what   n
    a     10
    long   9
    """
    shown = [list(heads), *map(list, rows)] if any(heads) else [list(row) for row in rows]
    if not shown:
        return []
    sizes = [max(len(row[k]) for row in shown) for k in range(len(heads))]
    aligned = right.ljust(len(heads), "l")
    over = indent + sum(sizes) + len(GAP) * (len(sizes) - 1) - width
    left = [k for k in range(len(sizes)) if aligned[k] != "r"]
    if over > 0 and left:
        widest = max(left, key=lambda k: sizes[k])
        sizes[widest] = max(LEAST_CELL, sizes[widest] - over)
    lines = []
    for row in shown:
        cells = [
            cut(text, size).rjust(size) if side == "r" else cut(text, size).ljust(size)
            for text, size, side in zip(row, sizes, aligned, strict=False)
        ]
        lines.append((" " * indent + GAP.join(cells)).rstrip())
    return lines


def cut(text: str, size: int) -> str:
    """Return the text, shortened with an ellipsis where it is longer than the size."""
    return text if len(text) <= size else text[: max(size - 1, 0)] + "…"


def paragraph(text: str, *, first: str = "", indent: int = 2, width: int = 100) -> list[str]:
    """Return a text wrapped within the width, its first line after a mark.

    >>> paragraph("one two three four", first="! ", indent=0, width=22)
    ['! one two three four']
    >>> paragraph("one two three four five", first="! ", indent=0, width=22)
    ['! one two three four', '  five']
    """
    start = " " * indent + first
    return textwrap.wrap(
        text, max(width, len(start) + 20), initial_indent=start, subsequent_indent=" " * len(start),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def entry(label: str, text: str, *, at: int, indent: int = 2, width: int = 100) -> list[str]:
    """Return a labelled line, what does not fit continued below its text.

    >>> entry("value", "BG/NBD", at=8)
    ['  value BG/NBD']
    """
    return paragraph(text, first=label.ljust(at - indent - 1) + " ", indent=indent, width=width) or [
        " " * indent + label
    ]


def right_edge(text: str, last: str, width: int) -> str:
    """Return a line with something at its right edge, where it fits."""
    return text.ljust(max(len(text) + 2, width - len(last))) + last
