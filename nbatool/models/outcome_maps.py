"""From scores to money, fitted on customers the boosters had not seen."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nbatool.models.calibration import PiecewiseLinear
from nbatool.models.logged import Logged
from nbatool.models.monotone import fit_monotone
from nbatool.models.table import FloatArray, IntArray
from nbatool.models.uplift_map import UNMAPPED, UpliftMap, fit_uplift_map

FEWEST_NOTHING = 50
"""Rows without contact from which the level of nothing is learned."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of n rows in currency: the baseline, the effect of what was done and of nothing, counted from one zero."""

    baseline: FloatArray
    effect: FloatArray
    nothing: FloatArray


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

    def apply_all(
        self, baseline: FloatArray, nothing: FloatArray, effect: FloatArray, codes: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return what nothing would have brought (n,) and the uplift of every action (n, k)."""
        n, k = effect.shape
        p0 = self.money.apply(baseline + nothing)
        uplift = self.uplift.apply(effect.ravel(), np.tile(codes, n), np.repeat(p0, k))
        return p0, uplift.reshape(n, k)


def maps_of(logged: Logged, scores: Scores, rows: IntArray, *, constant: bool = False) -> Maps:
    """Fit the maps to money: that of nothing where nothing was done, that of uplift on the contacts.

    Parameters
    ----------
    scores
        Of ``rows`` of the log, (n_rows,) each, by boosters that had not seen them.
    constant
        Whether every customer gets the same uplift of an action.
    """
    table = logged.table
    y, weight = table.y[rows], table.weights()[rows]
    p, uplift = scores.baseline + scores.nothing, scores.effect - scores.nothing
    none = logged.is_nothing[rows]
    compared = int(none.sum()) >= FEWEST_NOTHING
    if not compared and not constant:
        # Nothing to compare with: uplift stays what the boosters say, and outcomes are calibrated in all beside it.
        return Maps(fit_monotone(p, y - np.where(none, 0.0, uplift), weight), UNMAPPED)
    at = none if compared else np.ones(len(rows), dtype=bool)
    money = fit_monotone(p[at], y[at], weight[at])
    p0 = money.apply(p)
    gain = y - p0
    who = table.customer[rows]
    shares = np.bincount(who[none], (weight * gain)[none], minlength=int(who.max()) + 1)
    known = ~none & ~np.isnan(logged.action[rows])
    found = fit_uplift_map(
        gain[known], uplift[known], p0[known], weight[known], logged.action[rows][known].astype(np.int64),
        who[known], nothing_parts=shares / max(float(weight[none].sum()), 1e-300),
    )  # fmt: skip
    return Maps(money, replace(found, level=None) if constant else found)
