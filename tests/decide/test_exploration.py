from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from nbatool.decide.best import best_in, best_of
from nbatool.decide.exploration import (
    GREEDY,
    ExplorationTerms,
    data_driven_gamma,
    given_up,
    probabilities,
    sample,
    spread_of,
    uniform_of,
    uniforms,
)
from nbatool.decide.slate import mixed_slate, slate, slate_odds


def terms(method: Any = "inverse_gap", **changes: Any) -> ExplorationTerms:
    given: dict[str, Any] = {
        "share": 0.1,
        "min_probability": 0.01,
        "max_loss": 1.0,
        "gamma": 20.0,
        "spread": 2.0,
    }
    return ExplorationTerms(method, **(given | changes))


def of_row(worth: list[float], asked: ExplorationTerms, possible: list[bool] | None = None) -> list[float]:
    able = np.array([possible or [True] * len(worth)])
    row: list[float] = probabilities(np.array([worth]), able, asked)[0].tolist()
    return row


def test_the_closed_form_by_hand() -> None:
    """K = 3, f = .01, γ/s = 10: q = 1/(3+10) and 1/(3+30); Σ q = .1072 > .08, so the mass off the best is .1."""
    p = of_row([4.0, 3.0, 1.0], terms())
    q = [1 / 13, 1 / 33]
    assert p[1:] == pytest.approx([0.01 + x * 0.08 / sum(q) for x in q], abs=1e-15)
    assert p[0] == pytest.approx(0.9, abs=1e-15)
    # With γ/s = 1000 the weights no longer use the share up: everybody gets f + q.
    p = of_row([4.0, 3.0, 1.0], terms(gamma=2000.0))
    assert p[1:] == pytest.approx([0.01 + 1 / 1003, 0.01 + 1 / 3003], abs=1e-15)
    assert p[0] == pytest.approx(1 - sum(p[1:]), abs=1e-15)


def test_a_floor_the_share_cannot_pay_is_lowered_for_everybody_alike() -> None:
    p = of_row([float(j) for j in range(20)] + [0.0], terms(min_probability=0.05))
    assert p == pytest.approx([0.005] * 19 + [0.9, 0.005], abs=1e-15)


@pytest.mark.parametrize("method", ["inverse_gap", "epsilon"])
def test_too_costly_candidates_are_never_tried(method: str) -> None:
    p = of_row([3.0, -1.0, -1.0000001, 0.0], terms(method))
    assert p[1] > 0
    assert p[2] == 0.0


def test_the_best_is_chosen_however_bad_it_is() -> None:
    """Without `nothing` the best of bad candidates is the only one explored."""
    assert of_row([-5.0, -7.0, 0.0], terms(), [True, True, False]) == [1.0, 0.0, 0.0]


def test_ties_go_to_nothing_then_to_the_first() -> None:
    assert of_row([0.0, 0.0, 0.0], GREEDY) == [0.0, 0.0, 1.0]
    assert of_row([1.0, 1.0, 0.0], GREEDY) == [1.0, 0.0, 0.0]
    worth = np.array([[0.0, 0.0, -0.0], [2.0, 2.0, 0.0], [-3.0, -3.0, 0.0]])
    for able in ([True] * 3, [False, True, True], [True, True, False], [False, False, True], [False] * 3):
        together = best_of(worth, np.array([able] * 3)).tolist()
        assert together == [best_in(row, able) for row in worth.tolist()]


def test_nothing_possible_has_no_probability() -> None:
    assert of_row([1.0, 2.0, 0.0], terms(), [False] * 3) == [0.0, 0.0, 0.0]
    assert sample(np.zeros((2, 3)), np.array([0.0, 0.5])).tolist() == [-1, -1]
    assert sample(np.zeros((1, 3)), np.array([0.5])).tolist() == [-1]


def test_a_lone_candidate_is_certain() -> None:
    for method in ("inverse_gap", "epsilon", "greedy"):
        assert of_row([-9.0, 0.0], terms(method), [True, False]) == [1.0, 0.0]
        assert of_row([0.0], terms(method)) == [1.0]


def test_the_best_keeps_an_equal_share_whatever_the_settings() -> None:
    everything = {"share": 1.0, "min_probability": 1.0, "max_loss": math.inf}
    for method in ("inverse_gap", "epsilon"):
        for k in (2, 3, 7, 200):
            assert of_row([*range(1, k), 0.0], terms(method, **everything)) == pytest.approx(
                [1 / k] * k, abs=1e-12
            )


def test_epsilon_spreads_its_share_equally() -> None:
    assert of_row([4.0, 3.0, 1.0, 0.0, 0.5], terms("epsilon")) == [0.9] + [0.1 / 4] * 4


def test_no_spread_means_no_gap_counts() -> None:
    p = of_row([4.0, 3.0, 1.0], terms(spread=0.0))
    assert p[1] == p[2] == pytest.approx(0.05)


def test_wins_share_out_what_is_left() -> None:
    wins, worth, able = (
        np.array([[0.25, 0.5, 0.25]]),
        np.array([[0.5, 1.0, 0.0]]),
        np.ones((1, 3), dtype=bool),
    )
    asked = terms("thompson", share=0.9, min_probability=0.0)
    assert probabilities(worth, able, asked, wins)[0].tolist() == [0.25, 0.5, 0.25]
    limited = probabilities(worth, able, terms("thompson"), wins)[0]
    assert limited == pytest.approx([0.01 + 0.04, 0.9, 0.05], abs=1e-15)
    without = probabilities(worth, np.array([[True, True, False]]), asked, np.array([[0.25, 0.75, 0.0]]))[0]
    assert without.tolist() == [0.25, 0.75, 0.0]


def test_what_is_not_a_number_is_refused() -> None:
    able = np.ones((2, 2), dtype=bool)
    for bad in (math.nan, math.inf, -math.inf):
        worth = np.array([[1.0, 0.0], [bad, 0.0]])
        with pytest.raises(ValueError, match="row 1, candidate 0"):
            probabilities(worth, able, terms())
        with pytest.raises(ValueError, match="candidate 0"):
            probabilities(worth[1:], able[1:], terms())
    for wrong in (
        {"share": 1.1},
        {"share": math.nan},
        {"gamma": math.inf},
        {"spread": -1.0},
        {"max_loss": math.nan},
    ):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            terms(**wrong)
    with pytest.raises(ValueError, match="share of draws"):
        probabilities(np.zeros((2, 2)), able, terms("thompson"))


@pytest.mark.parametrize("max_loss", [1.0, math.inf])
def test_terms_survive_json(max_loss: float) -> None:
    asked = terms(gamma=1 / 3, max_loss=max_loss)
    assert ExplorationTerms.from_json(json.loads(json.dumps(asked.to_json(), allow_nan=False))) == asked


def test_frequencies_are_the_probabilities() -> None:
    """χ² of 100,000 decisions on 6 candidates, by the ids a workspace would have; 25.7 is exceeded once in 10,000."""
    n = 100_000
    worth = np.tile([[2.0, 1.9, 1.0, -0.5, -3.0, 0.0]], (n, 1))
    p = probabilities(worth, np.ones(worth.shape, dtype=bool), terms(share=0.3))
    chosen = sample(p, uniforms(f"d_{i:016x}" for i in range(n)))
    count, expected = np.bincount(chosen, minlength=6), p[0] * n
    assert count[4] == 0
    tried = expected > 0
    assert ((count - expected)[tried] ** 2 / expected[tried]).sum() < 25.7


def test_sampling_at_the_edges() -> None:
    p = np.array([[0.0, 0.5, 0.0, 0.5, 0.0]])
    almost = float(np.nextafter(1.0, 0.0))
    for rows in (1, 3):
        assert sample(np.repeat(p, rows, 0), np.zeros(rows)).tolist() == [1] * rows
        assert sample(np.repeat(p, rows, 0), np.full(rows, 0.5)).tolist() == [3] * rows
        # A sum that rounds to less than u still chooses a candidate that has a chance.
        assert sample(np.repeat(p * 0.999, rows, 0), np.full(rows, almost)).tolist() == [3] * rows
        with pytest.raises(ValueError, match=r"\[0, 1\)"):
            sample(np.repeat(p, rows, 0), np.ones(rows))


def test_uniforms_are_uniform_and_of_their_slot() -> None:
    u = np.sort(uniforms(f"d_{i:016x}" for i in range(20_000)))
    # Kolmogorov–Smirnov: 2.2/√n is exceeded about once in 10,000.
    assert np.abs(u - (np.arange(20_000) + 0.5) / 20_000).max() < 2.2 / math.sqrt(20_000)
    assert uniform_of("d_1", 0) != uniform_of("d_1", 1)


def test_gamma_grows_with_the_data() -> None:
    """Little data: the whole share is tried; much: candidates a spread behind get little more than the floor."""
    gammas = [data_driven_gamma(n, 20, 5.0 / math.sqrt(n), 2.0) for n in (1, 100, 10_000, 1_000_000, 10**8)]
    assert gammas == sorted(gammas)
    worth = [4.0] + [2.0] * 18 + [0.0]
    little, much = (of_row(worth, terms(min_probability=0.001, gamma=g)) for g in (gammas[0], gammas[-1]))
    assert 1 - little[0] == pytest.approx(0.1)
    assert max(much[1:]) < 0.0011
    # Free of the currency, and no faster than the error allows.
    assert data_driven_gamma(1000, 20, 0.5, 2.0) == pytest.approx(data_driven_gamma(1000, 20, 50.0, 200.0))
    assert data_driven_gamma(10**9, 20, 0.5, 2.0) == pytest.approx(30 * math.sqrt(20) * 4, rel=1e-6)
    assert [
        data_driven_gamma(*no) for no in ((0, 20, 1.0, 2.0), (10, 20, math.inf, 2.0), (10, 20, 1.0, 0.0))
    ] == [0.0] * 3
    with pytest.raises(ValueError, match="none may be below 0"):
        data_driven_gamma(10, 20, math.nan, 1.0)


def test_spread_is_the_typical_gap() -> None:
    worth = np.array([[3.0, 1.0, 0.0], [8.0, 8.0, 0.0], [500.0, 0.0, 0.0], [-2.0, -50.0, 0.0]])
    able = np.ones(worth.shape, dtype=bool)
    gaps = [math.sqrt((4 + 9) / 2), math.sqrt(64 / 2), 500.0, math.sqrt((4 + 2500) / 2)]
    assert spread_of(worth, able) == pytest.approx(np.median(gaps))
    assert spread_of(worth[::-1], able) == spread_of(worth, able)
    assert spread_of(worth * 4, able) == 4 * spread_of(worth, able)
    # max_loss 1 leaves the last row with `nothing` alone.
    assert spread_of(worth, able, 1.0) == pytest.approx(np.median(gaps[:3]))
    assert spread_of(np.zeros((3, 2)), np.ones((3, 2), dtype=bool)) == 0.0
    assert spread_of(np.zeros((0, 2)), np.ones((0, 2), dtype=bool)) == 0.0


def test_what_exploring_gives_up() -> None:
    worth, able = np.array([[4.0, 3.0, -9.0, 0.0]]), np.ones((1, 4), dtype=bool)
    p = probabilities(worth, able, terms("epsilon"))
    assert given_up(p, worth)[0] == pytest.approx(0.05 * 1 + 0.05 * 4)
    assert given_up(p, worth)[0] <= 0.1 * (4.0 + 1.0)
    assert given_up(np.zeros((1, 2)), np.array([[-np.inf, np.nan]])).tolist() == [0.0]


WORTH = np.array([[4.0, 3.0, 1.0, 0.5, 0.0], [-4.0, -3.0, 0.5, -0.5, 0.0]])
ABLE = np.ones(WORTH.shape, dtype=bool)


def choose(asked: ExplorationTerms) -> Any:
    return lambda possible: probabilities(WORTH[: len(possible)], possible, asked)


def test_a_greedy_slate_is_the_ranking_and_nothing_ends_it() -> None:
    filled = slate(choose(GREEDY), ABLE, np.zeros((2, 4)), 4)
    assert filled.index.tolist() == [[0, 1, 2, 3], [2, 4, -1, -1]]
    assert filled.probability.tolist() == [[1.0] * 4, [1.0, 1.0, 0.0, 0.0]]
    one_channel_each = slate(choose(GREEDY), ABLE, np.zeros((2, 4)), 4, group=np.array([7, 7, 8, 8, 9]))
    assert one_channel_each.index.tolist() == [[0, 2, 4, -1], [2, 4, -1, -1]]


def test_every_slot_has_the_probability_it_was_chosen_with() -> None:
    n = 20_000
    worth, able = np.repeat(WORTH[:1], n, 0), np.ones((n, 5), dtype=bool)
    asked = terms(share=0.5)
    u = np.stack([uniforms((f"d_{i}" for i in range(n)), slot) for slot in range(2)], axis=1)
    filled = slate(lambda possible: probabilities(worth, possible, asked), able, u, 2)
    pairs = filled.index[:, 0] * 6 + filled.index[:, 1] + 1
    stated = np.where(filled.index[:, 1] < 0, 1.0, filled.probability[:, 1]) * filled.probability[:, 0]
    for pair in np.unique(pairs):
        share, p = (pairs == pair).mean(), stated[pairs == pair][0]
        assert abs(share - p) < 4.5 * math.sqrt(p * (1 - p) / n)
    assert not (filled.index[:, 0] == filled.index[:, 1]).any()
    assert (filled.index[filled.index[:, 0] == 4, 1] == -1).all()
    again = slate_odds(lambda possible: probabilities(worth, possible, asked), able, filled.index)
    assert again.probability.tobytes() == filled.probability.tobytes()


def test_what_a_place_rules_out_is_left_by_none_after_it() -> None:
    """After 0 or 1 a cap leaves neither 2 nor 3; every slate that can be is counted once, with what it was chosen with."""

    def allowed(index: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        left = np.ones((len(index), 5), dtype=bool)
        left[np.isin(index, (0, 1)).any(axis=1), 2:4] = False
        return left

    grid = (np.arange(60) + 0.5) / 60
    u = np.array([(a, b, c) for a in grid for b in grid for c in grid])
    able = np.ones((len(u), 5), dtype=bool)

    def equally(possible: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return possible / np.maximum(possible.sum(axis=1, keepdims=True), 1)

    filled = slate(equally, able, u, 3, allowed=allowed)
    again = slate_odds(equally, able, filled.index, allowed=allowed)
    assert again.probability.tobytes() == filled.probability.tobytes()
    stated = np.where(filled.index < 0, 1.0, filled.probability).prod(axis=1)
    found, first, count = np.unique(filled.index, axis=0, return_index=True, return_counts=True)
    assert [0, 1, 4] in found.tolist()
    assert not any({0, 1} & set(one[:k]) and one[k] in (2, 3) for one in found.tolist() for k in (1, 2))
    np.testing.assert_allclose(count / len(u), stated[first], rtol=1e-9)
    assert stated[first].sum() == pytest.approx(1)


def test_a_slate_of_two_arms_by_hand() -> None:
    """Half of all would show (a, b) with .9 · .5, the others with .1 · 1; overall .5 at first, then .275/.5."""
    mixed = mixed_slate(np.array([[[0.9, 0.5]], [[0.1, 1.0]]]), np.array([0.5, 0.5]))
    assert mixed[0] == pytest.approx([0.5, 0.275 / 0.5])
