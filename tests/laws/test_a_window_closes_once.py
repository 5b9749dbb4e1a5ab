"""Whatever is said in whatever order, by several processes, again and late: a window closes once, with what counts."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from desk import Desk, S, record
from hypothesis import given, settings
from hypothesis import strategies as st

from nbatool.features.outcome_terms import ObjectiveTerms, OutcomeTerms

SPEND = ObjectiveTerms("spend", None, "sum", 100, False, 5.0, 8.0, 1.0)
CLICK = ObjectiveTerms("click", None, "any", 30, False, None, None, -2.0)
TERMS = OutcomeTerms((SPEND, CLICK), wait_s=20, default_outcome=0.25, half_life_s=1000)
DECISIONS = {"d_0": 1000, "d_1": 1040}
CLOSED_AFTER = 120


@dataclass
class Naive:
    """The rules, told again in the plainest way; times in seconds."""

    seen: set[Any] = field(default_factory=set)
    counted: list[tuple[str, str, float, int]] = field(default_factory=list)
    status: dict[str, list[tuple[int, bool]]] = field(default_factory=dict)

    def say(self, now: int, line: dict[str, Any]) -> str:
        name, at = line["decision_id"], line.get("at", max(now, DECISIONS[line["decision_id"]]))
        over = now >= DECISIONS[name] + CLOSED_AFTER
        if "status" in line:
            key: Any = (name, line["status"])
            told = "late" if over else {"sent": "confirmed", "released": "released"}[line["status"]]
            if key not in self.seen and not over:
                self.status.setdefault(name, []).append((at, line["status"] == "released"))
        else:
            key = (name, line["objective"], line["outcome_id"])
            window = {"spend": 100, "click": 30}[line["objective"]]
            late = over or at >= DECISIONS[name] + window
            told = "late" if late else "released" if self.released(name) else "credited"
            if key not in self.seen and not late:
                self.counted.append((name, line["objective"], line["outcome"], at))
        told = "duplicate" if key in self.seen else told
        self.seen.add(key)
        return told

    def released(self, name: str) -> bool:
        return max(self.status.get(name, [(0, False)]))[1]

    def outcome(self, name: str) -> float:
        spent = [
            min(value, 5.0) for d, objective, value, _ in self.counted if (d, objective) == (name, "spend")
        ]
        clicks = [value for d, objective, value, _ in self.counted if (d, objective) == (name, "click")]
        if not spent and not clicks:
            return 0.25
        return min(sum(spent), 8.0) - 2.0 * any(clicks)


outcome = st.fixed_dictionaries(
    {
        "decision_id": st.sampled_from(sorted(DECISIONS)),
        "objective": st.sampled_from(["spend", "click"]),
        "outcome": st.sampled_from([0.0, 1.0, 2.5, 7.0, -1.5]),
        "outcome_id": st.sampled_from("abc"),
    },
    optional={"at": st.integers(1040, 1200)},
)
status = st.fixed_dictionaries(
    {"decision_id": st.sampled_from(sorted(DECISIONS)), "status": st.sampled_from(["sent", "released"])}
)
step = st.tuples(st.integers(0, 25), st.one_of(outcome, outcome, status))


@pytest.mark.slow
@settings(max_examples=60)
@given(st.lists(step, max_size=14))
def test_a_window_closes_once(steps: list[tuple[int, dict[str, Any]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        desk, naive, now = Desk(Path(folder)), Naive(), 1040
        desk.publish(TERMS)
        for name, second in DECISIONS.items():
            desk.online.record(record(name, as_of_us=second * S, closes_us=TERMS.closes_us(second * S)))
        closed: dict[str, float] = {}
        for elapsed, line in steps:
            now += elapsed
            line = {**line, "at": min(line["at"], now)} if "at" in line else line
            written = {key: value for key, value in line.items() if key != "at"}
            if "at" in line:
                written["ts"] = f"1970-01-01T00:{line['at'] // 60:02d}:{line['at'] % 60:02d}Z"
            closed |= {d: naive.outcome(d) for d in due(now) if d not in closed and not naive.released(d)}
            assert desk.say(now, written) == [naive.say(now, line)]
            assert desk.lessons() == closed
        closed |= {d: naive.outcome(d) for d in DECISIONS if d not in closed and not naive.released(d)}
        desk.say(2000)
        desk.say(2001)
        assert desk.lessons() == closed
        for service in desk.opened:
            service.close()
        desk.online.close()


def due(now: int) -> list[str]:
    return [name for name, second in DECISIONS.items() if now >= second + CLOSED_AFTER]
