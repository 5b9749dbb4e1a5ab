"""Whoever reads a decision that is not simply the best one is told so: a trial, an arm, or the caller's own choice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from decided import decided, policy_of

from nbatool.decide.arms import ARMS
from nbatool.decide.decision import Decision
from nbatool.decide.how_chosen import How, how_chosen
from nbatool.decide.ranking import ranked_offers
from nbatool.decide.reasons import Reasons

POLICY = policy_of()
COUPON, EMAIL, SMS, NOTHING = range(4)


def of_arm(arm: str, uplift: list[float]) -> Decision:
    return replace(decided(POLICY, uplift), arm=np.array([ARMS.index(arm)], dtype=np.int8))


@pytest.mark.parametrize(
    ("uplift", "candidate", "chance", "said"),
    [
        ([1.0, 4.2, 2.0], EMAIL, 0.9, None),
        (
            [1.0, 4.2, 2.0], COUPON, 0.03,
            "tried to learn: chosen with probability 3 %; the best known was Mail, worth 4.20",
        ),
        (
            [1.0, 4.2, 2.0], SMS, 0.0125,
            "tried to learn: chosen with probability 1.2 %; the best known was Mail by email, worth 4.20",
        ),
        (
            [1.0, 4.2, 4.2], SMS, 0.03,
            "tried to learn: chosen with probability 3 %; the best known was Mail by email, worth 4.20",
        ),
        ([1.0, 4.2, 2.0], NOTHING, 0.001, "tried to learn: chosen with probability 0.1 %; the best known was Mail, worth 4.20"),
        ([-1.0, -2.0, -3.0], NOTHING, 0.9, None),
        ([-1.0, -2.0, -3.0], COUPON, 0.03, "tried to learn: chosen with probability 3 %; the best known was doing nothing"),
    ],
)  # fmt: skip
def test_a_trial_names_its_chance_and_the_best_known(
    uplift: list[float], candidate: int, chance: float, said: str | None
) -> None:
    found = how_chosen(POLICY, decided(POLICY, uplift), 0, candidate, chance)
    assert found == (None if said is None else How(said, names_best=True))


@pytest.mark.parametrize(
    ("arm", "said"),
    [
        ("control", "control group: never contacted"),
        ("random", "random arm: any possible action alike"),
        ("model_only", "model-only arm: by effect alone"),
        ("rules_only", "rules-only arm: by lever alone"),
    ],
)
def test_an_arm_of_the_experiment_is_named(arm: str, said: str) -> None:
    found = how_chosen(POLICY, of_arm(arm, [1.0, 4.2, 2.0]), 0, COUPON, 0.25)
    assert found is not None
    assert found.words.startswith(said)
    assert found.words.endswith("; drawn with probability 25 %") == (arm == "random")


def test_the_places_of_a_slate_look_at_what_is_left() -> None:
    """Behind the best one the next best is no trial; and the caller's own choice has no chance."""
    decision = decided(POLICY, [1.0, 4.2, 2.0])
    assert how_chosen(POLICY, decision, 0, COUPON, 0.9, shown=[EMAIL]) is None
    assert how_chosen(POLICY, decision, 0, COUPON, None) == How(
        "the caller's own choice: an apprentice only learns"
    )


class Reader(Reasons):
    """Reasons without models: nothing is known about a customer."""

    def facts(self, customers: Any, row: int) -> list[str]:  # noqa: ARG002 - what it overrides takes them
        return []


def reasons(
    uplift: list[float], offer: int, how: How | None = None, *, allow_nothing: bool = True
) -> list[str]:
    policy = policy_of(allow_nothing=allow_nothing)
    object.__setattr__(policy, "bundle", type("Models", (), {"outcome": True}))
    nobody: Any = None
    return Reader(policy).of_offer(nobody, decided(policy, uplift), 0, offer, how)


def test_what_is_worth_less_than_nothing_is_said_to_be() -> None:
    assert reasons([-1.0, -2.0, -3.0], COUPON) == [
        "-1.00 expected against nothing", "so worth 1.00 less than nothing", "best known: nothing",
    ]  # fmt: skip
    assert reasons([-1.0, -2.0, -3.0], COUPON, allow_nothing=False)[1:] == [
        "so worth 1.00 less than nothing", "runner-up: Mail, -2.00",
    ]  # fmt: skip


def test_what_is_worth_more_is_no_runner_up() -> None:
    assert reasons([1.0, 4.2, 2.0], EMAIL)[-1] == "runner-up: Coupon, 1.00"
    assert reasons([1.0, 4.2, 2.0], COUPON)[-1] == "best known: Mail, 4.20"
    assert reasons([-1.0, 4.2, 2.0], EMAIL)[-1] == "runner-up: nothing"
    tried = How("tried to learn", names_best=True)
    assert reasons([1.0, 4.2, 2.0], COUPON, tried) == ["tried to learn", "+1.00 expected against nothing"]


def test_nothing_has_its_reasons_too() -> None:
    decision = decided(POLICY, [-1.0, -2.0, -3.0])
    assert Reasons(POLICY).of_nothing(decision, 0) == [
        "no possible action is worth more than nothing: the best is Coupon, -1.00"
    ]
    gone = decided(POLICY, [1.0, 1.0, 1.0], removed=[1, 1, 1])
    assert Reasons(POLICY).of_nothing(gone, 0) == ["no action is possible now"]
    assert Reasons(POLICY).of_nothing(decision, 0, How("control group")) == ["control group"]


def test_a_list_is_of_different_actions() -> None:
    """The best channel of each, however good the other channels are; unless channels are asked for."""
    decision = decided(POLICY, [1.0, 4.2, 4.0])
    assert ranked_offers(POLICY, decision, 0, EMAIL, 3) == [EMAIL, COUPON]
    assert ranked_offers(POLICY, decision, 0, SMS, 3) == [SMS, COUPON]
    assert ranked_offers(POLICY, decision, 0, EMAIL, 3, by_channel=True) == [EMAIL, SMS, COUPON]
