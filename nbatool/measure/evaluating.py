"""``nbatool evaluate`` as one step: the log of a workspace, the policies in question, their judgement.

A version is judged on decisions it cannot have learned from. Where there are none, a twin is: trained without a quarter
of the decisions, and judged on that quarter.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nbatool.base.clock import US_PER_S, format_second_after, format_time
from nbatool.base.errors import ConfigError, DataError
from nbatool.base.next_step import command_for
from nbatool.base.records import Action
from nbatool.decide.assemble import bundle_policy, champion_policy, expression_kinds
from nbatool.decide.batch import SEGMENT, VALUE_SCORES
from nbatool.decide.exploration_terms import BY_DRAWS
from nbatool.decide.policy import Policy
from nbatool.decide.published import terms_in_force
from nbatool.ingest.catalogue import load_catalogue
from nbatool.ingest.drain import drain_journal
from nbatool.measure.alike import Policies
from nbatool.measure.asked_names import require_known_names, unknown_segment
from nbatool.measure.evaluation import Evaluation, evaluate
from nbatool.measure.judged import Judged, read_judged
from nbatool.measure.known_then import known_then
from nbatool.measure.learned_from import Leak, leak, unlearned_from_us
from nbatool.measure.newer import Newer, newer_decisions
from nbatool.measure.policies import chances, rule_choices
from nbatool.measure.rules import read_rules, rule_names
from nbatool.measure.segments import not_shown, segment_of
from nbatool.measure.twin import Twin, customers_apart, decision_times, last_quarter_us, only_customers
from nbatool.models.posterior import Posterior
from nbatool.models.train import train_bundle
from nbatool.profile.log_names import unmatched
from nbatool.profile.present import present_us
from nbatool.store.warehouse import open_warehouse

if TYPE_CHECKING:
    import duckdb

    from nbatool.store.workspace import Workspace

Say = Callable[[str], None]
FEWEST = 200
"""Decisions below which a twin is judged instead: too few say anything."""
FROM_EVENTS = "no decision is logged for this time: decisions were made out of contact events, and their chances are estimated"
LEARNED_SINCE = (
    "the fast learner may have learned since from decisions judged here: the champion is judged with what it knew before the "
    "first of them"
)
AS_GREEDY = "a policy that draws from what is believed is judged as if it always took the best: what was believed is not kept"


@dataclass(frozen=True)
class Asked:
    """What `nbatool evaluate` was asked for.

    Parameters
    ----------
    as_of_us
        The present; None for the workspace's.
    from_us
        Judge decisions from here on, whatever the version has learned from.
    version, challenger
        Model versions; None for the champion, and for no challenger.
    """

    as_of_us: int | None = None
    from_us: int | None = None
    version: str | None = None
    challenger: str | None = None
    seed: int = 0


@dataclass(frozen=True)
class EvaluationReport:
    """The judgement and how it was made.

    Parameters
    ----------
    twin_of_us
        The policy judged is a twin trained as of this moment; None: the version itself.
    overlaps
        Whether decisions were judged whose outcomes the version, or the challenger, may have learned from.
    notes
        What else to be careful about, in plain words.
    leaks
        Which of them did, and on how many decisions.
    twin
        How the twin was kept apart; None: the version itself was judged.
    newer
        Why there is a twin: how many decisions the version cannot have learned from, and what is known of them.
    """

    evaluation: Evaluation
    version: str
    challenger: str | None
    twin_of_us: int | None
    overlaps: bool
    from_events: bool
    anonymous: int
    policies: tuple[str, ...]
    notes: tuple[str, ...] = ()
    leaks: tuple[Leak, ...] = ()
    twin: Twin | None = None
    newer: Newer | None = None

    def leak_of(self, policy: str) -> Leak | None:
        """What a policy of the table was trained on; the greedy one is the champion."""
        name = "champion" if policy == "greedy" else policy
        return next((each for each in self.leaks if each.policy == name), None)


def evaluate_workspace(workspace: Workspace, asked: Asked, say: Say) -> EvaluationReport:
    """Judge the champion (or a version), a challenger and the baselines; the caller holds the workspace lock.

    Raises
    ------
    DataError
        No model is trained; no closed decision was logged, or none that can be used.
    ConfigError
        No objective; the rules are wrong.
    """
    config = workspace.config
    if not config.objectives:
        raise ConfigError(
            [config.problem("[[objective]] is missing: say what a good result is", "objective")]
        )
    actions = load_catalogue(config)
    version, policy = champion_policy(workspace, actions, asked.version)
    in_force = terms_in_force(workspace, version)
    policy = replace(policy, practice=in_force.practice)
    require_known_names(config, policy.bundle, actions)
    versions = {"champion": (version, policy)}
    if asked.challenger is not None:
        _, other = champion_policy(workspace, actions, asked.challenger)
        versions["challenger"] = asked.challenger, replace(other, practice=policy.practice)
    unseen_us = max(unlearned_from_us(each) for _, each in versions.values())
    from_us = unseen_us if asked.from_us is None else asked.from_us
    with ExitStack() as stack:
        warehouse = stack.enter_context(open_warehouse(workspace))
        drain_journal(workspace, warehouse)
        present = present_us(warehouse.con, config, asked.as_of_us)
        look = _Look(warehouse.con, workspace, actions, present, asked.seed, say)
        say("past decisions")
        # Prepared moments are one set: what was known is looked up before the decisions are read.
        known = {name: look.known(each, from_us) for name, (_, each) in versions.items()}
        judged, twin, newer = look.read(policy, from_us), None, None
        # A challenger is a version as it is: beside a twin of the champion it would be judged on what it knows.
        alone = asked.from_us is None and asked.challenger is None
        if alone and (judged is None or len(judged.checked.log) < FEWEST):
            newer = newer_decisions(warehouse.con, config, judged, from_us=from_us, present_us=present)
            judged, policy, known["champion"], twin = look.twin(judged, policy, known["champion"])
        judged = look.some(judged, from_us if twin is None else twin.as_of_us, asked)
        policies, notes = look.policies(policy, judged, known["champion"])
        notes += _learned_since(in_force.posterior, judged, twin)
        groups = look.segments(judged)
        notes += not_shown(groups)
        if "challenger" in versions:
            policies["challenger"] = look.challenger(
                versions["challenger"][1], policy, judged, from_us, known["challenger"]
            )
        say("outcomes")
        found = evaluate(judged, policies, config.evaluate, seed=asked.seed, groups=groups)
    at_us = judged.moments.moments.as_of_us[judged.checked.kept]
    leaks = [leak(name, *one, at_us) for name, one in versions.items()] if twin is None else []
    leaking = tuple(each for each in leaks if each is not None)
    return EvaluationReport(
        found, version, asked.challenger, None if twin is None else twin.as_of_us, bool(leaking), judged.from_events,
        judged.anonymous, judged.policies, tuple(notes), leaking, twin, newer,
    )  # fmt: skip


@dataclass(frozen=True)
class _Look:
    """One look at the log of a workspace."""

    con: duckdb.DuckDBPyConnection
    workspace: Workspace
    actions: Sequence[Action]
    present_us: int
    seed: int
    say: Say

    def read(self, policy: Policy, from_us: int) -> Judged | None:
        return read_judged(
            self.con, self.workspace.config, policy.bundle, self.actions, from_us=from_us,
            until_us=self.present_us, seed=self.seed,
        )  # fmt: skip

    def known(self, policy: Policy, at_us: int) -> Posterior | None:
        return known_then(self.con, self.workspace.config, policy, at_us)

    def some(self, judged: Judged | None, from_us: int, asked: Asked) -> Judged:
        """Insist on decisions that can be judged; else say what could be typed instead."""
        since = f"from {format_second_after(from_us)} on"
        if asked.from_us is None:
            since += ", after the training"
        if judged is None:
            raise DataError(f"no closed decision is logged {since}. {self._instead(asked)}")
        if not len(judged.checked.log):
            reasons = "; ".join(f"{n:,}: {reason}" for reason, n in judged.checked.left_out.items())
            raise DataError(
                f"none of the decisions logged {since} can be judged ({reasons}). Correct the "
                "log and load it again: nbatool ingest --full-refresh"
            )
        return judged

    def _instead(self, asked: Asked) -> str:
        times = decision_times(self.con, self.workspace.config, self.present_us)
        if not times:
            return (
                'Decisions come from nbatool score and decide, from a [[source]] of kind = "decisions", or from events '
                "of the role contact"
            )
        n, first = sum(count for _, count in times), format_time(times[0][0] // US_PER_S * US_PER_S)
        present = None if asked.as_of_us is None else format_time(asked.as_of_us)
        named = {
            "--version": asked.version,
            "--challenger": asked.challenger,
            "--from": first,
            "--as-of": present,
        }
        typed = [word for option, value in named.items() if value is not None for word in (option, value)]
        return (
            f"{n:,} older {'one' if n == 1 else 'ones'}, from {first} on, can be judged although a version may have learned "
            f"from them: {command_for(self.workspace.root)} evaluate {shlex.join(typed)}"
        )

    def twin(
        self, judged: Judged | None, policy: Policy, known: Posterior | None
    ) -> tuple[Judged | None, Policy, Posterior | None, Twin | None]:
        """Train without a quarter of the decisions, and read that quarter; nothing changes where that cannot be."""
        times = decision_times(self.con, self.workspace.config, self.present_us)
        cut_us = last_quarter_us(times)
        if cut_us is not None:
            other = self._trained(policy, cut_us)
            known = self.known(other, cut_us)
            return self.read(other, cut_us), other, known, Twin(cut_us)
        apart = customers_apart(self.con, self.seed)
        if not all(apart):
            return judged, policy, known, None
        with only_customers(self.con, apart[0]):
            other = self._trained(policy, self.present_us)
            known = self.known(other, self.present_us)
        with only_customers(self.con, apart[1]):
            found = self.read(other, 0)
        return found, other, known, Twin(self.present_us, len(apart[0]), len(apart[1]))

    def _trained(self, policy: Policy, as_of_us: int) -> Policy:
        config = self.workspace.config
        bundle = train_bundle(self.con, config, self.actions, as_of_us=as_of_us, seed=self.seed, say=self.say)
        return replace(bundle_policy(config, bundle, self.actions), practice=policy.practice)

    def policies(
        self, policy: Policy, judged: Judged, known: Posterior | None
    ) -> tuple[dict[str, Policies], list[str]]:
        """What the policy and the rules would have done, and what that could not take into account."""
        self.say("policies")
        own = chances(policy, judged, posterior=known)
        found: dict[str, Policies] = {"champion": own.exploring}
        if not np.array_equal(own.exploring, own.greedy):
            found["greedy"] = own.greedy
        notes = unmatched(self.con, self.workspace.config, self.actions)
        notes += [FROM_EVENTS] if judged.from_events else []
        notes += [AS_GREEDY] if policy.practice.terms.method in BY_DRAWS else []
        notes += _unknown_then("eligible_when, applicable_when or [guardrails]", policy.names_used)
        file = self.workspace.config.evaluate.rules
        if file is not None:
            rules = read_rules(file, expression_kinds(policy.bundle), judged.candidates)
            found["rules"] = rule_choices(policy, judged, rules)
            notes += _unknown_then("the rules", rule_names(rules))
        return found, notes

    def challenger(
        self, other: Policy, policy: Policy, judged: Judged, from_us: int, known: Posterior | None
    ) -> Policies:
        """What another version would have done at the same decisions, as its own features describe them."""
        same = other.bundle.features == policy.bundle.features
        described = judged if same else self.read(other, from_us)
        assert described is not None
        return chances(other, described, posterior=known, kept=judged.checked.kept).exploring

    def segments(self, judged: Judged) -> dict[str, NDArray[np.object_]]:
        """The segment of each decision, by name of the attribute; numbers by quarters."""
        groups: dict[str, NDArray[np.object_]] = {}
        for name in self.workspace.config.evaluate.segments:
            values = segment_of(judged, name)
            if values is None:
                raise ConfigError([unknown_segment(self.workspace.config, name, judged.names)])
            groups[name] = values
        return groups


def _learned_since(posterior: Posterior | None, judged: Judged, twin: Twin | None) -> list[str]:
    """Say where the fast learner in force may know decisions that are judged: it learns from nbatool's own."""
    own = any(name.startswith("nbatool/") for name in judged.policies)
    return [LEARNED_SINCE] if own and posterior is not None and twin is None else []


def _unknown_then(where: str, names: frozenset[str]) -> list[str]:
    """Say which names are not known of past moments: what reads them is judged as if nobody had a value."""
    lost = sorted(names & {*VALUE_SCORES, SEGMENT})
    if not lost:
        return []
    return [f"{where}: {', '.join(lost)} is not known of past decisions and taken as unknown in all of them"]
