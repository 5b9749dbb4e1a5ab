"""Fitting the learners of effects, each on customers it may see; all read the same columns and learn in deviations.

Nuisances of X and DR (what was expected with and without the action) come from boosters fitted on one third of the
customers: leaving out a second third for the judging leaves the remaining one to tell what was expected of the first, so
that no judged customer had a part in what judges them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from nbatool.models import outcome_parts as parts
from nbatool.models.booster import Booster
from nbatool.models.effect_stack import Stack, stack_of
from nbatool.models.fit import FittedBooster, fit_booster
from nbatool.models.learners import EFFECT, NOTHING, Effect, learner_of, own_part, with_baseline_column
from nbatool.models.logged import Logged
from nbatool.models.outcome_parts import Design, Recipe
from nbatool.models.splits import Fold
from nbatool.models.spread import Spread
from nbatool.models.table import FloatArray, IntArray, Table

LEAST_OWN = 200
"""Rows from which an action, or nothing, gets a booster of its own."""
DIRECT_TREES = 0.75
"""Trees of X and DR per tree of S: their targets are noisier."""


@dataclass(frozen=True)
class Evidence:
    """What effects are learned from.

    Parameters
    ----------
    logged
        The past decisions.
    folds
        Groups of customers: each fold predicts one group and may be fitted on the others.
    baseline
        float64[n]: by boosters that had not seen the customer; NaN outside the folds.
    """

    logged: Logged
    folds: tuple[Fold, ...]
    baseline: FloatArray
    spread: Spread
    recipe: Recipe
    design: Design

    @cached_property
    def part(self) -> IntArray:
        """int64[n]: the number of the group each row belongs to, −1 for none."""
        found = np.full(len(self.logged), -1, dtype=np.int64)
        for number, fold in enumerate(self.folds):
            found[fold.predict] = number
        return found

    @cached_property
    def table(self) -> Table:
        """The log with what the baseline left, in deviations, as y; 0 outside the folds."""
        inside = self.part >= 0
        y = np.zeros(len(self.logged))
        baseline = self.baseline[inside]
        y[inside] = (self.logged.table.y[inside] - baseline) / self.spread.apply(baseline)
        return replace(self.logged.table, y=y)

    @cached_property
    def candidate(self) -> tuple[int, ...]:
        """Positions of the candidate columns."""
        width = self.logged.table.x.shape[1]
        return tuple(range(width - len(self.design.nothing), width))

    @cached_property
    def described(self) -> tuple[int, ...]:
        """Customer columns of the effect, and the candidate columns that describe the action itself."""
        own = [j for j in self.candidate if self.table.names[j] not in self.design.pairs]
        return (*self.recipe.columns["effect"], *own)

    @cached_property
    def stack(self) -> Stack:
        rows = np.flatnonzero(self.part >= 0)
        return stack_of(self.logged, rows, first_candidate=self.candidate[0], seed=self.design.seed)

    @cached_property
    def expected(self) -> tuple[FloatArray, FloatArray]:
        """Scores of the action and of nothing of each stacked row by each third's booster, (n_stack, n_folds)."""
        return _expected(self)

    def rows(self, left_out: int | None) -> IntArray:
        """Positions to fit on when one group is left out."""
        return np.flatnonzero((self.part >= 0) & (self.part != (-1 if left_out is None else left_out)))


def fit_learner(
    name: str, evidence: Evidence, left_out: int | None
) -> tuple[Effect, dict[str, FittedBooster]]:
    """Fit a learner on all groups but one (None: on all); also return its boosters, for the card."""
    fitted, columns = _FITS[name](evidence, left_out) if name in _FITS else ({}, {})
    return learner_of(name, {part: each.text for part, each in fitted.items()}, columns), fitted


Fits = tuple[dict[str, FittedBooster], dict[str, tuple[int, ...]]]


def _fit_s(evidence: Evidence, left_out: int | None) -> Fits:
    columns = (*evidence.recipe.columns["effect"], *evidence.candidate)
    return {EFFECT: _over_all(evidence, evidence.rows(left_out), columns)}, {EFFECT: columns}


def _fit_t(evidence: Evidence, left_out: int | None) -> Fits:
    logged, rows = evidence.logged, evidence.rows(left_out)
    arm, codes = logged.arms()[rows], logged.codes
    fitted = {NOTHING: _own(evidence, rows[arm == len(codes)])}
    for k, code in enumerate(codes):
        if (arm == k).sum() >= LEAST_OWN:
            fitted[own_part(int(code))] = _own(evidence, rows[arm == k])
    return fitted, dict.fromkeys(fitted, evidence.recipe.columns["effect"])


def _fit_x(evidence: Evidence, left_out: int | None) -> Fits:
    """Contacts: what came in beyond what nothing would have; nothing rows: what the action would have beyond it."""
    return _direct(evidence, left_out, "X")


def _fit_dr(evidence: Evidence, left_out: int | None) -> Fits:
    """Both at once, corrected by one over the chance of what was done."""
    return _direct(evidence, left_out, "DR")


_FITS = {"S": _fit_s, "T": _fit_t, "X": _fit_x, "DR": _fit_dr}


def _direct(evidence: Evidence, left_out: int | None, name: str) -> Fits:
    stack, part = evidence.stack, evidence.part
    use = np.flatnonzero(part[stack.row] != (-1 if left_out is None else left_out))
    row, contact, chance = stack.row[use], stack.contact[use], stack.chance[use]
    with_action, with_nothing = (_from_others(found[use], part[row], left_out) for found in evidence.expected)
    y = evidence.table.y[row]
    if name == "X":
        target = np.where(contact, y - with_nothing, with_action - y)
        weight = np.where(contact, 1.0 - chance, chance)
    else:
        left = np.where(contact, (y - with_action) / chance, -(y - with_nothing) / (1.0 - chance))
        target = with_action - with_nothing + left
        weight = chance * (1.0 - chance)
    table = stack.table(evidence.table, evidence.described, use, target, weight * stack.weight[use])
    rounds = max(1, round(evidence.recipe.rounds["effect"] * DIRECT_TREES))
    names = evidence.table.names
    params = parts.shared_params(names, evidence.described, len(use), evidence.design)
    params |= {"num_iterations": rounds, "num_leaves": max(4, params["num_leaves"] // 2)}
    fitted = _fit(parts.with_baseline(table, evidence.baseline[row]), params, evidence.design)
    none = evidence.rows(left_out)
    nothing = _own(evidence, none[evidence.logged.is_nothing[none]])
    columns = {EFFECT: evidence.described, NOTHING: evidence.recipe.columns["effect"]}
    return {EFFECT: fitted, NOTHING: nothing}, columns


def _from_others(found: FloatArray, part: IntArray, left_out: int | None) -> FloatArray:
    """Mean over the thirds that hold neither the row's customer nor the group left out."""
    usable = np.arange(found.shape[1])[None, :] != part[:, None]
    if left_out is not None:
        usable[:, left_out] = False
    return np.asarray(np.where(usable, found, 0.0).sum(1) / np.maximum(usable.sum(1), 1))


def _expected(evidence: Evidence) -> tuple[FloatArray, FloatArray]:
    stack, columns = evidence.stack, evidence.described
    x_action = stack.x(evidence.table, columns)
    x_nothing = stack.x_nothing(evidence.table, columns, evidence.design.nothing)
    baseline = evidence.baseline[stack.row]
    found = np.zeros((2, len(stack.row), len(evidence.folds)))
    every = tuple(range(len(columns)))
    for number, fold in enumerate(evidence.folds):
        booster = Booster.from_text(_over_all(evidence, fold.predict, columns).text)
        for at, x in enumerate((x_action, x_nothing)):
            found[at, :, number] = booster.predict_raw(with_baseline_column(x, every, baseline))
    return found[0], found[1]


def _over_all(evidence: Evidence, rows: IntArray, columns: tuple[int, ...]) -> FittedBooster:
    params = parts.shared_params(evidence.table.names, columns, len(rows), evidence.design)
    params["num_iterations"] = evidence.recipe.rounds["effect"]
    table = parts.with_baseline(parts.narrowed(evidence.table, columns, rows), evidence.baseline[rows])
    return _fit(table, params, evidence.design)


def _own(evidence: Evidence, rows: IntArray) -> FittedBooster:
    params = parts.effect_params(len(rows), 4) | {"num_iterations": evidence.recipe.rounds["effect"]}
    columns = evidence.recipe.columns["effect"]
    table = parts.with_baseline(parts.narrowed(evidence.table, columns, rows), evidence.baseline[rows])
    return _fit(table, params, evidence.design)


def _fit(table: Table, params: dict[str, object], design: Design) -> FittedBooster:
    return fit_booster(table, "regression", params=params, seed=design.seed, threads=design.threads)
