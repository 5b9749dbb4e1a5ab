"""Are the customers who were contacted and those who were not alike? Standardised differences.

d = (mean of one group − mean of the other) / sqrt((variance of one + variance of the other) / 2), the variances
unweighted, so that weighting can only move the means (Austin 2011). Above .1 a comparison is not called causal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nbatool.models.table import BoolArray, FloatArray, Table

LIMIT = 0.1
_MOST_LEVELS = 50


@dataclass(frozen=True, slots=True)
class Balance:
    """Parameters
    ----------
    before, after
        (feature, largest absolute standardised difference), largest first, before and after weighting.
    causal
        Whether no difference after weighting is above .1.
    verdict
        The same in plain words.
    """

    before: tuple[tuple[str, float], ...]
    after: tuple[tuple[str, float], ...]
    causal: bool
    verdict: str

    def to_json(self, most: int = 30) -> dict[str, Any]:
        return {
            "causal": self.causal,
            "verdict": self.verdict,
            "max_before": self.before[0][1] if self.before else 0.0,
            "max_after": self.after[0][1] if self.after else 0.0,
            "before": [{"feature": name, "difference": d} for name, d in self.before[:most]],
            "after": [{"feature": name, "difference": d} for name, d in self.after[:most]],
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
    worst, d = after[0] if after else ("", 0.0)
    if d <= LIMIT:
        verdict = f"comparable: no feature differs by more than {LIMIT} standard deviations after weighting"
    else:
        n_worse = sum(1 for _, value in after if value > LIMIT)
        verdict = (
            f"not causal: contacted and uncontacted customers differ in {n_worse} of {len(after)} features even after "
            f"weighting, most in {worst} ({d:.2f} standard deviations, at most {LIMIT} allowed)"
        )
    return Balance(before, after, d <= LIMIT, verdict)


def _differences(features: Table, group: BoolArray, weight: FloatArray) -> tuple[tuple[str, float], ...]:
    found = []
    for column, name in enumerate(features.names):
        values = features.x[:, column]
        missing = np.isnan(values)
        parts = [_difference(missing.astype(np.float64), group, weight)] if missing.any() else []
        if name in features.categorical:
            levels, counts = np.unique(values[~missing], return_counts=True)
            usual = levels[np.argsort(-counts, kind="stable")[:_MOST_LEVELS]]
            parts += [_difference((values == level).astype(np.float64), group, weight) for level in usual]
        else:
            parts.append(_difference(values[~missing], group[~missing], weight[~missing]))
        found.append((name, max(parts, default=0.0)))
    return tuple(sorted(found, key=lambda pair: (-pair[1], pair[0])))


def _difference(values: FloatArray, group: BoolArray, weight: FloatArray) -> float:
    means, variances = [], []
    for rows in (group, ~group):
        if weight[rows].sum() <= 0:
            return 0.0
        means.append(float(np.average(values[rows], weights=weight[rows])))
        variances.append(float(values[rows].var()))
    spread = float(np.sqrt((variances[0] + variances[1]) / 2))
    gap = abs(means[0] - means[1])
    if spread <= 1e-12 * max(1.0, abs(means[0])):
        return 0.0 if gap <= 1e-9 * max(1.0, abs(means[0])) else 99.0
    return gap / spread
