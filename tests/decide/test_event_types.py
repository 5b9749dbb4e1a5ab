"""What is said of an event type nobody has seen."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from calls import decide

from nbatool.decide.event_types import MOST_WARNINGS, known_types, type_warnings
from nbatool.decide.live import LiveService
from nbatool.store.warehouse import open_warehouse
from nbatool.store.workspace import open_workspace

KNOWN = frozenset({"purchase", "page_view"})


@pytest.mark.parametrize(
    ("types", "said"),
    [
        ([], []),
        (["purchase", "page_view"], []),
        (
            ["purchase", "purchse", "purchse"],
            ['events[1].type: no event "purchse" is known; did you mean "purchase"?'],
        ),
        (["order"], ['events[0].type: no event "order" is known; known are page_view, purchase']),
    ],
)
def test_a_strange_type_is_said_once(types: list[str], said: list[str]) -> None:
    assert type_warnings(types, KNOWN) == said


def test_a_hostile_request_gets_few_and_short_warnings() -> None:
    found = type_warnings([f"{k}" * 1000 for k in range(10_000)], KNOWN)
    assert len(found) == MOST_WARNINGS
    assert max(map(len, found)) < 200
    assert type_warnings(["x"], frozenset()) == ['events[0].type: no event "x" is known']
    many = frozenset(f"type {k:02}" for k in range(30))
    assert type_warnings(["zzz"], many)[0].endswith("type 07 and 22 more")


def test_types_loaded_and_types_configured_are_known(trained_world: Path) -> None:
    service = LiveService(trained_world / "data", trained_world / "models")
    assert service.in_force().event_types >= {"purchase", "page_view", "message_sent", "unsubscribe"}
    service.close()


def test_the_type_of_a_feature_of_ones_own_is_known(tmp_path: Path) -> None:
    (tmp_path / "nba.toml").write_text(
        '[[feature]]\nname = "refunds"\nkind = "count"\ntype = ["refund"]\nwithin = "7d"\n'
    )
    workspace = open_workspace(tmp_path)
    with open_warehouse(workspace) as warehouse:
        assert known_types(warehouse.con, workspace.config, ["buy"]) == ["buy", "refund"]


def test_an_answer_warns_of_a_misspelt_type(trained_world: Path, tmp_path: Path) -> None:
    shop = Path(shutil.copytree(trained_world, tmp_path / "shop"))
    asked = [{"customer_id": "c000007", "events": [{"type": t}]} for t in ("purchase", "purchse")]
    right, wrong = decide(shop, asked)
    assert "warnings" not in right
    assert wrong["warnings"] == ['events[0].type: no event "purchse" is known; did you mean "purchase"?']
