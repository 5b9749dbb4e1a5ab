"""Every learner on the same evidence, judged on the same later rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nbatool.models.choose_learner import Choice, Judged, Terms, choose_learner, slope_of, tenths
from nbatool.models.cross_fit import Candidates, CrossFit, cross_fit
from nbatool.models.doubly_robust import Slope
from nbatool.models.learner_fits import LEAST_OWN, Evidence
from nbatool.models.learners import LEARNERS, NoLearner
from nbatool.models.linear_rival import LINEAR, FastArms, Rival
from nbatool.models.outcome_maps import FEWEST_NOTHING, Maps, Scores, maps_of
from nbatool.models.shrinkage import Shrinkage, shrink
from nbatool.models.splits import customer_part
from nbatool.models.table import FloatArray, IntArray

MOST_JUDGED = 20_000
"""Rows that judge, and rows of the other customers the slope is measured on, at most."""


@dataclass(frozen=True)
class Competition:
    """The learner chosen, fitted without each group of customers, with its maps; and what the card says about it.

    Where the fast learner's differences win, ``winner`` is the learner that tells no customers apart.
    """

    winner: CrossFit
    maps: Maps
    choice: Choice
    difference: Mapping[str, Any]


@dataclass(frozen=True)
class _Raw:
    """What each learner says of some rows, in currency and before any map: of nothing (n,), of every action (n, k)."""

    nothing: Mapping[str, FloatArray]
    effect: Mapping[str, FloatArray]


def learners_for(evidence: Evidence) -> tuple[str, ...]:
    """Return the learners the log can feed: all but S compare with nothing, which must have been done often enough."""
    none = int(evidence.logged.is_nothing[evidence.part >= 0].sum())
    if not len(evidence.logged.codes):
        return (NoLearner.name,)
    if none < len(evidence.folds) * LEAST_OWN:
        return ("S", NoLearner.name)
    return tuple(LEARNERS)


def compete(
    evidence: Evidence,
    baseline: FloatArray,
    later: IntArray,
    candidates: Candidates,
    terms: Terms,
    shrinkage: Shrinkage,
    arms: FastArms | None = None,
) -> Competition:
    """Fit every learner without each group of customers, judge them on later rows, choose.

    Parameters
    ----------
    baseline
        float64[n]: of the groups' rows by boosters that had not seen them, of later rows by the mean of those.
    later
        Positions of the rows that judge.
    arms
        Of the log's decisions; where the fast learner replays them all it can take the place of a learner.
    """
    learned = np.flatnonzero(evidence.part >= 0)
    fits = {name: cross_fit(name, evidence) for name in learners_for(evidence)}
    maps = {name: fitted_maps(fit, learned, baseline) for name, fit in fits.items()}
    if not len(evidence.logged.codes):
        alone = NoLearner.name
        nobody = Choice(alone, "no action was ever logged", {})
        return Competition(fits[alone], maps[alone], nobody, {"reliable": False, "tenths": []})
    seed = evidence.design.seed
    asked = _some(evidence, later, seed, "judged")
    raw = _scored(fits, asked, baseline, candidates)
    judged = _judged(evidence, asked, baseline, raw, maps, shrinkage)
    others = _some(evidence, learned, seed, "slope")
    both = np.concatenate([others, asked])
    slopes, gamma = _slopes(
        evidence, both, baseline, _joined(_scored(fits, others, baseline, candidates), raw)
    )
    rival = None
    if arms is not None:
        rival = _rival(evidence, arms, fits[NoLearner.name], maps[NoLearner.name], baseline)
    if rival is not None and rival.arms.are_replayed:
        added = rival.differences(asked)
        judged = _with_linear(judged, added)
        slopes[LINEAR] = slope_of(
            gamma[len(others) :], added[1], _unit(evidence, asked, baseline), judged.customer, against_nothing=judged.against_nothing,
        )  # fmt: skip
    choice = choose_learner(judged, slopes, terms, seed)
    trained = NoLearner.name if choice.name == LINEAR else choice.name
    found = tenths(
        gamma[len(others) :], judged.uplift[choice.name], judged.customer, seed=seed,
        against_nothing=judged.against_nothing,
    )  # fmt: skip
    difference = {
        "reliable": choice.name != NoLearner.name,
        "tenths": found,
        "against_nothing": judged.against_nothing,
        # What is not replayed must not be forgotten: how large differences may still be after all these rows.
        "may_be": None if rival is None or rival.arms.are_replayed else rival.sizes(),
    }
    return Competition(fits[trained], maps[trained], choice, difference)


def _rival(evidence: Evidence, arms: FastArms, fit: CrossFit, maps: Maps, baseline: FloatArray) -> Rival:
    """The fast learner on what one uplift for all leaves over."""
    logged, learned = evidence.logged, np.flatnonzero(evidence.part >= 0)
    nothing, effect = fit.of_done(learned, baseline[learned])
    p0, uplift = maps.apply(logged, Scores(baseline[learned], effect + nothing, nothing), learned)
    return Rival.of(logged, arms, logged.table.y[learned] - p0 - uplift, learned)


def _with_linear(judged: Judged, added: tuple[FloatArray, FloatArray]) -> Judged:
    constant = NoLearner.name
    nothing = {**judged.nothing, LINEAR: judged.nothing[constant] + added[0]}
    return replace(
        judged, nothing=nothing, uplift={**judged.uplift, LINEAR: judged.uplift[constant] + added[1]}
    )


def fitted_maps(fit: CrossFit, rows: IntArray, baseline: FloatArray) -> Maps:
    """Fit the maps of a learner on rows scored by boosters that had not seen them."""
    nothing, effect = fit.of_done(rows, baseline[rows])
    scores = Scores(baseline[rows], effect + nothing, nothing)
    return maps_of(fit.evidence.logged, scores, rows, constant=fit.name == NoLearner.name)


def _some(evidence: Evidence, rows: IntArray, seed: int, name: str) -> IntArray:
    """At most `MOST_JUDGED` of the rows, about, customers as a whole."""
    parts = -(-len(rows) // MOST_JUDGED)
    if parts <= 1:
        return rows
    return np.asarray(
        rows[customer_part(evidence.logged.table.customer[rows], seed, name, parts) == 0], dtype=np.int64
    )


def _scored(
    fits: Mapping[str, CrossFit], rows: IntArray, baseline: FloatArray, candidates: Candidates
) -> _Raw:
    nothing: dict[str, list[FloatArray]] = {name: [] for name in fits}
    effect: dict[str, list[FloatArray]] = {name: [] for name in fits}
    first, k = 0, len(next(iter(fits.values())).evidence.logged.codes)
    for x in candidates(rows):
        at = rows[first : first + len(x) // (k + 1)]
        first += len(at)
        for name, fit in fits.items():
            found = fit.of_all(x, at, baseline[at])
            nothing[name].append(found[0])
            effect[name].append(found[1])
    return _Raw(
        {name: np.concatenate(parts) for name, parts in nothing.items()},
        {name: np.concatenate(parts) for name, parts in effect.items()},
    )


def _joined(one: _Raw, other: _Raw) -> _Raw:
    return _Raw(
        {name: np.concatenate([one.nothing[name], other.nothing[name]]) for name in one.nothing},
        {name: np.concatenate([one.effect[name], other.effect[name]]) for name in one.effect},
    )


def _judged(
    evidence: Evidence,
    rows: IntArray,
    baseline: FloatArray,
    raw: _Raw,
    maps: Mapping[str, Maps],
    shrinkage: Shrinkage,
) -> Judged:
    logged = evidence.logged
    codes = logged.codes
    first = {int(code): int(logged.action_code[np.flatnonzero(logged.action == code)[0]]) for code in codes}
    trust = shrinkage.weights(list(first.values())), shrinkage.shares(list(first.values()))
    nothing, uplift = {}, {}
    for name, each in maps.items():
        p0, found = each.apply_all(
            baseline[rows], raw.nothing[name], raw.effect[name], codes.astype(np.float64)
        )
        nothing[name], uplift[name] = p0, shrink(found, *trust)
    return Judged(
        logged.table.y[rows], logged.arms()[rows], logged.chances()[rows], logged.table.customer[rows], nothing,
        uplift, against_nothing=int(logged.is_nothing[rows].sum()) >= FEWEST_NOTHING,
    )  # fmt: skip


def _slopes(
    evidence: Evidence, rows: IntArray, baseline: FloatArray, raw: _Raw
) -> tuple[dict[str, Slope], FloatArray]:
    """Slopes of doubly robust effects on raw ones; no map is used, since those saw the outcomes of these rows."""
    logged, zeros = evidence.logged, dict.fromkeys(raw.effect, baseline[rows])
    judged = Judged(
        logged.table.y[rows], logged.arms()[rows], logged.chances()[rows], logged.table.customer[rows],
        {name: zeros[name] + raw.nothing[name] for name in raw.nothing if name != NoLearner.name} or dict(zeros), raw.effect,
    )  # fmt: skip
    gamma, unit = judged.gamma(), _unit(evidence, rows, baseline)
    if not len(logged.codes):
        return {name: Slope(0.0, 0.0) for name in raw.effect}, gamma
    compared = int(logged.is_nothing[rows].sum()) >= FEWEST_NOTHING
    slopes = {
        name: slope_of(gamma, effect, unit, judged.customer, against_nothing=compared)
        for name, effect in raw.effect.items()
    }
    return slopes, gamma


def _unit(evidence: Evidence, rows: IntArray, baseline: FloatArray) -> FloatArray:
    """Spread of the rows' outcomes; what is forgotten need not come true."""
    age = np.sqrt(np.maximum(evidence.logged.recencies()[rows], 1e-12))
    return np.asarray(evidence.spread.apply(baseline[rows]) / age)
