"""Judging policies on the log: every policy by every estimator, with intervals, paired differences and warnings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nbatool.base.learning_settings import Evaluate
from nbatool.measure import baselines
from nbatool.measure.alike import Alike, Policies, alike
from nbatool.measure.customers import Customers
from nbatool.measure.direct_model import direct_model
from nbatool.measure.estimators import DoublyRobust, Estimator, all_estimators
from nbatool.measure.honesty import Honesty, honesty
from nbatool.measure.intervals import Interval, asymptotic, bootstrap
from nbatool.measure.judged import Judged
from nbatool.measure.overlap import Overlap, Support, overlap, support
from nbatool.measure.policy_on_log import PolicyOnLog, as_logged, policy_on_log
from nbatool.models.table import FloatArray

LOGGED, NOTHING_AT_ALL, RANDOM, BEST_SINGLE = "logged", "nothing", "random", "best_single"
COMPARED = (LOGGED, NOTHING_AT_ALL, RANDOM, BEST_SINGLE, "greedy", "rules", "champion")
"""Policies champion and challenger are compared with, decision by decision; the others only with what was done."""
MOST_SEGMENTS = 12
VERDICTS_BY = "DR"
"""The estimator whose value is shown and whose differences decide: right if either the model or the chances are."""
NEVER_SILENT = "the catalogue says allow_nothing = false, and the log never did nothing"


@dataclass(frozen=True)
class Judgement:
    """One policy judged; intervals are per decision, in the unit of the outcome.

    Parameters
    ----------
    estimates
        Estimator → its estimate with the bootstrap interval; empty where the log does not carry one.
    asymptotic
        The same with the interval of the formula.
    gain
        Policy it is compared with → paired difference, doubly robust.
    mix
        Mean chance of each candidate, (m,).
    model
        What the outcome model alone expects of it: no estimate, only what it would be if the model were right.
    alike
        Policy it is compared with → how often both do the same.
    """

    name: str
    estimates: Mapping[str, Interval]
    asymptotic: Mapping[str, Interval]
    gain: Mapping[str, Interval]
    overlap: Overlap
    support: Support
    mix: FloatArray
    model: float
    alike: Mapping[str, Alike] = field(default_factory=dict)

    @property
    def best(self) -> Interval | None:
        """The doubly robust estimate; None where the log carries none."""
        return self.estimates.get(VERDICTS_BY)


@dataclass(frozen=True)
class Segment:
    """A part of the decisions: doubly robust values there, by policy; None where there are too few."""

    name: str
    n: int
    values: Mapping[str, Interval | None]


@dataclass(frozen=True)
class Evaluation:
    """Policies judged on the same decisions.

    Parameters
    ----------
    first_us, last_us
        Moments of the first and last decision.
    left_out
        Decisions that cannot be used, by reason.
    model
        How well outcomes are predicted.
    honest
        Whether the logged chances are those of what was decided.
    unit
        What values are counted in; None: the workspace's currency.
    not_made
        Contacts that were decided and never made; they are not judged.
    omitted
        Baseline that makes no sense here → why.
    without_nothing
        Whether chance spreads over the actions alone, because the log never did nothing.
    resamples
        Of customers, for the intervals.
    actions
        The action of each candidate, in the order of `labels`.
    """

    judgements: tuple[Judgement, ...]
    segments: tuple[Segment, ...]
    n: int
    n_customers: int
    first_us: int
    last_us: int
    left_out: Mapping[str, int]
    model_r2: float
    model_r2_means: float
    honest: Honesty
    labels: tuple[str, ...]
    probabilities: str
    seed: int
    unit: str | None = None
    not_made: int = 0
    omitted: Mapping[str, str] = field(default_factory=dict)
    without_nothing: bool = False
    resamples: int = 0
    actions: tuple[str, ...] = ()

    def of(self, name: str) -> Judgement | None:
        return next((j for j in self.judgements if j.name == name), None)


def evaluate(
    judged: Judged,
    policies: Mapping[str, Policies],
    settings: Evaluate,
    *,
    seed: int,
    groups: Mapping[str, NDArray[np.object_]] | None = None,
) -> Evaluation:
    """Judge policies and the baselines on the judged decisions.

    Parameters
    ----------
    policies
        Name → chances (n, m), or the one candidate chosen (n,).
    groups
        Name of a segmentation → the segment of each decision (n,), None unknown.
    """
    log = judged.checked.log
    model = direct_model(log, judged.x, names=judged.names, categorical=judged.categorical, seed=seed)
    ever_silent = bool((log.action == log.n_actions - 1).any())
    omitted = {} if ever_silent or judged.allow_nothing else {NOTHING_AT_ALL: NEVER_SILENT}
    every: dict[str, Policies] = {
        LOGGED: log.action,
        NOTHING_AT_ALL: baselines.nothing(log),
        RANDOM: baselines.uniform(log, nothing=ever_silent),
        BEST_SINGLE: baselines.best_single(log, seed=seed).policy,
        **policies,
    }
    every = {name: chance for name, chance in every.items() if name not in omitted}
    laid = {
        name: as_logged(log, model.q_hat) if name == LOGGED else policy_on_log(log, chance, model.q_hat)
        for name, chance in every.items()
    }
    bench = _Bench(
        settings, Customers.of(log.customer, seed=seed), seed, judged.labels, judged.decided.not_made, every
    )
    carried = {name: bench.carried(on_log) for name, on_log in laid.items()}
    judgements = tuple(bench.judgement(name, laid, carried) for name in laid)
    as_of = judged.moments.moments.as_of_us[judged.checked.kept]
    return Evaluation(
        judgements, tuple(_segments(groups or {}, laid, settings, seed)), len(log), log.n_customers,
        int(as_of.min()), int(as_of.max()), judged.checked.left_out, model.r2, model.r2_means,
        _honesty(judged), judged.labels, _said_of_probabilities(judged), seed,
        judged.unit, judged.decided.not_made, omitted, not ever_silent, settings.resamples,
        tuple(action for action, _ in judged.candidates),
    )  # fmt: skip


def _honesty(judged: Judged) -> Honesty:
    """Compare chances with what was decided, also where the contact was never made: they were true by then."""
    decided = judged.decided
    if decided.log is None or not len(decided.log):
        return honesty(judged.checked.log, judged.labels)
    return honesty(decided.log, decided.labels)


@dataclass(frozen=True)
class _Bench:
    settings: Evaluate
    customers: Customers
    seed: int
    labels: tuple[str, ...]
    not_made: int
    policies: Mapping[str, Policies]

    def carried(self, on_log: PolicyOnLog) -> tuple[Overlap, Support]:
        """How much of the log speaks about a policy, and whether that is enough."""
        found = overlap(on_log, clip=self.settings.clip)
        asked = self.settings.min_effective
        return found, support(found, min_effective=asked, names=self.labels, not_made=self.not_made)

    def judgement(
        self,
        name: str,
        laid: Mapping[str, PolicyOnLog],
        carried: Mapping[str, tuple[Overlap, Support]],
    ) -> Judgement:
        on_log, settings = laid[name], self.settings
        found, enough = carried[name]
        estimates: dict[str, Interval] = {}
        formula: dict[str, Interval] = {}
        gain: dict[str, Interval] = {}
        if enough.printed:
            for estimator in all_estimators(settings.clip, settings.switch, estimated=on_log.log.estimated):
                estimates[estimator.name] = self._bootstrap(estimator, on_log)
                formula[estimator.name] = asymptotic(
                    estimator.parts(on_log), self.customers, confidence=settings.confidence
                )
            gain = {
                other: self._bootstrap(self._judge, on_log, laid[other])
                for other in (COMPARED if name in ("champion", "challenger") else (LOGGED,))
                # A difference is no surer than the less sure of the two.
                if other != name and other in laid and carried[other][1].printed
            }
        chance, log = self.policies[name], on_log.log
        mix = _mix(chance, log.n_actions, log.weight if name == LOGGED else None)
        same = {other: alike(chance, self.policies[other]) for other in gain}
        model = float(on_log.q_policy.mean())
        return Judgement(name, estimates, formula, gain, found, enough, mix, model, same)

    @property
    def _judge(self) -> Estimator:
        return DoublyRobust(self.settings.clip)

    def _bootstrap(
        self, estimator: Estimator, on_log: PolicyOnLog, other: PolicyOnLog | None = None
    ) -> Interval:
        return bootstrap(
            estimator.parts(on_log), self.customers,
            minus=None if other is None else estimator.parts(other),
            confidence=self.settings.confidence, resamples=self.settings.resamples, seed=self.seed,
        )  # fmt: skip


def _mix(chance: Policies, m: int, weight: FloatArray | None = None) -> FloatArray:
    if chance.ndim == 1:
        counts = np.bincount(chance.astype(np.int64), weight, minlength=m)
        return np.asarray(counts / max(counts.sum(), 1e-300), dtype=np.float64)
    return np.asarray(chance.mean(axis=0, dtype=np.float64))


def _segments(
    groups: Mapping[str, NDArray[np.object_]], laid: Mapping[str, PolicyOnLog], settings: Evaluate, seed: int
) -> list[Segment]:
    found = []
    judge = DoublyRobust(settings.clip)
    for name, segment in groups.items():
        values, counts = np.unique(segment[segment != None].astype(str), return_counts=True)  # noqa: E711 - elementwise
        for value in sorted(values[np.argsort(-counts, kind="stable")][:MOST_SEGMENTS]):
            rows = np.flatnonzero(segment == value)
            part = {policy: on_log.take(rows) for policy, on_log in laid.items()}
            customers = Customers.of(part[LOGGED].log.customer, seed=seed)
            intervals: dict[str, Interval | None] = {}
            for policy, on_log in part.items():
                carried = support(overlap(on_log, clip=settings.clip), min_effective=settings.min_effective)
                intervals[policy] = (
                    asymptotic(judge.parts(on_log), customers, confidence=settings.confidence)
                    if carried.printed
                    else None
                )
            found.append(Segment(f"{name} = {value}", len(rows), intervals))
    return found


def _said_of_probabilities(judged: Judged) -> str:
    if judged.estimated is None:
        return "logged"
    return judged.estimated.verdict()
