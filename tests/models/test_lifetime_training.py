"""Training with lifetime value as the outcome: κ is looked for, kept in the card, and used by labels and by windows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from calls import call

from nbatool.models import registry
from nbatool.models.kappa import Kappa
from nbatool.models.later_in_force import later_in_force
from nbatool.models.lifetime_outcome import LaterValue
from nbatool.models.training import train_workspace
from nbatool.store.workspace import open_workspace
from nbatool.world.write import generate


@pytest.mark.slow
def test_a_version_keeps_its_kappa_and_labels_use_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generate(tmp_path, customers=150, months=8, waves=5, seed=2)
    toml = tmp_path / "nba.toml"
    spend = 'event = "purchase"\nmeasure = "sum"\nwithin = "30d"'
    assert spend in toml.read_text()
    life = 'measure = "lifetime_value"\nwithin = "30d"\nunsubscribe_cost = 5'
    toml.write_text(toml.read_text().replace(spend, life))
    call(tmp_path, "ingest", "-q")
    workspace = open_workspace(tmp_path)
    train_workspace(workspace, as_of_us=None, seed=0, say=lambda _: None)

    def card() -> Any:
        version = registry.champion(workspace.models_dir)
        assert version is not None
        return json.loads(registry.load_files(workspace.models_dir, version)["card.json"])

    assert card()["kappa"]["value"] == 0
    assert card()["kappa"]["why"].startswith("no customer was in a control group")
    assert later_in_force(workspace) is None

    asked = []
    plain = LaterValue.value

    def watched(self: LaterValue, con: Any, n_moments: int) -> Any:
        asked.append(plain(self, con, n_moments))
        return asked[-1]

    monkeypatch.setattr(LaterValue, "value", watched)
    monkeypatch.setattr(
        "nbatool.models.train.estimate_kappa", lambda *_: Kappa(value=0.5, estimate=0.5, se=0.1, n=9)
    )
    train_workspace(workspace, as_of_us=None, seed=0, say=lambda _: None)
    assert card()["kappa"]["value"] == 0.5
    assert len(asked) == 1
    assert asked[0].max() > 0
    found = later_in_force(workspace)
    assert found is not None
    assert (found.kappa, found.within_s) == (0.5, 30 * 86_400)
