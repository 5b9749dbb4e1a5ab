from __future__ import annotations

import json
import math
from fractions import Fraction

import numpy as np
import pytest

from nbatool.base.seeds import hash64
from nbatool.decide.arm_probabilities import Worth, arm_probabilities, overall
from nbatool.decide.arms import (
    ARMS,
    COMPONENTS,
    CONTROL,
    MODEL_ONLY,
    POLICY,
    RANDOM,
    RULES_ONLY,
    WHOLE,
    ArmShares,
    _below,
    _places,
    arm_of,
    arms_of,
)
from nbatool.decide.exploration import ExplorationTerms, probabilities
from nbatool.decide.odds import odds

IDS = [f"customer-{i}" for i in range(200_000)]
AUTUMN = ArmShares("autumn", control=0.1, component_arms=0.06)


@pytest.fixture(scope="module")
def autumn() -> np.ndarray:
    return arms_of(IDS, AUTUMN)


def test_shares_are_as_asked(autumn: np.ndarray) -> None:
    """Within 4.5 binomial standard errors, and disjoint by having one number each."""
    for arm, share in enumerate(AUTUMN.shares):
        error = math.sqrt(share * (1 - share) / len(IDS))
        assert abs((autumn == arm).mean() - share) < 4.5 * error, ARMS[arm]


def test_thresholds_are_exact_to_64_bits() -> None:
    """The number of places on the line, over 2^64, is the share to the last bit of the line."""
    for control, components in (
        (0.1, 0.06),
        (1 / 3, 1 / 7),
        (0.0, 1.0),
        (1.0, 0.0),
        (0.9, 0.1),
        (2.0**-60, 0.0),
    ):
        asked = ArmShares("x", control, components)
        taken = asked.control_below + (WHOLE - asked.components_from)
        assert taken <= WHOLE
        assert abs(Fraction(asked.control_below, WHOLE) - Fraction(control)) < Fraction(1, WHOLE)
        # Where both fill the line, the two shares as binary fractions may be a hair more than 1.
        hair = Fraction(1, 2**53)
        assert abs(Fraction(WHOLE - asked.components_from, WHOLE) - Fraction(components)) < hair
        assert asked.shares.sum() == pytest.approx(1.0, abs=1e-15)
    edge = np.array([0, 2**63 - 1, 2**63, 2**64 - 1], dtype=np.uint64)
    assert _below(edge, 2**63).tolist() == [True, True, False, False]
    assert _below(edge, WHOLE).all()
    assert not _below(edge, 0).any()


def test_many_are_one_by_one(autumn: np.ndarray) -> None:
    some: list[str | None] = [*IDS[:3000], None, "", "ü 😀", "\ud800"]
    assert arms_of(some, AUTUMN).tolist() == [arm_of(i, AUTUMN) for i in some]
    names = [i for i in some if i is not None]
    assert _places("arm", "autumn", names).tolist() == [hash64("arm", "autumn", i) for i in names]
    assert arms_of([], AUTUMN).tolist() == []


def test_the_first_customers_keep_their_arm_for_ever() -> None:
    """Written down once: if this changes, every running experiment would be drawn anew."""
    half = ArmShares("autumn", control=0.3, component_arms=0.6)
    assert (
        "".join(str(arm_of(f"c{i}", half)) for i in range(40)) == "2132103111343211112101301332111133033213"
    )


@pytest.mark.parametrize(
    ("control", "components", "moved"),
    [(0.15, 0.06, 0.05), (0.05, 0.06, 0.05), (0.1, 0.12, 0.06), (0.1, 0.0, 0.06)],
)
def test_a_changed_share_moves_as_few_as_possible(
    autumn: np.ndarray, control: float, components: float, moved: float
) -> None:
    after = arms_of(IDS, ArmShares("autumn", control, components))
    changed = autumn != after
    assert changed.mean() == pytest.approx(moved, abs=4.5 * math.sqrt(moved / len(IDS)))
    # Everybody who moves comes from the policy or goes to it: nobody between two other arms.
    assert ((autumn == POLICY) | (after == POLICY))[changed].all()
    # In one direction only: an arm that grows loses nobody.
    for arm in range(1, len(ARMS)):
        before, now = autumn == arm, after == arm
        assert not ((before & ~now).any() and (now & ~before).any())


def test_another_name_draws_anew(autumn: np.ndarray) -> None:
    """Arms of two experiments are independent: of control's customers, a tenth is control in the other."""
    spring = arms_of(IDS, ArmShares("spring", control=0.1, component_arms=0.06))
    both = ((autumn == CONTROL) & (spring == CONTROL)).sum() / (autumn == CONTROL).sum()
    assert abs(both - 0.1) < 4.5 * math.sqrt(0.09 / 20_000)


def test_an_anonymous_visitor_gets_the_policy() -> None:
    assert arm_of(None, ArmShares("x", control=1.0)) == POLICY
    assert arms_of([None, "a"], ArmShares("x", control=1.0)).tolist() == [POLICY, CONTROL]


def test_wrong_shares_are_refused() -> None:
    for control, components in ((-0.1, 0.0), (0.0, 1.1), (0.6, 0.5), (math.nan, 0.0)):
        with pytest.raises(ValueError, match="share"):
            ArmShares("x", control, components)
    assert ArmShares.from_json(json.loads(json.dumps(AUTUMN.to_json()))) == AUTUMN


# Two offers, then nothing. The best by net value is the second, by uplift the first, by lever the second.
WORTH = Worth(
    net_value=np.array([[1.0, 2.0, 0.0], [-1.0, -2.0, 0.0], [5.0, 9.0, 0.0]]),
    uplift=np.array([[3.0, 1.0, 0.0], [-0.5, -1.0, 0.0], [5.0, 9.0, 0.0]]),
    lever=np.array([1.0, 4.0, 0.0]),
    possible=np.array([[True, True, True], [True, True, True], [False, False, False]]),
)


def test_what_each_arm_chooses() -> None:
    third = [1 / 3] * 3
    assert arm_probabilities(CONTROL, WORTH).tolist() == [[0.0, 0.0, 1.0]] * 3
    assert arm_probabilities(RANDOM, WORTH).tolist() == [third, third, [0.0] * 3]
    assert arm_probabilities(MODEL_ONLY, WORTH).tolist() == [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0] * 3]
    assert arm_probabilities(RULES_ONLY, WORTH).tolist() == [[0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0] * 3]
    greedy = arm_probabilities(POLICY, WORTH, ExplorationTerms())
    assert greedy.tolist() == [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0] * 3]
    for arm in (-1, 5):
        with pytest.raises(ValueError, match="no arm"):
            arm_probabilities(arm, WORTH)


def test_a_lever_of_zero_switches_an_offer_off() -> None:
    off = Worth(WORTH.net_value, WORTH.uplift, np.zeros(3), WORTH.possible)
    assert arm_probabilities(RULES_ONLY, off)[0].tolist() == [0.0, 0.0, 1.0]


def test_control_is_silent_where_silence_is_not_allowed() -> None:
    must = Worth(WORTH.net_value[:2], WORTH.uplift[:2], WORTH.lever, np.array([[True, True, False]] * 2))
    assert arm_probabilities(CONTROL, must).tolist() == [[0.0, 0.0, 1.0]] * 2
    assert arm_probabilities(RANDOM, must).tolist() == [[0.5, 0.5, 0.0]] * 2


def test_overall_is_the_mixture_by_shares() -> None:
    terms = ExplorationTerms("epsilon", share=0.1, min_probability=0.01, max_loss=1.0)
    within = np.stack([arm_probabilities(arm, WORTH, terms) for arm in range(5)])
    experiment = ArmShares("x", control=0.2, component_arms=0.3)
    by_hand = 0.5 * within[0] + 0.2 * within[1] + 0.1 * (within[2] + within[3] + within[4])
    for arm in range(5):
        given = odds(WORTH, np.full(3, arm, dtype=np.int8), experiment, terms)
        assert given.overall == pytest.approx(by_hand, abs=1e-15)
        assert given.in_arm.tobytes() == within[arm].tobytes()
    assert overall(within, experiment).tobytes() == given.overall.tobytes()
    assert given.overall[:2].sum(axis=1) == pytest.approx([1.0, 1.0], abs=1e-15)


def test_overall_is_what_happens_over_all_customers() -> None:
    """Send 100,000 customers through their arms: each candidate is chosen as often as the overall probability says."""
    n = 100_000
    experiment = ArmShares("frequency", control=0.2, component_arms=0.3)
    arm = arms_of([f"f{i}" for i in range(n)], experiment)
    terms = ExplorationTerms("epsilon", share=0.1, min_probability=0.01, max_loss=1.0)
    same = Worth(np.repeat(WORTH.net_value[:1], n, 0), np.repeat(WORTH.uplift[:1], n, 0), WORTH.lever, np.ones((n, 3), bool))  # fmt: skip
    given = odds(same, arm, experiment, terms)
    expected = given.overall[0]
    share = given.in_arm.mean(axis=0)
    assert np.abs(share - expected).max() < 4.5 * math.sqrt(0.25 / n)


def test_anonymous_decisions_are_the_policys_own() -> None:
    terms = ExplorationTerms("epsilon", share=0.1, min_probability=0.01, max_loss=1.0)
    policy = probabilities(WORTH.net_value, WORTH.possible, terms)
    known = np.array([True, False, False])
    given = odds(WORTH, np.zeros(3, dtype=np.int8), ArmShares("x", 0.5, 0.0), terms, known=known)
    assert (given.overall[0] != policy[0]).any()
    assert given.overall[1:].tobytes() == policy[1:].tobytes()
    assert set(COMPONENTS) == {RANDOM, MODEL_ONLY, RULES_ONLY}
