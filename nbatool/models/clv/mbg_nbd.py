"""MBG/NBD: BG/NBD in which the first purchase, too, can be the last.

Batislam, Denizel & Filiztekin (2007), "Empirical validation and comparison of models for customer base analysis",
IJRM 24(3); Wagner & Hoppe (2008), "Erratum on the MBG/NBD model", IJRM 25(3).
"""

from __future__ import annotations

import numpy as np

from nbatool.models.clv import bg_nbd
from nbatool.models.clv.bg_nbd import Parameters
from nbatool.models.clv.libraries import special
from nbatool.models.clv.purchases import Floats


def log_likelihood(parameters: Parameters, x: Floats, t_x: Floats, age: Floats) -> Floats:
    """Return each row's log density of its purchase times (no constant is left out)."""
    r, alpha, a, b = parameters
    gammaln, betaln = special().gammaln, special().betaln
    alive = betaln(a, b + x + 1) - (r + x) * np.log(alpha + age)
    gone = betaln(a + 1, b + x) - (r + x) * np.log(alpha + t_x)
    result: Floats = (
        gammaln(r + x) - gammaln(r) + r * np.log(alpha) - betaln(a, b) + np.logaddexp(alive, gone)
    )
    return result


def alive_probability(parameters: Parameters, x: Floats, t_x: Floats, age: Floats) -> Floats:
    """Return the probability of still being a customer, below 1 without a repeat purchase too."""
    r, alpha, a, b = parameters
    log_odds_gone = np.log(a / (b + x)) + (r + x) * np.log((alpha + age) / (alpha + t_x))
    result: Floats = special().expit(-log_odds_gone)
    return result


def expected_if_alive(parameters: Parameters, t: Floats, x: Floats, age: Floats) -> Floats:
    """Return the expected purchases in (age, age + t] of somebody alive at age.

    Alive after x repeat purchases means x + 1 chances to go survived, against x in BG/NBD: the same with b + 1.
    """
    r, alpha, a, b = parameters
    return bg_nbd.expected_if_alive((r, alpha, a, b + 1), t, x, age)


def simulate(parameters: Parameters, age: Floats, generator: np.random.Generator) -> Floats:
    """Draw the repeat purchases in (0, age] of one customer for each age."""
    r, alpha, a, b = parameters
    bought = generator.poisson(generator.gamma(r, 1 / alpha, len(age)) * age)
    last = generator.geometric(np.maximum(generator.beta(a, b, len(age)), 1e-12)) - 1
    return np.minimum(bought, last).astype(np.float64)
