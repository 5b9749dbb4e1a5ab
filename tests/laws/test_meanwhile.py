"""What is said while a night works holds for it: opt-outs, suppressions and contacts of live decisions."""

from __future__ import annotations

import csv
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from calls import call

from nbatool.activate import score
from nbatool.activate.scored import ScoreSettings
from nbatool.base.clock import now_us
from nbatool.decide.explaining import explain_customer
from nbatool.store.contact import Contact
from nbatool.store.online import LiveEvent, OnlineStore
from nbatool.store.workspace import open_workspace

pytestmark = pytest.mark.slow

SETTINGS = """
[guardrails]
max_contacts = [ { limit = 1, window = "1d" } ]
"""
LIMIT = """
capacity = [ { limit = 1000000, window = "1d" } ]
"""


def rows_of(root: Path) -> dict[str, dict[str, str]]:
    """The action file by customer."""
    [path] = (root / "out").glob("actions-*.csv")
    with path.open(encoding="utf-8") as file:
        return {row["customer_id"]: row for row in csv.DictReader(file)}


@pytest.mark.parametrize("limits", ["", LIMIT])
def test_what_is_said_while_the_night_works_holds(
    trained_world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: str
) -> None:
    root: Path = shutil.copytree(trained_world, tmp_path / "shop")
    with (root / "nba.toml").open("a", encoding="utf-8") as file:
        file.write(SETTINGS + limits)
    call(root, "score", "--quiet")
    before = rows_of(root)
    mailed = [row for row in before.values() if row["channel"] == "email"]
    out, other_channel, moved, contacted = mailed[:4]
    workspace = open_workspace(root)
    [unsubscribed, *_] = workspace.config.roles.unsubscribe

    def and_meanwhile(*given: Any) -> Any:
        with closing(OnlineStore(root / "data" / "online.db")) as online:
            now = now_us()
            online.append(
                LiveEvent(f"e{k}", row["customer_id"], now, unsubscribed, channel=channel)
                for k, (row, channel) in enumerate([(out, "email"), (other_channel, "push")])
            )
            online.suppressions.add(reason="moved", who="ann", made_us=now, customer_id=moved["customer_id"])
            [held] = online.ledger.of_customer(contacted["customer_id"], 0)
            online.ledger.reserve([Contact.of(held.kind, held.customer_id, "d_live", 1, held.at_us - 1)])
        return reserving(*given)

    reserving = score.reserving
    monkeypatch.setattr(score, "reserving", and_meanwhile)
    report = score.score_workspace(workspace, ScoreSettings(explain=True), as_of_us=None)
    after = rows_of(root)
    gone = {row["customer_id"] for row in (out, moved, contacted)}
    assert after.keys() == before.keys() - gone
    assert other_channel["customer_id"] in after
    assert report.funnel is not None
    told = {step.step: {rule.words for rule in step.rules} for step in report.funnel}
    assert "opted out of email while the night worked" in told["consent"]
    assert "moved (suppression 1 by ann)" in told["suppressed"]
    assert any(rule.endswith("with contacts made while the night worked") for rule in told["cap"])
    with closing(OnlineStore(root / "data" / "online.db")) as online:
        reserved = {h.decision_id for rows in online.ledger.held_since(0) for h in rows.contacts()}
    assert not {row["decision_id"] for row in (out, moved, contacted)} & reserved
    monkeypatch.undo()
    found = explain_customer(workspace, contacted["customer_id"])
    assert found.chosen is None
