"""A row of the exported decision log, and what its outcomes amount to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Row = Mapping[str, Any]
"""A decision as ``sql/activate/exported_decisions.sql`` gives it."""


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
    """Return the weighted sum of a decision's outcomes, or None where there is none yet."""
    found = row["outcomes"]
    if not found:
        return None
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
