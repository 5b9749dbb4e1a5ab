"""Are the customers who were contacted and those who were not alike? Standardised differences.

d = (mean of one group − mean of the other) / sqrt((variance of one + variance of the other) / 2), the variances
unweighted, so that weighting can only move the means (Austin 2011). A comparison is not called causal where a
difference above .1 is no chance (more than three of its standard errors: many features are looked at), or where the
standard errors are too large to see .1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nbatool.models.table import BoolArray, FloatArray, IntArray, Table

LIMIT = 0.1
CHANCE_SE = 3.0
_MOST_LEVELS = 50


@dataclass(frozen=True, slots=True)
class Difference:
    """Parameters
    ----------
    feature
        Its name.
    d, se
        Absolute standardised difference (of its level or missing values that differ most from the limit), and its
        standard error with a customer's rows counted as one.
    """

    feature: str
    d: float
    se: float

    @property
    def beyond_limit(self) -> bool:
        return self.d > LIMIT and self.d > CHANCE_SE * self.se

    def __str__(self) -> str:
        return f"{self.feature} ({self.d:.2f} ± {self.se:.2f})"

    def to_json(self) -> dict[str, Any]:
        return {"feature": self.feature, "difference": self.d, "se": self.se}


@dataclass(frozen=True, slots=True)
class Balance:
    """Parameters
    ----------
    before, after
        Largest difference first, before and after weighting.
    causal
        Whether no difference after weighting is above .1, but by chance.
    verdict
        The same in plain words.
    """

    before: tuple[Difference, ...]
    after: tuple[Difference, ...]
    causal: bool
    verdict: str

    def to_json(self, most: int = 30) -> dict[str, Any]:
        return {
            "causal": self.causal,
            "verdict": self.verdict,
            "max_before": self.before[0].d if self.before else 0.0,
            "max_after": self.after[0].d if self.after else 0.0,
            "before": [one.to_json() for one in self.before[:most]],
            "after": [one.to_json() for one in self.after[:most]],
        }


def balance(features: Table, group: BoolArray, weight: FloatArray) -> Balance:
    """Compare the rows of the group with the others, unweighted and weighted.

    Parameters
    ----------
    features
        Table whose columns were known before the assignment (nothing of the action itself).
    group, weight
        bool[n], float64[n].
    """
    if not group.any() or group.all():
        return Balance((), (), False, "not causal: there is nobody to compare with")
    before = _differences(features, group, np.ones(len(features)))
    after = _differences(features, group, weight)
    beyond = [one for one in after if one.beyond_limit]
    usual_se = float(np.median([one.se for one in after])) if after else 0.0
    if beyond:
        worst = beyond[0]
        verdict = (
            f"not causal: contacted and uncontacted customers differ in {len(beyond)} of {len(after)} features even "
            f"after weighting, most in {worst}: standard deviations ± standard error, at most {LIMIT} allowed"
        )
    elif usual_se > LIMIT / 2:
        verdict = (
            f"not causal: too few customers to see a difference of {LIMIT} standard deviations between contacted and "
            f"uncontacted (standard error {usual_se:.2f}, at most {LIMIT / 2} allowed)"
        )
    else:
        verdict = f"comparable: no feature differs by more than {LIMIT} standard deviations after weighting"
        if rare := [one for one in after if one.d > LIMIT]:
            verdict += f", but for what chance explains: {', '.join(map(str, rare[:3]))}"
    causal = not beyond and usual_se <= LIMIT / 2
    return Balance(before, after, causal, verdict)


def _differences(features: Table, group: BoolArray, weight: FloatArray) -> tuple[Difference, ...]:
    _, who = np.unique(features.customer, return_inverse=True)
    found = []
    for column, name in enumerate(features.names):
        values = features.x[:, column]
        missing = np.isnan(values)
        parts = [_difference(missing.astype(np.float64), group, weight, who)] if missing.any() else []
        if name in features.categorical:
            levels, counts = np.unique(values[~missing], return_counts=True)
            usual = levels[np.argsort(-counts, kind="stable")[:_MOST_LEVELS]]
            parts += [
                _difference((values == level).astype(np.float64), group, weight, who) for level in usual
            ]
        else:
            parts.append(_difference(values[~missing], group[~missing], weight[~missing], who[~missing]))
        d, se = max(parts, key=lambda part: (part[0] > CHANCE_SE * part[1], part[0]), default=(0.0, 0.0))
        found.append(Difference(name, d, se))
    return tuple(sorted(found, key=lambda one: (-one.d, one.feature)))


def _difference(
    values: FloatArray, group: BoolArray, weight: FloatArray, who: IntArray
) -> tuple[float, float]:
    """Return |d| and its standard error; 99 ± 0 where two constants differ, 0 ± 0 where there is nobody to compare."""
    means, variances, shares = [], [], []
    for rows in (group, ~group):
        total = float(weight[rows].sum())
        if total <= 0:
            return 0.0, 0.0
        mean = float(np.average(values[rows], weights=weight[rows]))
        means.append(mean)
        variances.append(float(values[rows].var()))
        shares.append(np.bincount(who, np.where(rows, weight * (values - mean), 0.0)) / total)
    spread = float(np.sqrt((variances[0] + variances[1]) / 2))
    gap = abs(means[0] - means[1])
    if spread <= 1e-12 * max(1.0, abs(means[0])):
        return (0.0, 0.0) if gap <= 1e-9 * max(1.0, abs(means[0])) else (99.0, 0.0)
    return gap / spread, float(np.sqrt(((shares[0] - shares[1]) ** 2).sum())) / spread
