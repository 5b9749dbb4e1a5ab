"""Explaining one decision: it is made again by the model in force, and every part of it put into words."""

from __future__ import annotations

import json
import math
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nbatool.base.records import NOTHING
from nbatool.decide.arms import ARMS
from nbatool.decide.assemble import champion_policy
from nbatool.decide.batch import ScoredChunk, circumstances_of, population, score_chunks
from nbatool.decide.charged_as_published import charged_as_published
from nbatool.decide.contributions import Contributions, uplift_contributions
from nbatool.decide.decision import STEPS, Decision
from nbatool.decide.expected import Expectation
from nbatool.decide.explanation import Explanation, Ranked
from nbatool.decide.net_value_terms import ROUNDING, Term, net_value_terms
from nbatool.decide.policy import Policy
from nbatool.decide.published import InForceTerms, terms_in_force
from nbatool.decide.reasons import SINCE, Reasons
from nbatool.features.known import require_known
from nbatool.features.meanings import PAIR_WINDOWS, meanings, values_of
from nbatool.features.pairs import DIMENSIONS
from nbatool.ingest.catalogue import load_catalogue
from nbatool.ingest.drain import drain_journal
from nbatool.models.posterior import Posterior
from nbatool.models.posterior_arms import fitted
from nbatool.profile.present import present_us
from nbatool.store.night_decisions import NightReader, night_file
from nbatool.store.online import OnlineStore
from nbatool.store.warehouse import open_warehouse

if TYPE_CHECKING:
    from nbatool.store.workspace import Workspace

LEFT_NO_ROOM = "limits or contacts made meanwhile left no room for it"
"""Where a file of an earlier version does not say more."""
ITSELF = "the action itself"
"""What its name, kind, channel and terms add, whatever is known about the customer."""


def explain_customer(
    workspace: Workspace, customer_id: str, *, as_of_us: int | None = None, action: str | None = None
) -> Explanation:
    """Explain what is best for a customer at a moment, by the model in force.

    The caller holds the workspace lock.

    Parameters
    ----------
    as_of_us
        The moment; None for the present.
    action
        Explain this action, called by id or name, rather than the best one.

    Raises
    ------
    DataError
        The customer is not known before the moment; no model is trained.
    UsageError
        The catalogue has no such action, or several of that name.
    """
    version, policy = champion_policy(workspace, load_catalogue(workspace.config))
    asked = None if action is None else policy.catalogue.action_called(action)
    with open_warehouse(workspace) as warehouse:
        drain_journal(workspace, warehouse)
        moment = present_us(warehouse.con, workspace.config, as_of_us)
        require_known(warehouse.con, customer_id, moment)
        people = population(warehouse.con, workspace.config, policy, as_of_us=moment, only=[customer_id])
        in_force = terms_in_force(workspace, version)
        policy = replace(policy, practice=in_force.practice)
        posterior = fitted(in_force.posterior, policy.candidates)
        with closing(OnlineStore(workspace.online_path)) as online:
            told = circumstances_of(people, workspace.config, policy, online)
            told, note = charged_as_published(told, policy, in_force, online.ledger, moment)
        (chunk,) = score_chunks(people, policy, threads=1, seed=in_force.seed, posterior=posterior, told=told)
    taken_out = _taken_out(workspace, in_force, chunk)
    return explained(
        policy, chunk, customer_id, moment, version, asked, posterior, taken_out=taken_out, note=note
    )


def _taken_out(workspace: Workspace, in_force: InForceTerms, chunk: ScoredChunk) -> str | None:
    """Why the night in force drew a contact for this customer and moment and could not make it; None where it could."""
    chosen, subjects = int(chunk.decision.chosen[0]), chunk.subjects
    publication = in_force.publication
    if publication is None or chosen < 0 or publication.cut_us != int(chunk.customers.as_of_us[0]):
        return None
    file = workspace.data_dir / night_file(publication.state)
    if not file.is_file():
        return None
    with closing(NightReader(file)) as night:
        logged = night.logged(subjects.decision_ids[0])
        words = night.taken_out(subjects.decision_ids[0])
        if words is not None or logged is None:
            return words
        is_nothing = night.terms.candidates[logged.chosen][0] == NOTHING
        return LEFT_NO_ROOM if is_nothing and logged.chances is None else None


def explained(
    policy: Policy,
    chunk: ScoredChunk,
    customer_id: str,
    as_of_us: int,
    version: str,
    action: str | None = None,
    posterior: Posterior | None = None,
    *,
    taken_out: str | None = None,
    note: str | None = None,
) -> Explanation:
    """Explain the first decision of a chunk.

    Parameters
    ----------
    action
        Explain this one, called by its id.
    posterior
        What the decision was made with.
    taken_out
        Why the contact that was drawn could not be made; None where it could.
    note
        What the net values leave out.
    """
    decision, scores = chunk.decision, {name: _plain(values[0]) for name, values in chunk.scores.items()}
    offers = [_ranked(policy, chunk, scores, j) for j in range(len(policy.catalogue.offers))]
    drawn = int(decision.chosen[0])
    chosen = drawn if taken_out is None else -1
    about = _about(policy, decision, action)
    order = [int(j) for j in decision.order[0] if j != about]
    found = Explanation(
        customer_id, as_of_us, version,
        chosen=offers[chosen] if chosen >= 0 else None,
        about=None if about is None else offers[about],
        terms=() if about is None else net_value_terms(policy, decision, about, chunk.told),
        mattered=() if about is None else _mattered(policy, chunk, about),
        expected_nothing=float(decision.nothing[0]),
        ranked=tuple(offers[j] for j in order if offers[j].removed_by is None),
        removed=tuple(offers[j] for j in order if offers[j].removed_by is not None),
        scores=scores,
        by_propensity=policy.by_propensity,
        allow_nothing=policy.catalogue.allow_nothing,
        horizon_s=None if policy.bundle.clv is None else json.loads(policy.bundle.clv)["settings"]["horizon_s"],
        arm=ARMS[decision.arm[0]],
        probability=float(decision.probability_in_arm[0, chosen]),
        uplift_se=None if about is None else _uplift_se(policy, chunk, about, posterior),
        asked=action,
        taken_out=replace(offers[drawn], removed_by=taken_out) if taken_out and drawn >= 0 else None,
        note=note,
    )  # fmt: skip
    if found.set_against is None:
        return found
    against = drawn if found.taken_out is not None else offers.index(found.set_against)
    terms = net_value_terms(policy, decision, against, chunk.told)
    return replace(found, set_against_terms=terms)


def _uplift_se(policy: Policy, chunk: ScoredChunk, j: int, posterior: Posterior | None) -> float | None:
    """How sure the uplift of an offer is: the model's error and what is still open about the correction to it."""
    bundle, decision = policy.bundle, chunk.decision
    if bundle.outcome is None or bundle.decision is None:
        return None
    columns = Expectation(bundle, policy.catalogue).columns
    encoded = bundle.customer.encode(chunk.customers)
    x = bundle.decision.of_candidates(chunk.customers, encoded, columns, policy.catalogue.actions)
    of_model = float(bundle.outcome.uplift_se(x, len(columns), decision.modelled[:, -1])[0, j])
    open_still = 0.0 if posterior is None else float(posterior.uplift_sd(decision.phi, j)[0])
    return math.hypot(of_model, open_still)


def _plain(value: Any) -> float | str | None:
    if value is None or isinstance(value, str):
        return value
    return None if value != value else float(value)


def _ranked(policy: Policy, chunk: ScoredChunk, scores: dict[str, Any], j: int) -> Ranked:
    decision, offer = chunk.decision, policy.catalogue.offers[j]
    step, goes_us = int(decision.removed[0, j]), int(chunk.send_at_us[0, j])
    rule = 0 if chunk.review is None or step else int(chunk.review[0, j])
    reasons = Reasons(policy)
    return Ranked(
        offer.action.id, offer.action.name, offer.channel, float(decision.net_value[0, j]),
        policy.known_uplift(decision, 0, j), float(decision.expected[0, j]),
        reasons.removed(
            chunk.customers, scores, decision, 0, j, told=chunk.told, customer_id=chunk.subjects.customer_ids[0]
        ),
        STEPS[step - 1] if step else None,
        reasons.needs_review(chunk.customers, scores, 0, j, rule - 1) if rule else None,
        goes_us if not step and goes_us > int(chunk.customers.as_of_us[0]) else None,
    )  # fmt: skip


def _about(policy: Policy, decision: Decision, action: str | None) -> int | None:
    """The offer to explain; of an action's channels the possible one that is worth most."""
    offers = policy.catalogue.offers
    if action is None:
        chosen, possible = int(decision.chosen[0]), decision.possible(0)
        return chosen if chosen >= 0 else possible[0] if possible else None
    own = [j for j, offer in enumerate(offers) if offer.action.id == action]
    return max(own, key=lambda j: (decision.removed[0, j] == 0, decision.net_value[0, j]))


def _mattered(policy: Policy, chunk: ScoredChunk, j: int) -> tuple[Term, ...]:
    """What each feature adds to the uplift, in words; the columns that describe the action are one part."""
    customers = chunk.customers
    encoded = policy.bundle.customer.encode(customers)
    found = uplift_contributions(Expectation(policy.bundle, policy.catalogue), customers, encoded, j)
    words = _words(policy, chunk, found)
    parts = [
        Term(words[name], float(money), name)
        for name, money in zip(found.names, found.money, strict=True)
        if name in words and money
    ]
    itself = float(sum(m for name, m in zip(found.names, found.money, strict=True) if name not in words))
    if itself:
        parts.append(Term(ITSELF, itself))
    if found.base:
        parts.append(Term("what the average customer brings", found.base))
    since = float(chunk.decision.uplift[0, j]) - sum(part.money for part in parts)
    if abs(since) > ROUNDING:
        parts.append(Term(SINCE, since))
    return tuple(sorted(parts, key=lambda part: (-abs(part.money), part.words)))


def _words(policy: Policy, chunk: ScoredChunk, found: Contributions) -> dict[str, str]:
    """Meaning and value of every column about the customer, alone or with the action."""
    features = policy.bundle.features
    said = {m.name: m.meaning for m in meanings(features)}
    own = {a.name: a for a in features.attributes}
    words = {}
    for name, (_, value) in values_of(features, chunk.customers, 0).items():
        if name in own:
            label = f"days_since_{name}" if own[name].type == "time" else name
            words[label] = f"{name.replace('_', ' ')}: {value}"
        else:
            words[name] = f"{said[name]}: {value}"
    x = dict(zip(found.names, found.x, strict=True))
    for dimension in DIMENSIONS:
        for name in features.pairs.names(dimension, PAIR_WINDOWS):
            if name in x:
                value = "never" if x[name] != x[name] else f"{x[name]:,.4g}"
                words[name] = f"{said[name]}: {value}"
    return words
