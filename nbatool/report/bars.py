"""Bars and one-line plots of block characters."""

from __future__ import annotations

EIGHTHS = " ▏▎▍▌▋▊▉█"
LONGEST = 30


def bar(value: float, most: float, longest: int = LONGEST) -> str:
    """Return a bar whose length is value / most; whatever is above nothing shows.

    >>> bar(5, 10, 8), bar(0, 10), bar(0.001, 10, 8)
    ('████', '', '▏')
    """
    if not (value > 0 and most > 0):
        return ""
    eighths = max(1, round(min(value / most, 1.0) * longest * 8))
    return "█" * (eighths // 8) + (EIGHTHS[eighths % 8] if eighths % 8 else "")


def interval_line(
    low: float,
    high: float,
    realised: float,
    predicted: float,
    *,
    axis: tuple[float, float],
    size: int = LONGEST,
) -> str:
    """Return one line of a plot: the interval of what came in, what came in (●) and what was predicted (○).

    Where both fall on one place it is ◉. Values beyond the axis stand at its ends.

    >>> interval_line(0.2, 0.6, 0.4, 0.8, axis=(0.0, 1.0), size=11)
    '  ──●── ○  '
    """
    first, last = axis

    def place(value: float) -> int:
        share = (value - first) / (last - first) if last > first else 0.5
        return round(min(max(share, 0.0), 1.0) * (size - 1))

    cells = [" "] * size
    for at in range(place(low), place(high) + 1):
        cells[at] = "─"
    cells[place(realised)] = "●"
    cells[place(predicted)] = "◉" if place(predicted) == place(realised) else "○"
    return "".join(cells)
