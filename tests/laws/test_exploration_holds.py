"""Law 4: whatever is explored, the probabilities are ones: they sum to one, keep every limit, and replay."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, get_args

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nbatool.decide.arm_probabilities import Worth
from nbatool.decide.arms import ArmShares, arms_of
from nbatool.decide.exploration import (
    ExplorationTerms,
    explored_of,
    probabilities,
    probabilities_by_arrays,
    sample,
    uniforms,
)
from nbatool.decide.exploration_terms import Method
from nbatool.decide.odds import odds, odds_by_arrays
from nbatool.decide.sampling import sample_by_arrays
from nbatool.decide.thompson import winning_shares
from nbatool.features.kinds import Floats
from nbatool.store.decision_record import DecisionRecord, Slot, plain

pytestmark = pytest.mark.slow

ROWS = 50
EXAMPLES = 200
"""Times ROWS: 10,000 random decisions a law."""
ROUNDING = 1e-12


@dataclass(frozen=True)
class Decisions:
    """Random decisions, some with ties, some with nothing possible, and terms to explore them by."""

    net_value: NDArray[np.float64]
    possible: NDArray[np.bool_]
    wins: NDArray[np.float64]
    terms: ExplorationTerms
    seed: int

    def probabilities(self, rows: slice = slice(None), terms: ExplorationTerms | None = None) -> Any:
        return probabilities(self.net_value[rows], self.possible[rows], terms or self.terms, self.wins[rows])


@st.composite
def decisions(draw: st.DrawFn) -> Decisions:
    seed = draw(st.integers(0, 2**32 - 1))
    width = draw(st.one_of(st.integers(1, 25), st.integers(2, 200)))
    money = draw(st.sampled_from([1e-6, 0.01, 1.0, 300.0, 1e9]))
    share = draw(st.one_of(st.sampled_from([0.0, 0.1, 0.5, 1.0]), st.floats(0, 1)))
    terms = ExplorationTerms(
        method=draw(st.sampled_from(get_args(Method))),
        share=share,
        min_probability=draw(st.one_of(st.sampled_from([0.0, 0.01, share]), st.floats(0, 1))),
        max_loss=draw(st.sampled_from([0.0, 0.5, 1.0, np.inf])) * money,
        gamma=draw(st.one_of(st.sampled_from([0.0, 1.0, 1000.0]), st.floats(0, 1e12))),
        spread=draw(st.sampled_from([0.0, 1e-3, 1.0, 50.0])) * money,
    )
    rng = np.random.default_rng(seed)
    net_value = rng.normal(size=(ROWS, width)) * money
    if draw(st.booleans()):
        net_value = np.round(net_value / money) * money  # ties
    net_value[:, -1] = 0.0
    possible = rng.random((ROWS, width)) < draw(st.sampled_from([0.05, 0.5, 1.0]))
    net_value[~possible & (rng.random((ROWS, width)) < 0.1)] = np.nan
    drawn = net_value[:, :-1, None] + rng.normal(size=(ROWS, width - 1, 10)) * money
    explored = explored_of(net_value, possible, terms)
    wins = winning_shares(np.where(explored[:, :-1, None], drawn, -np.inf), explored[:, -1])
    return Decisions(net_value, possible, wins, terms, seed)


def best_plainly(worth: list[float], possible: list[bool]) -> int:
    """The greedy policy's choice, as `policy.py` makes it: -1 for nothing possible."""
    offers = [j for j in range(len(worth) - 1) if possible[j]]
    best = max(offers, key=lambda j: worth[j]) if offers else -1
    if possible[-1] and (best < 0 or worth[best] <= worth[-1]):
        return len(worth) - 1
    return best


@settings(max_examples=EXAMPLES, deadline=None)
@given(decisions())
def test_limits_hold(asked: Decisions) -> None:
    p, terms = asked.probabilities(), asked.terms
    for row in range(ROWS):
        worth, possible = asked.net_value[row].tolist(), asked.possible[row].tolist()
        best = best_plainly(worth, possible)
        if best < 0:
            assert not p[row].any()
            continue
        explored = {j for j, ok in enumerate(possible) if ok and worth[j] >= -terms.max_loss} | {best}
        assert abs(p[row].sum() - 1.0) < ROUNDING
        assert {j for j in range(len(worth)) if p[row, j] > 0} <= explored
        others = explored - {best}
        if terms.method == "greedy" or not others:
            assert p[row, best] == 1.0
            continue
        assert sum(p[row, j] for j in others) <= terms.share + ROUNDING
        assert 1.0 - p[row, best] <= terms.share + 1e-16
        least = min(terms.min_probability, terms.share / len(others), 1 / len(explored))
        assert min(p[row, j] for j in explored) >= least * (1 - 1e-15)
        assert p[row, best] >= 1 / len(explored) - ROUNDING


@settings(max_examples=EXAMPLES, deadline=None)
@given(decisions())
def test_one_row_is_many_rows(asked: Decisions) -> None:
    p = asked.probabilities()
    u = uniforms([f"d_{asked.seed}_{i}" for i in range(ROWS)])
    chosen = sample(p, u)
    for row in range(ROWS):
        one = slice(row, row + 1)
        assert asked.probabilities(one).tobytes() == p[one].tobytes()
        assert sample(p[one], u[one])[0] == chosen[row]
    some = slice(3, 3 + asked.seed % 11)
    assert asked.probabilities(some).tobytes() == p[some].tobytes()


@settings(max_examples=EXAMPLES, deadline=None)
@given(decisions())
def test_replays_from_what_is_kept(asked: Decisions) -> None:
    """Records and terms go through their files; what comes back gives every chance and choice again, to the last bit."""
    p = asked.probabilities()
    names = [f"d_{asked.seed}_{i}" for i in range(ROWS)]
    chosen = sample(p, uniforms(names))
    decided = chosen >= 0
    assert (decided == asked.possible.any(axis=1)).all()
    assert (p[np.flatnonzero(decided), chosen[decided]] > 0).all()
    terms = ExplorationTerms.from_json(msgspec.json.decode(msgspec.json.encode(asked.terms.to_json())))
    for row in np.flatnonzero(decided):
        raw = kept(names[row], asked.net_value[row], asked.possible[row], p[row], int(chosen[row])).to_bytes()
        record = DecisionRecord.from_bytes(raw)
        net_value = np.array([[np.nan if v is None else v for v in record.net_value]])
        again = probabilities(net_value, np.array([record.removed]) == 0, terms, asked.wins[row : row + 1])
        assert again[0].tolist() == record.probability == p[row].tolist()
        assert sample(again, uniforms([record.decision_id]))[0] == record.slots[0].candidate


def kept(
    name: str, net_value: Floats, possible: NDArray[np.bool_], chance: Floats, chosen: int
) -> DecisionRecord:
    """The record of a decision of the policy's arm."""
    slot = Slot(chosen, float(chance[chosen]), float(chance[chosen]))
    return DecisionRecord(
        decision_id=name, customer_id="c1", as_of_us=0, request_id=None, seed=0, arm="policy", model_version="v",
        candidates=[], slots=[slot], expected=[], net_value=plain(net_value.tolist()), probability=plain(chance.tolist()),
        removed=[0 if ok else 1 for ok in possible], context={}, phi=[], closes_us=0,
    )  # fmt: skip


@settings(max_examples=EXAMPLES, deadline=None)
@given(decisions(), st.integers(-20, 20), st.floats(1e-3, 1e3))
def test_the_currency_does_not_matter(asked: Decisions, power: int, factor: float) -> None:
    """Exactly for powers of two; to rounding for any other factor, where no value lies on the edge of max_loss."""
    terms, before = asked.terms, asked.probabilities()
    for c, exactly in ((2.0**power, True), (factor, False)):
        scaled = replace(terms, max_loss=terms.max_loss * c, spread=terms.spread * c)
        edge = np.isclose(asked.net_value, -terms.max_loss, rtol=1e-9, atol=0)
        rows = ~edge.any(axis=1) | exactly
        after = probabilities(asked.net_value * c, asked.possible, scaled, asked.wins)
        if exactly:
            assert after.tobytes() == before.tobytes()
        else:
            np.testing.assert_allclose(after[rows], before[rows], rtol=1e-9, atol=1e-15)


@settings(max_examples=EXAMPLES, deadline=None)
@given(decisions())
def test_what_cannot_be_chosen_changes_nothing(asked: Decisions) -> None:
    """A candidate that is not possible may as well not be in the catalogue, to the last bit."""
    wide = np.insert(asked.net_value, [0, 0], np.nan, axis=1)
    able = np.insert(asked.possible, [0, 0], False, axis=1)
    wins = np.insert(asked.wins, [0, 0], 0.0, axis=1)
    assert probabilities(wide, able, asked.terms, wins)[:, 2:].tobytes() == asked.probabilities().tobytes()


@settings(max_examples=EXAMPLES, deadline=None)
@given(decisions(), st.floats(0, 1), st.floats(0, 1))
def test_odds_of_one_are_odds_of_many(asked: Decisions, control: float, component_arms: float) -> None:
    experiment = ArmShares("law", control, min(component_arms, 1.0 - control))
    rng = np.random.default_rng(asked.seed)
    values = np.where(asked.possible, asked.net_value, 0.0)
    lever = np.append(rng.integers(0, 3, values.shape[1] - 1).astype(float), 0.0)
    worth = Worth(asked.net_value, values + np.append(np.ones(len(lever) - 1), 0.0), lever, asked.possible)
    known = rng.random(ROWS) < 0.8
    arm = arms_of([f"c{i}" if ok else None for i, ok in enumerate(known)], experiment)
    all_at_once = odds_by_arrays(worth, arm, experiment, asked.terms, asked.wins, known)
    decided = asked.possible.any(axis=1)
    assert np.abs(all_at_once.overall.sum(axis=1) - 1.0)[decided].max(initial=0.0) < ROUNDING
    for row in range(ROWS):
        one = slice(row, row + 1)
        alone = odds(worth.of_rows(one), arm[one], experiment, asked.terms, asked.wins[one], known[one])
        assert alone.in_arm.tobytes() == all_at_once.in_arm[one].tobytes()
        assert alone.overall.tobytes() == all_at_once.overall[one].tobytes()


@settings(max_examples=EXAMPLES, deadline=None)
@given(decisions())
def test_the_short_cuts_are_the_long_way(asked: Decisions) -> None:
    for row in range(0, ROWS, 5):
        one = slice(row, row + 1)
        long_way = probabilities_by_arrays(
            asked.net_value[one], asked.possible[one], asked.terms, asked.wins[one]
        )
        short = asked.probabilities(one)
        assert long_way.tobytes() == short.tobytes()
        u = uniforms([f"d_{asked.seed}"])
        assert sample_by_arrays(long_way, u)[0] == sample(short, u)[0]
