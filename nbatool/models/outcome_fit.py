"""Fitting the outcome model: baseline, effect, their maps to money out of fold, shrinkage, card."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbatool.models import outcome_parts as parts
from nbatool.models.booster import Booster
from nbatool.models.calibration import PiecewiseLinear
from nbatool.models.card import canonical_json, data_window, versions
from nbatool.models.fit import FittedBooster
from nbatool.models.monotone import fit_monotone
from nbatool.models.outcome import PARTS, OutcomeModel
from nbatool.models.outcome_card import outcome_evaluation, outcome_warnings, uplift_by_action
from nbatool.models.outcome_parts import Design, Recipe
from nbatool.models.shrinkage import Shrinkage, fit_shrinkage
from nbatool.models.splits import Fold, Split, all_customer_folds, split_rows
from nbatool.models.table import BoolArray, FloatArray, IntArray, Table, row_order
from nbatool.models.uplift_map import UNMAPPED, UpliftMap, fit_uplift_map

MIN_ROWS = 200
MIN_NONZERO = 30
_MORE_TREES = 1.25
_FEWEST_NOTHING = 50  # rows without contact from which the level of nothing is learned


@dataclass(frozen=True, slots=True)
class Logged:
    """Past decisions in the order of `table.row_order`; ``action`` (n,) is the model's own code, NaN unknown."""

    table: Table
    is_nothing: BoolArray
    action_code: IntArray
    action: FloatArray


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of n rows by boosters that had not seen them: the baseline, the effect of what was done and of nothing."""

    baseline: FloatArray
    effect: FloatArray
    nothing: FloatArray

    def at(self, rows: IntArray) -> Scores:
        return Scores(self.baseline[rows], self.effect[rows], self.nothing[rows])


@dataclass(frozen=True, slots=True)
class Maps:
    """From scores to money."""

    money: PiecewiseLinear
    uplift: UpliftMap

    def apply(self, logged: Logged, scores: Scores, rows: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return what nothing would have brought and the uplift of what was done, (n_rows,) each."""
        p0 = self.money.apply(scores.baseline + scores.nothing)
        uplift = self.uplift.apply(scores.effect - scores.nothing, logged.action[rows], p0)
        return p0, np.where(logged.is_nothing[rows], 0.0, uplift)


def fit_outcome(
    table: Table,
    *,
    is_nothing: BoolArray,
    action_code: IntArray,
    window_s: int,
    nothing: FloatArray,
    pairs: frozenset[str] = frozenset(),
    seed: int = 0,
    threads: int | None = None,
    extra_card: Mapping[str, Any] | None = None,
) -> OutcomeModel:
    """Fit baseline and effect over contacts and `nothing` rows, judged on the last moments.

    Parameters
    ----------
    table
        x holds customer and context columns, then candidate columns, the action's code first; y money (or 0/1); weight
        the inverse probability weights.
    is_nothing, action_code
        bool[n], int64[n] (any value on `nothing` rows).
    window_s
        The objective's window: rows whose windows reach into the rows that judge them are left out.
    nothing
        float64[n_candidate_columns]: the candidate columns of `nothing`.
    pairs
        Names of candidate columns that do not describe the action (`outcome_parts.Design`).
    extra_card
        Put into the card as it is, such as the balance of the assignment.
    """
    order = row_order(table)
    table, is_nothing, action_code = table.take(order), is_nothing[order], action_code[order]
    logged = Logged(table, is_nothing, action_code, table.x[:, table.x.shape[1] - len(nothing)])
    design = Design(np.asarray(nothing, dtype=np.float64), pairs, seed, threads)
    card = _card(logged, seed) | dict(extra_card or {})
    shrinkage = _shrinkage(logged)
    split = None
    if len(table) >= MIN_ROWS:
        split = split_rows(table.as_of_us, table.customer, window_s=window_s, seed=seed)
    if split is None or _varied(table.take(split.stop.fit)) < MIN_NONZERO:
        return _constant(logged, design, shrinkage, card)
    return _trained(logged, split, design, shrinkage, card)


def _card(logged: Logged, seed: int) -> dict[str, Any]:
    codes, counts = np.unique(logged.action_code[~logged.is_nothing], return_counts=True)
    return {
        "kind": "outcome",
        **data_window(logged.table),
        "n_nothing": int(logged.is_nothing.sum()),
        "n_nonzero": int(np.count_nonzero(logged.table.y)),
        "n_per_action": {str(int(c)): int(n) for c, n in zip(codes, counts, strict=True)},
        "seed": seed,
        "versions": versions("lightgbm", "numpy"),
    }


def _shrinkage(logged: Logged) -> Shrinkage:
    """What `nothing` brings on average is the constant effects are counted from; any constant does."""
    table, weight = logged.table, logged.table.weights()
    at = logged.is_nothing if (weight * logged.is_nothing).sum() > 0 else np.ones(len(table), dtype=bool)
    base = float(np.average(table.y[at], weights=weight[at])) if weight.sum() > 0 else 0.0
    return fit_shrinkage(table.y - base, weight, logged.action_code, ~logged.is_nothing, table.customer)


def _varied(table: Table) -> int:
    """How many rows differ from the commonest outcome."""
    _, counts = np.unique(table.y, return_counts=True)
    return len(table) - int(counts.max(initial=0))


@dataclass(frozen=True, slots=True)
class Fitted:
    """Boosters fitted on some rows, and maps fitted on those rows out of fold."""

    texts: dict[str, FittedBooster]
    maps: Maps

    def scores(self, logged: Logged, rows: IntArray, recipe: Recipe, design: Design) -> Scores:
        """Score rows the boosters have not seen."""
        baseline = parts.baseline_scores(self.texts["baseline"], logged.table, rows, recipe)
        return Scores(
            baseline, *parts.effect_scores(self.texts["effect"], logged.table, baseline, rows, recipe, design)
        )


def _trained(
    logged: Logged, split: Split, design: Design, shrinkage: Shrinkage, card: dict[str, Any]
) -> OutcomeModel:
    table, n = logged.table, len(logged.table)
    recipe = parts.baseline_recipe(table, split.stop, design)
    pool, test = split.test.fit, split.test.predict
    baseline = _baseline_out_of_fold(logged, split.calibration, recipe, design)
    recipe = parts.effect_recipe(
        parts.effect_rows(table, baseline, pool), baseline, split.stop, recipe, design
    )
    judged = _fitted(logged, pool, split.calibration, baseline, recipe, design)
    p0, uplift = judged.maps.apply(logged, judged.scores(logged, test, recipe, design), test)
    card |= {
        "learner": "S",
        "form": "baseline and effect",
        "split": split.description,
        "evaluation": outcome_evaluation(
            table, split.test, _bounded(table, p0 + uplift), logged.is_nothing, logged.action_code
        ),
        "uplift_by_action": uplift_by_action(table, test, p0, uplift, logged.is_nothing, logged.action_code),
        "rows_for_half": shrinkage.rows_for_half,
    }
    recipe = recipe.longer(min(_MORE_TREES, n / len(split.stop.fit)))
    folds = all_customer_folds(table.customer, design.seed, "calibration")
    baseline = _baseline_out_of_fold(logged, folds, recipe, design)
    final = _fitted(logged, np.arange(n), folds, baseline, recipe, design)
    found = final.maps.uplift
    card |= {
        "trees": {part: fitted.best_iteration for part, fitted in final.texts.items()},
        "slope": {"found": found.slope_found, "se": found.slope_se, "used": found.slope},
        "importance": {
            part: [{"feature": name, "share": share} for name, share in fitted.gain[:30]]
            for part, fitted in final.texts.items()
        },
    }
    card["warnings"] = outcome_warnings(card)
    texts = {part: fitted.text for part, fitted in final.texts.items()}
    return _model(logged, design, shrinkage, card, final.maps, recipe, texts)


def _baseline_out_of_fold(
    logged: Logged, folds: tuple[Fold, ...], recipe: Recipe, design: Design
) -> FloatArray:
    """Return each row's baseline by a booster that had not seen its customer; NaN outside the folds."""
    baseline = np.full(len(logged.table), np.nan)
    for fold in folds:
        fitted = parts.fit_baseline(logged.table, fold.fit, recipe, design)
        baseline[fold.predict] = parts.baseline_scores(fitted, logged.table, fold.predict, recipe)
    return baseline


def _fitted(
    logged: Logged,
    rows: IntArray,
    folds: tuple[Fold, ...],
    baseline: FloatArray,
    recipe: Recipe,
    design: Design,
) -> Fitted:
    """Fit both boosters on the rows, and the maps on scores by boosters fitted on the folds' other customers."""
    table = logged.table
    effects = parts.effect_rows(table, baseline, rows)
    scores = Scores(baseline, np.full(len(table), np.nan), np.full(len(table), np.nan))
    for fold in folds:
        fitted = parts.fit_effect(effects, baseline, fold.fit, recipe, design)
        scores.effect[fold.predict], scores.nothing[fold.predict] = parts.effect_scores(
            fitted, table, baseline[fold.predict], fold.predict, recipe, design
        )
    texts = {
        "baseline": parts.fit_baseline(table, rows, recipe, design),
        "effect": parts.fit_effect(effects, baseline, rows, recipe, design),
    }
    return Fitted(texts, maps_of(logged, scores.at(rows), rows))


def maps_of(logged: Logged, scores: Scores, rows: IntArray) -> Maps:
    """Fit the maps to money: that of nothing where nothing was done, that of uplift on the contacts.

    Parameters
    ----------
    scores
        Of ``rows`` of the log, (n_rows,) each, by boosters that had not seen them.
    """
    table = logged.table
    y, weight = table.y[rows], table.weights()[rows]
    p, uplift = scores.baseline + scores.nothing, scores.effect - scores.nothing
    none = logged.is_nothing[rows]
    if none.sum() < _FEWEST_NOTHING:
        # Nothing to compare with: uplift stays what the boosters say, and outcomes are calibrated in all beside it.
        return Maps(fit_monotone(p, y - np.where(none, 0.0, uplift), weight), UNMAPPED)
    money = fit_monotone(p[none], y[none], weight[none])
    p0 = money.apply(p)
    gain = y - p0
    contact = ~none
    who = table.customer[rows]
    parts = np.bincount(who[none], (weight * gain)[none], minlength=int(who.max()) + 1) / weight[none].sum()
    known = contact & ~np.isnan(logged.action[rows])
    found = fit_uplift_map(
        gain[known], uplift[known], p0[known], weight[known], logged.action[rows][known].astype(np.int64),
        who[known], nothing_parts=parts,
    )  # fmt: skip
    return Maps(money, found)


def _bounds(table: Table) -> tuple[float, float] | None:
    return (0.0, 1.0) if np.isin(table.y, (0.0, 1.0)).all() else None


def _bounded(table: Table, outcome: FloatArray) -> FloatArray:
    bounds = _bounds(table)
    return outcome if bounds is None else np.clip(outcome, *bounds)


def _model(
    logged: Logged, design: Design, shrinkage: Shrinkage, card: dict[str, Any], maps: Maps | None,
    recipe: Recipe | None, texts: dict[str, str],
) -> OutcomeModel:  # fmt: skip
    table, weight = logged.table, logged.table.weights()
    return OutcomeModel(
        kind="constant" if maps is None else "effect",
        texts=texts,
        columns={} if recipe is None else {part: recipe.columns[part] for part in PARTS},
        nothing=design.nothing,
        money=None if maps is None else maps.money,
        uplift_map=UNMAPPED if maps is None else maps.uplift,
        bounds=_bounds(table),
        mean=float(np.average(table.y, weights=weight)) if weight.sum() > 0 else 0.0,
        n_features=table.x.shape[1],
        shrinkage=shrinkage,
        card=json.loads(canonical_json(card)),
        boosters={part: Booster.from_text(text) for part, text in texts.items()},
    )


def _constant(logged: Logged, design: Design, shrinkage: Shrinkage, card: dict[str, Any]) -> OutcomeModel:
    table = logged.table
    model = _model(logged, design, shrinkage, card, None, None, {})
    why = f"not trained: {len(table)} rows, {_varied(table)} of them with another outcome than the commonest"
    needed = f"at least {MIN_ROWS} and {MIN_NONZERO} are needed"
    warning = f"{why} ({needed}); every candidate gets {model.mean:.4f}"
    card |= {"learner": "S", "form": "constant", "split": "none", "evaluation": None, "warnings": [warning]}
    return _model(logged, design, shrinkage, card, None, None, {})
