"""What fills the places of one live decision: the choice, a slate of several, or what the caller would have done."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nbatool.base.errors import DataError, did_you_mean
from nbatool.decide.arm_probabilities import Worth, arm_probabilities, overall
from nbatool.decide.arms import ARMS
from nbatool.decide.best import NO_CANDIDATE, Bools, Floats, Indices
from nbatool.decide.catalogue import ALL_CHANNELS
from nbatool.decide.contact_rules import PastContacts, kind_of
from nbatool.decide.decision import Decision
from nbatool.decide.exploration_terms import BY_DRAWS
from nbatool.decide.guardrails import Circumstances
from nbatool.decide.policy import Policy
from nbatool.decide.request import Question
from nbatool.decide.sampling import uniform_of
from nbatool.decide.slate import Allowed, Chooser, mixed_slate, slate, slate_odds
from nbatool.store.decision_record import Slot


def slots_of(
    policy: Policy,
    question: Question,
    decision: Decision,
    decision_id: str,
    told: Circumstances | None = None,
) -> list[Slot]:
    """Return the places of a decision of one row, in order; candidates by their index, `nothing` last.

    A slate's places have probabilities given the places before. An apprentice's choice has none: with what chance the
    caller makes it nobody said.

    Parameters
    ----------
    told
        What guardrails look at: each place of a slate is a contact that those after it must keep caps and gaps to.
        None: of nobody in particular.

    Raises
    ------
    DataError
        The policy is an apprentice, and the request does not say what the caller would do.
    """
    nothing = decision.net_value.shape[1]
    if policy.practice.apprentice:
        return [Slot(_own_choice(policy, question), None, None)]
    if question.slate and question.top > 1:
        return _slate(policy, question, decision, decision_id, told)
    chosen = int(decision.chosen[0])
    at = nothing if chosen < 0 else chosen
    return [Slot(at, float(decision.probability_in_arm[0, at]), float(decision.probability[0, at]))]


def choice_warnings(policy: Policy, question: Question) -> list[str]:
    """Return what is odd about a ``choice``: only an apprentice follows it."""
    if question.choice is None or policy.practice.apprentice:
        return []
    return [
        f'choice "{question.choice}" was not followed: only an apprentice does. Set [exploration] apprentice = true in '
        "nba.toml and run nbatool score, or leave choice out"
    ]


def first_chances(policy: Policy, question: Question, decision: Decision) -> list[float] | None:
    """Return the overall chance of every candidate to fill the first place; None where the caller chose."""
    if policy.practice.apprentice:
        return None
    if not (question.slate and question.top > 1) or policy.practice.terms.method not in BY_DRAWS:
        return [float(p) for p in decision.probability[0]]
    worth = policy.worth(decision)
    arms = range(len(ARMS)) if _has_arms(policy, question) else [int(decision.arm[0])]
    found = [_chooser(policy, worth, arm)(worth.possible) for arm in arms]
    mixed = overall(np.stack(found), policy.practice.experiment) if len(found) > 1 else found[0]
    return [float(p) for p in mixed[0]]


def _own_choice(policy: Policy, question: Question) -> int:
    """What the caller would do: its `choice`, or the first of the actions it asks about."""
    wanted = question.choice or (question.asked[0] if question.asked else None)
    if wanted is None:
        raise DataError(
            'this policy is an apprentice ([exploration] apprentice = true): say what you would do, "choice": "ACTION"'
        )
    channels = {j: channel for j, (action_id, channel) in enumerate(policy.candidates) if action_id == wanted}
    for j, channel in channels.items():
        if channel is None or question.channel is None or question.channel in channel.split(ALL_CHANNELS):
            return j
    if channels:
        said = ", ".join(str(channel) for channel in channels.values())
        raise DataError(f'choice: "{wanted}" does not go out by "{question.channel}" (but by {said})')
    known = list(dict.fromkeys(action_id for action_id, _ in policy.candidates))
    hint = did_you_mean(wanted, known) or "; known are " + ", ".join(known)
    raise DataError(f'choice: the catalogue has no "{wanted}"{hint}')


def _slate(
    policy: Policy, question: Question, decision: Decision, decision_id: str, told: Circumstances | None
) -> list[Slot]:
    worth = policy.worth(decision)
    u = np.array([[uniform_of(decision_id, slot) for slot in range(question.top)]])
    group = _groups(policy)
    allowed = _after(policy, question, told)
    own = slate(
        _chooser(policy, worth, int(decision.arm[0])), worth.possible, u, question.top, group, allowed
    )
    together = own.probability
    if _has_arms(policy, question):
        found = [
            slate_odds(_chooser(policy, worth, arm), worth.possible, own.index, group, allowed).probability
            for arm in range(len(ARMS))
        ]
        together = mixed_slate(np.stack(found), policy.practice.experiment.shares)
    filled = [int(j) for j in own.index[0] if j != NO_CANDIDATE]
    return [Slot(j, float(own.probability[0, k]), float(together[0, k])) for k, j in enumerate(filled)]


def _after(policy: Policy, question: Question, told: Circumstances | None) -> Allowed | None:
    """What caps and gaps leave after the places filled; None where no rule counts contacts."""
    if told is None or not policy.guardrails.contacts.rules:
        return None
    offers, moment, past = policy.catalogue.offers, np.array([question.as_of_us]), told.contacts
    before = [(at, past.kinds[k]) for at, k in zip(past.at_us.tolist(), past.kind.tolist(), strict=True)]

    def allowed(index: Indices) -> Bools:
        shown = [(question.as_of_us, kind_of(offers[j])) for j in index[0].tolist() if 0 <= j < len(offers)]
        broken = policy.guardrails.contacts.broken(PastContacts.of_one([*before, *shown]), moment) > 0
        return np.append(~broken, [[True]], axis=1)

    return allowed


def _has_arms(policy: Policy, question: Question) -> bool:
    """Whether another arm could have decided; a visitor without a name is always the policy's."""
    return policy.practice.has_arms and question.customer_id is not None


def _chooser(policy: Policy, worth: Worth, arm: int) -> Chooser:
    # Thompson sampling and its like would need draws anew for every place; a slate is filled by inverse gaps instead.
    terms = policy.practice.terms
    if terms.method in BY_DRAWS:
        terms = replace(terms, method="inverse_gap")

    def choose(possible: Bools) -> Floats:
        return arm_probabilities(arm, replace(worth, possible=possible), terms)

    return choose


def _groups(policy: Policy) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Candidates of one action exclude each other: it is shown once, whatever the channel."""
    names = [action_id for action_id, _ in policy.candidates]
    return np.array([names.index(name) for name in names], dtype=np.int64)
