"""Which purchase model: the one that gives customers it was not fitted on the highest likelihood.

A random 80 % of at most 20,000 customers is fitted, the rest judged. The three likelihoods are densities of the same
thing, the purchase times of a customer summed up as (x, t_x, T), with the same constants and in the same unit, so
they compare directly. Errors of prediction do not serve: choosing by mean absolute error pays for predicting too
little (most customers buy nothing).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbatool.base import seeds
from nbatool.models.clv.families import BG_NBD, FAMILIES, Family
from nbatool.models.clv.fitting import SAMPLE_CUSTOMERS, Fit, fit_family
from nbatool.models.clv.purchases import Floats, Rows

FITTED_SHARE = 0.8
TIE_ERRORS = 2.0
"""A gain over BG/NBD below this many standard errors of the paired differences is a tie, and BG/NBD stays."""


@dataclass(frozen=True)
class Candidate:
    """One model as it did on the customers held out; the gain is over BG/NBD, with its standard error."""

    family: Family
    fit: Fit | None
    held_out_log_likelihood: float | None
    gain: float | None
    gain_error: float | None


@dataclass(frozen=True)
class Selection:
    """All candidates and the one chosen (None: not one converged)."""

    candidates: tuple[Candidate, ...]
    chosen: Candidate | None
    n_held_out: int


def choose_family(rows: Rows, *, seed: int) -> Selection:
    """Fit every family on a part of the customers and choose by the likelihood of the others.

    The draws are made on the collapsed rows, so the order of the customers cannot change them.
    """
    generator = seeds.generator(seed, "clv/selection")
    fitted, held_out = rows.draw(SAMPLE_CUSTOMERS, generator).split(FITTED_SHARE, generator)
    fits = {family.name: fit_family(family, fitted, seed=seed) for family in FAMILIES.values()}
    each = {name: _each(FAMILIES[name], fit, held_out) for name, fit in fits.items()}
    base = each[BG_NBD.name]
    candidates = tuple(_candidate(FAMILIES[name], fits[name], each[name], base, held_out) for name in fits)
    return Selection(candidates, _chosen(candidates), held_out.n_customers)


def _each(family: Family, fit: Fit | None, rows: Rows) -> Floats | None:
    if fit is None:
        return None
    with np.errstate(all="ignore"):
        each = family.log_likelihood(fit.parameters, rows.x, rows.t_x, rows.age)
    return each if np.isfinite(each).all() else None


def _candidate(
    family: Family, fit: Fit | None, each: Floats | None, base: Floats | None, held_out: Rows
) -> Candidate:
    if each is None:
        return Candidate(family, None, None, None, None)
    total = float((each * held_out.customers).sum())
    if base is None:
        return Candidate(family, fit, total, None, None)
    n = held_out.n_customers
    gains = each - base
    gain = float((gains * held_out.customers).sum())
    spread = float((held_out.customers * (gains - gain / n) ** 2).sum())
    return Candidate(family, fit, total, gain, float(np.sqrt(spread * n / max(n - 1, 1))))


def _chosen(candidates: tuple[Candidate, ...]) -> Candidate | None:
    """Return the best of those that beat BG/NBD beyond chance; BG/NBD if none does; else the best there is."""
    judged = [c for c in candidates if c.held_out_log_likelihood is not None]
    better = [c for c in judged if c.gain is not None and c.gain > TIE_ERRORS * (c.gain_error or 0.0) > 0]
    bases = [c for c in judged if c.family is BG_NBD]
    pool = better or bases or judged
    return max(pool, key=lambda c: c.held_out_log_likelihood or -np.inf) if pool else None
