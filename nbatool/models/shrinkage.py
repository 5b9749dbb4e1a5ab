"""Trust in an action's own uplift while the action is young.

Empirical Bayes (Morris 1983): with mean effects that spread by τ² over actions and outcomes that spread by σ² within
one, an action with n contacts keeps the share w = n / (n + σ²/τ²) of its own uplift; the rest is the pooled uplift of
that customer over the actions seen so far.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbatool.models.group_means import group_means
from nbatool.models.table import BoolArray, FloatArray, IntArray

# Even where the actions' means show no spread at all, so many contacts keep half of an action's own uplift: customers
# may still differ in what they answer to, and that the booster has learned from all of them together. Measured in worlds
# of 500 to 30,000 decisions: with 500, a fifth more squared error where actions suit different customers; with 200, at
# most a twentieth more where no action does anything, and no decision the worse for it.
MOST_ROWS_FOR_HALF = 200.0


@dataclass(frozen=True, slots=True)
class Shrinkage:
    """Parameters
    ----------
    weight
        Action code → w, the share of its own uplift it keeps (0 to 1); an unknown action keeps 0.
    share
        Action code → its share of all contacts; weights of the pooled uplift, summing to 1.
    rows_for_half
        σ²/τ²: contacts at which w is one half.
    """

    weight: Mapping[int, float]
    share: Mapping[int, float]
    rows_for_half: float

    def weights(self, codes: Sequence[int]) -> FloatArray:
        """Return float64[n_actions]: w of each action."""
        return np.array([self.weight.get(int(code), 0.0) for code in codes], dtype=np.float64)

    def shares(self, codes: Sequence[int]) -> FloatArray:
        """Return float64[n_actions]: share of contacts of each action."""
        return np.array([self.share.get(int(code), 0.0) for code in codes], dtype=np.float64)

    def to_json(self) -> dict[str, Any]:
        return {
            "weight": {str(code): w for code, w in self.weight.items()},
            "share": {str(code): share for code, share in self.share.items()},
            "rows_for_half": self.rows_for_half,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Shrinkage:
        return cls(
            {int(code): float(w) for code, w in stored["weight"].items()},
            {int(code): float(share) for code, share in stored["share"].items()},
            float(stored["rows_for_half"]),
        )


def fit_shrinkage(
    effect: FloatArray,
    weight: FloatArray,
    action_code: IntArray,
    contact: BoolArray,
    customer: IntArray,
    recency: FloatArray | None = None,
) -> Shrinkage:
    """Estimate σ², τ² and each action's w by the method of moments, a customer's rows counted as one for τ².

    Parameters
    ----------
    effect
        float64[n]: outcome less what `nothing` brings on average (any constant does).
    weight
        float64[n].
    action_code
        int64[n], at least 0 on contact rows.
    contact
        bool[n]: rows that are contacts.
    customer
        int64[n].
    recency
        float64[n], not above 1: what rows count for their age. An action's contacts are as many as would say the same
        if all counted alike.
    """
    codes, number = np.unique(action_code[contact], return_inverse=True)
    if not len(codes):
        return Shrinkage({}, {}, MOST_ROWS_FOR_HALF)
    e, w = effect[contact], weight[contact]
    n = _effective(number, np.ones(len(e)) if recency is None else recency[contact])
    groups = group_means(e, w, number.astype(np.int64), customer[contact])
    n_free = max(len(e) - len(codes), 1)
    within = (
        float((w * (e - groups.mean[number]) ** 2).sum() / w.sum() * len(e) / n_free) if w.sum() > 0 else 0.0
    )
    _, between = groups.spread()
    # σ²/τ², capped
    half = min(MOST_ROWS_FOR_HALF, within / between) if between > 0 else MOST_ROWS_FOR_HALF * (within > 0)
    keep = {int(code): float(k / (k + half)) for code, k in zip(codes, n, strict=True)}
    share = {int(code): float(k / n.sum()) for code, k in zip(codes, n, strict=True)}
    return Shrinkage(keep, share, half)


def _effective(number: IntArray, recency: FloatArray) -> FloatArray:
    """Effective rows of each group (`recency_weights.effective_rows`)."""
    total, squares = np.bincount(number, recency), np.bincount(number, recency * recency)
    return np.asarray(np.where(squares > 0, total * total / np.maximum(squares, 1e-300), 0.0))


def shrink(uplift: FloatArray, weight: FloatArray, share: FloatArray) -> FloatArray:
    """Return w·uplift + (1 − w)·pooled uplift of the same customer.

    Parameters
    ----------
    uplift
        float64[n_customers, n_actions]. The columns must hold every action of the log, whatever candidates a decision
        has, or the pooled uplift would depend on them.
    weight, share
        float64[n_actions], from `Shrinkage.weights` and `.shares`.

    >>> shrink(np.array([[4.0, 0.0]]), np.array([1.0, 0.5]), np.array([0.75, 0.25])).tolist()
    [[4.0, 1.5]]
    """
    total = float(share.sum())
    if total <= 0:
        return uplift.copy()
    # A running sum adds column by column, the same order for any array layout; adding 0 leaves no negative zero.
    pooled = np.cumsum(uplift * (share / total), axis=1)[:, -1] + 0.0
    return weight * uplift + (1.0 - weight) * pooled[:, None]
