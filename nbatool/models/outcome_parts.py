"""What the boosters of the outcome model are fitted with: columns, numbers of trees, the baseline.

The effect is learned from what the baseline, fitted on other customers, leaves unexplained (the outcome part of
Robinson 1988 and Nie & Wager 2021), in standard deviations of outcomes like theirs (`spread`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nbatool.models.booster import Booster
from nbatool.models.fit import FittedBooster, fit_booster
from nbatool.models.outcome import BASELINE
from nbatool.models.splits import Fold
from nbatool.models.table import FloatArray, IntArray, Table

ACTION_GAIN = 10.0
"""Gains of the action's own columns count so many times: trees then part the actions first and look for who answers to
which, instead of chasing what is left of the differences between customers."""
MOST_COLUMNS = 50
"""Customer columns each booster keeps after its first fit."""
MOST_LEVELS = 16
"""A text column with more values than this is left out of the effect: splits of its values fit noise."""
UNSTOPPED_ROUNDS = 60
LEAST_EFFECT_ROUNDS, MOST_EFFECT_ROUNDS = 30, 100
ROWS_PER_LEAF = 6_000
"""Rows that earn an effect tree another leaf: effects are small, and finer trees find customers who only seem to answer."""
LEAST_LEAVES, MOST_LEAVES = 8, 31


@dataclass(frozen=True, slots=True)
class Design:
    """What does not change between the fits of one model.

    Parameters
    ----------
    nothing
        Candidate columns of `nothing`; they are the last ones of the table.
    pairs
        Names of candidate columns that do not describe the action (channel, and what passed between the pair).
    """

    nothing: FloatArray
    pairs: frozenset[str]
    seed: int
    threads: int | None


@dataclass(frozen=True, slots=True)
class Recipe:
    """Columns and number of trees, found once: those of the baseline, and customer columns of the effects."""

    columns: Mapping[str, tuple[int, ...]]
    rounds: Mapping[str, int]

    def longer(self, factor: float) -> Recipe:
        """Return the recipe with more trees, for more rows."""
        return replace(self, rounds={part: max(1, round(r * factor)) for part, r in self.rounds.items()})


def baseline_recipe(table: Table, stop: Fold, design: Design) -> Recipe:
    """Choose trees by early stopping and columns by their gain."""
    every = tuple(range(table.x.shape[1] - len(design.nothing)))
    valid = narrowed(table, every, stop.predict)
    params = {} if len(valid) else {"num_iterations": UNSTOPPED_ROUNDS}
    fitted = fit_booster(
        narrowed(table, every, stop.fit), "regression", valid=valid, params=params, seed=design.seed,
        threads=design.threads,
    )  # fmt: skip
    return Recipe({"baseline": _best_columns(table, fitted, every)}, {"baseline": fitted.best_iteration})


def effect_recipe(table: Table, baseline: FloatArray, stop: Fold, recipe: Recipe, design: Design) -> Recipe:
    """Add the effect's trees and customer columns; y of the table is what the baseline left, in deviations."""
    width = table.x.shape[1] - len(design.nothing)
    plain = tuple(j for j in range(width) if not _many_levels(table, j))
    every = (*plain, *range(width, table.x.shape[1]))
    params = shared_params(table.names, every, len(stop.fit), design)
    valid = with_baseline(narrowed(table, every, stop.predict), baseline[stop.predict])
    if not len(valid):
        params["num_iterations"] = UNSTOPPED_ROUNDS
    fit = with_baseline(narrowed(table, every, stop.fit), baseline[stop.fit])
    fitted = fit_booster(
        fit, "regression", valid=valid, params=params, seed=design.seed, threads=design.threads
    )
    rounds = int(np.clip(fitted.best_iteration, LEAST_EFFECT_ROUNDS, MOST_EFFECT_ROUNDS))
    kept = _best_columns(table, fitted, plain)
    return Recipe({**recipe.columns, "effect": kept}, {**recipe.rounds, "effect": rounds})


def fit_baseline(table: Table, rows: IntArray, recipe: Recipe, design: Design) -> FittedBooster:
    """Fit what customers bring, whatever they got."""
    columns, params = recipe.columns["baseline"], {"num_iterations": recipe.rounds["baseline"]}
    return fit_booster(
        narrowed(table, columns, rows), "regression", params=params, seed=design.seed, threads=design.threads
    )


def baseline_scores(fitted: FittedBooster, table: Table, rows: IntArray, recipe: Recipe) -> FloatArray:
    """Return the baseline of some rows, (n_rows,)."""
    x = table.x[np.ix_(rows, np.array(recipe.columns["baseline"], dtype=np.int64))]
    return Booster.from_text(fitted.text).predict_raw(np.ascontiguousarray(x))


def shared_params(names: tuple[str, ...], columns: tuple[int, ...], n: int, design: Design) -> dict[str, Any]:
    """LightGBM's parameters of a booster over all candidates; the baseline is its last column."""
    width = len(names) - len(design.nothing)
    of_action = [j >= width and names[j] not in design.pairs for j in columns]
    return effect_params(n, LEAST_LEAVES) | {
        "feature_contri": [ACTION_GAIN if own else 1.0 for own in of_action] + [1.0]
    }


def effect_params(n: int, least_leaves: int) -> dict[str, Any]:
    """LightGBM's parameters of an effect learned from n rows."""
    return {
        "learning_rate": 0.07,
        "num_leaves": int(np.clip(n // ROWS_PER_LEAF, least_leaves, MOST_LEAVES)),
        "min_data_in_leaf": int(np.clip(n // 100, 5, 200)),
        "max_bin": 63,
    }


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


def _many_levels(table: Table, column: int) -> bool:
    if table.names[column] not in table.categorical:
        return False
    values = table.x[:, column]
    return len(np.unique(values[~np.isnan(values)])) > MOST_LEVELS


def _best_columns(table: Table, fitted: FittedBooster, among: tuple[int, ...]) -> tuple[int, ...]:
    position = {table.names[j]: j for j in among}
    best = [position[name] for name, _ in fitted.gain if name in position][:MOST_COLUMNS]
    return tuple(sorted(best)) or among[:1]
