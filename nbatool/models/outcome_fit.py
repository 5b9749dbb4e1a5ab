"""Fitting the outcome model: baseline, the learner chosen, their maps to money out of fold, shrinkage, card."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nbatool.models import outcome_parts as parts
from nbatool.models.booster import Booster
from nbatool.models.card import canonical_json, data_window, versions
from nbatool.models.choose_learner import Terms
from nbatool.models.competition import Competition, compete, fitted_maps
from nbatool.models.constant_outcome import MIN_NONZERO, MIN_ROWS, constant_outcome, varied
from nbatool.models.cross_fit import Candidates, CrossFit, cross_fit, from_log
from nbatool.models.fit import FittedBooster
from nbatool.models.half_life import choose_half_life
from nbatool.models.learner_fits import Evidence, fit_learner
from nbatool.models.learners import Effect, NoLearner
from nbatool.models.linear_rival import LINEAR, FastArms
from nbatool.models.logged import Logged
from nbatool.models.outcome import BASELINE_PART, OutcomeModel, bounds_of
from nbatool.models.outcome_card import outcome_evaluation, outcome_warnings, uplift_by_action
from nbatool.models.outcome_maps import Maps, Scores, maps_of
from nbatool.models.outcome_parts import Design, Recipe
from nbatool.models.shrinkage import Shrinkage, fit_shrinkage
from nbatool.models.splits import Fold, Split, all_customer_folds, customer_part, split_table
from nbatool.models.spread import Spread, fit_spread
from nbatool.models.table import BoolArray, FloatArray, IntArray, Table, row_order
from nbatool.models.uplift_error import UNKNOWN, UpliftError, fit_uplift_error

__all__ = ["Logged", "Scores", "fit_outcome", "maps_of"]

MOST_FOR_ERROR = 3_000
_MORE_TREES = 1.25
FORMS = {
    NoLearner.name: "baseline and one uplift for all",
    LINEAR: "baseline and one uplift for all; the fast learner tells customers apart",
}


def fit_outcome(
    table: Table,
    *,
    is_nothing: BoolArray,
    action_code: IntArray,
    window_s: int,
    nothing: FloatArray,
    pairs: frozenset[str] = frozenset(),
    probability: FloatArray | None = None,
    candidates: Candidates | None = None,
    terms: Terms | None = None,
    arms: FastArms | None = None,
    seed: int = 0,
    threads: int | None = None,
    extra_card: Mapping[str, Any] | None = None,
) -> OutcomeModel:
    """Fit baseline and effect over contacts and `nothing` rows, the learner chosen and judged on the last moments.

    Parameters
    ----------
    table
        x holds customer and context columns, then candidate columns, the action's code first; y money (or 0/1); weight
        the inverse probability weights.
    is_nothing, action_code
        bool[n], int64[n], any on `nothing` rows.
    window_s
        The objective's window: rows whose windows reach into the rows that judge them are left out.
    nothing, pairs
        float64[n_candidate_columns] of `nothing`; names of those that do not describe the action (`outcome_parts.Design`).
    probability
        float64[n]: the chance of what was done; None: its share of the log.
    candidates
        Gives x of all candidates at rows of the table, in blocks: actions contacted by ascending code, then `nothing`.
        None: columns of the log stand in.
    terms
        What actions cost, in the same order; None: nothing.
    arms
        Of the rows, where the fast learner replays them all: then it competes with the learners.
    extra_card
        Put into the card as it is.
    """
    order = row_order(table)
    logged = _log(table, is_nothing, action_code, probability, order, len(nothing))
    design = Design(np.asarray(nothing, dtype=np.float64), pairs, seed, threads)
    card = _card(logged, seed) | dict(extra_card or {})
    split = None
    if len(table) >= MIN_ROWS:
        split = split_table(logged.table, window_s=window_s, seed=seed)
    if split is None or varied(logged.table.take(split.stop.fit)) < MIN_NONZERO:
        return constant_outcome(logged, design, _shrinkage(logged), card)
    forgets = choose_half_life(logged, len(nothing), window_s=window_s, seed=seed)
    card |= forgets.to_card(logged.table.as_of_us)
    whole = forgets.weighted(logged, int(logged.table.as_of_us.max()))
    # those that judge count alike, and what is learned before them is weighted as it was then
    earlier = forgets.weighted(logged, int(logged.table.as_of_us[split.test.fit].max()))
    training = _Training(
        earlier, split, design, _shrinkage(whole), _asked(candidates, logged, order, design),
        terms or Terms.free(len(logged.codes)), card, arms and arms.take(order),
    )  # fmt: skip
    return replace(training, logged=whole).final(*training.chosen())


def _log(
    table: Table, is_nothing: BoolArray, action_code: IntArray, probability: FloatArray | None, order: IntArray, n_own: int
) -> Logged:  # fmt: skip
    action = table.x[:, table.x.shape[1] - n_own]
    chance = None if probability is None else probability[order]
    return Logged(table.take(order), is_nothing[order], action_code[order], action[order], chance)


def _asked(candidates: Candidates | None, logged: Logged, order: IntArray, design: Design) -> Candidates:
    """Candidates by position in the sorted log; where none are given, as the log tells them."""
    if candidates is None:
        return from_log(logged, len(design.nothing), design.nothing, design.pairs)

    def of_sorted(rows: IntArray) -> Iterator[FloatArray]:
        return candidates(order[rows])

    return of_sorted


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
    return fit_shrinkage(
        table.y - base, weight, logged.action_code, ~logged.is_nothing, table.customer, logged.recencies()
    )


@dataclass(frozen=True)
class _Training:
    """One training with enough data: first the learners compete on rows before the last, then the winner sees all."""

    logged: Logged
    split: Split
    design: Design
    shrinkage: Shrinkage
    candidates: Candidates
    terms: Terms
    card: dict[str, Any]
    arms: FastArms | None = None

    def chosen(self) -> tuple[str, Recipe]:
        """Choose a learner by the later rows; the recipe is for fitting it on all."""
        table, split, design = self.logged.table, self.split, self.design
        recipe = parts.baseline_recipe(table, split.stop, design)
        evidence, baseline = self._evidence(split.calibration, recipe, split.test.predict)
        recipe = parts.effect_recipe(evidence.table, baseline, split.stop, recipe, design)
        evidence = replace(evidence, recipe=recipe)
        found = compete(
            evidence, baseline, split.test.predict, self.candidates, self.terms, self.shrinkage, self.arms
        )
        self.card.update(self._judgement(found, baseline))
        longer = recipe.longer(min(_MORE_TREES, len(table) / len(split.stop.fit)))
        return found.winner.name, longer

    def _evidence(
        self, folds: tuple[Fold, ...], recipe: Recipe, later: IntArray
    ) -> tuple[Evidence, FloatArray]:
        """Fit the baseline without each group; rows of no group get the mean of those where they are ``later``."""
        logged, design = self.logged, self.design
        table = logged.table
        baseline = np.full(len(table), np.nan)
        baseline[later] = 0.0
        for fold in folds:
            fitted = parts.fit_baseline(table, fold.fit, recipe, design)
            baseline[fold.predict] = parts.baseline_scores(fitted, table, fold.predict, recipe)
            baseline[later] += parts.baseline_scores(fitted, table, later, recipe) / len(folds)
        rows = np.concatenate([fold.predict for fold in folds])
        spread = fit_spread(table.y[rows] - baseline[rows], baseline[rows], table.weights()[rows])
        return Evidence(logged, folds, baseline, spread, recipe, design), baseline

    def _judgement(self, found: Competition, baseline: FloatArray) -> dict[str, Any]:
        """What the later rows say about the learner chosen."""
        logged, test = self.logged, self.split.test
        nothing, effect = found.winner.of_done(test.predict, baseline[test.predict])
        scores = Scores(baseline[test.predict], effect + nothing, nothing)
        p0, uplift = found.maps.apply(logged, scores, test.predict)
        return {
            "learner": found.choice.name,
            "form": FORMS.get(found.choice.name, "baseline and effect"),
            "choice": {"because": found.choice.because, "learners": found.choice.figures},
            "difference": dict(found.difference),
            "split": self.split.description,
            "evaluation": outcome_evaluation(
                logged.table, test, _bounded(logged.table, p0 + uplift), logged.is_nothing, logged.action_code
            ),
            "uplift_by_action": uplift_by_action(
                logged.table, test.predict, p0, uplift, logged.is_nothing, logged.action_code
            ),
            "rows_for_half": self.shrinkage.rows_for_half,
            "own_uplift_kept": {str(code): kept for code, kept in self.shrinkage.weight.items()},
        }

    def final(self, name: str, recipe: Recipe) -> OutcomeModel:
        """Fit a learner and its maps on every row."""
        logged, design = self.logged, self.design
        every = np.arange(len(logged), dtype=np.int64)
        folds = all_customer_folds(logged.table.customer, design.seed, "calibration")
        evidence, baseline = self._evidence(folds, recipe, np.zeros(0, dtype=np.int64))
        fit = cross_fit(name, evidence)
        maps = fitted_maps(fit, every, baseline)
        effect, fitted = fit_learner(name, evidence, None)
        whole = {BASELINE_PART: parts.fit_baseline(logged.table, every, recipe, design), **fitted}
        self.card.update(_looks_at(whole, maps))
        self.card["warnings"] = outcome_warnings(self.card)
        error = self._error(fit, maps, baseline)
        return _model(self, evidence.spread, maps, error, effect, whole[BASELINE_PART].text, recipe)

    def _error(self, fit: CrossFit, maps: Maps, baseline: FloatArray) -> UpliftError:
        table, codes = self.logged.table, self.logged.codes
        n_parts = -(-len(table) // MOST_FOR_ERROR)
        rows = np.flatnonzero(customer_part(table.customer, self.design.seed, "uplift error", n_parts) == 0)
        if not len(codes) or not len(rows):
            return UNKNOWN
        found, first, k = [], 0, len(codes) + 1
        for x in self.candidates(rows):
            at = rows[first : first + len(x) // k]
            first += len(at)
            found.append(fit.of_each(x, baseline[at], k))
        each = maps.uplift.slope * np.concatenate(found, axis=1)
        nothing = maps.money.apply(baseline[rows])
        return fit_uplift_error(each, codes.astype(np.float64), nothing, maps.uplift.offset_se)


def _looks_at(fitted: Mapping[str, FittedBooster], maps: Maps) -> dict[str, Any]:
    found = maps.uplift
    return {
        "trees": {part: each.best_iteration for part, each in fitted.items()},
        "slope": {"found": found.slope_found, "se": found.slope_se, "used": found.slope},
        "importance": {
            part: [{"feature": name, "share": share} for name, share in each.gain[:30]]
            for part, each in fitted.items()
        },
    }


def _bounded(table: Table, outcome: FloatArray) -> FloatArray:
    bounds = bounds_of(table.y)
    return outcome if bounds is None else np.clip(outcome, *bounds)


def _model(
    training: _Training, spread: Spread, maps: Maps, error: UpliftError, effect: Effect, baseline: str, recipe: Recipe
) -> OutcomeModel:  # fmt: skip
    table, weight = training.logged.table, training.logged.table.weights()
    return OutcomeModel(
        kind="effect",
        baseline_text=baseline,
        baseline_columns=recipe.columns[BASELINE_PART],
        effect=effect,
        nothing=training.design.nothing,
        spread=spread,
        money=maps.money,
        uplift_map=maps.uplift,
        error=error,
        bounds=bounds_of(table.y),
        mean=float(np.average(table.y, weights=weight)) if weight.sum() > 0 else 0.0,
        n_features=table.x.shape[1],
        shrinkage=training.shrinkage,
        card=json.loads(canonical_json(training.card)),
        baseline=Booster.from_text(baseline),
    )
