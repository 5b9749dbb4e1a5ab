"""Who got nothing, and how probable that was: weights that make the uncontacted stand for everybody.

Where the chance of getting nothing was logged it is used as it is; elsewhere it is estimated, every customer from a
model that had not seen them, and trimmed at .02 so that no row counts more than fifty times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbatool.models.balance import Balance, balance
from nbatool.models.booster import Booster
from nbatool.models.calibration import fit_platt, logistic
from nbatool.models.fit import fit_booster
from nbatool.models.metrics import log_losses
from nbatool.models.splits import all_customer_folds, customer_part
from nbatool.models.table import BoolArray, FloatArray, Table, row_order

TRIM = 0.02
_MIN_CASES = 50
_CAREFUL = {
    "num_leaves": 8,
    "learning_rate": 0.05,
    "num_iterations": 200,
    "feature_fraction": 0.8,
    "lambda_l2": 20.0,
}


@dataclass(frozen=True, slots=True)
class NothingWeights:
    """Parameters
    ----------
    weight
        float64[n]: 1/P(nothing) on `nothing` rows, 1/P(contact) on the others, each group's mean 1.
    probability
        float64[n]: P(nothing | x), trimmed to [.02, .98].
    source
        "logged", "estimated", or "constant" (nothing was found that tells who got none: as good as random).
    balance
        Standardised differences between the groups, before and after weighting.
    """

    weight: FloatArray
    probability: FloatArray
    source: str
    balance: Balance


def nothing_weights(
    features: Table,
    is_nothing: BoolArray,
    known_probability: FloatArray | None = None,
    *,
    seed: int = 0,
    threads: int | None = None,
) -> NothingWeights:
    """Return inverse probability weights of both groups, aligned with the rows given.

    Parameters
    ----------
    features
        Columns known before the assignment only: nothing of the action, the pair or the outcome.
    is_nothing
        bool[n].
    known_probability
        float64[n]: logged P(nothing); NaN where not logged, there it is estimated. None: nowhere logged.
    """
    missing = np.ones(len(features), dtype=bool) if known_probability is None else np.isnan(known_probability)
    probability = np.zeros(len(features))
    source = "logged"
    if missing.any():
        probability, estimated = _estimated(features, is_nothing, seed, threads)
        source = "estimated" if estimated else "constant"
    if known_probability is not None:
        probability = np.where(missing, probability, known_probability)
    probability = np.clip(probability, TRIM, 1 - TRIM)
    weight = np.where(is_nothing, 1 / probability, 1 / (1 - probability))
    for rows in (is_nothing, ~is_nothing):
        if rows.any():
            weight[rows] /= weight[rows].mean()
    return NothingWeights(weight, probability, source, balance(features, is_nothing, weight))


def _estimated(
    features: Table, is_nothing: BoolArray, seed: int, threads: int | None
) -> tuple[FloatArray, bool]:
    """Cross-fitted P(nothing | x), or its mean where the features tell nothing beyond chance."""
    rate = float(is_nothing.mean())
    constant = np.full(len(features), rate)
    if min(is_nothing.sum(), (~is_nothing).sum()) < _MIN_CASES:
        return constant, False
    order = row_order(features)
    rows = features.take(order)
    table = Table(
        rows.x,
        rows.names,
        rows.categorical,
        is_nothing[order].astype(np.float64),
        None,
        rows.customer,
        rows.as_of_us,
    )
    raw = _cross_fitted(table, rate, seed, threads)
    if raw is None:
        return constant, False
    platt = fit_platt(raw, table.y, np.ones(len(table)))
    p = logistic(platt.a * raw + platt.b)
    gain = log_losses(table.y, constant) - log_losses(table.y, p)
    _, who = np.unique(table.customer, return_inverse=True)
    error = float(np.sqrt((np.bincount(who, gain - gain.mean()) ** 2).sum())) / len(gain)
    # noise must not become weights: the model has to beat the plain share by more than chance
    if not gain.mean() > max(3 * error, 1e-6):
        return constant, False
    probability = np.empty(len(table))
    probability[order] = p
    return probability, True


def _cross_fitted(table: Table, rate: float, seed: int, threads: int | None) -> FloatArray | None:
    """Raw scores from models of other customers; None where the first third is guessed no better than by the rate."""
    raw = np.zeros(len(table))
    for number, fold in enumerate(all_customer_folds(table.customer, seed, "assignment")):
        stop = customer_part(table.customer[fold.fit], seed, f"assignment/stop/{number}", 4) == 0
        fit, valid = table.take(fold.fit[~stop]), table.take(fold.fit[stop])
        if not 0 < fit.y.sum() < len(fit):
            continue
        fitted = fit_booster(fit, "binary", valid=valid, params=_CAREFUL, seed=seed, threads=threads)
        raw[fold.predict] = Booster.from_text(fitted.text).predict_raw(table.x[fold.predict])
        if number == 0:
            y, p = table.y[fold.predict], logistic(raw[fold.predict])
            if log_losses(y, p).mean() >= log_losses(y, np.full(len(y), rate)).mean():
                return None
    return raw
