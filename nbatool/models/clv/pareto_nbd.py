"""Pareto/NBD: Poisson purchases at a gamma rate during a lifetime that is exponential at another gamma rate.

Parameters ``(r, alpha, s, beta)``: purchase rate ~ Gamma(r, alpha), drop-out rate ~ Gamma(s, beta). Schmittlein,
Morrison & Colombo (1987); formulas as in Fader & Hardie (2005), "A note on deriving the Pareto/NBD model".
"""

from __future__ import annotations

import numpy as np

from nbatool.models.clv.bg_nbd import Parameters
from nbatool.models.clv.libraries import special
from nbatool.models.clv.purchases import Floats


def log_likelihood(parameters: Parameters, x: Floats, t_x: Floats, age: Floats) -> Floats:
    """Return each row's log density of its purchase times (eq. 18; no constant is left out)."""
    r, alpha, s, beta = parameters
    gammaln = special().gammaln
    result: Floats = (
        gammaln(r + x)
        - gammaln(r)
        + r * np.log(alpha)
        + s * np.log(beta)
        + np.logaddexp(_log_alive(parameters, x, age), _log_gone(parameters, x, t_x, age))
    )
    return result


def alive_probability(parameters: Parameters, x: Floats, t_x: Floats, age: Floats) -> Floats:
    """Return the probability of still being a customer (eq. 36)."""
    log_odds_gone = _log_gone(parameters, x, t_x, age) - _log_alive(parameters, x, age)
    result: Floats = special().expit(-log_odds_gone)
    return result


def expected_if_alive(parameters: Parameters, t: Floats, x: Floats, age: Floats) -> Floats:
    """Return the expected purchases in (age, age + t] of somebody alive at age (eq. 41 without P(alive))."""
    r, alpha, s, beta = parameters
    log_growth = np.log1p(t / (beta + age))
    weeks = log_growth if abs(s - 1) < 1e-9 else -np.expm1(-(s - 1) * log_growth) / (s - 1)
    result: Floats = (r + x) / (alpha + age) * (beta + age) * weeks
    return result


def simulate(parameters: Parameters, age: Floats, generator: np.random.Generator) -> Floats:
    """Draw the repeat purchases in (0, age] of one customer for each age."""
    r, alpha, s, beta = parameters
    rate = generator.gamma(r, 1 / alpha, len(age))
    drop_out = np.maximum(generator.gamma(s, 1 / beta, len(age)), 1e-12)
    return generator.poisson(rate * np.minimum(age, generator.exponential(1 / drop_out))).astype(np.float64)


def _log_alive(parameters: Parameters, x: Floats, age: Floats) -> Floats:
    r, alpha, s, beta = parameters
    return -(r + x) * np.log(alpha + age) - s * np.log(beta + age)


def _log_gone(parameters: Parameters, x: Floats, t_x: Floats, age: Floats) -> Floats:
    """Return log of s ∫ (alpha + y)^-(r + x) (beta + y)^-(s + 1) dy over t_x < y < age."""
    r, _, s, _ = parameters
    upper, lower = _log_tail(parameters, x, t_x), _log_tail(parameters, x, age)
    with np.errstate(divide="ignore"):
        shrink = np.log(-np.expm1(np.minimum(lower - upper, 0.0)))
    result: Floats = np.log(s) - np.log(r + s + x) + upper + shrink
    return result


def _log_tail(parameters: Parameters, x: Floats, y: Floats) -> Floats:
    """Return log of (r + s + x) ∫ (alpha + u)^-(r + x) (beta + u)^-(s + 1) du over u > y.

    Written with the larger of alpha and beta outside, so that the argument is in [0, 1), and after Euler's
    transformation, so that the hypergeometric function stays of moderate size however large x is.
    """
    r, alpha, s, beta = parameters
    total = r + s + x
    outer, inner = max(alpha, beta), min(alpha, beta)
    numerator, power = (r + x, s) if alpha >= beta else (s + 1, r + x - 1)
    rest = np.log((inner + y) / (outer + y))
    series = special().hyp2f1(1.0, numerator, total + 1, (outer - inner) / (outer + y))
    result: Floats = np.log(series) - power * rest - total * np.log(outer + y)
    return result
