"""BG/NBD: Poisson purchases at a gamma rate; after each repeat purchase a beta chance of being gone for good.

Parameters ``(r, alpha, a, b)``: rate ~ Gamma(r, alpha), drop-out chance ~ Beta(a, b). Fader, Hardie & Lee (2005),
"Counting your customers the easy way", Marketing Science 24(2).
"""

from __future__ import annotations

import numpy as np

from nbatool.models.clv.libraries import special
from nbatool.models.clv.purchases import Floats

Parameters = tuple[float, float, float, float]

NEAR_POLE = 1e-6
"""The closed form is 0/0 at a = 1 and at a + b + x = 1; this far beside it the error is of the same size."""


def log_likelihood(parameters: Parameters, x: Floats, t_x: Floats, age: Floats) -> Floats:
    """Return each row's log density of its purchase times (eq. 6; no constant is left out)."""
    r, alpha, a, b = parameters
    gammaln, betaln = special().gammaln, special().betaln
    with np.errstate(divide="ignore", invalid="ignore"):
        alive = betaln(a, b + x) - (r + x) * np.log(alpha + age)
        gone = np.where(
            x > 0, betaln(a + 1, b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + t_x), -np.inf
        )
    result: Floats = (
        gammaln(r + x) - gammaln(r) + r * np.log(alpha) - betaln(a, b) + np.logaddexp(alive, gone)
    )
    return result


def alive_probability(parameters: Parameters, x: Floats, t_x: Floats, age: Floats) -> Floats:
    """Return the probability of still being a customer; 1 without a repeat purchase, as the model has it."""
    r, alpha, a, b = parameters
    log_odds_gone = np.log(a / (b + np.maximum(x, 1) - 1)) + (r + x) * np.log((alpha + age) / (alpha + t_x))
    return np.where(x > 0, special().expit(-log_odds_gone), 1.0)


def expected_if_alive(parameters: Parameters, t: Floats, x: Floats, age: Floats) -> Floats:
    """Return the expected purchases in (age, age + t] of somebody alive at age (eq. 10's numerator).

    The hypergeometric function is taken after Euler's transformation, which absorbs the factor
    ((alpha + age)/(alpha + age + t))^(r + x): the published form overflows for large x, this one cannot.
    """
    r, alpha, a, b = parameters
    a = a if abs(a - 1) >= NEAR_POLE else 1 + NEAR_POLE
    c = a + b + x - 1
    c = np.where(np.abs(c) < NEAR_POLE, NEAR_POLE, c)
    z = t / (alpha + age + t)
    kept = (1 - z) ** (a - 1) * special().hyp2f1(a - 1, a + b - 1 - r, c, z)
    expected: Floats = np.maximum(c / (a - 1) * (1 - kept), 0.0)
    return expected


def simulate(parameters: Parameters, age: Floats, generator: np.random.Generator) -> Floats:
    """Draw the repeat purchases in (0, age] of one customer for each age."""
    r, alpha, a, b = parameters
    bought = generator.poisson(generator.gamma(r, 1 / alpha, len(age)) * age)
    last = generator.geometric(np.maximum(generator.beta(a, b, len(age)), 1e-12))
    return np.minimum(bought, last).astype(np.float64)
