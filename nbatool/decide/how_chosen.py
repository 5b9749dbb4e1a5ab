"""How one candidate came to be chosen, where it is not simply the best one: a trial, or an arm of the experiment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nbatool.base.records import NOTHING
from nbatool.decide.arms import ARMS
from nbatool.decide.decision import Decision
from nbatool.decide.policy import Policy

EVEN = 0.5
ARM_WORDS = {
    "control": "control group: never contacted, to measure what the others earn",
    "random": "random arm: any possible action alike, to measure what choosing earns",
    "model_only": "model-only arm: by effect alone, without levers, costs and prices",
    "rules_only": "rules-only arm: by lever alone, without any model",
}


def percent(chance: float) -> str:
    """Return a chance for people.

    >>> percent(0.03), percent(0.125), percent(0.0002), percent(1.0)
    ('3 %', '12.5 %', '0.02 %', '100 %')
    """
    value = 100.0 * chance
    return f"{value:.1f}".removesuffix(".0") + " %" if value >= 1.0 else f"{value:.2g} %"


def arm_words(arm: str, chance: float) -> str:
    """Return what the group of a customer is, and with which chance this was drawn in it."""
    drawn = f"; drawn with probability {percent(chance)}" if arm == "random" else ""
    return ARM_WORDS[arm] + drawn


def tried_words(chance: float, best: str, worth: str | None) -> str:
    """Return that something else than the best is tried; no ``worth``: the best known is doing nothing."""
    known = "doing nothing" if worth is None else f"{best}, worth {worth}"
    return f"tried to learn: chosen with probability {percent(chance)}; the best known was {known}"


@dataclass(frozen=True)
class How:
    """Why a candidate was chosen, in words; and whether they name the best known already."""

    words: str
    names_best: bool = False


def how_chosen(
    policy: Policy,
    decision: Decision,
    row: int,
    candidate: int,
    chance: float | None,
    shown: Sequence[int] = (),
) -> How | None:
    """Return why a candidate was chosen; None where the policy took the best it knows.

    Parameters
    ----------
    candidate
        By its index, `nothing` last.
    chance
        Its probability within the customer's arm; None where the caller chose.
    shown
        What fills the places before this one: those actions are shown once.
    """
    if chance is None:
        return How("the caller's own choice: an apprentice only learns")
    arm = ARMS[decision.arm[row]]
    if arm != "policy":
        return How(arm_words(arm, chance))
    if chance > EVEN:
        return None
    net_value, offers = decision.net_value[row], policy.catalogue.offers
    nothing = len(offers)
    gone = {offers[j].action.id for j in shown if j < nothing}
    best = next((j for j in decision.possible(row) if offers[j].action.id not in gone), None)
    if best is None:
        return None
    # Doing nothing is worth 0; where it is not allowed it may only be what is left.
    if policy.catalogue.allow_nothing and net_value[best] <= 0:
        is_best = candidate == nothing or net_value[candidate] >= 0
        return (
            None
            if not was_tried(is_best, chance)
            else How(tried_words(chance, NOTHING, None), names_best=True)
        )
    if not was_tried(candidate == best, chance):
        return None
    other = offers[best]
    same = candidate != nothing and other.action.id == offers[candidate].action.id
    name = f"{other.action.name} by {other.channel}" if same else other.action.name
    return How(tried_words(chance, name, f"{net_value[best]:,.2f}"), names_best=True)


def was_tried(is_best: bool, chance: float) -> bool:
    """Whether a choice of the policy is a trial: not the best one, nor what it would do more often than not."""
    return not is_best and chance <= EVEN
