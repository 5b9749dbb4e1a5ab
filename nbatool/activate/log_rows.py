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
        Objectives; "" where an outcome names none.
    context
        Names of the context.
    weights
        Objective → factor of its value in the one reward; 1 for others.
    """

    outcomes: tuple[str, ...]
    context: tuple[str, ...]
    weights: Mapping[str, float]


def reward(row: Row, weights: Mapping[str, float]) -> float | None:
    """Return what came of a decision: its closed window's outcome, else the weighted sum of what was told of it.

    None where there is none yet, and where a contact was not made or is not known to have been. A window that closed
    with nothing in it has the outcome it was closed with, 0 as a rule.
    """
    if row["is_skipped"]:
        return None
    if row["closed_outcome"] is not None:
        return float(row["closed_outcome"])
    return _told(row, weights) if row["outcomes"] else None


def explained(row: Row, weights: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return the outcomes that make up the reward.

    What was told; of a window that events closed it is not all, or not what counted, and the window's outcome stands
    for them.
    """
    closed = row["closed_outcome"]
    if closed is None or (row["outcomes"] and abs(_told(row, weights) - closed) < SAME):
        return outcomes_of(row)
    return [{"outcome_id": CLOSED, "objective": None, "ts": None, "value": closed, "whole": False}]


def _told(row: Row, weights: Mapping[str, float]) -> float:
    return float(sum(float(o["value"]) * weights.get(o["objective"] or "", 1.0) for o in outcomes_of(row)))


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
