"""The table that is printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.runs import Runs, ratios, spread

HEAD = ("stage", "what", "time", "peak MB", "bare", "bare MB", "ratio", "mark", "met")


@dataclass(frozen=True)
class Row:
    """One line: what was measured, beside its bare alternative, and the mark it is held to.

    ``met`` is None where there is no mark, or where it is set for a larger size than was run.
    """

    stage: str
    what: str
    time: str
    peak_mb: float | None = None
    bare: str = ""
    bare_mb: float | None = None
    ratio: str = ""
    mark: str = ""
    met: bool | None = None

    def cells(self) -> tuple[str, ...]:
        met = {True: "yes", False: "NO", None: "-" if self.mark else ""}[self.met]
        return (
            self.stage, self.what, self.time, _mb(self.peak_mb), self.bare, _mb(self.bare_mb), self.ratio, self.mark,
            met,
        )  # fmt: skip


def _mb(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def seconds(runs: Runs) -> str:
    return spread(runs.values()) + " s"


def compared(stage: str, what: str, ours: Runs, bare: Runs, most: float | None = None) -> Row:
    """Return the line of two sides run in turn; ``most`` is the greatest ratio that meets the mark."""
    each = ratios(ours, bare)
    return Row(
        stage, what, seconds(ours), ours.peak_mb, seconds(bare), bare.peak_mb, spread(each),
        "" if most is None else f"ratio ≤ {most:g}",
        None if most is None else Runs(tuple({"r": r} for r in each)).median("r") <= most,
    )  # fmt: skip


def text(rows: Sequence[Row]) -> str:
    """Return the rows as aligned columns."""
    lines = [HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines
    )
