"""May the newest version take the champion's place? Only where decisions neither has learned from say so.

A version cannot be judged on what it was trained on. So a challenger waits until enough decisions were made and
closed after its training; then the doubly robust difference to the champion, decision by decision, must not be worse
than what ``[promotion]`` tolerates, with its confidence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from nbatool.base.clock import now_us
from nbatool.base.learning_settings import Promotion
from nbatool.base.records import Action
from nbatool.decide.assemble import champion_policy
from nbatool.decide.policy import Policy
from nbatool.decide.published import terms_in_force
from nbatool.ingest.catalogue import load_catalogue
from nbatool.ingest.drain import drain_journal
from nbatool.measure.always_valid import looks_factor
from nbatool.measure.evaluation import Evaluation, evaluate
from nbatool.measure.intervals import Interval
from nbatool.measure.judged import Judged, read_judged
from nbatool.measure.known_then import known_then
from nbatool.measure.learned_from import unlearned_from_us
from nbatool.measure.outcome_unit import PER, decimals_of, figure_text
from nbatool.measure.policies import chances
from nbatool.models import registry
from nbatool.profile.present import present_us
from nbatool.store.warehouse import open_warehouse

if TYPE_CHECKING:
    import duckdb

    from nbatool.store.workspace import Workspace


def _widened(gain: Interval, times: float) -> Interval:
    """An interval that holds for every look: a challenger is looked at each night until it passes."""
    low, high = gain.value - times * (gain.value - gain.low), gain.value + times * (gain.high - gain.value)
    return replace(gain, low=low, high=high)


@dataclass(frozen=True)
class Verdict:
    """What became of a challenger.

    Parameters
    ----------
    promoted
        Whether it is in force now.
    why
        In plain words.
    evidence
        What was measured; None while there is too little.
    """

    champion: str
    challenger: str
    promoted: bool
    why: str
    evidence: dict[str, Any] | None = None


def challengers_of(workspace: Workspace) -> list[str]:
    """Return the versions trained since the champion, newest first; none where the champion is the newest."""
    models_dir = workspace.models_dir
    champion = registry.champion(models_dir)
    if champion is None:
        return []
    trained = {name: registry.trained_us(models_dir, name) for name in registry.list_versions(models_dir)}
    # What a champion gave way to is not tried again by itself: somebody rolled it back.
    gone = {str(entry["from"]) for entry in registry.champion_log(models_dir)}
    newer = [
        name
        for name, at in trained.items()
        if at > trained.get(champion, 0) and name not in gone | {champion}
    ]
    return sorted(newer, key=lambda name: (trained[name], name), reverse=True)


def consider_promotion(workspace: Workspace, *, as_of_us: int | None, seed: int) -> Verdict | None:
    """Judge a challenger and put it in force where the evidence allows it; None where there is none to judge.

    Judged is the newest one that enough is known of: where versions are trained faster than outcomes arrive, the
    newest of all never would be. The caller holds the workspace lock.
    """
    settings, challengers = workspace.config.promotion, challengers_of(workspace)
    if settings is None or not challengers or not settings.automatic:
        return None
    champion = str(registry.champion(workspace.models_dir))
    actions = load_catalogue(workspace.config)
    policy = champion_policy(workspace, actions, champion)[1]
    policy = replace(policy, practice=terms_in_force(workspace, champion).practice)
    with ExitStack() as stack:
        warehouse = stack.enter_context(open_warehouse(workspace))
        drain_journal(workspace, warehouse)
        present = present_us(warehouse.con, workspace.config, as_of_us)
        trial = _Trial(workspace, warehouse.con, actions, policy, settings, present, seed)
        tried = [(challengers[0], trial.of(challengers[0]))]
        for name in challengers[1:]:
            if tried[-1][1].is_enough:
                break
            tried.append((name, trial.of(name)))
    challenger, evidence = tried[-1] if tried[-1][1].is_enough else tried[0]
    return _verdict(workspace, champion, challenger, evidence)


def _verdict(workspace: Workspace, champion: str, challenger: str, evidence: _Evidence) -> Verdict:
    """Switch where the evidence allows it."""
    figures = evidence.figures
    if figures is None:
        return Verdict(champion, challenger, promoted=False, why=evidence.why)
    gain, least = figures["gain"], figures["least"]
    shown = [PER * value for value in (gain["value"], gain["low"], gain["high"], least)]
    decimals = decimals_of(shown, figures["unit"])
    value, low, high, asked = (figure_text(each, decimals, signed=True) for each in shown)
    unit = f"{figures['unit']} per {PER:,} customers"
    said = (
        f"gain over {champion}: {value} {unit}, {low} to {high} (however often looked at), on {figures['decisions']:,} decisions neither has "
        "learned from"
    )
    if not gain["low"] >= least:
        said = f"{said}; at least {asked} is asked for of the lower bound"
        return Verdict(champion, challenger, promoted=False, why=said, evidence=figures)
    registry.promote(workspace.models_dir, challenger, why=said, when_us=now_us(), evidence=figures)
    return Verdict(champion, challenger, promoted=True, why=said, evidence=figures)


@dataclass(frozen=True)
class _Evidence:
    """What was measured; or why nothing could be, and whether that is for want of decisions."""

    figures: dict[str, Any] | None
    why: str = ""
    is_enough: bool = True


@dataclass(frozen=True)
class _Trial:
    """Challengers against the champion, on decisions neither has learned from."""

    workspace: Workspace
    con: duckdb.DuckDBPyConnection
    actions: Sequence[Action]
    champion: Policy
    settings: Promotion
    present_us: int
    seed: int

    def of(self, challenger: str) -> _Evidence:
        """Measure one challenger."""
        config, settings = self.workspace.config, self.settings
        _, other = champion_policy(self.workspace, self.actions, challenger)
        other = replace(other, practice=self.champion.practice)
        from_us = max(unlearned_from_us(policy) for policy in (self.champion, other))
        judged = self._read(other, from_us)
        n = 0 if judged is None else len(judged.checked.log)
        if judged is None or n < settings.min_decisions:
            why = f"{n:,} decisions were closed that neither has learned from; {settings.min_decisions:,} are asked for"
            return _Evidence(None, why, is_enough=False)
        known = [known_then(self.con, config, policy, from_us) for policy in (other, self.champion)]
        policies = {"challenger": chances(other, judged, posterior=known[0]).exploring}
        # The same decisions as the champion's own features describe them.
        same = other.bundle.features == self.champion.bundle.features
        described = judged if same else self._read(self.champion, from_us)
        assert described is not None
        policies["champion"] = chances(
            self.champion, described, posterior=known[1], kept=judged.checked.kept
        ).exploring
        asked = config.evaluate.model_copy(update={"confidence": settings.confidence})
        found = evaluate(judged, policies, asked, seed=self.seed)
        return _weighed(found, settings, judged.unit or config.workspace.currency)

    def _read(self, policy: Policy, from_us: int) -> Judged | None:
        return read_judged(
            self.con, self.workspace.config, policy.bundle, self.actions, from_us=from_us,
            until_us=self.present_us, seed=self.seed,
        )  # fmt: skip


def _weighed(found: Evaluation, settings: Promotion, unit: str) -> _Evidence:
    """Return what a judgement says of the challenger."""
    better, worse = found.of("challenger"), found.of("champion")
    assert better is not None
    assert worse is not None
    if not found.honest.honest:
        return _Evidence(None, f"the log carries no comparison: {found.honest.verdict}")
    if "champion" not in better.gain or worse.best is None:
        reasons = better.support.reasons or worse.support.reasons
        return _Evidence(None, f"the log carries no comparison: {'; '.join(reasons)}")
    gain = better.gain["champion"]
    if not all(math.isfinite(bound) for bound in (gain.low, gain.high, worse.best.low, worse.best.high)):
        return _Evidence(None, "the log carries no comparison: too few customers for an interval")
    once = NormalDist().inv_cdf(0.5 + settings.confidence / 2)
    wider = looks_factor(found.n, 2 * settings.min_decisions, settings.confidence) / once
    figures = {
        "gain": asdict(_widened(gain, wider)),
        "one_look": asdict(gain),
        "unit": unit,
        "least": -settings.max_regression * abs(worse.best.value),
        "decisions": found.n,
        "customers": found.n_customers,
        "champion": asdict(worse.best),
        "probabilities": found.probabilities,
        "seed": found.seed,
    }
    return _Evidence(figures)
