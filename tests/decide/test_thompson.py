"""Probabilities by what may be true, against a twin that works one decision and one draw at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nbatool.decide.best import best_of
from nbatool.decide.exploration_terms import ExplorationTerms, Method
from nbatool.decide.learned import Beliefs
from nbatool.decide.thompson import directions, winning_shares
from nbatool.models.optimism import levels
from nbatool.models.posterior import Posterior

N = 60


def belief(m: int = 6, *, related: bool = True) -> Posterior:
    arms = [(f"a{k}", "email") for k in range(m - 1)] + [("nothing", None)]
    relation = np.full((m, m), 0.3) + 0.7 * np.eye(m) if related else None
    learned = Posterior.start(arms, relation, np.array([1.0, 0.5, 0.2, 0.2]), noise=2.0)
    rng = np.random.default_rng(m)
    for k in range(40):
        learned.update(rng.normal(size=4), k % m, float(rng.normal()))
    return learned


def decisions(m: int = 6) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Contexts, net values, who takes part, levers: some rows without anybody, without `nothing`, with it alone."""
    rng = np.random.default_rng(1)
    net_value = rng.normal(size=(N, m)) * 0.3
    net_value[:, -1] = 0.0
    able = rng.random((N, m)) < 0.8
    able[3], able[4, :-1], able[5, -1] = False, False, False
    net_value[~able] = np.nan
    return rng.normal(size=(N, 4)), net_value, able, np.append(rng.uniform(0.5, 2.0, m - 1), 0.0)


def covariance_of(learned: Posterior) -> np.ndarray:
    """float64[m·d, m·d] of all coefficients."""
    d = learned.d
    whole = np.zeros((learned.m * d, learned.m * d))
    for members, matrix in zip(learned.groups, learned.covariance, strict=True):
        at = (members[:, None] * d + np.arange(d)).ravel()
        whole[np.ix_(at, at)] = matrix
    return whole * learned.noise


def slowly(learned: Posterior, method: Method, n_draws: int) -> np.ndarray:
    """(N, m) shares of wins: the joint covariance of all arms in a context, contrasted with `nothing`, factored, drawn."""
    phi, net_value, able, lever = decisions(learned.m)
    m = learned.m
    contrast = np.hstack([np.eye(m - 1), -np.ones((m - 1, 1))])
    half = directions(n_draws, m - 1)
    z = np.concatenate([half, -half], axis=1)[:, :n_draws]
    shares = np.zeros((N, m))
    for row in range(N):
        if not able[row].any():
            continue
        seen = np.kron(np.eye(m), phi[row])
        arms = seen @ covariance_of(learned) @ seen.T
        if method == "thompson":
            moved = np.linalg.cholesky(contrast @ arms @ contrast.T) @ z
        else:
            sd = np.sqrt(arms.diagonal())
            moved = (sd[:-1] - sd[-1])[:, None] * levels(n_draws)
        for t in range(n_draws):
            may_be = net_value[row] + np.append(lever[:-1] * moved[:, t], 0.0)
            shares[row, best_of(may_be[None], able[row][None])[0]] += 1 / n_draws
    return shares


@pytest.mark.parametrize("method", ["thompson", "optimistic"])
@pytest.mark.parametrize("related", [True, False])
@pytest.mark.parametrize("n_draws", [20, 51])
def test_the_fast_way_counts_what_the_slow_one_counts(method: Method, related: bool, n_draws: int) -> None:
    learned = belief(related=related)
    phi, net_value, able, lever = decisions()
    terms = ExplorationTerms(method, draws=n_draws)
    found = Beliefs(learned, phi).winning_shares(net_value, able, lever, terms)
    np.testing.assert_allclose(found, slowly(learned, method, n_draws), rtol=0, atol=1e-12)
    assert not found[3].any()
    assert found[4].tolist() == [0.0] * 5 + [1.0]


@pytest.mark.parametrize("draws", [256, 1000])
def test_a_share_of_draws_is_as_close_as_is_said(draws: int) -> None:
    """Within √(p(1 − p)/draws), root mean square over decisions and candidates; in fact a third less."""
    learned, (phi, net_value, able, lever) = belief(), decisions()
    beliefs = Beliefs(learned, phi)
    found = beliefs.winning_shares(net_value, able, lever, ExplorationTerms("thompson", draws=draws))
    truth = beliefs.winning_shares(net_value, able, lever, ExplorationTerms("thompson", draws=60_000))
    off = ((found - truth) ** 2).sum() / (truth * (1 - truth) / draws).sum()
    assert math.sqrt(off) < 0.85


def test_directions_have_the_moments_they_stand_for() -> None:
    z = directions(256, 20)
    assert z.shape == (20, 128)
    np.testing.assert_allclose(np.multiply(z[:, None], z).sum(-1) / 128, np.eye(20), atol=1e-12)
    assert np.abs(np.sort(z.ravel()) - np.sort(-z.ravel())).max() < 0.6
    assert directions(11, 20).shape == (20, 6)


def test_nothing_wins_ties_then_the_first() -> None:
    drawn = np.array([[[3.0, 1.0, 0.0, -1.0, 2.0], [1.0, 2.0, 0.0, -1.0, 2.0]]] * 2)
    assert winning_shares(drawn, np.array([True, False])).tolist() == [[0.4, 0.2, 0.4], [0.8, 0.2, 0.0]]


def test_only_nothing_to_choose() -> None:
    assert winning_shares(np.empty((2, 0, 5)), np.array([True, False])).tolist() == [[1.0], [0.0]]
    alone = Posterior.start([("nothing", None)], None, np.ones(1), noise=1.0)
    shares = Beliefs(alone, np.ones((2, 1))).winning_shares(
        np.zeros((2, 1)), np.ones((2, 1), dtype=bool), np.zeros(1), ExplorationTerms("thompson")
    )
    assert shares.tolist() == [[1.0], [1.0]]


def test_what_is_not_a_number_is_refused() -> None:
    drawn = np.zeros((3, 2, 10))
    drawn[1, 0, 3] = np.nan
    with pytest.raises(ValueError, match="drawn net value"):
        winning_shares(drawn, np.ones(3, dtype=bool))
    drawn[2] = 1.0
    with pytest.raises(ValueError, match="drawn net value"):
        winning_shares(drawn, np.zeros(3, dtype=bool))
    with pytest.raises(ValueError, match="at least one draw"):
        winning_shares(drawn[:, :, :0], np.ones(3, dtype=bool))
