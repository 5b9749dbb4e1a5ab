"""How strongly gaps count: the unit they are measured in, and a rate that grows with what was learned."""

from __future__ import annotations

import math

import numpy as np

from nbatool.decide.best import Bools, Floats, best_of

GAMMA_SCALE = 30.0
"""Constant before the rate. The theory's worst case asks for 1; in simulated worlds of 9 candidates whose effects have
to be learned over 60 days, 30 lost least of 0.3 to 1000 (10 and 100 little more; Vowpal Wabbit's default is 10)."""
RISK = 0.05
"""Probability δ with which the regression's error may be larger than assumed."""


def data_driven_gamma(
    outcomes: float,
    candidates: int,
    standard_error: float,
    spread: float,
    *,
    scale: float = GAMMA_SCALE,
    risk: float = RISK,
) -> float:
    """Return γ of inverse gap weighting: 0 without data, and growing with every outcome learned from.

        γ = scale · sqrt(K · n / (n · (standard_error / spread)² + ln(2/δ)))

    SquareCB's rate is sqrt(K·T / (R + ln(2/δ))), R the squared error its regression added up over T outcomes (Foster &
    Rakhlin 2020, theorem 1). n decisions with a typical error e add up n·e²; measured in spreads, as the gaps are, γ
    is free of the currency. With few outcomes the logarithm rules and γ ~ sqrt(n); later the error does and
    γ ~ sqrt(K) · spread/standard_error, which grows as the error shrinks (the rate of Simchi-Levi & Xu 2020).

    Parameters
    ----------
    outcomes
        Outcomes learned from, n; weighted ones count by their effective number.
    candidates
        Typical number of candidates of a decision, K.
    standard_error
        Typical standard error of an uplift (root mean square), in currency; infinite: unknown.
    spread
        As `spread_of` gives it, in currency.
    scale
        The theory fixes γ but for a constant.
    risk
        δ.

    Raises
    ------
    ValueError
        A figure is NaN or negative.

    Examples
    --------
    >>> [round(data_driven_gamma(n, 20, 10 / n**0.5, 1.0), 1) for n in (100, 10_000, 1_000_000)]
    [131.8, 1317.6, 13175.6]
    >>> data_driven_gamma(0, 20, math.inf, 1.0)
    0.0
    """
    figures = (outcomes, candidates, standard_error, spread)
    if not all(figure >= 0.0 for figure in figures) or not outcomes < math.inf:
        raise ValueError(
            f"outcomes, candidates, standard error and spread are {figures}: none may be below 0"
        )
    if outcomes == 0.0 or spread == 0.0 or math.isinf(standard_error):
        return 0.0
    relative = standard_error / spread
    error = outcomes * (relative * relative) + math.log(2.0 / risk)
    return scale * math.sqrt(candidates * outcomes / error)


def spread_of(net_value: Floats, possible: Bools, max_loss: float = math.inf) -> float:
    """Return the unit of gaps: half of all decisions have a larger root mean square gap to their best, half a smaller.

    A median over decisions, so that a few customers worth a hundred others do not make everybody else's gaps look
    like none; and the same whatever the order of rows.

    Parameters
    ----------
    net_value, possible
        (n, m), in currency, `nothing` last.
    max_loss
        Candidates worth less than minus this are never explored and do not count.

    Returns
    -------
    float
        In currency; 0 where no decision has two candidates of different worth.

    Examples
    --------
    >>> spread_of(np.array([[3.0, 0.0], [5.0, 0.0], [99.0, 0.0]]), np.ones((3, 2), dtype=bool))
    5.0
    """
    gaps = []
    for start in range(0, len(net_value), 65_536):
        part = slice(start, start + 65_536)
        gaps.append(_gaps(net_value[part], possible[part], max_loss))
    found = np.concatenate([np.zeros(0), *gaps])
    return float(np.median(found)) if len(found) else 0.0


def _gaps(net_value: Floats, possible: Bools, max_loss: float) -> Floats:
    """Root mean square gap of the rows that have one."""
    best = best_of(net_value, possible)
    most = np.where(best >= 0, net_value[np.arange(len(best)), best], 0.0)
    others = possible & (net_value >= -max_loss)
    others[np.arange(len(best)), best] = False
    squares, count = np.zeros(len(best)), np.zeros(len(best))
    for j in range(net_value.shape[1]):
        gap = np.where(others[:, j], most - net_value[:, j], 0.0)
        squares += gap * gap
        count += others[:, j]
    some = squares > 0.0
    return np.sqrt(squares[some] / count[some])
