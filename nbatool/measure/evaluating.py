"""``nbatool evaluate`` as one step: the log of a workspace, the policies in question, their judgement.

A version is judged on decisions it cannot have learned from. Where there are none, a twin is trained on what was
known when the last quarter of the decisions began, and judged on that quarter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nbatool.base.clock import US_PER_S, format_time
from nbatool.base.errors import ConfigError, DataError
from nbatool.base.records import Action
from nbatool.decide.assemble import bundle_policy, champion_policy, expression_kinds
from nbatool.decide.batch import SEGMENT, VALUE_SCORES
from nbatool.decide.exploration_terms import BY_DRAWS
from nbatool.decide.policy import Policy
from nbatool.decide.published import terms_in_force
from nbatool.ingest.catalogue import load_catalogue
from nbatool.ingest.drain import drain_journal
from nbatool.measure.evaluation import Evaluation, Policies, evaluate
from nbatool.measure.judged import Judged, read_judged
from nbatool.measure.policies import chances, rule_choices
from nbatool.measure.rules import read_rules, rule_names
from nbatool.models.past_decisions import tells_outcomes
from nbatool.models.train import train_bundle
from nbatool.profile.present import present_us
from nbatool.store.sql import statement
from nbatool.store.warehouse import open_warehouse

if TYPE_CHECKING:
    import duckdb

    from nbatool.base.config import Config
    from nbatool.store.workspace import Workspace

Say = Callable[[str], None]
FEWEST = 200
"""Decisions below which a twin is judged instead: too few say anything."""
FROM_EVENTS = "no decision is logged for this time: decisions were made out of contact events, and their chances are estimated"
AS_GREEDY = "a policy that draws from what is believed is judged as if it always took the best: what was believed is not kept"
JUDGED_SHARE = 0.25
"""Share of the decisions a twin is judged on: the newest."""


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
    policy = replace(policy, practice=terms_in_force(workspace, version).practice)
    other = None
    if asked.challenger is not None:
        _, other = champion_policy(workspace, actions, asked.challenger)
        other = replace(other, practice=policy.practice)
    unseen_us = max(unlearned_from_us(config, each) for each in (policy, other) if each is not None)
    from_us = unseen_us if asked.from_us is None else asked.from_us
    with ExitStack() as stack:
        warehouse = stack.enter_context(open_warehouse(workspace))
        drain_journal(workspace, warehouse)
        present = present_us(warehouse.con, config, asked.as_of_us)
        look = _Look(warehouse.con, workspace, actions, present, asked.seed, say)
        say("past decisions")
        judged, twin_us = look.read(policy, from_us), None
        # A challenger is a version as it is: beside a twin of the champion it would be judged on what it knows.
        alone = asked.from_us is None and other is None
        if alone and (judged is None or len(judged.checked.log) < FEWEST):
            judged, policy, twin_us = look.twin(policy)
        judged = _some(judged, from_us if twin_us is None else twin_us)
        policies, notes = look.policies(policy, judged)
        groups = look.segments(judged)
        if other is not None:
            policies["challenger"] = look.challenger(other, policy, judged, from_us)
        say("outcomes")
        found = evaluate(judged, policies, config.evaluate, seed=asked.seed, groups=groups)
    overlaps = twin_us is None and from_us < unseen_us
    return EvaluationReport(
        found, version, asked.challenger, twin_us, overlaps, judged.from_events, judged.anonymous, judged.policies,
        tuple(notes),
    )  # fmt: skip


def unlearned_from_us(config: Config, policy: Policy) -> int:
    """The first moment of a decision whose outcome a version cannot have learned when it was trained.

    Windows of an event were open then; outcomes that are told with a decision may have been known at once.
    """
    card = policy.bundle.card
    open_s = 0 if tells_outcomes(config) else int(card.get("outcome_window_s", 0))
    return int(card["as_of_us"]) - open_s * US_PER_S + 1


def _some(judged: Judged | None, from_us: int) -> Judged:
    """Insist on decisions that can be judged."""
    if judged is None:
        raise DataError(
            f"no closed decision is logged from {format_time(from_us)} on. Decisions come from nbatool score and "
            'decide, from a [[source]] of kind = "decisions", or from events of the role contact; with --from TIME '
            "older ones are judged, also those a version may have learned from"
        )
    if not len(judged.checked.log):
        reasons = "; ".join(f"{n:,}: {reason}" for reason, n in judged.checked.left_out.items())
        raise DataError(
            f"none of the decisions logged from {format_time(from_us)} on can be judged ({reasons}). Correct the log "
            "and load it again: nbatool ingest --full-refresh"
        )
    return judged


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

    def twin(self, policy: Policy) -> tuple[Judged | None, Policy, int | None]:
        """Train on what was known when the last quarter began, and read that quarter."""
        cut_us = self._last_quarter_us()
        if cut_us is None:
            return None, policy, None
        bundle = train_bundle(
            self.con, self.workspace.config, self.actions, as_of_us=cut_us, seed=self.seed, say=self.say
        )
        twin = bundle_policy(self.workspace.config, bundle, self.actions)
        twin = replace(twin, practice=policy.practice)
        return self.read(twin, cut_us), twin, cut_us

    def _last_quarter_us(self) -> int | None:
        config = self.workspace.config
        open_s = 0 if tells_outcomes(config) else max(o.within for o in config.objectives)
        window_us = open_s * US_PER_S
        values = {"types": list(config.roles.contact), "until_us": self.present_us - window_us + 1}
        rows = self.con.execute(statement("measure/decision_times"), values).fetchall()
        if len(rows) < 2:
            return None
        times, counts = np.array([r[0] for r in rows]), np.cumsum([r[1] for r in rows])
        # The first instant with a quarter of the decisions from it on; never the first of all.
        after = counts[-1] - np.concatenate([[0], counts[:-1]])
        enough = np.flatnonzero(after >= JUDGED_SHARE * counts[-1])
        return int(times[max(int(enough[-1]), 1)])

    def policies(self, policy: Policy, judged: Judged) -> tuple[dict[str, Policies], list[str]]:
        """What the policy and the rules would have done, and what that could not take into account."""
        self.say("policies")
        own = chances(policy, judged)
        found: dict[str, Policies] = {"champion": own.exploring}
        if not np.array_equal(own.exploring, own.greedy):
            found["greedy"] = own.greedy
        notes = [FROM_EVENTS] if judged.from_events else []
        notes += [AS_GREEDY] if policy.practice.terms.method in BY_DRAWS else []
        notes += _unknown_then("eligible_when", policy.names_used)
        file = self.workspace.config.evaluate.rules
        if file is not None:
            rules = read_rules(file, expression_kinds(policy.bundle), judged.candidates)
            found["rules"] = rule_choices(policy, judged, rules)
            notes += _unknown_then("the rules", rule_names(rules))
        return found, notes

    def challenger(self, other: Policy, policy: Policy, judged: Judged, from_us: int) -> Policies:
        """What another version would have done at the same decisions, as its own features describe them."""
        same = other.bundle.features == policy.bundle.features
        described = judged if same else self.read(other, from_us)
        assert described is not None
        return chances(other, described, kept=judged.checked.kept).exploring

    def segments(self, judged: Judged) -> dict[str, NDArray[np.object_]]:
        """The segment of each decision, by name of the attribute; numbers by quarters."""
        groups: dict[str, NDArray[np.object_]] = {}
        for name in self.workspace.config.evaluate.segments:
            values = _attribute(judged, name)
            if values is None:
                known = [*judged.names]
                raise ConfigError(
                    [
                        self.workspace.config.problem(
                            f'[evaluate] segments: "{name}" is not known of the decisions; known are {", ".join(known[:20])}',
                            "evaluate", "segments",
                        )
                    ]
                )  # fmt: skip
            groups[name] = values
        return groups


def _unknown_then(where: str, names: frozenset[str]) -> list[str]:
    """Say which names are not known of past moments: what reads them is judged as if nobody had a value."""
    lost = sorted(names & {*VALUE_SCORES, SEGMENT})
    if not lost:
        return []
    return [f"{where}: {', '.join(lost)} is not known of past decisions and taken as unknown in all of them"]


def _attribute(judged: Judged, name: str) -> NDArray[np.object_] | None:
    """An attribute of the customers at the decisions: texts as they are, numbers by quarter."""
    parts: list[Any] = []
    for first, last, found in judged.moments.chunks(50_000):
        if name in found.attributes:
            parts.append(found.attributes[name])
        elif name in judged.names:
            parts.append(np.full(last - first, np.nan))
        else:
            return None
    values = np.concatenate(parts)[judged.checked.kept]
    if values.dtype == object:
        return values
    if name in judged.names:
        values = judged.x[:, judged.names.index(name)]
    known = values[~np.isnan(values)]
    result = np.full(len(values), None, dtype=object)
    if not len(known):
        return result
    edges = np.unique(np.quantile(known, [0.25, 0.5, 0.75]))
    labels = [f"to {edges[0]:g}", *(f"{a:g} to {b:g}" for a, b in pairwise(edges))]
    labels.append(f"above {edges[-1]:g}")
    place = np.searchsorted(edges, values, side="left")
    for k, label in enumerate(labels):
        result[(place == k) & ~np.isnan(values)] = label
    return result
