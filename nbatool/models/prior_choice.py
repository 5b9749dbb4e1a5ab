"""The belief a log leaves behind, under the prior strength the log itself speaks for.

How much a trained model leaves to learn differs from workspace to workspace. Each strength is judged by how well it
foretold every outcome from those before it: the product of Student's t densities of one-step predictions is the
evidence (Bishop 2006, 3.4; Dawid 1984), here also for arms that share strength.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from nbatool.models.arm_similarity import Arm
from nbatool.models.evidence import scale_penalty
from nbatool.models.posterior import PRIOR_COUNT, Posterior
from nbatool.models.posterior_prior import default_variance
from nbatool.models.table import FloatArray, IntArray

SCALES = (1.0, 0.3, 3.0, 0.1, 10.0)
MOST_JUDGED = 2_000
"""Newest outcomes the strengths are judged on."""


def learned(
    arms: Sequence[Arm],
    relation: FloatArray | None,
    phi: FloatArray,
    arm: IntArray,
    residual: FloatArray,
    weight: FloatArray,
    *,
    trained: bool,
    noise: float,
    half_life_s: float | None,
) -> Posterior:
    """Return the belief after outcomes, put in one after the other in the order given.

    Parameters
    ----------
    arms, relation, noise, half_life_s
        As `Posterior.start`.
    phi, arm, residual, weight
        float64[n, d], int64[n], float64[n], float64[n], as `Posterior.update_many`.
    trained
        As `default_variance`.
    """
    variance = default_variance(phi.shape[1], trained=trained)

    def fresh(scale: float) -> Posterior:
        return Posterior.start(arms, relation, variance * scale, noise=noise, half_life_s=half_life_s)

    newest = slice(max(len(phi) - MOST_JUDGED, 0), None)
    judged = (phi[newest], arm[newest], residual[newest], weight[newest])
    # the first of equals, so that without outcomes the default stays
    best = max(SCALES, key=lambda scale: foretold(fresh(scale), *judged) - scale_penalty((scale,)))
    belief = fresh(best)
    belief.update_many(phi, arm, residual, weight)
    return belief


def foretold(
    belief: Posterior, phi: FloatArray, arm: IntArray, residual: FloatArray, weight: FloatArray
) -> float:
    """Return the log density of each outcome given those before it, summed; the belief moves through all of them."""
    total = 0.0
    for i in range(len(phi)):
        count, noise = PRIOR_COUNT + belief.count, belief.noise
        error, spread = belief.update(phi[i], int(arm[i]), float(residual[i]), float(weight[i]))
        scale = noise * spread
        total += (
            math.lgamma((count + 1) / 2) - math.lgamma(count / 2) - 0.5 * math.log(math.pi * count * scale)
        )
        total -= (count + 1) / 2 * math.log1p(error * error / scale / count)
    return total
