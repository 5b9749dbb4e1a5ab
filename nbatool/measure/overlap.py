r"""How much of the log speaks about a policy, and whether enough of it does to print an estimate.

Effective number of decisions (Kish 1965): :math:`(\sum w)^2 / \sum w^2`; of customers: the same of each customer's
summed weights. Weights of right probabilities average 1 whatever the policy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nbatool.measure.policy_on_log import PolicyOnLog
from nbatool.models.table import FloatArray

MOST_UNSUPPORTED = 0.01
LEAST_TOLD = 0.0005
"""What would be written as 0.0% is not warned of."""
_TOP_SHARE = 0.01
_MIN_CUSTOMERS = 30
_MEAN_WEIGHT_OFF, _MEAN_WEIGHT_Z = 0.1, 4.0


@dataclass(frozen=True, slots=True)
class Overlap:
    """Parameters
    ----------
    n, n_customers
        Decisions and customers looked at.
    effective, effective_customers
        How many evenly weighted ones would be as sure.
    top_share
        Share of all weight on the heaviest 1 % of the decisions.
    largest
        Largest weight.
    mean_weight, mean_weight_se
        1 within chance if the probabilities are right; standard error clustered on customers.
    unsupported
        Mean probability the policy puts on what the log never tried (or could not have tried there).
    strange
        Positions of the candidates never tried.
    clipped_share
        Share of the decisions whose weight is cut at the clip.
    clip_bias
        The most that cutting can have moved the estimate, outcome per decision: mean of (w − clip)₊ · |r − q̂|.
    """

    n: int
    n_customers: int
    effective: float
    effective_customers: float
    top_share: float
    largest: float
    mean_weight: float
    mean_weight_se: float
    unsupported: float
    strange: tuple[int, ...]
    clipped_share: float
    clip_bias: float


@dataclass(frozen=True, slots=True)
class Support:
    """Whether an estimate may be printed; if not, why not, in plain words; and what to be careful about."""

    printed: bool
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]


def overlap(on_log: PolicyOnLog, *, clip: float = math.inf) -> Overlap:
    """Measure how a policy's weights lie over the log.

    Parameters
    ----------
    clip
        Largest weight the estimators let count.
    """
    log, n = on_log.log, len(on_log.weight)
    if n == 0:
        return Overlap(0, 0, 0.0, 0.0, 0.0, 0.0, math.nan, math.nan, 0.0, on_log.strange, 0.0, 0.0)
    weight = on_log.weight * log.weight
    per_customer = np.bincount(log.customer, weight).astype(np.float64)
    total, rows = float(weight.sum()), float(log.weight.sum())
    mean = total / rows if rows > 0 else math.nan
    spread = np.bincount(log.customer, weight - mean * log.weight)
    top = np.sort(weight)[::-1][: math.ceil(_TOP_SHARE * n)]
    over = np.maximum(on_log.weight - clip, 0.0)
    lost = over * np.abs(log.reward - on_log.q_logged) * log.weight
    return Overlap(
        n=n,
        n_customers=len(per_customer),
        effective=_effective(weight),
        effective_customers=_effective(per_customer),
        top_share=float(top.sum()) / total if total > 0 else 0.0,
        largest=float(on_log.weight.max()),
        mean_weight=mean,
        mean_weight_se=math.sqrt(float((spread**2).sum())) / rows if rows > 0 else math.nan,
        unsupported=float((on_log.unsupported * log.weight).sum()) / rows if rows > 0 else math.nan,
        strange=on_log.strange,
        clipped_share=float((over > 0).mean()),
        clip_bias=float(lost.sum()) / rows if rows > 0 else math.nan,
    )


def support(
    found: Overlap, *, min_effective: float, names: tuple[str, ...] | None = None, not_made: int = 0
) -> Support:
    """Say whether the log carries an estimate of the policy.

    Parameters
    ----------
    min_effective
        Fewest effective decisions.
    names
        The m candidates as the reader knows them; None: their numbers.
    not_made
        Contacts that were decided and never made; they are missing from the log that is judged.

    Examples
    --------
    >>> few = Overlap(50, 50, 12.0, 12.0, 0.3, 9.0, 1.0, 0.1, 0.0, (), 0.0, 0.0)
    >>> support(few, min_effective=100).reasons
    ('only 12 effective decisions of 50 logged: at least 100 are asked for',)
    """
    reasons: list[str] = []
    warnings: list[str] = []
    strange = ", ".join(f'"{names[at]}"' if names else f"number {at}" for at in found.strange)
    if found.unsupported >= LEAST_TOLD:
        what = (
            f"{strange}, never tried in the log"
            if strange
            else "candidates the log could not have chosen there"
        )
        message = f"the policy puts {found.unsupported:.1%} of its choices on {what}"
        (reasons if found.unsupported > MOST_UNSUPPORTED else warnings).append(message)
    if not found.effective >= min_effective:
        reasons.append(
            f"only {found.effective:,.0f} effective decisions of {found.n:,} logged: "
            f"at least {min_effective:g} are asked for"
        )
    # what the policy would do but the log never did is missing from the weights' mean; that is said above
    off = abs(found.mean_weight + found.unsupported - 1)
    known = found.n_customers >= _MIN_CUSTOMERS
    if known and off > _MEAN_WEIGHT_Z * found.mean_weight_se and off > 1e-6:
        because = (
            f"{not_made:,} contacts that were decided were never made, and what is left no longer has the chances they "
            "were decided with"
            if not_made
            else "the probabilities are not those of what was done, or the log hardly ever did what the policy would do"
        )
        message = (
            f"the weights average {found.mean_weight:.2f} where right probabilities give "
            f"{1 - found.unsupported:.2f}: {because}"
        )
        (reasons if off > _MEAN_WEIGHT_OFF else warnings).append(message)
    if found.clipped_share > 0:
        warnings.append(
            f"{found.clipped_share:.2%} of the weights are cut off; that moves the estimate by at most {1000 * found.clip_bias:.4g} per 1,000 customers"
        )
    if found.top_share > 0.5:
        warnings.append(f"the heaviest 1 % of the decisions carry {found.top_share:.0%} of the weight")
    return Support(not reasons, tuple(reasons), tuple(warnings))


def _effective(weight: FloatArray) -> float:
    squares = float((weight**2).sum())
    return float(weight.sum()) ** 2 / squares if squares > 0 else 0.0
