"""Judging policies on the log: every policy by every estimator, with intervals, paired differences and warnings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nbatool.base.learning_settings import Evaluate
from nbatool.measure import baselines
from nbatool.measure.customers import Customers
from nbatool.measure.direct_model import direct_model
from nbatool.measure.estimators import DoublyRobust, Estimator, all_estimators
from nbatool.measure.honesty import Honesty, honesty
from nbatool.measure.intervals import Interval, asymptotic, bootstrap
from nbatool.measure.judged import Judged
from nbatool.measure.overlap import Overlap, Support, overlap, support
from nbatool.measure.policy_on_log import PolicyOnLog, as_logged, policy_on_log
from nbatool.models.table import FloatArray, IntArray

Policies = FloatArray | NDArray[np.float32] | IntArray
LOGGED, NOTHING_AT_ALL, RANDOM, BEST_SINGLE = "logged", "nothing", "random", "best_single"
COMPARED = (LOGGED, NOTHING_AT_ALL, RANDOM, BEST_SINGLE, "greedy", "rules", "champion")
"""Policies champion and challenger are compared with, decision by decision; the others only with what was done."""
MOST_SEGMENTS = 12


@dataclass(frozen=True)
class Judgement:
    """One policy judged; intervals are in currency per decision.

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
    """

    name: str
    estimates: Mapping[str, Interval]
    asymptotic: Mapping[str, Interval]
    gain: Mapping[str, Interval]
    overlap: Overlap
    support: Support
    mix: FloatArray
    model: float

    @property
    def best(self) -> Interval | None:
        """The doubly robust estimate; None where the log carries none."""
        return self.estimates.get("DR")


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
        Whether the logged chances are those of what was done.
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
    every: dict[str, Policies] = {
        NOTHING_AT_ALL: baselines.nothing(log),
        RANDOM: baselines.uniform(log),
        BEST_SINGLE: baselines.best_single(log, seed=seed).policy,
        **policies,
    }
    laid = {LOGGED: as_logged(log, model.q_hat)}
    laid |= {name: policy_on_log(log, chance, model.q_hat) for name, chance in every.items()}
    mixes = {LOGGED: np.bincount(log.action, log.weight, log.n_actions) / log.weight.sum()}
    mixes |= {name: _mix(chance, log.n_actions) for name, chance in every.items()}
    bench = _Bench(settings, Customers.of(log.customer, seed=seed), seed, judged.labels)
    carried = {name: bench.carried(on_log) for name, on_log in laid.items()}
    judgements = tuple(bench.judgement(name, laid, carried, mixes[name]) for name in laid)
    as_of = judged.moments.moments.as_of_us[judged.checked.kept]
    return Evaluation(
        judgements, tuple(_segments(groups or {}, laid, settings, seed)), len(log), log.n_customers,
        int(as_of.min()), int(as_of.max()), judged.checked.left_out, model.r2, model.r2_means,
        honesty(log, judged.labels), judged.labels, _said_of_probabilities(judged), seed,
    )  # fmt: skip


@dataclass(frozen=True)
class _Bench:
    settings: Evaluate
    customers: Customers
    seed: int
    labels: tuple[str, ...]

    def carried(self, on_log: PolicyOnLog) -> tuple[Overlap, Support]:
        """How much of the log speaks about a policy, and whether that is enough."""
        found = overlap(on_log, clip=self.settings.clip)
        return found, support(found, min_effective=self.settings.min_effective, names=self.labels)

    def judgement(
        self,
        name: str,
        laid: Mapping[str, PolicyOnLog],
        carried: Mapping[str, tuple[Overlap, Support]],
        mix: FloatArray,
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
        return Judgement(name, estimates, formula, gain, found, enough, mix, float(on_log.q_policy.mean()))

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


def _mix(chance: Policies, m: int) -> FloatArray:
    if chance.ndim == 1:
        return np.bincount(chance.astype(np.int64), minlength=m) / max(len(chance), 1)
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
