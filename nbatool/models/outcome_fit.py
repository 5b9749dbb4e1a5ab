"""Fitting the outcome model: boosters, out-of-fold money map, shrinkage, card."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbatool.models.booster import Booster
from nbatool.models.calibration import Calibrator, PiecewiseLinear, fit_platt, logistic
from nbatool.models.card import canonical_json, data_window, versions
from nbatool.models.fit import FittedBooster, fit_booster
from nbatool.models.monotone import fit_monotone
from nbatool.models.outcome import OutcomeModel, amounts
from nbatool.models.outcome_card import outcome_evaluation, outcome_warnings
from nbatool.models.shrinkage import Shrinkage, fit_shrinkage
from nbatool.models.splits import Fold, Split, split_rows
from nbatool.models.table import BoolArray, FloatArray, IntArray, Table, row_order

MIN_ROWS = 200
MIN_NONZERO = 30
_SPIKE_SHARE = 0.02  # zeros that make money a two-part affair
_LEAST_PLATT_SLOPE = 0.02  # keeps a binary outcome model strictly increasing
_MORE_TREES = 1.25
_UNSTOPPED_ROUNDS = 60


@dataclass(frozen=True, slots=True)
class _Recipe:
    """What is fitted, and how many trees each part gets."""

    kind: str
    amount: str
    rounds: Mapping[str, int]


def fit_outcome(
    table: Table,
    *,
    is_nothing: BoolArray,
    action_code: IntArray,
    window_s: int,
    seed: int = 0,
    threads: int | None = None,
    extra_card: Mapping[str, Any] | None = None,
) -> OutcomeModel:
    """Fit one learner over contacts and `nothing` rows (S-learner), judged on the last moments.

    Parameters
    ----------
    table
        x holds customer, action, pair and context columns; y money (or 0/1); weight the inverse probability weights.
    is_nothing, action_code
        bool[n], int64[n] (any value on `nothing` rows).
    window_s
        The objective's window: rows whose windows reach into the rows that judge them are left out.
    extra_card
        Put into the card as it is, such as the balance of the assignment.
    """
    order = row_order(table)
    table, is_nothing, action_code = table.take(order), is_nothing[order], action_code[order]
    card: dict[str, Any] = {
        "kind": "outcome",
        **data_window(table),
        "n_nothing": int(is_nothing.sum()),
        "n_nonzero": int(np.count_nonzero(table.y)),
        "n_per_action": _counts(action_code[~is_nothing]),
        "seed": seed,
        "versions": versions("lightgbm", "numpy"),
        **dict(extra_card or {}),
    }
    weight = table.weights()
    nothing = is_nothing if (weight * is_nothing).sum() > 0 else np.ones(len(table), dtype=bool)
    base = (
        float(np.average(table.y[nothing], weights=weight[nothing]))
        if len(table) and weight.sum() > 0
        else 0.0
    )
    shrinkage = fit_shrinkage(table.y - base, weight, action_code, ~is_nothing)
    split = None
    if len(table) >= MIN_ROWS:
        split = split_rows(table.as_of_us, table.customer, window_s=window_s, seed=seed)
    if split is None or _varied(table.take(split.stop.fit)) < MIN_NONZERO:
        return _constant(table, shrinkage, card)
    return _trained(
        table, split, is_nothing, action_code, shrinkage=shrinkage, card=card, seed=seed, threads=threads
    )


def _varied(table: Table) -> int:
    """How many rows differ from the commonest outcome."""
    _, counts = np.unique(table.y, return_counts=True)
    return len(table) - int(counts.max(initial=0))


def _trained(
    table: Table,
    split: Split,
    is_nothing: BoolArray,
    action_code: IntArray,
    *,
    shrinkage: Shrinkage,
    card: dict[str, Any],
    seed: int,
    threads: int | None,
) -> OutcomeModel:
    recipe = _recipe(table, split.stop, seed, threads)

    def scores(fold: Fold) -> FloatArray:
        parts = {
            part: fitted.text
            for part, fitted in _fit_parts(table.take(fold.fit), recipe, seed, threads).items()
        }
        return _uncalibrated(parts, recipe, table.x[fold.predict])

    seen = np.concatenate([fold.predict for fold in split.calibration])
    raw_seen = np.concatenate([scores(fold) for fold in split.calibration])
    raw_test = scores(split.test)
    platt, money = _calibrated(table, seen, raw_seen, recipe.kind)
    predicted = platt.apply(raw_test) if money is None else money.apply(raw_test)
    card |= {
        "learner": "S",
        "form": recipe.kind,
        "amount_objective": None if recipe.kind == "binary" else recipe.amount,
        "split": split.description,
        "evaluation": outcome_evaluation(table, split.test, predicted, is_nothing, action_code),
        "rows_for_half": shrinkage.rows_for_half,
    }
    more = min(_MORE_TREES, len(table) / len(split.stop.fit))
    final_recipe = _Recipe(
        recipe.kind, recipe.amount, {part: max(1, round(r * more)) for part, r in recipe.rounds.items()}
    )
    final = _fit_parts(table, final_recipe, seed, threads)
    everything = np.concatenate([seen, split.test.predict])
    platt, money = _calibrated(table, everything, np.concatenate([raw_seen, raw_test]), recipe.kind)
    card["trees"] = {part: fitted.best_iteration for part, fitted in final.items()}
    card["importance"] = {
        part: [{"feature": name, "share": share} for name, share in fitted.gain[:30]]
        for part, fitted in final.items()
    }
    card["warnings"] = outcome_warnings(card)
    texts = {part: fitted.text for part, fitted in final.items()}
    return OutcomeModel(
        kind=recipe.kind,
        texts=texts,
        amount=recipe.amount,
        calibrator=platt,
        money=money,
        mean=float(np.average(table.y, weights=table.weights())),
        n_features=table.x.shape[1],
        shrinkage=shrinkage,
        card=json.loads(canonical_json(card)),
        boosters={part: Booster.from_text(text) for part, text in texts.items()},
    )


def _recipe(table: Table, stop: Fold, seed: int, threads: int | None) -> _Recipe:
    """Choose the form by the outcomes, trees by early stopping, the amount's objective by squared error."""
    fit, valid = table.take(stop.fit), table.take(stop.predict)
    zero_share = float((fit.y == 0).mean())
    if np.isin(table.y, (0.0, 1.0)).all():
        return _Recipe(
            "binary", "regression", {"chance": _best(fit, valid, "binary", seed, threads).best_iteration}
        )
    paid = fit.take(fit.y != 0)
    if zero_share < _SPIKE_SHARE or len(paid) < MIN_NONZERO:
        single = _best(fit, valid, "regression", seed, threads)
        return _Recipe("single", "regression", {"amount": single.best_iteration})
    chance = _best(_paid_or_not(fit), _paid_or_not(valid), "binary", seed, threads)
    p = logistic(Booster.from_text(chance.text).predict_raw(valid.x))
    choices = []
    for objective in ("regression", "gamma") if float(table.y.min()) >= 0 else ("regression",):
        amount = _best(paid, valid.take(valid.y != 0), objective, seed, threads)
        product = p * amounts(Booster.from_text(amount.text).predict_raw(valid.x), objective)
        error = float((valid.weights() * (product - valid.y) ** 2).sum())
        choices.append((error, objective, amount.best_iteration))
    _, objective, rounds = min(choices, key=lambda choice: choice[0])
    return _Recipe("two_part", objective, {"chance": chance.best_iteration, "amount": rounds})


def _best(fit: Table, valid: Table, objective: str, seed: int, threads: int | None) -> FittedBooster:
    # with nothing to stop on, a modest number of trees
    params = {} if len(valid) else {"num_iterations": _UNSTOPPED_ROUNDS}
    return fit_booster(fit, objective, valid=valid, params=params, seed=seed, threads=threads)


def _fit_parts(table: Table, recipe: _Recipe, seed: int, threads: int | None) -> dict[str, FittedBooster]:
    fitted = {}
    for part, rounds in recipe.rounds.items():
        rows, objective = table, recipe.amount
        if part == "chance":
            rows, objective = _paid_or_not(table), "binary"
        elif recipe.kind == "two_part":
            paid = table.y != 0
            rows = table.take(paid) if paid.any() else table  # all payers may be in the group left out
        params = {"num_iterations": rounds}
        fitted[part] = fit_booster(rows, objective, params=params, seed=seed, threads=threads)
    return fitted


def _paid_or_not(table: Table) -> Table:
    y = (table.y != 0).astype(np.float64)
    return Table(table.x, table.names, table.categorical, y, table.weight, table.customer, table.as_of_us)


def _uncalibrated(texts: Mapping[str, str], recipe: _Recipe, x: FloatArray) -> FloatArray:
    raw = {part: Booster.from_text(text).predict_raw(x) for part, text in texts.items()}
    if recipe.kind == "binary":
        return raw["chance"]
    amount = amounts(raw["amount"], recipe.amount)
    return logistic(raw["chance"]) * amount if recipe.kind == "two_part" else amount


def _calibrated(
    table: Table, rows: IntArray, raw: FloatArray, kind: str
) -> tuple[Calibrator, PiecewiseLinear | None]:
    y, weight = table.y[rows], table.weights()[rows]
    if kind == "binary":
        return fit_platt(raw, y, weight, min_slope=_LEAST_PLATT_SLOPE), None
    return Calibrator(1.0, 0.0), fit_monotone(raw, y, weight)


def _constant(table: Table, shrinkage: Shrinkage, card: dict[str, Any]) -> OutcomeModel:
    weight = table.weights()
    mean = float(np.average(table.y, weights=weight)) if weight.sum() > 0 else 0.0
    why = f"not trained: {len(table)} rows, {_varied(table)} of them with another outcome than the commonest"
    card |= {
        "learner": "S",
        "form": "constant",
        "split": "none",
        "evaluation": None,
        "warnings": [
            f"{why} (at least {MIN_ROWS} and {MIN_NONZERO} are needed); every candidate gets {mean:.4f}"
        ],
    }
    return OutcomeModel(
        kind="constant",
        texts={},
        amount="regression",
        calibrator=Calibrator(1.0, 0.0),
        money=None,
        mean=mean,
        n_features=table.x.shape[1],
        shrinkage=shrinkage,
        card=json.loads(canonical_json(card)),
        boosters={},
    )


def _counts(codes: IntArray) -> dict[str, int]:
    found, counts = np.unique(codes, return_counts=True)
    return {str(int(code)): int(count) for code, count in zip(found, counts, strict=True)}
