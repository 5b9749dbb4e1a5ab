"""How well the last part of the history would have been predicted from the part before it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nbatool.models.clv.fit_check import OFF_AT_MOST, ONLY_A_RANKING
from nbatool.models.clv.model import ClvModel
from nbatool.models.clv.purchases import Floats, Ints, Purchases

MIN_HELD_OUT_DAYS = 14
HELD_OUT_SHARE = 3
"""At most a third of the history is held out."""
OFF_BY_CHANCE = 2.0
"""Standard errors (√n for n purchases) a forecast may be off by without anything being said."""


@dataclass(frozen=True)
class Errors:
    """Errors of a prediction of purchases per customer; `aggregate_error` is predicted over actual total, less 1."""

    expected: float
    mae: float
    rmse: float
    aggregate_error: float | None


@dataclass(frozen=True)
class HoldoutReport:
    """The model against the same number of purchases a day as so far, on purchases neither has seen."""

    model: str
    held_out_days: int
    n_customers: int
    actual: int
    predicted: Errors
    naive: Errors
    spend_actual: float | None = None
    spend_expected: float | None = None
    spend_mae: float | None = None

    @property
    def sentence(self) -> str:
        """One line for people.

        >>> errors = Errors(8214.2, 0.8, 1.6, -0.02)
        >>> HoldoutReport("BG/NBD", 273, 2357, 8377, errors, errors).sentence
        'BG/NBD: 8,214 repeat purchases expected in the last 273 days, 8,377 seen (-1.9 %)'
        """
        off = f" ({self.predicted.expected / self.actual - 1:+.1%})".replace("%", " %") if self.actual else ""
        return (
            f"{self.model}: {self.predicted.expected:,.0f} repeat purchases expected in the last "
            f"{self.held_out_days} days, {self.actual:,} seen{off}"
        )

    @property
    def warning(self) -> str | None:
        """What to say of a forecast that is off by more than a fifth, and by more than chance; None if it is not.

        >>> HoldoutReport("BG/NBD", 90, 800, 400, Errors(600.0, 1, 1, 0.5), Errors(0.0, 1, 1, None)).warning
        'BG/NBD expected 600 repeat purchases in the last 90 days where 400 came: read lifetime values as a ranking, not as money'
        >>> HoldoutReport("BG/NBD", 90, 800, 4, Errors(6.0, 1, 1, 0.5), Errors(0.0, 1, 1, None)).warning is None
        True
        """
        off = abs(self.predicted.expected - self.actual)
        if off <= OFF_AT_MOST * self.actual or off <= OFF_BY_CHANCE * max(self.actual, 1) ** 0.5:
            return None
        return (
            f"{self.model} expected {self.predicted.expected:,.0f} repeat purchases in the last "
            f"{self.held_out_days} days where {self.actual:,} came: {ONLY_A_RANKING}"
        )

    def to_card(self) -> dict[str, Any]:
        """Return the figures as JSON-ready data."""
        return {**asdict(self), "sentence": self.sentence}


def held_out_days(span_days: int, horizon_days: float) -> int:
    """Return how many of the last days to hold out: the horizon, at most a third of the history; 0 if too short.

    >>> held_out_days(546, 365), held_out_days(546, 28), held_out_days(40, 365)
    (182, 28, 0)
    """
    days = int(min(span_days // HELD_OUT_SHARE, horizon_days))
    return days if days >= MIN_HELD_OUT_DAYS else 0


def holdout_report(
    model: ClvModel, purchases: Purchases, later: Ints, days: int, later_spend: Floats | None = None
) -> HoldoutReport | None:
    """Compare what a model fitted on `purchases` expects with what came after; None if it expects nothing.

    Parameters
    ----------
    model
        Fitted on the purchases up to the cut.
    purchases
        The customers as of the cut.
    later
        Purchase days of each in the `days` after the cut, shape ``(n_customers,)``.
    days
        Length of the part held out.
    later_spend
        Net spend of each on those days, in currency.
    """
    if model.family == "none" or not len(purchases):
        return None
    expected = model.expected_purchases(purchases, days)
    # A naive forecast: the purchases of the whole base per day of history go on, customer by customer.
    naive: Floats = purchases.x.astype(np.float64) * (days / max(int(purchases.age_days.max()), 1))
    spend: dict[str, float | None] = {}
    if later_spend is not None and model.spend.population_mean is not None:
        money = expected * model.spend.expected(purchases.paid, purchases.mean_spend)
        spend = {
            "spend_actual": float(later_spend.sum()),
            "spend_expected": float(money.sum()),
            "spend_mae": float(np.abs(money - later_spend).mean()),
        }
    return HoldoutReport(
        model=str(model.card.get("title", model.family)),
        held_out_days=days,
        n_customers=len(purchases),
        actual=int(later.sum()),
        predicted=_errors(expected, later),
        naive=_errors(naive, later),
        **spend,
    )


def _errors(expected: Floats, actual: Ints) -> Errors:
    off = expected - actual
    total = int(actual.sum())
    return Errors(
        expected=float(expected.sum()),
        mae=float(np.abs(off).mean()),
        rmse=float(np.sqrt((off**2).mean())),
        aggregate_error=float(expected.sum()) / total - 1 if total else None,
    )
