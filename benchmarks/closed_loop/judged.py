"""Figures: cumulative regret, its share at the end, days until back after a switch; with intervals over seeds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.closed_loop.trial import Trace
from nbatool.world.daily.actions import WINDOW_DAYS

LAST_DAYS = 20
MOST_REGRET = 0.10
BACK_AT = 0.90
MOST_DAYS_BACK = WINDOW_DAYS + 3
# two-sided 95 % points of Student's t by degrees of freedom
T95 = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}


def regret_share(trace: Trace, first: int, last: int | None = None) -> float:
    """Return regret over some days as a share of the oracle's gain over nothing in them."""
    best = sum(trace.best[first:last])
    return float(trace.regret[first:last].sum() / best) if best else math.nan


def end_share(trace: Trace) -> float:
    """Return the share over the last days (`LAST_DAYS`, or a third of a shorter run)."""
    n = len(trace.best)
    return regret_share(trace, n - min(LAST_DAYS, max(n // 3, 1)))


def days_until_back(trace: Trace, on: int) -> float:
    """Return days from a switch until the policy earns 90 % of the oracle's gain, three days in a row; inf if never.

    >>> trace = Trace("x", 0, value=[9, 1, 5, 9, 9.5, 9], best=[10.0] * 6)
    >>> days_until_back(trace, 1)
    2.0
    """
    good = np.array(trace.value) >= BACK_AT * np.array(trace.best)
    return next((float(k - on) for k in range(on, len(good) - 2) if good[k : k + 3].all()), math.inf)


@dataclass(frozen=True)
class Interval:
    """Mean over seeds with its 95 % interval by Student's t; the ends are NaN with one seed."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Interval:
        """Return the interval of some values.

        >>> Interval.of([1.0, 3.0]).mean
        2.0
        """
        mean, n = statistics.fmean(values), len(values)
        if n < 2 or not math.isfinite(mean):
            return cls(mean, math.nan, math.nan)
        # beyond the table, Fisher's expansion to the first order is within .005
        point = T95.get(n - 1, 1.96 + 2.372 / (n - 1))
        half = point * statistics.stdev(values) / math.sqrt(n)
        return cls(mean, mean - half, mean + half)

    def text(self, percent: bool = False) -> str:
        """Return it as people read it, such as ``9.1 % (8.0–10.2)``."""
        unit, times, digits = (" %", 100.0, 1) if percent else ("", 1.0, 0)
        if not math.isfinite(self.mean):
            return "never"
        middle = f"{self.mean * times:,.{digits}f}{unit}"
        if math.isnan(self.low):
            return middle
        return f"{middle} ({self.low * times:,.{digits}f}–{self.high * times:,.{digits}f})"


@dataclass(frozen=True)
class Judged:
    """One policy over all seeds; `beyond` is its end share less that of the policy compared with, paired by seed."""

    name: str
    regret: Interval
    whole: Interval
    end: Interval
    beyond: Interval | None
    back: tuple[float, ...]
    seconds: float


def judged(traces: Sequence[Trace], reference: Sequence[Trace], switch_on: int | None) -> Judged:
    """Return the figures of one policy; ``reference`` are the traces it is compared with, same seeds in order."""
    ends = [end_share(t) for t in traces]
    beyond = None
    if reference and reference[0].name != traces[0].name:
        pairs = {t.seed: end_share(t) for t in reference}
        beyond = Interval.of([end - pairs[t.seed] for end, t in zip(ends, traces, strict=True)])
    return Judged(
        traces[0].name, Interval.of([float(t.regret.sum()) for t in traces]),
        Interval.of([regret_share(t, 0) for t in traces]), Interval.of(ends), beyond,
        () if switch_on is None else tuple(days_until_back(t, switch_on) for t in traces),
        statistics.fmean(t.seconds for t in traces),
    )  # fmt: skip
