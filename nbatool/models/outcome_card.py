"""How the outcome model does on later rows: realised against predicted money, against simple means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from nbatool.models import metrics
from nbatool.models.splits import Fold
from nbatool.models.table import BoolArray, FloatArray, IntArray, Table

_N_DECILES = 10


def outcome_evaluation(
    table: Table, test: Fold, predicted: FloatArray, is_nothing: BoolArray, action_code: IntArray
) -> dict[str, Any]:
    """Return the figures of the test rows.

    Realised over predicted outcome in total, by decile of the prediction and by action, each with its standard error
    (a customer's rows counted as one); squared error against the mean of all and the mean of each action, both learned
    on the same rows as the model.

    Parameters
    ----------
    predicted
        float64[len(test.predict)]: calibrated predictions of a model fitted on `test.fit`.
    """
    rows, y = test.predict, table.y[test.predict]
    weight, customer = table.weights()[rows], table.customer[rows]
    arm = np.where(is_nothing, -1, action_code)
    by_action = _means_by_action(table, test, arm)
    overall = np.full(len(y), float(np.average(table.y[test.fit], weights=table.weights()[test.fit])))
    errors = {
        name: float(np.average((guess - y) ** 2, weights=weight))
        for name, guess in (("model", predicted), ("mean", overall), ("mean_per_action", by_action))
    }
    variance = float(np.average((y - np.average(y, weights=weight)) ** 2, weights=weight))

    def ratio(part: IntArray | BoolArray) -> dict[str, Any]:
        found = metrics.realised_ratio(y[part], predicted[part], weight[part], customer[part])
        return {**asdict(found), "within_two_se": found.within_two_se}

    deciles = [ratio(part) for part in metrics.equal_count_groups(predicted, _N_DECILES)]
    return {
        "n_rows": len(y),
        "total": ratio(np.ones(len(y), dtype=bool)),
        "deciles": deciles,
        "deciles_within_two_se": sum(1 for decile in deciles if decile["within_two_se"]),
        "actions": {_label(code): ratio(arm[rows] == code) for code in np.unique(arm[rows])},
        "rmse": {name: error**0.5 for name, error in errors.items()},
        "r_squared": {
            name: 1 - error / variance if variance > 0 else float("nan") for name, error in errors.items()
        },
    }


def uplift_by_action(
    table: Table,
    rows: IntArray,
    p0: FloatArray,
    uplift: FloatArray,
    is_nothing: BoolArray,
    action_code: IntArray,
) -> dict[str, Any]:
    """Return each action's average uplift over its contacts: the model's, and as measured.

    Measured is the weighted mean of y − p0 of the contacts less that of the rows without one (inverse probability
    weighting with regression adjustment; Robins, Rotnitzky & Zhao 1994, with the baseline as outcome model); its
    standard error counts a customer's rows as one.

    Parameters
    ----------
    rows
        Rows judged; ``p0`` and ``uplift`` (n_rows,) are their predictions by a model that had not seen them.
    """
    gain, weight = table.y[rows] - p0, table.weights()[rows]
    none, codes = is_nothing[rows], action_code[rows]
    _, who = np.unique(table.customer[rows], return_inverse=True)
    found = {}
    for code in np.unique(codes[~none]):
        contact = ~none & (codes == code)
        mean, spread = _mean(gain, weight * contact, who)
        mean0, spread0 = _mean(gain, weight * none, who)
        found[str(int(code))] = {
            "n": int(contact.sum()),
            "predicted": float(np.average(uplift[contact], weights=weight[contact])),
            "measured": mean - mean0,
            "se": float(np.sqrt(((spread - spread0) ** 2).sum())),
        }
    return found


def _mean(values: FloatArray, weight: FloatArray, who: IntArray) -> tuple[float, FloatArray]:
    """Weighted mean and each customer's share in its error; NaN without weight."""
    total = float(weight.sum())
    if total <= 0:
        return float("nan"), np.zeros(1)
    mean = float((weight * values).sum()) / total
    return mean, np.bincount(who, weight * (values - mean)) / total


def _label(code: int) -> str:
    return "nothing" if code == -1 else str(int(code))


def _means_by_action(table: Table, test: Fold, arm: IntArray) -> FloatArray:
    y, weight = table.y[test.fit], table.weights()[test.fit]
    overall = float(np.average(y, weights=weight))
    guess = np.full(len(test.predict), overall)
    for code in np.unique(arm[test.predict]):
        fit = arm[test.fit] == code
        if weight[fit].sum() > 0:
            guess[arm[test.predict] == code] = np.average(y[fit], weights=weight[fit])
    return guess


def _same_for_all(because: str) -> str:
    return f"{because}; every customer gets the same uplift of an action"


def outcome_warnings(card: Mapping[str, Any]) -> list[str]:
    """Return what is odd about a trained outcome model, in plain words."""
    found = card["evaluation"]
    warnings = []
    total = found["total"]
    if not 0.9 <= total["ratio"] <= 1.1 and not total["within_two_se"]:
        warnings.append(f"later outcomes were {total['ratio']:.2f} times the prediction")
    if found["rmse"]["model"] >= min(found["rmse"]["mean"], found["rmse"]["mean_per_action"]):
        warnings.append("no better than its baseline: simple means predict later outcomes as well")
    if card["n_nothing"] == 0:
        warnings.append("nobody without a contact in the data: uplift over nothing cannot be learned")
    if not card["difference"]["reliable"]:
        warnings.append(_same_for_all(card["choice"]["because"]))
    young = [code for code, n in card["n_per_action"].items() if n < 200]
    if young:
        warnings.append(
            f"{len(young)} actions have fewer than 200 contacts; their uplift leans on the other actions'"
        )
    balance = card.get("balance")
    if balance and not balance["causal"]:
        warnings.append(balance["verdict"])
    return warnings
