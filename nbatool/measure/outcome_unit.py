"""What a value is counted in: money in the workspace's currency, or things such as clicks; and how a figure is written.

Values are worked out per decision and shown per 1,000 customers decided once: a click rate of .0045 is 4.5 clicks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nbatool.base.records import Action
from nbatool.models.table import FloatArray

if TYPE_CHECKING:
    from nbatool.base.config import Config
    from nbatool.base.settings import Objective

PER = 1000
"""Customers, each decided once, that every value shown is for."""
MOST_DECIMALS = 6


def outcome_unit(config: Config, actions: Sequence[Action], reward: FloatArray) -> str:
    """Return the currency's code, or the name of what is counted where no objective and no cost is money.

    Parameters
    ----------
    reward
        (n,) outcomes of the decisions: posted ones that are all 0 or 1 are counts, whatever the measure is called.
    """
    currency = config.workspace.currency
    costs = any(action.cost or action.cost_per_conversion for action in actions)
    told = bool(len(reward)) and bool(np.isin(reward, (0.0, 1.0)).all()) and bool(reward.any())
    alone = len(config.objectives) == 1
    counted = [_is_count(objective, told and alone) for objective in config.objectives]
    if costs or not counted or not all(counted):
        return currency
    return _plural(config.objectives[0].name) if alone else "outcomes"


def _is_count(objective: Objective, is_told: bool) -> bool:
    """Whether an objective counts: a weight other than 1 is what each is worth in money."""
    if objective.weight != 1:
        return False
    return objective.measure in ("any", "count") or (
        objective.measure == "sum" and not objective.by_events and is_told
    )


def _plural(name: str) -> str:
    """Return the name of an objective as what is counted.

    >>> _plural("click"), _plural("visits"), _plural("buy_30d")
    ('clicks', 'visits', '"buy_30d"')
    """
    if not name.isalpha():
        return f'"{name}"'
    return name if name.endswith("s") else f"{name}s"


def decimals_of(values: Iterable[float], unit: str = "") -> int:
    """Return how many decimals show figures of this size: three digits of the largest; of money none, or its cents.

    >>> decimals_of([6240.0]), decimals_of([4.512]), decimals_of([0.00451]), decimals_of([12.0], "USD")
    (0, 2, 5, 2)
    """
    largest = max((abs(v) for v in values if math.isfinite(v)), default=0.0)
    if largest <= 0:
        return 0
    decimals = min(max(2 - math.floor(math.log10(largest)), 0), MOST_DECIMALS)
    return 2 if decimals == 1 and is_money(unit) else decimals


def is_money(unit: str) -> bool:
    """Whether a unit is a currency's code."""
    return len(unit) == 3 and unit.isupper()


def figure_text(value: float, decimals: int = 0, *, signed: bool = False) -> str:
    """Return a figure without its unit; "unknown" where it cannot be had. What rounds to nothing has no sign.

    >>> figure_text(-1234.56, 1), figure_text(4.5, 2, signed=True), figure_text(-0.001, 2), figure_text(math.nan)
    ('-1,234.6', '+4.50', '0.00', 'unknown')
    """
    if not math.isfinite(value):
        return "unknown"
    rounded = round(value, decimals) + 0.0
    return f"{rounded:{'+' if signed and rounded else ''},.{decimals}f}"


def per_thousand(value: float, unit: str, *, signed: bool = False) -> str:
    """Return a value per decision as a reader is told it.

    >>> per_thousand(0.0045, "clicks"), per_thousand(6.24, "USD", signed=True)
    ('4.50 clicks per 1,000 customers', '+6,240 USD per 1,000 customers')
    """
    shown = value * PER
    return f"{figure_text(shown, decimals_of([shown], unit), signed=signed)} {unit} per {PER:,} customers".replace(
        "  ", " "
    )
