"""The two boosters of the outcome model: what a customer brings anyway, and what an action changes.

The effect is learned from what the baseline, fitted on other customers, leaves unexplained (the outcome part of
Robinson 1988 and Nie & Wager 2021), in one booster over all actions (S-learner). Gains of the action's own columns
count tenfold when a split is chosen: trees then part the actions first and look for who answers to which, instead of
chasing what is left of the differences between customers. Rows count by one over the variance of outcomes like theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nbatool.models.booster import Booster
from nbatool.models.fit import FittedBooster, fit_booster
from nbatool.models.outcome import BASELINE, effect_input, with_candidate
from nbatool.models.splits import Fold
from nbatool.models.table import FloatArray, IntArray, Table

ACTION_GAIN = 10.0
MOST_COLUMNS = 50
"""Customer columns each booster keeps after its first fit."""
MOST_LEVELS = 16
"""A text column with more values than this is left out of the effect: splits of its values fit noise."""
UNSTOPPED_ROUNDS = 60
LEAST_EFFECT_ROUNDS, MOST_EFFECT_ROUNDS = 30, 75
_VARIANCE_BINS = 10
_VARIANCE_RANGE = (0.25, 4.0)


@dataclass(frozen=True, slots=True)
class Design:
    """What does not change between the fits of one model.

    Parameters
    ----------
    nothing
        Candidate columns of `nothing`; they are the last ones of the table.
    pairs
        Names of candidate columns whose gain counts as it is (channel, and what passed between the pair).
    """

    nothing: FloatArray
    pairs: frozenset[str]
    seed: int
    threads: int | None


@dataclass(frozen=True, slots=True)
class Recipe:
    """Columns and number of trees of each booster, found once."""

    columns: Mapping[str, tuple[int, ...]]
    rounds: Mapping[str, int]

    def longer(self, factor: float) -> Recipe:
        """Return the recipe with more trees, for more rows."""
        return replace(self, rounds={part: max(1, round(r * factor)) for part, r in self.rounds.items()})


def baseline_recipe(table: Table, stop: Fold, design: Design) -> Recipe:
    """Choose trees by early stopping and columns by their gain."""
    width = table.x.shape[1] - len(design.nothing)
    every = tuple(range(width))
    valid = narrowed(table, every, stop.predict)
    params = {} if len(valid) else {"num_iterations": UNSTOPPED_ROUNDS}
    fitted = fit_booster(
        narrowed(table, every, stop.fit), "regression", valid=valid, params=params, seed=design.seed,
        threads=design.threads,
    )  # fmt: skip
    return Recipe({"baseline": _best_columns(table, fitted, every)}, {"baseline": fitted.best_iteration})


def effect_recipe(table: Table, baseline: FloatArray, stop: Fold, recipe: Recipe, design: Design) -> Recipe:
    """Add the effect's trees and columns; the table is that of `effect_rows`."""
    width = table.x.shape[1] - len(design.nothing)
    plain = tuple(j for j in range(width) if not _many_levels(table, j))
    candidate = tuple(range(width, table.x.shape[1]))
    every = (*plain, *candidate)
    params = _effect_params(table.names, every, len(stop.fit), width, design)
    valid = with_baseline(narrowed(table, every, stop.predict), baseline[stop.predict])
    if not len(valid):
        params["num_iterations"] = UNSTOPPED_ROUNDS
    fitted = fit_booster(
        with_baseline(narrowed(table, every, stop.fit), baseline[stop.fit]), "regression", valid=valid, params=params, seed=design.seed,
        threads=design.threads,
    )  # fmt: skip
    rounds = int(np.clip(fitted.best_iteration, LEAST_EFFECT_ROUNDS, MOST_EFFECT_ROUNDS))
    kept = (*_best_columns(table, fitted, plain), *candidate)
    return Recipe({**recipe.columns, "effect": kept}, {**recipe.rounds, "effect": rounds})


def fit_baseline(table: Table, rows: IntArray, recipe: Recipe, design: Design) -> FittedBooster:
    """Fit what customers bring, whatever they got."""
    columns, params = recipe.columns["baseline"], {"num_iterations": recipe.rounds["baseline"]}
    return fit_booster(
        narrowed(table, columns, rows), "regression", params=params, seed=design.seed, threads=design.threads
    )


def fit_effect(
    table: Table, baseline: FloatArray, rows: IntArray, recipe: Recipe, design: Design
) -> FittedBooster:
    """Fit what actions change; the table's y is what the baseline left unexplained (`effect_rows`)."""
    columns = recipe.columns["effect"]
    width = table.x.shape[1] - len(design.nothing)
    params = _effect_params(table.names, columns, len(rows), width, design)
    params["num_iterations"] = recipe.rounds["effect"]
    narrow = with_baseline(narrowed(table, columns, rows), baseline[rows])
    return fit_booster(narrow, "regression", params=params, seed=design.seed, threads=design.threads)


def effect_rows(table: Table, baseline: FloatArray, rows: IntArray) -> Table:
    """Return the table the effect is learned from: what the baseline (n,), out of fold, left unexplained.

    Rows count by one over the variance of outcomes like theirs. Only ``rows`` have an outcome; the others get 0.
    """
    left, weight = np.zeros(len(table)), np.zeros(len(table))
    left[rows] = table.y[rows] - baseline[rows]
    weight[rows] = table.weights()[rows] / variance_like(left[rows], baseline[rows])
    return replace(table, y=left, weight=weight)


def variance_like(left: FloatArray, baseline: FloatArray) -> FloatArray:
    """Variance of unexplained outcomes in tenths of the baseline, relative to the mean, within a factor of four."""
    n_bins = min(_VARIANCE_BINS, len(left) // 500)
    if n_bins < 2:
        return np.ones(len(left))
    rank = np.empty(len(left), dtype=np.int64)
    rank[np.argsort(baseline, kind="stable")] = np.arange(len(left))
    number = rank * n_bins // len(left)
    variance = np.bincount(number, left**2) / np.bincount(number)
    mean = float((left**2).mean())
    return np.asarray(np.clip(variance / mean, *_VARIANCE_RANGE)[number]) if mean > 0 else np.ones(len(left))


def baseline_scores(fitted: FittedBooster, table: Table, rows: IntArray, recipe: Recipe) -> FloatArray:
    """Return the baseline of some rows, (n_rows,)."""
    return _scores(fitted, table.x[rows], recipe.columns["baseline"])


def effect_scores(
    fitted: FittedBooster, table: Table, baseline: FloatArray, rows: IntArray, recipe: Recipe, design: Design
) -> tuple[FloatArray, FloatArray]:
    """Return the effect of what each row got, and of `nothing` at the same moment, (n_rows,) each.

    ``baseline`` (n_rows,) is that of the rows.
    """
    booster, columns, x = Booster.from_text(fitted.text), recipe.columns["effect"], table.x[rows]
    got = booster.predict_raw(effect_input(x, columns, baseline))
    return got, booster.predict_raw(effect_input(with_candidate(x, design.nothing), columns, baseline))


def narrowed(table: Table, columns: tuple[int, ...], rows: IntArray) -> Table:
    """Return some rows and columns of a table."""
    names = tuple(table.names[j] for j in columns)
    return Table(
        table.x[np.ix_(rows, np.array(columns, dtype=np.int64))],
        names,
        tuple(name for name in table.categorical if name in names),
        table.y[rows],
        None if table.weight is None else table.weight[rows],
        table.customer[rows],
        table.as_of_us[rows],
    )


def with_baseline(table: Table, baseline: FloatArray) -> Table:
    """Return the table with the baseline as last column: effects often grow with what a customer brings anyway."""
    x = np.column_stack([table.x, baseline])
    return replace(table, x=x, names=(*table.names, BASELINE))


def _scores(fitted: FittedBooster, x: FloatArray, columns: tuple[int, ...]) -> FloatArray:
    return Booster.from_text(fitted.text).predict_raw(np.ascontiguousarray(x[:, list(columns)]))


def _effect_params(
    names: tuple[str, ...], columns: tuple[int, ...], n: int, width: int, design: Design
) -> dict[str, Any]:
    return {
        "learning_rate": 0.07,
        "num_leaves": 63 if n >= 20_000 else 15,
        "min_data_in_leaf": int(np.clip(n // 800, 5, 100)),
        "max_bin": 63,
        "feature_contri": [
            ACTION_GAIN if j >= width and names[j] not in design.pairs else 1.0 for j in columns
        ]
        + [1.0],
    }


def _many_levels(table: Table, column: int) -> bool:
    if table.names[column] not in table.categorical:
        return False
    values = table.x[:, column]
    return len(np.unique(values[~np.isnan(values)])) > MOST_LEVELS


def _best_columns(table: Table, fitted: FittedBooster, among: tuple[int, ...]) -> tuple[int, ...]:
    position = {table.names[j]: j for j in among}
    best = [position[name] for name, _ in fitted.gain if name in position][:MOST_COLUMNS]
    return tuple(sorted(best)) or among[:1]
