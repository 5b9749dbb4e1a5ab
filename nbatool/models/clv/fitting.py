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


SHAPE_LIMIT = 50.0
"""Pareto/NBD runs along a ridge where customers hardly differ: past this shape it is said not to converge."""

MAX_STEPS = 500
PENALTIES = (0.0, 1e-5, 1e-3)
"""On squared parameters, tried in turn: the first is maximum likelihood, the others end a ridge."""


@dataclass(frozen=True)
class Fit:
    """Fitted parameters (weeks), the log-likelihood of the rows they were fitted on, and how many customers.

    `penalty` is 0 for maximum likelihood; above, the parameters ran away without it.
    """

    parameters: Parameters
    log_likelihood: float
    n_customers: int
    penalty: float = 0.0


def fit_family(family: Family, rows: Rows, *, seed: int, start: Fit | None = None) -> Fit | None:
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
        A fit to start from, e.g. one of a part of the same rows.
    """
    if family is PARETO_NBD and len(rows.x) > MANY_ROWS:
        rows = rows.draw(SAMPLE_CUSTOMERS, seeds.generator(seed, "clv/pareto_nbd"))
    if start is None and len(rows.x) > (FIRST_LOOK_CUSTOMERS if family is PARETO_NBD else MANY_ROWS):
        customers = FIRST_LOOK_CUSTOMERS if family is PARETO_NBD else SAMPLE_CUSTOMERS
        sample = rows.draw(customers, seeds.generator(seed, f"clv/first-look/{family.name}"))
        start = _first_success(family, sample, None)
        if start is None:
            return None
    return _first_success(family, rows, start)


def log_likelihood(family: Family, parameters: Parameters, rows: Rows) -> float:
    """Return the log-likelihood of all customers in the rows (weeks; the same density for every family)."""
    each = family.log_likelihood(parameters, rows.x, rows.t_x, rows.age)
    return float((each * rows.customers).sum())


def _first_success(family: Family, rows: Rows, start: Fit | None) -> Fit | None:
    """Try from the start, then from nowhere, then with penalties; none smaller than the start needed."""
    least = start.penalty if start else 0.0
    attempts: list[tuple[Parameters | None, float]] = [(start.parameters, least)] if start else []
    penalties = PENALTIES[:1] if family is PARETO_NBD else PENALTIES
    attempts.extend((None, penalty) for penalty in penalties if penalty >= least)
    for parameters, penalty in attempts:
        fit = _attempt(family, rows, parameters, penalty)
        if fit is not None:
            return fit
    return None


def _attempt(family: Family, rows: Rows, start: Parameters | None, penalty: float) -> Fit | None:
    """One run of lifetimes' optimiser, judged by our own likelihood and by what it expects."""
    if not rows.repeat_purchases:
        return None  # lifetimes would "converge" to nonsense
    package = lifetimes()
    errors = (package.utils.ConvergenceError, np.linalg.LinAlgError, ArithmeticError, ValueError)
    initial = _scaled(family, rows, start)
    options = {"maxiter": MAX_STEPS} if family is PARETO_NBD else {}
    try:
        with quiet(), np.errstate(all="ignore"):
            fitter = _fitter(family, penalty)
            fitter.fit(rows.x, rows.t_x, rows.age, weights=rows.customers, initial_params=initial, **options)
    except errors:
        return None
    first, second, third, fourth = (float(fitter.params_[name]) for name in family.parameter_names)
    with np.errstate(all="ignore"):
        return _judged(family, rows, (first, second, third, fourth), penalty)


def _judged(family: Family, rows: Rows, parameters: Parameters, penalty: float) -> Fit | None:
    if not all(0 < value < 1e12 for value in parameters):
        return None
    if family is PARETO_NBD and max(parameters[0], parameters[2]) > 0.98 * SHAPE_LIMIT:
        return None
    found = log_likelihood(family, parameters, rows)
    ratio = family.total_expected(parameters, rows) / rows.repeat_purchases
    if not np.isfinite(found) or not 1 / OFF_AT_MOST <= ratio <= OFF_AT_MOST:
        return None
    return Fit(parameters, found, rows.n_customers, penalty)


def _scaled(family: Family, rows: Rows, start: Parameters | None) -> Any:
    """Return the start as lifetimes takes it: time scaled so that the longest age is 1, and logged but for Pareto."""
    if start is None:
        # lifetimes would draw Pareto/NBD's start from numpy's global generator
        return np.ones(4) if family is PARETO_NBD else None
    scaled = np.array(start)
    scaled[list(family.time_parameters)] /= rows.age.max()
    return scaled if family is PARETO_NBD else np.log(scaled)


def _fitter(family: Family, penalty: float) -> Any:
    """Return lifetimes' fitter; Pareto/NBD's with a likelihood that does not overflow for many purchases."""
    fitter_class = getattr(lifetimes(), family.fitter)
    if family is not PARETO_NBD:
        return fitter_class(penalizer_coef=penalty)

    def negative_log_likelihood(parameters: Any, *data: Any) -> float:
        x, t_x, age, customers, _ = data
        if not min(parameters) > 0 or max(parameters[0], parameters[2]) > SHAPE_LIMIT:
            return float("inf")
        found = (pareto_nbd.log_likelihood(tuple(parameters), x, t_x, age) * customers).sum()
        return float(-found) if np.isfinite(found) else float("inf")

    stable = {"_negative_log_likelihood": staticmethod(negative_log_likelihood)}
    return type(family.fitter, (fitter_class,), stable)(penalizer_coef=penalty)
