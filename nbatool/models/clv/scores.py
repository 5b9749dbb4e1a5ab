"""What is predicted for each customer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbatool.models.clv.purchases import Floats


@dataclass(frozen=True)
class ClvScores:
    """Predictions in the order of the customers given; every array has shape ``(n_customers,)``, NaN = unknown.

    Attributes
    ----------
    clv
        Margin times discounted expected spend within the horizon, in currency.
    clv_quantile
        Share of customers with a lower value (ties count half), 0 to 1.
    p_alive
        Probability of still being a customer.
    expected_purchases
        Expected purchases within the horizon, not discounted.
    spend_per_purchase
        Expected spend of a future purchase, in currency.
    """

    clv: Floats
    clv_quantile: Floats
    p_alive: Floats
    expected_purchases: Floats
    spend_per_purchase: Floats


def mid_rank_quantile(values: Floats) -> Floats:
    """Return for each value the share below it and half the share equal to it; NaN for NaN.

    >>> mid_rank_quantile(np.array([5.0, 1.0, 5.0, np.nan, 9.0])).tolist()
    [0.5, 0.125, 0.5, nan, 0.875]
    """
    result = np.full(len(values), np.nan)
    known = ~np.isnan(values)
    if known.any():
        _, index, count = np.unique(values[known], return_inverse=True, return_counts=True)
        result[known] = ((np.cumsum(count) - count / 2) / count.sum())[index]
    return result
