"""A workspace with events, a log and an online store, whose outcomes one can check by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from small_shop import Shop, source

from nbatool.base.clock import DAY_US, parse_time
from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.ingest.decision_log import (
    CONTACT_SCHEMA,
    DECISION_SCHEMA,
    LIVE_BATCH,
    OUTCOME_SCHEMA,
    load_contact_states,
    load_decisions,
    load_outcomes,
)
from nbatool.learn.learning import LearnReport, learn_workspace
from nbatool.store.online import OnlineStore
from nbatool.store.warehouse import open_warehouse
from nbatool.store.workspace import Workspace, open_workspace

DAY = parse_time("2024-03-01")
SETTINGS = """
[roles]
contact = ["mailed"]
purchase = ["buy"]
[learning]
wait = "1d"
default_outcome = -0.5
[[objective]]
name = "spend"
event = "buy"
measure = "sum"
within = "5d"
clip_event = 100.0
[[objective]]
name = "taken"
event = "redeem"
measure = "any"
within = "2d"
match_action = true
weight = 10.0
[[objective]]
name = "stars"
measure = "sum"
within = "5d"
weight = 2.0
"""


def us(day: float) -> int:
    return DAY + int(day * DAY_US)


def night(
    decision_id: str, customer: str | None, action: str, *, day: float = 0, channel: str | None = "email"
) -> dict[str, Any]:
    return {
        "decision_id": decision_id, "customer_id": customer, "as_of_us": us(day), "slot": 1, "action_id": action,
        "channel": None if action == "nothing" else channel, "probability": 0.5, "probability_in_arm": 0.5, "arm": "policy",
        "policy": "v1", "candidates": '[["mail","email"],["nothing",null]]',
    }  # fmt: skip


class World:
    """A workspace with events, a log, and an online store."""

    def __init__(self, root: Path) -> None:
        self.shop, self.until = Shop(root), 40.0

    def events(self, *rows: tuple[str, float, str, str, str]) -> Workspace:
        """Load (customer, day, type, value, action) events."""
        # The stream goes on: what did not happen in it did not happen.
        rows = (*rows, ("z", self.until, "visit", "", ""))
        lines = [f"{c},{np.datetime64(us(day), 'us')},{t},{v},{a}" for c, day, t, v, a in rows]
        self.shop.write("events.csv", "id,ts,type,value,action\n" + "\n".join(lines) + "\n")
        mapped = {"customer_id": "id", "ts": "ts", "type": "type", "value": "value", "action_id": "action"}
        workspace = self.shop.configure(SETTINGS + source("events.csv", **mapped))
        self.shop.load(workspace)
        return workspace

    def log(
        self,
        decisions: list[dict[str, Any]],
        sent: tuple[str, ...] = (),
        outcomes: Sequence[dict[str, Any]] = (),
        batch: str = LIVE_BATCH,
    ) -> None:
        states = [{"decision_id": name, "status": "sent", "ts_us": us(0)} for name in sent]
        with open_warehouse(open_workspace(self.shop.root)) as warehouse:
            load_decisions(warehouse.con, pa.Table.from_pylist(decisions, DECISION_SCHEMA), batch_id=batch)
            load_contact_states(warehouse.con, pa.Table.from_pylist(states, CONTACT_SCHEMA))
            load_outcomes(warehouse.con, pa.Table.from_pylist(list(outcomes), OUTCOME_SCHEMA))

    def learn(self, day: float) -> LearnReport:
        return learn_workspace(open_workspace(self.shop.root), as_of_us=us(day))

    def closed(self) -> dict[str, float]:
        rows = self.shop.rows("select decision_id, outcome from closed order by position")
        assert [row[0] for row in self.shop.rows("select position from closed order by position")] == list(
            range(1, len(rows) + 1)
        )
        return dict(rows)


def live(world: World, record: Any, decision_id: str, customer: str, **changes: Any) -> None:
    terms = OutcomeTerms.of(open_workspace(world.shop.root).config)
    online = OnlineStore(world.shop.root / "data" / "online.db")
    online.record(
        record(decision_id, customer_id=customer, as_of_us=us(0), closes_us=terms.closes_us(us(0)), **changes)
    )
    online.close()
