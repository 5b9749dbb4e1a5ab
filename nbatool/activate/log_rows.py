"""A row of the exported decision log, and what its outcomes amount to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Row = Mapping[str, Any]
"""A decision as ``sql/activate/exported_decisions.sql`` gives it."""


CLOSED = "closed"
"""Name of the outcome a window was closed with, where a format lists outcomes one by one."""
SAME = 5e-5
"""Amounts in currency that differ by less are the same: money has four decimals."""


@dataclass(frozen=True)
class LogNames:
    """What the exported decisions have columns of.

    Parameters
    ----------
    outcomes
        What outcomes are of; "" where nobody's objective takes those that name none.
    context
        Names of the context.
    weights
        Objective → factor of its value in the one outcome; 1 for others.
    unnamed
        The objective of outcomes that name none; None: nobody's.
    """

    outcomes: tuple[str, ...]
    context: tuple[str, ...]
    weights: Mapping[str, float]
    unnamed: str | None = None

    def objective(self, outcome: Row) -> str:
        """Return whose an outcome is, "" of nobody."""
        return outcome["objective"] or self.unnamed or ""


def explained(row: Row, names: LogNames) -> list[dict[str, Any]]:
    """Return the outcomes that make up what came of a decision.

    What was told of the objectives; where that is not all, or not what counted (events are in it, values were clipped),
    the window's outcome stands for them.
    """
    counting = [outcome for outcome in outcomes_of(row) if outcome["counts"]]
    outcome = row["outcome"]
    told = sum(float(o["value"]) * names.weights.get(names.objective(o), 1.0) for o in counting)
    if outcome is None or (counting and abs(told - outcome) < SAME):
        return counting
    return [{"outcome_id": CLOSED, "objective": None, "ts": None, "value": outcome, "whole": False}]


def outcomes_of(row: Row) -> list[dict[str, Any]]:
    """Return a decision's outcomes in one order, whatever order they were read in."""
    return sorted(
        row["outcomes"] or (), key=lambda o: (o["objective"] or "", o["outcome_id"], o["whole"], o["value"])
    )


def shown_floats(values: list[float] | None) -> list[float]:
    """Return 32-bit numbers with the few digits that tell them apart.

    >>> shown_floats([0.10000000149011612]), shown_floats(None)
    ([0.1], [])
    """
    return [_shown(value) for value in values or ()]


@lru_cache(maxsize=1 << 16)
def _shown(value: float) -> float:
    import numpy as np

    return float(str(np.float32(value)))
