"""Laws 3 and 5 on random configurations: what guardrails forbid never happens, with no chance at all, and is named right.

A decision over random catalogues, rules, customers and experiments is held against a plain reading of the rules
(`guardrail_twin`): the step that removed each offer, what is left to choose among, and the chances of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import pytest
from guardrail_twin import goes_out_us, removed_by
from guardrail_worlds import Maker, World, circumstances_of, decide, tree_of
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nbatool.decide import compile_guardrails as compiling
from nbatool.decide import contact_rules, funnel
from nbatool.decide.arms import ARMS, CONTROL, POLICY, RANDOM, arm_of
from nbatool.decide.decision import STEPS, Decision
from nbatool.decide.policy import Policy

ROUNDING = 1e-12
FIELDS = ("removed", "chosen", "net_value", "order", "probability", "probability_in_arm", "arm")
seeds = (st.integers(0, 2**63), st.integers(1, 4), st.integers(1, 4), st.integers(0, 8))


@pytest.fixture(autouse=True, scope="module")
def compiled_once() -> Iterator[None]:
    """Conditions are few and parsing one takes a millisecond: each is compiled once for all worlds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiling, "compile_expression", lambda text, _: tree_of(text))
        yield


def holds(seed: int, n_actions: int, n_people: int, n_rules: int) -> None:
    world = Maker(seed).world(n_actions, n_people, n_rules)
    policy = world.policy()
    made = decide(world, policy, world.people)
    names_the_first_step(world, made)
    chooses_what_is_left(world, policy, made)
    chances_are_right(world, policy, made)
    waits_for_the_end_of_quiet_hours(world, policy, made)
    rows_stand_alone(world, policy, made, seed)
    arrays_say_the_same(world, policy, made)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(*seeds)
def test_ten_thousand_configurations_hold(seed: int, n_actions: int, n_people: int, n_rules: int) -> None:
    holds(seed, n_actions, n_people, n_rules)


@settings(max_examples=200, deadline=None)
@given(*seeds)
@example(0, 1, 1, 0)
def test_configurations_hold(seed: int, n_actions: int, n_people: int, n_rules: int) -> None:
    holds(seed, n_actions, n_people, n_rules)


def test_every_step_removes_something_in_random_worlds() -> None:
    """The laws look at every step: a step no world reaches would be a law about nothing."""
    assert reached() == {*STEPS, ""}


@lru_cache(maxsize=1)
def reached() -> set[str]:
    found: set[str] = set()
    for seed in range(300):
        world = Maker(seed).world(3, 3, 6)
        found |= {
            STEPS[c - 1] if c else "" for c in np.unique(decide(world, world.policy(), world.people).removed)
        }
    return found


def names_the_first_step(world: World, made: Decision) -> None:
    for row, person in enumerate(world.people):
        for j, offer in enumerate(world.offers):
            code = int(made.removed[row, j])
            said = STEPS[code - 1] if code else ""
            assert said == removed_by(world, person, j), (person, offer)


def chooses_what_is_left(world: World, policy: Policy, made: Decision) -> None:
    n_offers = len(world.offers)
    left = policy.worth(made).possible
    assert (left[:, :-1] == (made.removed == 0)).all()
    for row, person in enumerate(world.people):
        chosen = int(made.chosen[row])
        offers_left = [j for j in range(n_offers) if made.removed[row, j] == 0]
        assert left[row, -1] == (world.allow_nothing or not offers_left)
        assert made.possible(row) == [int(j) for j in made.order[row]][: len(offers_left)]
        assert chosen in offers_left or chosen == -1
        arm = arm_of(person.id, world.practice.experiment)
        assert made.arm[row] == arm
        if arm == CONTROL:
            assert chosen == -1
        elif chosen == -1:
            assert left[row, -1], "nothing is chosen though the catalogue forbids it"
        for j, offer in enumerate(world.offers):
            action = offer.action
            worth = action.lever * made.uplift[row, j] - action.cost
            worth = worth - action.cost_per_conversion * person.conversion[j]
            assert made.net_value[row, j] == worth - (0.0 if world.charge is None else world.charge[j])
        if arm == POLICY and world.practice.terms.method == "greedy":
            most = max([made.net_value[row, j] for j in offers_left], default=0.0)
            silent = not offers_left or (world.allow_nothing and most <= 0.0)
            assert (chosen == -1) == silent
            assert silent or made.net_value[row, chosen] == most


def chances_are_right(world: World, policy: Policy, made: Decision) -> None:
    within, overall = made.probability_in_arm, made.probability
    left, terms, shares = policy.worth(made).possible, world.practice.terms, world.practice.experiment.shares
    gone = np.column_stack([made.removed != 0, np.zeros(len(left), np.bool_)])
    by_policy = policy.distribution(made)
    for chances in (within, overall, by_policy):
        assert (chances >= 0.0).all()
        assert (chances[gone] == 0.0).all()
        assert np.abs(chances.sum(axis=1) - 1.0).max() <= ROUNDING
    assert (overall + ROUNDING >= shares[POLICY] * by_policy).all()
    for row in range(len(left)):
        chosen, arm = int(made.chosen[row]), int(made.arm[row])
        assert within[row, chosen] > 0.0
        assert overall[row, chosen] > 0.0
        if arm == CONTROL:
            assert within[row, -1] == 1.0
        elif not left[row, -1]:
            assert within[row, -1] == 0.0
            assert overall[row, -1] == pytest.approx(shares[CONTROL], abs=ROUNDING)
        if arm == RANDOM:
            assert within[row, left[row]] == pytest.approx(1 / left[row].sum())
        elif arm == POLICY:
            assert within[row].tolist() == by_policy[row].tolist()
        elif ARMS[arm] in {"model_only", "rules_only", "control"}:
            assert within[row].max() == 1.0
        floors_hold(by_policy[row], policy.worth(made).net_value[row], left[row], terms)


def floors_hold(chance: np.ndarray, worth: np.ndarray, left: np.ndarray, terms: object) -> None:
    """Share and least probability over what is left: what was removed takes nothing from the others."""
    from nbatool.decide.exploration_terms import ExplorationTerms

    assert isinstance(terms, ExplorationTerms)
    places = np.flatnonzero(left).tolist()
    last = len(worth) - 1
    most = max(worth[j] for j in places)
    best = last if left[last] and worth[last] == most else next(j for j in places if worth[j] == most)
    others = [j for j in places if j != best and worth[j] >= -terms.max_loss]
    assert all(chance[j] == 0.0 for j in places if j != best and j not in others)
    k = len(others) + 1
    if terms.method == "greedy" or k == 1:
        assert chance[best] == 1.0
        return
    share = min(terms.share, (k - 1) / k)
    floor = min(terms.min_probability, share / (k - 1))
    assert 1.0 - chance[best] <= share + ROUNDING
    assert all(chance[j] >= floor - ROUNDING for j in others)
    if terms.method == "epsilon":
        assert all(chance[j] == pytest.approx(share / (k - 1), abs=ROUNDING) for j in others)
    else:
        assert all(chance[i] >= chance[j] - ROUNDING for i in others for j in others if worth[i] >= worth[j])


def waits_for_the_end_of_quiet_hours(world: World, policy: Policy, made: Decision) -> None:
    told = circumstances_of(world, policy, world.people)
    goes = policy.guardrails.send_at_us(np.array([p.as_of_us for p in world.people]), told)
    for row, person in enumerate(world.people):
        for j in made.possible(row):
            assert goes[row, j] == goes_out_us(world, person, world.offers[j].channel)
            assert not world.live or goes[row, j] == person.as_of_us


def arrays_say_the_same(world: World, policy: Policy, made: Decision) -> None:
    """Few customers are looked up one by one, many in arrays."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(funnel, "FEW_ROWS", 0)
        patch.setattr(contact_rules, "FEW_A_RULE", 0)
        in_arrays = decide(world, policy, world.people)
    assert in_arrays.removed.tolist() == made.removed.tolist()


def rows_stand_alone(world: World, policy: Policy, made: Decision, seed: int) -> None:
    """One row gives the bits of many rows, in any order."""
    order = np.random.default_rng(seed).permutation(len(world.people))
    mixed = decide(world, policy, [world.people[i] for i in order])
    one = int(order[0])
    alone = decide(world, policy, [world.people[one]])
    for name in FIELDS:
        assert getattr(mixed, name).tobytes() == getattr(made, name)[order].tobytes(), name
        assert getattr(alone, name).tobytes() == getattr(made, name)[one : one + 1].tobytes(), name
