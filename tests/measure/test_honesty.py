from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from bandit_worlds import World, draw

from nbatool.measure.honesty import honesty
from nbatool.measure.logged import LoggedBandit


def logs(world: World, n: int, seed: int) -> tuple[LoggedBandit, LoggedBandit]:
    """The log with every candidate's probability, and with that of the chosen one only."""
    whole = draw(world, n, seed).log
    return whole, replace(whole, probabilities=None)


@pytest.mark.parametrize("world", [World(), World(sharp=3), World(sticky=True, sharp=3)])
def test_honest_logs_are_believed(world: World) -> None:
    for seed in range(30):
        for log in logs(world, 400, seed):
            found = honesty(log)
            assert found.honest, found.verdict
            assert len(found.comparisons) == 4


@pytest.mark.parametrize("which", [0, 1])
def test_swapped_probabilities_are_found(which: int) -> None:
    log = logs(World(sharp=2), 2_000, 0)[which]
    swapped = np.where(log.action == 0, log.propensity / 1.5, log.propensity)
    lie = replace(log, propensity=swapped)
    if lie.probabilities is not None:
        whole = lie.probabilities.copy()
        whole[:, 3] += whole[:, 0] * (1 - 1 / 1.5)
        whole[:, 0] /= 1.5
        lie = replace(lie, probabilities=whole)
    found = honesty(lie, names=("mail", "call", "sms", "nothing"))
    assert not found.honest
    assert '"mail" should have been chosen' in found.verdict or '"nothing" should' in found.verdict
    worst = next(one for one in found.comparisons if one.action == 0)
    assert worst.chosen / worst.expected == pytest.approx(1.5, rel=0.1)
    assert worst.z > found.limit


def test_one_dishonest_policy_or_position_among_honest_ones_is_found() -> None:
    log = logs(World(), 3_000, 0)[1]
    wrong = np.arange(len(log)) % 5 == 0
    for name in ("policy", "position"):
        lie = replace(
            log,
            propensity=np.where(wrong, log.propensity / 2, log.propensity),
            **{name: wrong.astype(np.int64)},
        )
        found = honesty(lie)
        assert not found.honest
        assert {getattr(one, name) for one in found.comparisons if abs(one.z) > found.limit} == {1}


def test_a_certain_action_is_honest_and_a_certain_lie_is_not() -> None:
    n = 100
    log = replace(
        logs(World(), 100, 0)[1].take(np.arange(n)),
        action=np.zeros(n, dtype=np.int64),
        propensity=np.ones(n),
    )
    assert honesty(log).honest
    assert not honesty(replace(log, propensity=np.full(n, 0.8))).honest


def test_rare_actions_alone_are_not_judged() -> None:
    log = logs(World(), 5, 0)[1]
    assert honesty(log).honest
    assert "not checked" in honesty(log).verdict
