"""The places of a live decision: a choice, a slate whose every place has its chance, or the caller's own choice."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from decided import decided, policy_of

from nbatool.base.errors import DataError
from nbatool.decide.arms import ARMS, ArmShares
from nbatool.decide.exploration import ExplorationTerms
from nbatool.decide.recording import record_of
from nbatool.decide.request import Question
from nbatool.decide.selection import Practice
from nbatool.decide.slots import slots_of
from nbatool.ingest.live_log import SHOWN, decision_rows
from nbatool.store.decision_record import Slot

TERMS = ExplorationTerms("epsilon", share=0.3, min_probability=0.05, max_loss=100.0)
EXPLORING = policy_of(Practice(TERMS))
WITH_ARMS = policy_of(Practice(TERMS, ArmShares("spring", control=0.2, component_arms=0.3)))
APPRENTICE = policy_of(Practice(TERMS, apprentice=True))
UPLIFT = [1.0, 3.0, 2.0]


def asked(**more: Any) -> Question:
    return Question(**{"request_id": None, "customer_id": "c1", "as_of_us": 0, **more})


def slots(policy: Any, name: str = "d_1", **more: Any) -> list[Slot]:
    question = asked(**more)
    return slots_of(policy, question, decided(policy, UPLIFT, question.customer_id, name), name)


def test_a_decision_has_one_place_with_both_chances() -> None:
    decision = decided(WITH_ARMS, UPLIFT)
    (slot,) = slots(WITH_ARMS, top=3)
    at = 3 if decision.chosen[0] < 0 else int(decision.chosen[0])
    assert slot == Slot(at, decision.probability_in_arm[0, at], decision.probability[0, at])


def test_a_slate_shows_an_action_once_and_ends_with_nothing() -> None:
    seen: Counter[tuple[int, ...]] = Counter()
    for k in range(400):
        places = slots(EXPLORING, f"d_{k}", slate=True, top=3)
        seen[tuple(slot.candidate for slot in places)] += 1
    assert all(not {1, 2} <= set(shown) for shown in seen)  # mail goes out on one of its channels
    assert all(3 not in shown[:-1] and len(shown) <= 3 for shown in seen)
    assert {(1, 0, 3), (2, 0, 3), (3,)} <= set(seen)


def test_the_places_of_a_slate_have_the_chances_they_are_filled_with() -> None:
    """Over many slates each one is as frequent as the product of its places' chances."""
    n = 6_000
    seen: Counter[tuple[int, ...]] = Counter()
    chance = {}
    for k in range(n):
        places = slots(EXPLORING, f"d_{k}", slate=True, top=2)
        shown = tuple(slot.candidate for slot in places)
        seen[shown] += 1
        product = 1.0
        for slot in places:
            assert slot.probability is not None
            assert slot.probability == slot.probability_in_arm
            product *= slot.probability
        chance[shown] = product
    assert sum(chance.values()) == pytest.approx(1.0)
    for shown, p in chance.items():
        assert abs(seen[shown] / n - p) < 4 * (p * (1 - p) / n) ** 0.5


def test_a_slate_in_an_experiment_has_the_chance_over_all_arms() -> None:
    """In control nothing is shown; that the same nothing could have come from other arms is in its overall chance."""
    control = next(
        f"c{i}" for i in range(99) if ARMS[decided(WITH_ARMS, UPLIFT, f"c{i}").arm[0]] == "control"
    )
    decision = decided(WITH_ARMS, UPLIFT, control)
    (slot,) = slots(WITH_ARMS, customer_id=control, slate=True, top=3)
    assert (slot.candidate, slot.probability_in_arm) == (3, 1.0)
    assert slot.probability == pytest.approx(decision.probability[0, 3])
    assert slot.probability == pytest.approx(0.2 + 0.5 * 0.1 + 0.1 / 4)
    stranger = slots(WITH_ARMS, customer_id=None, slate=True, top=3)
    assert all(slot.probability == slot.probability_in_arm for slot in stranger)


def test_an_apprentice_takes_what_the_caller_chose_with_a_chance_nobody_knows() -> None:
    assert slots(APPRENTICE, choice="coupon") == [Slot(0, None, None)]
    assert slots(APPRENTICE, choice="mail") == [Slot(1, None, None)]
    assert slots(APPRENTICE, choice="mail", channel="sms") == [Slot(2, None, None)]
    assert slots(APPRENTICE, choice="nothing", channel="sms") == [Slot(3, None, None)]
    first = {"actions": frozenset({"mail", "coupon"}), "asked": ("mail", "coupon")}
    assert slots(APPRENTICE, **first) == [Slot(1, None, None)]
    together = policy_of(Practice(TERMS, apprentice=True), every_channel=True)
    question = asked(choice="mail", channel="sms")
    assert slots_of(together, question, decided(together, UPLIFT[:2]), "d_1") == [Slot(1, None, None)]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({}, "say what you would do"),
        ({"choice": "mial"}, 'the catalogue has no "mial"; did you mean "mail"?'),
        ({"choice": "zz"}, 'the catalogue has no "zz"; known are coupon, mail, nothing'),
        ({"choice": "mail", "channel": "web"}, '"mail" does not go out by "web" \\(but by email, sms\\)'),
    ],
)
def test_an_apprentice_says_what_is_missing(said: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        slots(APPRENTICE, **said)


def rows_of(policy: Any, name: str = "d_1", **more: Any) -> list[dict[str, Any]]:
    question = asked(**more)
    decision = decided(policy, UPLIFT, question.customer_id, name)
    filled = slots_of(policy, question, decision, name)
    record = record_of(
        policy, question, decision, slots=filled, decision_id=name, seed=0, model_version="v", closes_us=9
    )
    return decision_rows(record)


def test_a_slate_is_logged_place_by_place() -> None:
    name = next(
        f"d_{k}"
        for k in range(99)
        if [s.candidate for s in slots(EXPLORING, f"d_{k}", slate=True, top=3)] == [1, 0, 3]
    )
    first, second, third = rows_of(EXPLORING, name, slate=True, top=3)
    assert [(r["slot"], r["action_id"], r["channel"]) for r in (first, second, third)] == [
        (1, "mail", "email"), (2, "coupon", "web"), (3, "nothing", None),
    ]  # fmt: skip
    assert first["probabilities"][1] == pytest.approx(first["probability"])
    assert sum(first["probabilities"]) == pytest.approx(1.0)
    # What stands above could not be chosen again; the chances of the others there are not kept.
    assert (second["probabilities"], third["probabilities"]) == (None, None)
    assert [r["removed"] for r in (first, second, third)] == [
        [0, 0, 0, 0], [0, SHOWN, SHOWN, 0], [SHOWN, SHOWN, SHOWN, 0],
    ]  # fmt: skip


@pytest.mark.parametrize("method", ["thompson", "optimistic"])
def test_a_slate_of_drawn_beliefs_logs_the_chances_it_was_filled_with(method: Any) -> None:
    drawn = ExplorationTerms(method, share=0.3, min_probability=0.05, max_loss=100.0, gamma=1.0, spread=1.0)
    for shares in (ArmShares(), ArmShares("spring", control=0.2, component_arms=0.3)):
        policy = policy_of(Practice(drawn, shares))
        plain = policy_of(Practice(TERMS, shares))
        question = asked(slate=True, top=2)
        decision = decided(plain, UPLIFT)
        filled = slots_of(policy, question, decision, "d_1")
        record = record_of(
            policy, question, decision, slots=filled, decision_id="d_1", seed=0, model_version="v", closes_us=9
        )  # fmt: skip
        row = decision_rows(record)[0]
        assert row["probabilities"][filled[0].candidate] == pytest.approx(filled[0].probability)
        assert sum(row["probabilities"]) == pytest.approx(1.0)


def test_an_apprentice_logs_no_chance_of_anything() -> None:
    (row,) = rows_of(APPRENTICE, choice="coupon")
    assert (row["action_id"], row["probability"], row["probability_in_arm"]) == ("coupon", None, None)
    assert row["probabilities"] is None
