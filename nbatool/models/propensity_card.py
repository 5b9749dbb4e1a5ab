"""How a propensity does on rows it has not seen, against what a marketer could do without it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from nbatool.models import metrics
from nbatool.models.splits import Fold
from nbatool.models.table import FloatArray, Table

# Pega's published health limits, which analysts of the field know
LEAST_AUC, SUSPICIOUS_AUC, LEAST_POSITIVES = 0.52, 0.90, 200
_RECENCY_BINS = 10
MOST_CALIBRATION_ERROR = 0.05
_LEAST_GAIN = 0.001  # of the baseline's log loss; a sure but tiny gain is none


def evaluation(
    table: Table, test: Fold, p: FloatArray, recency: FloatArray | None, seed: int
) -> dict[str, Any]:
    """Return the figures of the test rows: the model's, the baselines', and the difference with its interval.

    Parameters
    ----------
    p
        float64[len(test.predict)]: calibrated predictions of a model fitted on `test.fit`.
    recency
        float64[n] of all rows, NaN where never, or None: no recency rule.
    """
    y, weight = table.y[test.predict], table.weights()[test.predict]
    rate = _rate(table.y[test.fit], table.weights()[test.fit])
    baselines = {"base_rate": np.full(len(y), rate)}
    if recency is not None:
        baselines["recency"] = recency_rule(table, test, recency)
    losses = {name: metrics.log_losses(y, guess) for name, guess in baselines.items()}
    toughest = min(losses, key=lambda name: float(np.average(losses[name], weights=weight)))
    toughest_loss = float(np.average(losses[toughest], weights=weight))
    gain = weight * (losses[toughest] - metrics.log_losses(y, p)) / weight.mean()
    low, high = metrics.mean_interval_by_customer(
        gain, table.customer[test.predict], seed=seed, name="better_than_baseline"
    )
    bins = metrics.reliability(y, p, weight)
    return {
        "n_rows": len(y),
        "n_positives": int(y.sum()),
        "auc": metrics.auc(y, p, weight),
        "log_loss": metrics.log_loss(y, p, weight),
        "brier": metrics.brier(y, p, weight),
        "calibration_error": metrics.calibration_error(bins),
        "calibration_error_by_chance": metrics.chance_calibration_error(
            y, p, weight, table.customer[test.predict]
        ),
        "calibration_plot": [asdict(part) for part in bins],
        "lift_by_decile": metrics.lift_by_decile(y, p, weight),
        "baselines": {
            name: {
                "auc": metrics.auc(y, guess, weight),
                "log_loss": metrics.log_loss(y, guess, weight),
                "brier": metrics.brier(y, guess, weight),
            }
            for name, guess in baselines.items()
        },
        "best_baseline": toughest,
        "log_loss_gain": {"mean": float(gain.mean()), "low": low, "high": high},
        "better_than_baseline": bool(low > 0 and float(gain.mean()) >= _LEAST_GAIN * toughest_loss),
    }


def recency_rule(table: Table, test: Fold, recency: FloatArray) -> FloatArray:
    """Return the rate of each tenth of recency, learned on the fit rows, for the test rows (never: a bin of its own)."""
    known = recency[test.fit][~np.isnan(recency[test.fit])]
    edges = (
        np.unique(np.quantile(known, np.linspace(0, 1, _RECENCY_BINS + 1)[1:-1]))
        if len(known)
        else np.empty(0)
    )

    def bin_of(values: FloatArray) -> np.ndarray[Any, np.dtype[np.int64]]:
        return np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, side="right"))

    y, weight, number = table.y[test.fit], table.weights()[test.fit], bin_of(recency[test.fit])
    overall = _rate(y, weight)
    mass = np.bincount(number, weight, len(edges) + 2)
    # two rows' worth of the overall rate keep an empty bin sensible
    rates = (np.bincount(number, weight * y, len(edges) + 2) + 2 * overall) / (mass + 2)
    return np.asarray(rates[bin_of(recency[test.predict])], dtype=np.float64)


def _rate(y: FloatArray, weight: FloatArray) -> float:
    return float(((weight * y).sum() + 0.5) / (weight.sum() + 1.0))


def health_warnings(card: Mapping[str, Any]) -> list[str]:
    """Return what is odd about a trained model, in plain words; empty when nothing is."""
    found = card["evaluation"]
    warnings = []
    if card["n_positives"] < LEAST_POSITIVES:
        warnings.append(
            f"only {card['n_positives']} positives; below {LEAST_POSITIVES} the figures are shaky"
        )
    if math.isnan(found["auc"]):
        warnings.append("the test rows are all of one kind, so nothing could be judged on them")
        return warnings
    if found["auc"] > SUSPICIOUS_AUC:
        warnings.append(
            f"AUC {found['auc']:.3f} is suspiciously high: check that no feature already contains the answer"
        )
    if found["auc"] < LEAST_AUC:
        warnings.append(f"AUC {found['auc']:.3f} is hardly better than chance (.5)")
    if found["calibration_error"] > max(MOST_CALIBRATION_ERROR, found["calibration_error_by_chance"]):
        warnings.append(_uncalibrated(found))
    if not found["better_than_baseline"]:
        rule = {"base_rate": "the base rate", "recency": "the recency rule"}[found["best_baseline"]]
        warnings.append(f"no better than its baseline: {rule} does as well on the test rows")
    return warnings


def _uncalibrated(found: Mapping[str, Any]) -> str:
    error, plot = float(found["calibration_error"]), found["calibration_plot"]
    over = sum(part["n"] * (part["predicted"] - part["realised"]) for part in plot) / found["n_rows"]
    # half of the error on one side: most bins err that way
    way = (
        "too high"
        if over > error / 2
        else "too low"
        if over < -error / 2
        else "too high for some, too low for others"
    )
    return f"probabilities are off by {f'{error:.3f}'.lstrip('0')} on average on later rows ({way})"
