"""kill -9 of `learn -` among others that decide and learn: no told answer is lost, no window counts twice."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from calls import call, command_line, surroundings
from desk import TERMS, Desk, S, record

from nbatool.models.lessons import LivePosterior
from nbatool.models.posterior import Posterior
from nbatool.store.learned import LearnedSnapshot
from nbatool.store.online import OnlineStore

pytestmark = pytest.mark.slow

ARMS = [("mail", "email"), ("nothing", None)]
DUE, OPEN = 400, 400
NOW = "1970-01-01T00:20:00Z"  # second 1200: decisions of second 1000 are due, those of second 1150 are open
RECORDER = """
import sys
from pathlib import Path
sys.path.insert(0, "tests")
from desk import S, record
from nbatool.store.online import LiveEvent, OnlineStore
online = OnlineStore(Path(sys.argv[1]) / "online.db")
for k in range(100_000):
    name = f"{sys.argv[2]}_{k}"
    with online.transaction():
        for n in range(3):
            online.record(record(f"{name}_{n}", as_of_us=1150 * S), [LiveEvent(f"{name}_{n}", "c1", 1, "buy")])
    print(name, flush=True)
"""


@pytest.fixture
def desk(tmp_path: Path) -> Any:
    (tmp_path / "nba.toml").write_text("")
    made = Desk(tmp_path / "data")
    made.publish()
    posterior = Posterior.start(ARMS, None, np.ones(2), noise=4.0, half_life_s=float(TERMS.half_life_s))
    made.online.learned.put_in_force(LearnedSnapshot("v1", posterior.to_bytes(), 0, 0, 1000 * S))
    with made.online.transaction():
        for k in range(DUE + OPEN):
            made.online.record(record(f"d_{k}", as_of_us=(1000 if k < DUE else 1150) * S))
    yield made
    made.online.close()


class Told:
    """A process whose lines of answer are read as they come, and which is killed while it goes on."""

    def __init__(self, command: list[str], said: str = "") -> None:
        self.process = subprocess.Popen(
            command, env=surroundings(), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.lines: list[str] = []
        self._threads = [
            threading.Thread(target=self._read),
            threading.Thread(target=self._say, args=(said,)),
        ]
        for thread in self._threads:
            thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stdout:
            for line in stdout:
                if line.endswith("\n"):
                    self.lines.append(line)

    def _say(self, said: str) -> None:
        assert self.process.stdin is not None
        with suppress(BrokenPipeError), self.process.stdin as stdin:
            stdin.write(said)

    def kill(self) -> bool:
        alive = self.process.poll() is None
        self.process.kill()
        self.process.wait()
        for thread in self._threads:
            thread.join()
        return alive


def answers(seed: int, n: int) -> str:
    """Outcomes of open decisions in some order, many of them twice."""
    chance = random.Random(seed)
    lines = [
        {"decision_id": f"d_{DUE + chance.randrange(OPEN)}", "outcome": 1 + k % 3, "outcome_id": f"{k % 40}"}
        for k in range(n)
    ]
    return "".join(json.dumps(line) + "\n" for line in lines)


def test_no_told_answer_is_lost_and_no_window_counts_twice(desk: Desk) -> None:
    chance = random.Random(5)
    root = desk.data_dir.parent
    learn = command_line(root, ["learn", "-", "--as-of", NOW])
    told: set[str] = set()
    recorded: set[str] = set()
    killed = 0
    for turn in range(4):
        said = [answers(2 * turn + j, 60_000).splitlines(keepends=True) for j in (0, 1)]
        learners = [Told(learn, "".join(lines)) for lines in said]
        recorder = Told([sys.executable, "-c", RECORDER, str(desk.data_dir), f"r{turn}"])
        until = time.monotonic() + 20
        while time.monotonic() < until and not all(p.lines for p in (*learners, recorder)):
            time.sleep(0.01)
        time.sleep(chance.uniform(0.0, 0.3))
        killed += sum(process.kill() for process in chance.sample([*learners, recorder], 3))
        for lines, learner in zip(said, learners, strict=True):
            assert learner.lines
            for line, verdict in zip(lines, learner.lines, strict=False):
                asked, answer = json.loads(line), json.loads(verdict)
                assert answer["decision_id"] == asked["decision_id"]
                assert answer["status"] in {"credited", "duplicate"}
                told.add(f"{asked['decision_id']}/{asked['outcome_id']}")
        recorded |= {line.strip() for line in recorder.lines}
    assert killed >= 4
    assert min(len(told), len(recorded)) > 50

    journal = desk.online.answers.after(0, 10**7)
    kept = {f"{a.decision_id}/{a.outcome_id}" for _, a in journal}
    assert told <= kept
    assert len(kept) == len(journal)
    decisions = {d.decision.decision_id for d in desk.online.decisions.after(0, 10**7)}
    assert {f"{name}_{n}" for name in recorded for n in range(3)} <= decisions
    events = {e.event_id for _, e in desk.online.journal_after(0, 10**7)}
    assert events == {name for name in decisions if name.startswith("r")}  # together, or not at all

    # What was due was closed by somebody, once; the rest is closed now.
    lessons = [lesson for _, lesson in desk.online.learned.lessons_after(0, 10**7)]
    assert {lesson.decision_id for lesson in lessons} == {f"d_{k}" for k in range(DUE)}
    call(root, "learn", "-", "--as-of", "1970-01-01T00:30:00Z")
    lessons = [lesson for _, lesson in desk.online.learned.lessons_after(0, 10**7)]
    assert sorted(lesson.decision_id for lesson in lessons) == sorted(decisions)
    earned = dict.fromkeys(decisions, 0.0)
    for _, a in journal:
        earned[a.decision_id] += min(float(str(a.value)), 50.0)
    assert {lesson.decision_id: lesson.outcome for lesson in lessons} == earned
    _check_posterior(desk.online, lessons)


def _check_posterior(online: OnlineStore, lessons: list[Any]) -> None:
    """What is in force, by snapshots of several processes, is what one process learns from all lessons in order."""
    direct = Posterior.start(ARMS, None, np.ones(2), noise=4.0, half_life_s=float(TERMS.half_life_s))
    newest = 1000.0
    for lesson in lessons:
        second = lesson.as_of_us / S
        direct.forget(max(second - newest, 0.0))
        newest = max(newest, second)
        direct.update(
            np.frombuffer(lesson.phi), 0, lesson.outcome - 2.0, 2.0 ** ((second - newest) / TERMS.half_life_s)
        )
    found = LivePosterior(online, TERMS.half_life_s).current("v1")
    assert found is not None
    phi = np.array([[1.0, 0.5], [1.0, -2.0]])
    np.testing.assert_allclose(found.mean(phi), direct.mean(phi), rtol=1e-12)
    np.testing.assert_allclose(found.sd(phi), direct.sd(phi), rtol=1e-12)
