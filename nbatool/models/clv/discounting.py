"""Discounted expected purchases over a horizon, from few evaluation times.

A purchase at time t counts e^(−δt), δ = ln(1 + discount per year)/52.18 weeks. With E(t) the expected purchases up to
t, integration by parts gives

    ∫ e^(−δt) dE(t)  =  e^(−δH) E(H)  +  δ ∫ e^(−δt) E(t) dt      over 0 < t < H

and E is smooth, so eight Gauss-Legendre nodes give the integral to better than 1e-5 of the result: as exact as
discounting day by day at a fortieth of the work (lifetimes discounts in steps of 30 days, at the end of each).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nbatool.models.clv.purchases import Floats

WEEKS_PER_YEAR = 365.25 / 7
NODES = 8


def discounted_total(
    expected: Callable[[float], Floats], horizon_weeks: float, discount_per_year: float
) -> tuple[Floats, Floats]:
    """Return the expected and the discounted expected purchases within the horizon.

    Parameters
    ----------
    expected
        E(t) for t in weeks; any shape, the same for every t.

    >>> plain, discounted = discounted_total(lambda t: np.array([t]), WEEKS_PER_YEAR, np.e - 1)
    >>> round(float(plain[0]), 4), round(float(discounted[0]) / WEEKS_PER_YEAR, 6)   # 1 − 1/e
    (52.1786, 0.632121)
    """
    plain = expected(horizon_weeks)
    rate = float(np.log1p(discount_per_year)) / WEEKS_PER_YEAR
    if rate == 0:
        return plain, plain
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    times = (nodes + 1) / 2 * horizon_weeks
    shares = weights / 2 * horizon_weeks * rate * np.exp(-rate * times)
    discounted = np.exp(-rate * horizon_weeks) * plain
    for time, share in zip(times.tolist(), shares.tolist(), strict=True):
        discounted = discounted + share * expected(time)
    return plain, discounted
