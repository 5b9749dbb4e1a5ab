"""The last line of `nbatool evaluate --gate`: passed or failed, and each threshold with what was asked and found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nbatool.measure.gate import Threshold
from nbatool.measure.outcome_unit import PER, figure_text
from nbatool.report.evaluation_tables import decimals_together
from nbatool.report.evaluation_words import named


def gate_line(asked: Sequence[Threshold], short: Sequence[str], unit: str) -> str:
    """Return the verdict in one line.

    Parameters
    ----------
    asked
        The thresholds, with what was found.
    short
        Everything that falls short (`nbatool.measure.gate.shortfalls`): more than thresholds alone.
    """
    sizes = [PER * value for each in asked for value in (each.asked, each.found) if value is not None]
    decimals = decimals_together(sizes, unit)
    told = [_told(each, decimals) for each in asked]
    other = len(short) > sum(not each.met for each in asked)
    told += ["another reason forbids it, see above"] if other else []
    verdict = "failed" if short else "passed"
    return f"gate  {verdict}: {'; '.join(told)} ({unit} per {PER:,} customers, lower bounds)"


def _told(each: Threshold, decimals: int) -> str:
    least = figure_text(PER * each.asked, decimals, signed=True)
    if each.found is None:
        return f"gain over {named(each.over)} not known, at least {least} asked"
    found = figure_text(PER * each.found, decimals, signed=True)
    return f"gain over {named(each.over)} {found}, {'' if each.met else 'but '}at least {least} asked"


def gate_json(asked: Sequence[Threshold]) -> list[dict[str, Any]]:
    """Return the thresholds as data, values per decision."""
    return [{"over": t.over, "asked": t.asked, "found": t.found, "met": t.met} for t in asked]
