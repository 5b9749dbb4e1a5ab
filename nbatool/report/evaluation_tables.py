"""The tables of a judgement: values, differences, what would be done, segments, estimators.

All figures are per 1,000 customers decided once, in the unit of the outcome; what stands beside a figure is its interval.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from nbatool.measure.evaluating import EvaluationReport
from nbatool.measure.evaluation import LOGGED, Evaluation, Judgement
from nbatool.measure.intervals import Interval
from nbatool.measure.outcome_unit import MOST_DECIMALS, PER, decimals_of, figure_text, is_money
from nbatool.report.bars import interval_line
from nbatool.report.evaluation_words import ESTIMATORS, MODEL_ALONE, WHY_DR, named, policy_legend
from nbatool.report.figures import counted, number_text, share_text
from nbatool.report.short_names import short_names
from nbatool.report.tables import GAP, entry, paragraph, table_lines

MOST_MIX = 6
LEAST_PLOT, MOST_PLOT = 8, 30
MARK = " *"
UNDER = "* trained on decisions it is judged on: too good, proves nothing; see below."


def value_lines(report: EvaluationReport, unit: str, width: int) -> list[str]:
    """Return every policy the log carries an estimate of, best first, with a plot where there is room."""
    found = report.evaluation
    shown = [(j, j.best) for j in found.judgements if j.best is not None]
    if not shown:
        return ["  the log carries no estimate of any policy"]
    shown.sort(key=lambda pair: -pair[1].value)
    decimals = _decimals((i for _, i in shown), unit)
    rows = [
        (_marked(report, j.name), *_figures(i, decimals), number_text(j.overlap.effective)) for j, i in shown
    ]
    heads = ("policy", unit, f"{shown[0][1].confidence:.0%} interval", "effective")
    used = 2 + sum(max(len(row[k]) for row in [heads, *rows]) + len(GAP) for k in range(len(heads)))
    room = min(MOST_PLOT, width - used)
    if room >= LEAST_PLOT:
        axis = (min(i.low for _, i in shown), max(i.high for _, i in shown))
        plots = [_plot(i, axis, room) for _, i in shown]
        lines = table_lines(
            (*heads, ""), [(*r, p) for r, p in zip(rows, plots, strict=True)], right="lrrrl", width=width
        )
    else:
        lines = table_lines(heads, rows, right="lrrr", width=width)
    lines += paragraph(policy_legend(found), width=width)
    return lines + (paragraph(UNDER, width=width) if report.leaks else [])


def gain_lines(report: EvaluationReport, unit: str, width: int) -> list[str]:
    """Return the differences, decision by decision."""
    lines: list[str] = []
    for name in ("challenger", "champion"):
        judged = report.evaluation.of(name)
        if judged is None or not judged.gain:
            continue
        rows = []
        decimals = decimals_together([_size(i) for i in judged.gain.values()], unit)
        for other, interval in judged.gain.items():
            alike = judged.alike.get(other)
            rows.append((
                _marked(report, other), *_figures(interval, decimals, signed=True),
                "-" if alike is None else _percent(alike.share, whole=alike.same), _verdict(report, judged, other),
            ))  # fmt: skip
        confidence = next(iter(judged.gain.values())).confidence
        heads = (
            f"{_marked(report, name)} against",
            f"gain, {unit}",
            f"{confidence:.0%} interval",
            "alike",
            "",
        )
        lines += ["", *table_lines(heads, rows, right="lrrrl", width=width)]
    if lines:
        lines += paragraph("alike: share of the decisions on which both would do the same.", width=width)
    return lines


def mix_lines(found: Evaluation, width: int) -> list[str]:
    """Return what the champion would do most, beside what was done."""
    judged, logged = found.of("champion"), found.of(LOGGED)
    if judged is None or logged is None:
        return []
    ranked = sorted(range(len(found.labels)), key=lambda j: -float(judged.mix[j]))
    order = [j for j in ranked[:MOST_MIX] if judged.mix[j] > 0]
    rest = [j for j in ranked if j not in order and (judged.mix[j] > 0 or logged.mix[j] > 0)]
    used = np.flatnonzero(judged.mix[:-1] > 0)
    heads = ("share of decisions", "champion", "what was done")
    names = short_names(
        [found.labels[j] for j in order], width - 2 - len("champion  what was done") - len(GAP)
    )
    rows = [
        (name, _share(float(judged.mix[j])), _share(float(logged.mix[j])))
        for name, j in zip(names, order, strict=True)
    ]
    if rest:
        rows.append(
            (
                f"… and {len(rest)} more",
                _share(float(judged.mix[rest].sum())),
                _share(float(logged.mix[rest].sum())),
            )
        )
    actions = len({found.actions[j] for j in used}) if found.actions else 0
    told = f"The champion uses {len(used)} of {counted(len(found.labels) - 1, 'candidate')}"
    told += f" ({counted(actions, 'action')})." if actions else "."
    return ["", *table_lines(heads, rows, right="lrr", width=width), *paragraph(told, width=width)]


def _share(value: float) -> str:
    """Return a share, never as nothing where there is some.

    >>> _share(0.25), _share(0.001), _share(0.0)
    ('.25', '<.01', '.00')
    """
    return "<.01" if 0 < value < 0.005 else share_text(value)


def segment_lines(report: EvaluationReport, unit: str, width: int) -> list[str]:
    """Return the champion and what was done in every segment."""
    segments = report.evaluation.segments
    if not segments:
        return []
    shown = [i for s in segments for name in ("champion", LOGGED) if (i := s.values.get(name)) is not None]
    decimals = _decimals(shown, unit)
    rows: list[tuple[str, ...]] = []
    for segment in segments:
        for first, name in ((True, "champion"), (False, LOGGED)):
            interval = segment.values.get(name)
            figures = ("too few", "") if interval is None else _figures(interval, decimals)
            rows.append((segment.name if first else "", number_text(segment.n) if first else "",
                         _marked(report, name), *figures))  # fmt: skip
    heads = ("segment", "decisions", "policy", unit, "interval by formula")
    used = 2 + sum(max(len(row[k]) for row in [heads, *rows]) + len(GAP) for k in range(1, len(heads)))
    names = short_names([row[0] for row in rows if row[0]], width - used)
    it = iter(names)
    rows = [(next(it) if row[0] else "", *row[1:]) for row in rows]
    return ["", *table_lines(heads, rows, right="lrlrr", width=width)]


def estimator_lines(report: EvaluationReport, unit: str, width: int) -> list[str]:
    """Return the champion by every estimator, what each is, and which one decides."""
    judged = report.evaluation.of("champion")
    if judged is None or not judged.estimates:
        return []
    decimals = _decimals(judged.estimates.values(), unit)
    rows = [
        (
            name,
            value,
            *(
                f"({b})" if name == MODEL_ALONE else b
                for b in (low_to_high, _bounds(judged.asymptotic[name], decimals))
            ),
        )
        for name, interval in judged.estimates.items()
        for value, low_to_high in [_figures(interval, decimals)]
    ]
    heads = (f"{_marked(report, 'champion')} by estimator", unit, "bootstrap", "formula")
    lines = ["", *table_lines(heads, rows, right="lrrr", width=width)]
    for name in judged.estimates:
        lines += entry(name, ESTIMATORS.get(name, ""), at=13, width=width)
    why = WHY_DR if "IPS" in judged.estimates else f"{WHY_DR} IPS is left out: the chances are estimated."
    return [*lines, *paragraph(why, width=width)]


def _marked(report: EvaluationReport, policy: str) -> str:
    return named(policy) + (MARK if report.leak_of(policy) is not None else "")


def _figures(interval: Interval, decimals: int, *, signed: bool = False) -> tuple[str, str]:
    """Value and bounds per 1,000 customers."""
    return figure_text(PER * interval.value, decimals, signed=signed), _bounds(interval, decimals)


def decimals_together(values: Sequence[float], unit: str, sizes: Sequence[float] = ()) -> int:
    """Return the decimals of all figures of a table: two digits of the smallest, at most one decimal more than the
    largest asks for.

    Parameters
    ----------
    sizes
        What two digits are wanted of, where that is not the values: the larger end of an interval.

    >>> decimals_together([227.0, 35.3], "USD"), decimals_together([227.0, 3.53], "clicks")
    (0, 1)
    >>> decimals_together([4512.0, 0.0004, 0.0], "clicks"), decimals_together([227.0, 3.53], "USD")
    (1, 2)
    """
    largest = decimals_of(values, unit)
    known = [abs(size) for size in sizes or values if math.isfinite(size) and size]
    needed = max((max(1 - math.floor(math.log10(size)), 0) for size in known), default=0)
    decimals = min(max(largest, needed), largest + 1, MOST_DECIMALS)
    return 2 if decimals == 1 and is_money(unit) else decimals


def _decimals(shown: Iterable[Interval], unit: str) -> int:
    """Return the decimals of a table of values."""
    intervals = list(shown)
    return decimals_together([PER * i.value for i in intervals], unit, [_size(i) for i in intervals])


def _size(interval: Interval) -> float:
    return PER * max(abs(interval.value), abs(interval.low), abs(interval.high))


def _bounds(interval: Interval, decimals: int) -> str:
    low, high = (figure_text(PER * bound, decimals) for bound in (interval.low, interval.high))
    return f"{low} to {high}"


def _plot(interval: Interval, axis: tuple[float, float], size: int) -> str:
    line = interval_line(interval.low, interval.high, interval.value, interval.value, axis=axis, size=size)
    return line.replace("◉", "●")


def _percent(share: float, *, whole: bool) -> str:
    """Return a share in percent; 100 only where it is all of them.

    >>> _percent(0.9999, whole=False), _percent(1.0, whole=True), _percent(0.4, whole=False)
    ('>99%', '100%', '40%')
    """
    return "100%" if whole else ">99%" if share > 0.995 else f"{share:.0%}"


def _verdict(report: EvaluationReport, judged: Judgement, other: str) -> str:
    interval, alike = judged.gain[other], judged.alike.get(other)
    if alike is not None and alike.same:
        return "does the same"
    if report.leak_of(judged.name) is not None or report.leak_of(other) is not None:
        return f"proves nothing{MARK}"
    if interval.low == interval.high == 0:
        return "no difference seen"
    return "more" if interval.low > 0 else "less" if interval.high < 0 else "may be chance"
