"""What `nbatool evaluate` says: what each policy is worth on the log, how sure that is, and what to be careful about."""

from __future__ import annotations

from nbatool.base.clock import format_time
from nbatool.measure.evaluating import EvaluationReport
from nbatool.measure.evaluation import Evaluation
from nbatool.measure.outcome_unit import PER, is_money
from nbatool.report.evaluation_json import evaluation_json
from nbatool.report.evaluation_tables import (
    estimator_lines,
    gain_lines,
    mix_lines,
    segment_lines,
    value_lines,
)
from nbatool.report.evaluation_words import said, warnings
from nbatool.report.figures import counted, minute_text, number_text
from nbatool.report.tables import paragraph

__all__ = ["evaluation_json", "evaluation_text", "warnings"]


def evaluation_text(report: EvaluationReport, currency: str, width: int, command: str = "") -> str:
    """Return the judgement as tables with intervals, what would be done, every warning, and how to make it again.

    Parameters
    ----------
    command
        What was typed, seed included.
    """
    found = report.evaluation
    unit = found.unit or currency
    lines = paragraph(_headline(report), indent=0, width=width)
    lines += paragraph(_counted_in(unit), indent=0, width=width)
    lines += ["", *value_lines(report, unit, width)]
    lines += _unsupported(found, width)
    lines += gain_lines(report, unit, width)
    lines += mix_lines(found, width)
    lines += segment_lines(report, unit, width)
    lines += estimator_lines(report, unit, width)
    told = [
        line for warning in warnings(report, unit) for line in paragraph(warning, first="! ", width=width)
    ]
    lines += ["", *told] if told else []
    return "\n".join([*lines, "", *paragraph(_made_by(found, command), indent=0, width=width)])


def _headline(report: EvaluationReport) -> str:
    found, twin = report.evaluation, report.twin
    first, last = (minute_text(format_time(us)) for us in (found.first_us, found.last_us))
    span = f"{first} to {last}" if first != last else f"all at {first}"
    what = f"{counted(found.n, 'decision')} of {counted(found.n_customers, 'customer')}, {span}."
    if report.twin_of_us is None:
        return f"Version {report.version} on {what}"
    if twin is not None and twin.held_out:
        return (
            f"All decisions were made at one instant: none is newer than what {report.version} learned from. Judged "
            f"instead: a twin trained on {counted(twin.customers, 'customer')}, on the decisions of the other "
            f"{number_text(twin.held_out)} (a quarter, drawn by hash, seed {found.seed}): {what}"
        )
    at = minute_text(format_time(report.twin_of_us))
    return (
        f"Not enough decisions are newer than what {report.version} learned from. Judged instead: a twin trained as of "
        f"{at}, on the decisions after it: {what}"
    )


def _counted_in(unit: str) -> str:
    """Say once what every figure below is."""
    counted = (
        "what came in less what contacts cost" if is_money(unit) else "what came in, contacts being free"
    )
    return (
        f"Values are {unit} per {PER:,} customers decided once: {counted}. min_gain and --json have them per decision, a "
        "thousandth."
    )


def _unsupported(found: Evaluation, width: int) -> list[str]:
    lines = []
    for j in found.judgements:
        if not j.support.printed:
            why = "; ".join(j.support.reasons)
            lines += paragraph(f"no estimate of {said(j.name)}: {why}", first="! ", width=width)
    return lines


def _made_by(found: Evaluation, command: str) -> str:
    """Say how the figures can be made again."""
    drawn = f"Intervals: {number_text(found.resamples)} resamples of customers, seed {found.seed}."
    return f"{drawn} Made by: {command}" if command else drawn
