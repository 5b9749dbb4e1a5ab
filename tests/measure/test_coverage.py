"""Intervals hold the truth as often as they say, on made-up logs whose truth is known."""

from __future__ import annotations

import math

import pytest
from bandit_worlds import World, covered

LEAST, MOST = 0.90, 0.98
WORLDS = {
    "clicks": World(),
    "clicks, a log of strong preferences": World(sharp=3),
    "skewed money": World(money=True),
    "skewed money, experiment arms": World(money=True, sticky=True, sharp=3),
}


def check(found: dict[str, float], slack: float = 0.0) -> None:
    print({key: round(share, 3) for key, share in found.items()})
    assert {key: share for key, share in found.items() if not LEAST - slack <= share <= MOST + slack} == {}


def test_a_glimpse_on_clicks() -> None:
    # 50 logs tell 95 % from less than 85 % only; the slow tests tell more
    check(covered(WORLDS["clicks"], 120, 50, draws=99), slack=0.05)


def chance(times: int) -> float:
    """One standard error of a share of so many logs; benchmarks/coverage.py plays ten times as many."""
    return math.sqrt(0.95 * 0.05 / times)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["clicks", "skewed money, experiment arms"])
def test_known_probabilities(name: str) -> None:
    check(covered(WORLDS[name], 400, 150), slack=chance(150))


@pytest.mark.slow
@pytest.mark.parametrize("world", [World(), World(money=True)])
def test_estimated_probabilities(world: World) -> None:
    # a log costs two fits, so there are fewer
    check(covered(world, 500, 40, estimated=True), slack=chance(40))
