"""What was known of past decisions at a time: never what a window that was open then was closed with since."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from small_shop import Shop
from windows_world import World, night, us

from nbatool.decide import rebase
from nbatool.features.choice import as_timestamp
from nbatool.features.labels import load_moment_actions
from nbatool.features.moments import Moments, load_moments
from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.ingest.decision_log import DECISION_SCHEMA, OUTCOME_SCHEMA, load_decisions, load_outcomes
from nbatool.measure.twin import decision_times
from nbatool.models.known_outcomes import KnownOutcomes
from nbatool.models.past_decisions import log_is_usable, read_past_decisions
from nbatool.store.sql import statement
from nbatool.store.warehouse import open_warehouse
from nbatool.store.workspace import open_workspace

CLOSES = 6
"""Days from a decision until its window is closed: five, and one of waiting."""


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A contact on each of the first ten days, a purchase of 50 four days later."""
    made = World(tmp_path)
    made.events(*((f"c{k}", k + 4, "buy", "50", "") for k in range(10)))
    names = [f"d{k}" for k in range(10)]
    made.log([night(name, f"c{k}", "mail", day=k) for k, name in enumerate(names)], tuple(names))
    return made


def learned(root: Path, day: float) -> dict[str, bytes]:
    """What training as of a day learns from, to the last bit."""
    workspace = open_workspace(root)
    with open_warehouse(workspace) as warehouse:
        con, config = warehouse.con, workspace.config
        past = read_past_decisions(con, config, from_us=us(day), as_of_us=us(day), seed=0)
        assert log_is_usable(con, config, us(day)) == (past is not None)
        if past is None:
            return {}
        table = past.table
        load_moments(con, Moments(table.customer_id.tolist(), table.as_of_us), "UTC")
        load_moment_actions(con, table.action_id.tolist())
        y = table.brought(OutcomeTerms.of(config).objectives)
        evidence = {"most": 100, "until": as_timestamp(us(day - CLOSES))}
        seen = con.execute(statement("models/closed_newest"), evidence).fetchall()
    who = " ".join(table.customer_id.tolist()).encode()
    return {"who": who, "when": table.as_of_us.tobytes(), "y": y.tobytes(), "seen": repr(seen).encode()}


def test_windows_closed_later_teach_nothing_of_before(world: World) -> None:
    world.learn(9)
    before = {day: learned(world.shop.root, day) for day in (4, CLOSES, 8.5)}
    assert before[4] == {}
    assert np.frombuffer(before[CLOSES]["y"]).tolist() == [50.0]  # the day it is over it is known
    assert before[8.5]["who"] == b"c0 c1 c2"
    world.learn(30)
    assert {day: learned(world.shop.root, day) for day in before} == before
    assert len(learned(world.shop.root, 30)["y"]) == 8 * 10


def test_a_log_closed_late_is_known_as_of_its_own_times(world: World) -> None:
    world.learn(30)
    assert learned(world.shop.root, 8.5)["who"] == b"c0 c1 c2"


def test_the_fast_learner_of_an_earlier_time_replays_what_was_over_then(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seen(con: Any, policy: Any, closed: Any, rows: Any, arm: Any) -> tuple[Any, Any]:
        return np.ones((len(rows), 2)), np.zeros(len(rows))

    monkeypatch.setattr(rebase, "_seen", seen)
    policy: Any = SimpleNamespace(
        bundle=SimpleNamespace(context=SimpleNamespace(d=2), outcome=None),
        candidates=(("mail", "email"), ("nothing", None)),
        catalogue=SimpleNamespace(actions={}),
    )

    def replayed(day: float) -> int:
        workspace = open_workspace(world.shop.root)
        with open_warehouse(workspace) as warehouse:
            terms = OutcomeTerms.of(workspace.config)
            found = rebase.rebased(warehouse.con, policy, terms, as_of_us=us(day))
        assert found is not None
        return found.outcomes

    world.learn(30)
    assert [replayed(day) for day in (4, CLOSES, 8.5, 30)] == [0, 1, 3, 10]


POSTED = '[[objective]]\nname = "order"\nwithin = "5d"\nmeasure = "sum"\n'


def told(shop: Shop, *outcomes: tuple[int, str]) -> None:
    """A contact of another tool on each of ten days, and what came with some of them."""
    decisions = [night(f"d{k}", f"c{k}", "mail", day=k) for k in range(10)]
    rows = [
        {"decision_id": f"d{k}", "slot": 1, "outcome_id": "order", "objective": "order", "value": v}
        for k, v in outcomes
    ]
    with open_warehouse(shop.configure(POSTED)) as warehouse:
        load_decisions(warehouse.con, pa.Table.from_pylist(decisions, DECISION_SCHEMA), source="crm")
        load_outcomes(warehouse.con, pa.Table.from_pylist(rows, OUTCOME_SCHEMA), source="crm")


def known(shop: Shop, day: float) -> list[str]:
    workspace = open_workspace(shop.root)
    with open_warehouse(workspace) as warehouse:
        con, config = warehouse.con, workspace.config
        past = read_past_decisions(con, config, from_us=us(day), as_of_us=us(day), seed=0)
        found = [] if past is None else past.table.customer_id.tolist()
        assert log_is_usable(con, config, us(day)) == bool(found)
        assert sum(n for _, n in decision_times(con, config, us(day))) == len(found)
        assert bool(KnownOutcomes.at(con, config, us(day)).telling) == (len(found) > day - 4)
    return found


def test_successes_told_early_wait_for_the_failures_beside_them(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    told(shop, (1, "20"), (6, "20"), (8, "20"))
    # Not d6 and d8, which would look as if every contact of these days had brought an order.
    assert known(shop, 9.5) == ["c0", "c1", "c2", "c3", "c4"]
    assert known(shop, 4) == []


def test_a_source_that_tells_every_outcome_waits_for_nothing(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    told(shop, *((k, "20" if k in (1, 6, 8) else "0") for k in range(10)))
    assert known(shop, 9.5) == [f"c{k}" for k in range(10)]
    assert known(shop, 4) == [f"c{k}" for k in range(4)]
