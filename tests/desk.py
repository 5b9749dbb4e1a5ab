"""A workspace's data folder as a publication leaves it, without models: what answers to decisions need of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from nbatool.features.outcome_terms import ObjectiveTerms, OutcomeTerms
from nbatool.learn.live import AnswerService
from nbatool.store.decision_record import DecisionRecord, Slot
from nbatool.store.online import OnlineStore, Published
from nbatool.store.state import write_state

S = 1_000_000
SPEND = ObjectiveTerms("spend", None, "sum", 100, False, 50.0, None, 1.0)
CLICK = ObjectiveTerms("click", None, "any", 10, False, None, None, 2.0)
TERMS = OutcomeTerms((SPEND,), wait_s=20, default_outcome=0.0, half_life_s=1000)


def record(decision_id: str = "d_1", **changes: Any) -> DecisionRecord:
    """A decision at second 1000 between one mail and nothing; the mail was chosen and is expected to bring 2."""
    values: dict[str, Any] = {
        "decision_id": decision_id, "customer_id": "c1", "as_of_us": 1000 * S, "request_id": None, "seed": 0,
        "arm": "policy", "model_version": "v1", "candidates": [("mail", "email"), ("nothing", None)],
        "slots": [Slot(0, 0.9, 0.8)], "expected": [2.0, 1.0], "net_value": [0.9, 0.0], "probability": [0.8, 0.2],
        "removed": [0, 0], "context": {"page": "home"}, "phi": [1.0, 0.5],
    }  # fmt: skip
    values |= changes
    return DecisionRecord(**{"closes_us": TERMS.closes_us(values["as_of_us"]), **values})


class Desk:
    """A data folder with a publication; `service(second)` answers as of that second."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.online = OnlineStore(data_dir / "online.db")
        self.opened: list[AnswerService] = []

    def publish(self, terms: OutcomeTerms = TERMS, *, clock_runs: bool = True) -> None:
        name = f"state-{len(list(self.data_dir.glob('state-*')))}.db"
        with write_state(self.data_dir / name) as writer:
            writer.put_meta("learning", msgspec.json.encode(terms.to_json()))
            writer.put_meta("clock_runs", msgspec.json.encode(clock_runs))
        self.online.publish(Published(name, "v1", 1000 * S, 0, 0))

    def service(self, second: int) -> AnswerService:
        opened = AnswerService(
            self.data_dir, as_of=f"1970-01-01T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z"
        )
        self.opened.append(opened)
        return opened

    def say(self, second: int, *lines: dict[str, Any]) -> list[Any]:
        """Tell lines as of a second; return what each was told, or its error's message."""
        answers = self.service(second).take([msgspec.json.encode(line) for line in lines], 1)
        return [a["status"] if "status" in a else a["error"]["message"] for a in answers]

    def lessons(self) -> dict[str, float]:
        return {lesson.decision_id: lesson.outcome for _, lesson in self.online.learned.lessons_after(0)}
