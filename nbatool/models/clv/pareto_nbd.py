"""Pareto/NBD: Poisson purchases at a gamma rate during a lifetime that is exponential at another gamma rate.

Parameters ``(r, alpha, s, beta)``: purchase rate ~ Gamma(r, alpha), drop-out rate ~ Gamma(s, beta). Schmittlein,
Morrison & Colombo (1987); formulas as in Fader & Hardie (2005), "A note on deriving the Pareto/NBD model".
"""

from __future__ import annotations

import numpy as np

from nbatool.models.clv.bg_nbd import Parameters
from nbatool.models.clv.libraries import special
from nbatool.models.clv.purchases import Floats

NEGLIGIBLE = 30.0
"""The integrand is left out where it has fallen below e^-30 of its start."""


def _nodes(n: int) -> tuple[list[float], list[float]]:
    """Gauss-Legendre nodes and weights on 0 to 1."""
    at, weights = np.polynomial.legendre.leggauss(n)
    return ((at + 1) / 2).tolist(), (weights / 2).tolist()


_NODES = _nodes(20)


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
    """Return log of s ∫ (alpha + y)^-(r + x) (beta + y)^-(s + 1) dy over t_x < y < age.

    The published closed form is a difference of two hypergeometric functions: it overflows for large x, cancels
    for recent purchases, and scipy needs 300 µs a value in places where the optimiser likes to look. In
    v = ln((inner + y)/(inner + t_x)), inner the lesser of alpha and beta, the integrand is an exponential with a
    slowly growing slope, which Gauss-Legendre integrates to eleven digits at 1 µs a row.
    """
    r, alpha, s, beta = parameters
    inner, outer = min(alpha, beta), max(alpha, beta)
    straight, bent = (r + x - 1, s + 1) if alpha <= beta else (s, r + x)
    from_inner, from_outer = inner + t_x, outer + t_x
    slope = straight + bent * from_inner / from_outer
    length = np.log((inner + age) / from_inner)
    length = np.minimum(length, NEGLIGIBLE / np.maximum(slope, 1e-300))
    ratio, total = from_inner / from_outer, np.zeros_like(length)
    for at, weight in zip(*_NODES, strict=True):
        v = at * length
        total = total + weight * np.exp(-straight * v - bent * np.log1p(ratio * np.expm1(v)))
    with np.errstate(divide="ignore"):  # nobody can be gone who bought at the very end: log 0
        area = np.log(total * length)
    start = np.log(from_inner) - (r + x) * np.log(alpha + t_x) - (s + 1) * np.log(beta + t_x)
    result: Floats = np.log(s) + start + area
    return result
