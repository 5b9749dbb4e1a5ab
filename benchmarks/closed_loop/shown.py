"""The table, the plot of regret by day, and CSV."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import numpy as np

from benchmarks.closed_loop.judged import MOST_DAYS_BACK, MOST_REGRET, Judged
from benchmarks.closed_loop.trial import Trace

EIGHTHS = "▁▂▃▄▅▆▇█"
HEAD = ("policy", "regret in all", "of the oracle's gain", "last 20 days", "beyond nbatool", "days back", "s")


def table(rows: Sequence[Judged]) -> str:
    """Return one aligned line a policy, best end first."""
    ordered = sorted(rows, key=lambda row: row.end.mean)
    lines = [HEAD, *(_cells(row) for row in ordered)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _cells(row: Judged) -> tuple[str, ...]:
    return (
        row.name, row.regret.text(), row.whole.text(percent=True), row.end.text(percent=True),
        row.beyond.text(percent=True) if row.beyond else "", days_text(row.back), f"{row.seconds:,.0f}",
    )  # fmt: skip


def days_text(days: Sequence[float]) -> str:
    """Return days until back, seed by seed.

    >>> days_text((4.0, math.inf))
    '4, never'
    """
    return ", ".join("never" if math.isinf(d) else f"{d:.0f}" for d in days)


def plot(by_policy: Sequence[Sequence[Trace]], switch_on: int | None) -> str:
    """Return one line a policy: the share of the oracle's gain left on the table, day by day (full = all of it).

    >>> t = Trace("x", 0, value=[0.0, 5.0, 10.0], best=[10.0] * 3)
    >>> print(plot([[t]], 1))
    x  █▅▁  100 % → 0 %
       ·|·  day 1 to 3; | the switch
    """
    width = max(len(traces[0].name) for traces in by_policy)
    lines = []
    for traces in by_policy:
        share = np.mean([t.regret / np.maximum(t.best, 1e-9) for t in traces], axis=0)
        blocks = "".join(EIGHTHS[round(min(max(s, 0.0), 1.0) * 7)] for s in share)
        ends = f"{100 * share[0]:.0f} % → {100 * share[-1]:.0f} %"
        lines.append(f"{traces[0].name.ljust(width)}  {blocks}  {ends}")
    n = len(by_policy[0][0].best)
    axis = "".join("|" if day == switch_on else "·" for day in range(n))
    said = f"day 1 to {n}" + ("; | the switch" if switch_on is not None else "")
    return "\n".join([*lines, f"{' ' * width}  {axis}  {said}"])


def marks(row: Judged) -> list[str]:
    """Return a line a mark: what was found, what is asked, and whether it is met."""
    lines = [
        f"{row.name}: regret over the last days {row.end.text(percent=True)} of the oracle's gain over nothing; "
        f"mark < {MOST_REGRET:.0%}: {_met(row.end.mean < MOST_REGRET)}"
    ]
    if row.back:
        lines.append(
            f"{row.name}: back at 90 % after {days_text(row.back)} days; mark ≤ {MOST_DAYS_BACK}: "
            f"{_met(max(row.back) <= MOST_DAYS_BACK)}"
        )
    return lines


def _met(met: bool) -> str:
    return "met" if met else "NOT met"


def write_csv(by_policy: Sequence[Sequence[Trace]], path: Path) -> None:
    """Write one row a policy, seed and day."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ("policy", "seed", "day", "decisions", "contacts", "value", "oracle", "regret", "regret_so_far")
    )
    for trace in (trace for traces in by_policy for trace in traces):
        so_far = np.cumsum(trace.regret)
        for day, best in enumerate(trace.best):
            money = (trace.value[day], best, trace.regret[day], so_far[day])
            counts = (day + 1, trace.decisions[day], trace.contacts[day])
            writer.writerow((trace.name, trace.seed, *counts, *(f"{value:.4f}" for value in money)))
    path.write_text(text.getvalue(), encoding="utf-8")
