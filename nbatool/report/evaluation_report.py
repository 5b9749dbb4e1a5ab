"""What `nbatool evaluate` says: what each policy is worth on the log, how sure that is, and what to be careful about."""

from __future__ import annotations

from nbatool.base.clock import format_time
from nbatool.measure.evaluating import FEWEST, EvaluationReport
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
            f"{_why_a_twin(report)} All decisions whose outcome is known were made at one instant. Judged instead: a twin "
            f"trained on {counted(twin.customers, 'customer')}, on the decisions of the other {number_text(twin.held_out)} (a quarter, drawn by hash, seed {found.seed}): {what}"
        )
    at = minute_text(format_time(report.twin_of_us))
    return (
        f"{_why_a_twin(report)} Judged instead: a twin trained as of {at}, on the decisions after it: {what}"
    )


def _why_a_twin(report: EvaluationReport) -> str:
    """Say why the version itself is not judged: nothing newer, outcomes still open, or decisions that cannot be used."""
    newer, version = report.newer, report.version
    if newer is not None and newer.not_made and not newer.decisions:
        return (
            f"{counted(newer.not_made, 'decision')} newer than what {version} learned from {'was' if newer.not_made == 1 else 'were'} "
            "released or never confirmed, so nothing can be judged by them."
        )
    if newer is None or not newer.decisions:
        return f"No decision is newer than what {version} learned from."
    begin = f"{counted(newer.decisions, 'decision')} {'is' if newer.decisions == 1 else 'are'} newer than what {version} learned from"
    least = f"at least {FEWEST} are needed."
    if newer.known < newer.decisions:
        at, of = (
            minute_text(format_time(newer.present_us)),
            number_text(newer.known) if newer.known else "none",
        )
        return (
            f"{begin}, but at {at} the outcome is known of {of}: the windows of the others have not ended, or nbatool learn "
            f"has not closed them; {least}"
        )
    if newer.usable < newer.known:
        why = "; ".join(f"{number_text(n)}: {reason}" for reason, n in newer.left_out.items())
        return (
            f"{begin}, but only {number_text(newer.usable)} can be used{f' ({why})' if why else ''}; {least}"
        )
    return f"Only {begin}; {least}"


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
