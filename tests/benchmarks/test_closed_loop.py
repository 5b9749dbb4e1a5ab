"""The closed loop runs through the real commands, and its figures are what they say."""

from __future__ import annotations

import math
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.closed_loop import vw
from benchmarks.closed_loop.__main__ import POLICIES, main
from benchmarks.closed_loop.judged import Interval, days_until_back, end_share, judged, regret_share
from benchmarks.closed_loop.learners import LinearThompson
from benchmarks.closed_loop.plain import CommitAfterTest, Fixed, Rules, best_single
from benchmarks.closed_loop.trial import N_ARMS, NOTHING, Closed, Trace, lived
from nbatool.world.daily import DailyWorld, Switch
from nbatool.world.daily.observed import NAMES

SMALL = DailyWorld.before_history(200, seed=1)


@pytest.mark.slow
def test_a_few_days_through_the_real_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = tmp_path / "regret.csv"
    line = ["--days", "3", "--customers", "120", "--only", "nbatool,nothing,rules", "--csv", str(written)]
    assert main([*line, "--keep", str(tmp_path / "kept")]) == 0
    told = capsys.readouterr().out
    for name in ("nbatool", "nothing", "hand-written rules"):
        assert re.search(rf"^{name} .*%", told, re.MULTILINE)
    assert "mark < 10%" in told
    assert re.search(r"seconds by command: .*ingest .*train .*score ", told)
    rows = written.read_text().splitlines()
    assert len(rows) == 1 + 3 * 3
    oracle = [row.split(",")[6] for row in rows[1:]]
    assert oracle[:3] == oracle[3:6] == oracle[6:9]
    days = tmp_path / "kept" / "world-0" / "events"
    assert len(list(days.glob("2018-07-*.csv"))) == 3


@pytest.mark.parametrize("name", ["nothing", "lottery", "single", "test", "rules", "thompson"])
def test_a_policy_lives_in_this_process(name: str) -> None:
    policy = POLICIES[name](SMALL, 14)
    assert policy is not None
    trace = lived(policy, SMALL, 14)
    assert len(trace.value) == len(trace.best) == 14
    assert (trace.regret >= -1e-9).all()
    assert trace.best == lived(Fixed("nothing", NOTHING), SMALL, 14).best


@pytest.mark.slow
def test_the_greedy_model_lives_in_this_process() -> None:
    policy = POLICIES["greedy"](SMALL, 6)
    assert policy is not None
    assert (lived(policy, SMALL, 6).regret >= -1e-9).all()


STAND_IN = """
class Workspace:
    def __init__(self, options):
        assert "--cb_explore_adf" in options
        self.cheapest = 0.0, None

    def predict(self, lines):
        shared, *arms = lines
        assert shared.startswith("shared |c ")
        best = self.cheapest[1]
        return [0.8 * (arm == best) + 0.1 for arm in arms]

    def learn(self, lines):
        ((label, arm),) = [line.split(" ", 1) for line in lines if line.startswith("0:")]
        _, cost, probability = map(float, label.split(":"))
        assert 0 < probability <= 1
        self.cheapest = min(self.cheapest, (cost, arm), key=lambda known: known[0])
"""
"""In the place of the package: what it is given must be well-formed, and it goes for what was cheapest once."""


def test_the_peer_is_asked_and_told_through_its_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "vowpalwabbit.py").write_text(STAND_IN)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv(vw.PEERS, sys.executable)
    policy = vw.Vw(sys.executable, seed=0)
    x, net = np.random.default_rng(0).normal(size=(40, len(NAMES))), np.zeros((40, N_ARMS - 1))
    arm, chance = policy.choose(0, x, net)
    assert chance == pytest.approx(np.full(40, 1 / N_ARMS))
    assert len(set(arm.tolist())) > 5
    reward = np.where(np.arange(40) == 7, 9.0, 0.0)
    policy.learn(Closed(0, x, arm, chance, reward))
    arm_then, chance_then = policy.choose(1, x, net)
    assert np.bincount(arm_then).argmax() == arm[7]
    assert chance_then.max() == pytest.approx(0.9 / (0.8 + 0.1 * N_ARMS))
    policy.close()


@pytest.mark.skipif(vw.interpreter() is None, reason=f"{vw.PEERS} names no Python with vowpalwabbit")
def test_vw_lives_in_its_own_process() -> None:
    policy = POLICIES["vw"](SMALL, 6)
    assert policy is not None
    assert (lived(policy, SMALL, 6).regret >= -1e-9).all()


def test_without_vw_it_is_left_out_and_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(vw.PEERS, raising=False)
    monkeypatch.setattr(vw, "find_spec", lambda _: None)
    assert main(["--days", "1", "--customers", "20", "--only", "vw,nothing"]) == 0
    assert f"left out; {vw.PEERS}" in capsys.readouterr().out


def test_doing_nothing_leaves_everything_and_the_best_single_action_is_the_best_of_its_kind() -> None:
    idle = lived(Fixed("nothing", NOTHING), SMALL, 10)
    assert regret_share(idle, 0) == 1.0
    single = best_single(SMALL, 10)
    totals = [sum(lived(Fixed("one", arm), SMALL, 10).value) for arm in range(N_ARMS)]
    assert int(np.argmax(totals)) == single.arm


def test_a_test_ends_in_one_action_for_all() -> None:
    policy = CommitAfterTest("test", NOTHING, 0)
    lived(policy, SMALL, 12)
    assert policy.winner is not None
    chosen, _ = policy.choose(11, np.zeros((5, 3)), np.zeros((5, N_ARMS - 1)))
    assert len(set(chosen.tolist())) == 1


def test_rules_are_right_until_the_world_turns() -> None:
    turning = DailyWorld.before_history(500, seed=1, switch=Switch(3))
    trace = lived(Rules("rules", NOTHING), turning, 6)
    assert regret_share(trace, 0, 3) < 0.4 < regret_share(trace, 3)


@pytest.mark.slow
def test_a_plain_learner_learns_this_world() -> None:
    """Otherwise the world judges nobody."""
    trace = lived(LinearThompson("thompson", NOTHING, 0), DailyWorld.before_history(1500, seed=0), 45)
    assert regret_share(trace, 0, 5) > 0.5
    assert end_share(trace) < 0.25


def trace(value: list[float], seed: int = 0, name: str = "x") -> Trace:
    n = len(value)
    return Trace(name, seed, value, [10.0] * n, [1] * n, [2] * n)


def test_figures_by_hand() -> None:
    assert end_share(trace([0.0] * 10 + [9.0] * 20)) == pytest.approx(0.1)
    assert end_share(trace([0.0, 5.0, 10.0])) == 0.0
    assert days_until_back(trace([10, 10, 1, 9, 9, 8, 9, 9.5, 9]), 2) == 4.0
    assert days_until_back(trace([10, 10, 1, 1, 9]), 2) == math.inf
    found = judged(
        [trace([9.0] * 30), trace([7.0] * 30, 1)],
        [trace([8.0] * 30, 0, "y"), trace([8.0] * 30, 1, "y")],
        None,
    )
    assert (found.end.mean, found.regret.mean) == (pytest.approx(0.2), pytest.approx(60.0))
    assert found.beyond is not None
    assert found.beyond.mean == pytest.approx(0.0)
    assert found.beyond.high == pytest.approx(0.1 * 12.706)
    assert math.isnan(Interval.of([1.0]).low)
