"""Versions learned from real decision logs: a campaign without any event, and visitors nobody knows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from calls import call
from loaded import Loaded

pytestmark = [pytest.mark.real_data, pytest.mark.slow]


def test_hillstrom_learns_from_its_mailing(load_example: Callable[..., Loaded]) -> None:
    root = load_example("hillstrom").root
    toml = (root / "nba.toml").read_text()
    (root / "nba.toml").write_text(toml.replace('name = "spend"', 'name = "visit"'))
    outcome = call(root, "train", "--json", cores=2).json["outcome"]
    assert (outcome["contacts"], outcome["nothing"]) == (42_694, 21_306)
    assert outcome["causal"]
    assert outcome["learner"] != "constant"
    assert outcome["reliable_difference"]
    assert outcome["choice"]["learners"][outcome["learner"]]["low"] > 0
    assert outcome["later"]["ratio"] == pytest.approx(1.0, abs=0.05)


def test_spend_of_hillstrom_is_reported_as_near_null(load_example: Callable[..., Loaded]) -> None:
    root = load_example("hillstrom").root
    outcome = call(root, "train", "--json", cores=2).json["outcome"]
    assert outcome["learner"] == "constant"
    assert any("no reliable difference between customers" in text for text in outcome["warnings"])


def test_open_bandit_learns_without_customers(load_example: Callable[..., Loaded]) -> None:
    root = load_example("openbandit").root
    outcome = call(root, "train", "--json", cores=2).json["outcome"]
    assert (outcome["contacts"], outcome["nothing"]) == (20_000, 0)
    assert any("nobody without a contact" in text for text in outcome["warnings"])
