"""Money per purchase: Gamma-Gamma, or the pooled mean where it cannot be fitted.

Fader, Hardie & Lee (2005), "RFM and CLV: using iso-value curves for customer base analysis", JMR 42(4); formulas as
in Fader & Hardie (2013), "The Gamma-Gamma model of monetary value". Either way the expectation is a weighted mean of
the customer's own mean and the population's: (n · own + k · population)/(n + k), with k = (q − 1)/p for Gamma-Gamma.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nbatool.models.clv.fallback import MIN_REPEAT_CUSTOMERS
from nbatool.models.clv.libraries import lifetimes, quiet
from nbatool.models.clv.purchases import Floats, Ints, Purchases

PRIOR_PURCHASES = 2.0
"""Weight of the pooled mean, in purchases, where Gamma-Gamma cannot be fitted."""

OFF_AT_MOST = 2.0
"""A fit whose mean spend is off the customers' by more than this factor is refused."""

CORRELATION_LIMIT = 0.3
"""Gamma-Gamma takes spend per purchase to be independent of how often somebody buys."""


@dataclass(frozen=True)
class SpendModel:
    """Expected spend of a future purchase, in currency.

    `kind` is "gamma_gamma" (then p, q, v are its parameters), "pooled_mean", or "none" (no amount known).
    """

    kind: str
    population_mean: float | None
    prior_purchases: float
    p: float | None = None
    q: float | None = None
    v: float | None = None
    log_likelihood: float | None = None
    n_customers: int = 0
    correlation: float | None = None

    def expected(self, paid: Ints, mean_spend: Floats) -> Floats:
        """Return the expected spend per purchase; NaN where no amount was ever seen.

        >>> SpendModel("pooled_mean", 10.0, 2.0).expected(np.array([0, 2]), np.array([np.nan, 20.0])).tolist()
        [10.0, 15.0]
        """
        if self.population_mean is None:
            return np.full(len(paid), np.nan)
        weight = paid / (paid + self.prior_purchases)
        own = np.where(paid > 0, mean_spend, 0.0)
        return weight * own + (1 - weight) * self.population_mean


def fit_spend(purchases: Purchases) -> tuple[SpendModel, tuple[str, ...]]:
    """Fit Gamma-Gamma to the customers with a positive mean; return the model and warnings in plain words."""
    known = purchases.paid > 0
    paid, mean = purchases.paid[known], purchases.mean_spend[known]
    pairs, customers = _distinct(paid.astype(np.float64), mean)
    correlation = _correlation(pairs, customers)
    if len(paid) >= MIN_REPEAT_CUSTOMERS:
        fitted = _gamma_gamma(pairs, customers, correlation)
        if fitted is not None:
            return fitted, _dependence(correlation)
        why = "the Gamma-Gamma model of spend did not converge"
    else:
        why = f"{len(paid)} customers with a paid repeat purchase are too few for the Gamma-Gamma model of spend"
    return _pooled(purchases, why, correlation)


def _distinct(paid: Floats, mean: Floats) -> tuple[Floats, Ints]:
    """Return the different (paid, mean), (2, n_pairs), and how many customers have each.

    >>> pairs, customers = _distinct(np.array([2.0, 1.0, 2.0]), np.array([5.0, 5.0, 5.0]))
    >>> pairs.tolist(), customers.tolist()
    ([[1.0, 2.0], [5.0, 5.0]], [1, 2])
    """
    order = np.lexsort((mean, paid))
    pairs = np.stack([paid[order], mean[order]])
    differs = (np.diff(pairs, axis=1) != 0).any(axis=0)
    first = np.flatnonzero(np.append(len(paid) > 0, differs))
    return pairs[:, first], np.diff(np.append(first, len(paid)))


def _gamma_gamma(pairs: Floats, customers: Ints, correlation: float | None) -> SpendModel | None:
    n, m = pairs
    # Fitted in units of the mean, so that a price level (yen or dollars) is no matter for the optimiser.
    unit = float((m * customers).sum() / customers.sum())
    package = lifetimes()
    try:
        with quiet(), np.errstate(all="ignore"):
            fitter = package.GammaGammaFitter(penalizer_coef=0.0)
            fitter.fit(n, m / unit, weights=customers)
    except (package.utils.ConvergenceError, np.linalg.LinAlgError, ArithmeticError, ValueError):
        return None
    p, q, v = (float(fitter.params_[name]) for name in ("p", "q", "v"))
    total = int(customers.sum())
    found = -float(fitter._negative_log_likelihood_) * total - total * float(np.log(unit))
    # q near 1 puts the population's mean at infinity; parameters this large mean there is no spread to fit,
    # and where all spend alike the optimiser "converges" to a mean nobody ever spent (in this unit it is near 1).
    sane = 0 < p < 1e6 and 1.05 < q < 1e6 and 0 < v < 1e6 and np.isfinite(found)
    if not sane or not 1 / OFF_AT_MOST <= p * v / (q - 1) <= OFF_AT_MOST:
        return None
    return SpendModel(
        kind="gamma_gamma",
        population_mean=p * v * unit / (q - 1),
        prior_purchases=(q - 1) / p,
        p=p,
        q=q,
        v=v * unit,
        log_likelihood=found,
        n_customers=total,
        correlation=correlation,
    )


def _pooled(purchases: Purchases, why: str, correlation: float | None) -> tuple[SpendModel, tuple[str, ...]]:
    known = purchases.paid > 0
    first = purchases.first_spend[purchases.first_spend > 0]
    days = int(purchases.paid[known].sum()) + len(first)
    if not days:
        warning = "no purchase carries a positive amount: lifetime values in money are unknown"
        return SpendModel("none", None, PRIOR_PURCHASES), (warning,)
    # fsum is exact, so the order of the customers does not show in the last digits
    total = math.fsum(purchases.paid[known] * purchases.mean_spend[known]) + math.fsum(first)
    model = SpendModel(
        "pooled_mean", total / days, PRIOR_PURCHASES, n_customers=int(known.sum()), correlation=correlation
    )
    warning = f"{why}: the mean of all purchases is used, weighed against the customer's own"
    return model, (warning, *(_dependence(correlation) if known.sum() >= MIN_REPEAT_CUSTOMERS else ()))


def _dependence(correlation: float | None) -> tuple[str, ...]:
    if correlation is None or abs(correlation) <= CORRELATION_LIMIT:
        return ()
    warning = (
        f"spend per purchase and number of purchases correlate at {correlation:.2f} (limit {CORRELATION_LIMIT}): "
        "lifetime values of frequent customers may be biased"
    )
    return (warning,)


def _correlation(pairs: Floats, customers: Ints) -> float | None:
    """Return the correlation of number and mean of purchases over customers; None where one does not vary."""
    if customers.sum() < 3 or (pairs.min(axis=1) == pairs.max(axis=1)).any():
        return None
    covariance = np.cov(pairs, fweights=customers)
    return float(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))
