"""Maximum likelihood of one purchase model, through lifetimes, on collapsed rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nbatool.base import seeds
from nbatool.models.clv import pareto_nbd
from nbatool.models.clv.bg_nbd import Parameters
from nbatool.models.clv.families import PARETO_NBD, Family
from nbatool.models.clv.libraries import lifetimes, quiet
from nbatool.models.clv.purchases import Rows

SAMPLE_CUSTOMERS = 20_000
"""Fitting starts from a sample of this size when the rows are many; Pareto/NBD then stays with it."""

MANY_ROWS = 50_000
FIRST_LOOK_CUSTOMERS = 2_000
"""Pareto/NBD is searched without gradients: finding the neighbourhood on few rows takes 1 s instead of 12."""

OFF_AT_MOST = 1.5
"""A fit whose expected repeat purchases over the calibration time are off by more than this factor is refused."""


@dataclass(frozen=True)
class Fit:
    """Fitted parameters (weeks), the log-likelihood of the rows they were fitted on, and how many customers."""

    parameters: Parameters
    log_likelihood: float
    n_customers: int


def fit_family(family: Family, rows: Rows, *, seed: int, start: Parameters | None = None) -> Fit | None:
    """Fit one model; None where it does not converge or does not reproduce the data it was fitted on.

    Parameters
    ----------
    family
        The model.
    rows
        Collapsed purchase rows.
    seed
        Draws the sample that large data start from.
    start
        Parameters to start from, e.g. those fitted on a part of the same rows.
    """
    large = len(rows.x) > MANY_ROWS
    if family is PARETO_NBD and large:
        rows = rows.draw(SAMPLE_CUSTOMERS, seeds.generator(seed, "clv/pareto_nbd"))
    if start is None:
        start = _first_look(family, rows, seed)
    for attempt in (start, None) if start else (None,):
        fit = _attempt(family, rows, attempt)
        if fit is not None:
            return fit
    return None


def log_likelihood(family: Family, parameters: Parameters, rows: Rows) -> float:
    """Return the log-likelihood of all customers in the rows (weeks; the same density for every family)."""
    each = family.log_likelihood(parameters, rows.x, rows.t_x, rows.age)
    return float((each * rows.customers).sum())


def _first_look(family: Family, rows: Rows, seed: int) -> Parameters | None:
    customers = FIRST_LOOK_CUSTOMERS if family is PARETO_NBD else SAMPLE_CUSTOMERS
    if len(rows.x) <= (customers if family is PARETO_NBD else MANY_ROWS):
        return None
    sample = rows.draw(customers, seeds.generator(seed, f"clv/first-look/{family.name}"))
    fit = _attempt(family, sample, None)
    return fit.parameters if fit else None


def _attempt(family: Family, rows: Rows, start: Parameters | None) -> Fit | None:
    """One run of lifetimes' optimiser, judged by our own likelihood and by what it expects."""
    if not rows.repeat_purchases:
        return None  # lifetimes would "converge" to nonsense
    package = lifetimes()
    errors = (package.utils.ConvergenceError, np.linalg.LinAlgError, ArithmeticError, ValueError)
    try:
        with quiet(), np.errstate(all="ignore"):
            fitter = _fitter(family)
            fitter.fit(
                rows.x,
                rows.t_x,
                rows.age,
                weights=rows.customers,
                initial_params=_scaled(family, rows, start),
            )
    except errors:
        return None
    r, alpha, third, fourth = (float(fitter.params_[name]) for name in family.parameter_names)
    parameters = (r, alpha, third, fourth)
    with np.errstate(all="ignore"):
        return _judged(family, rows, parameters)


def _judged(family: Family, rows: Rows, parameters: Parameters) -> Fit | None:
    if not all(0 < value < 1e12 for value in parameters):
        return None
    found = log_likelihood(family, parameters, rows)
    ratio = family.total_expected(parameters, rows) / rows.repeat_purchases
    if not np.isfinite(found) or not 1 / OFF_AT_MOST <= ratio <= OFF_AT_MOST:
        return None
    return Fit(parameters, found, rows.n_customers)


def _scaled(family: Family, rows: Rows, start: Parameters | None) -> Any:
    """Return the start as lifetimes takes it: time scaled so that the longest age is 1, and logged but for Pareto."""
    if start is None:
        # lifetimes would draw Pareto/NBD's start from numpy's global generator
        return np.ones(4) if family is PARETO_NBD else None
    scaled = np.array(start)
    scaled[list(family.time_parameters)] /= rows.age.max()
    return scaled if family is PARETO_NBD else np.log(scaled)


def _fitter(family: Family) -> Any:
    """Return lifetimes' fitter; Pareto/NBD's with a likelihood that does not overflow for many purchases."""
    fitter_class = getattr(lifetimes(), family.fitter)
    if family is not PARETO_NBD:
        return fitter_class(penalizer_coef=0.0)

    def negative_log_likelihood(parameters: Any, *data: Any) -> float:
        x, t_x, age, customers, _ = data
        if not (np.asarray(parameters) > 0).all():
            return float("inf")
        found = (pareto_nbd.log_likelihood(tuple(parameters), x, t_x, age) * customers).sum()
        return float(-found) if np.isfinite(found) else float("inf")

    stable = {"_negative_log_likelihood": staticmethod(negative_log_likelihood)}
    return type(family.fitter, (fitter_class,), stable)(penalizer_coef=0.0)
