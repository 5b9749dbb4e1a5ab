"""What every past decision counts, and with what chance it was made: as logged, else estimated and marked so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbatool.models.assignment import nothing_weights
from nbatool.models.balance import Balance, balance
from nbatool.models.logging_policy import estimate_logging_policy
from nbatool.models.table import BoolArray, FloatArray, IntArray, Table

MOST_WEIGHT = 50.0
LEAST = 1e-3
"""A chance below it is used as it: one decision must not count for thousands."""


@dataclass(frozen=True, slots=True)
class DecisionWeights:
    """Parameters
    ----------
    weight
        float64[n]: share of what was done over its chance, each action's mean 1: its rows stand for everybody.
    probability
        float64[n]: the chance of what was done.
    source
        "logged", "estimated", or "constant" (nothing tells who got what: as good as random).
    balance
        Standardised differences between contacted and uncontacted customers, before and after weighting.
    """

    weight: FloatArray
    probability: FloatArray
    source: str
    balance: Balance


def decision_weights(
    features: Table,
    is_nothing: BoolArray,
    arm: IntArray,
    logged: FloatArray,
    from_events: BoolArray,
    *,
    seed: int = 0,
    threads: int | None = None,
) -> DecisionWeights:
    """Return weights and chances of n decisions.

    Parameters
    ----------
    features
        Columns known before the decision: nothing of the action, the pair or the outcome.
    arm
        int64[n]: what was done, 0, 1, …; `nothing` is one of them.
    logged
        float64[n]: the chance as logged; NaN where it was not.
    from_events
        bool[n]: rows read out of contact events, where all that can be told apart is whether there was a contact.
    """
    unknown = np.isnan(logged)
    if (from_events & unknown).all():
        found = nothing_weights(features, is_nothing, seed=seed, threads=threads)
        share = _shares_among(arm, ~is_nothing)
        chance = np.where(is_nothing, found.probability, (1.0 - found.probability) * share)
        return DecisionWeights(found.weight, chance, found.source, found.balance)
    chance, source = np.clip(logged, LEAST, 1.0), "logged"
    for rows, of_events in ((unknown & from_events, True), (unknown & ~from_events, False)):
        if rows.any():
            chance[rows], source = _estimated(
                features.take(rows), is_nothing[rows], arm[rows], of_events, seed, threads
            )
    share = np.bincount(arm) / len(arm)
    weight = np.minimum(share[arm] / np.maximum(chance, LEAST), MOST_WEIGHT)
    mass = np.bincount(arm, weight) / np.maximum(np.bincount(arm), 1)
    weight /= mass[arm]
    return DecisionWeights(weight, chance, source, balance(features, is_nothing, weight))


def _estimated(
    features: Table, is_nothing: BoolArray, arm: IntArray, of_events: bool, seed: int, threads: int | None
) -> tuple[FloatArray, str]:
    if of_events:
        found = nothing_weights(features, is_nothing, seed=seed, threads=threads)
        share = _shares_among(arm, ~is_nothing)
        return np.where(is_nothing, found.probability, (1.0 - found.probability) * share), found.source
    known, code = np.unique(arm, return_inverse=True)
    policy = estimate_logging_policy(features, code.astype(np.int64), len(known), seed=seed, threads=threads)
    return policy.propensity, policy.source


def _shares_among(arm: IntArray, among: BoolArray) -> FloatArray:
    """Share of each row's action among some rows, (n,)."""
    counts = np.bincount(arm[among], minlength=int(arm.max(initial=0)) + 1)
    return np.asarray(counts[arm] / max(int(among.sum()), 1))
