"""What the card and the report of a training say of old decisions."""

from __future__ import annotations

from nbatool.report.forgetting import forgetting_lines

CARD = {
    "n_rows": 40_000,
    "newest_from": "2024-01-31T00:00:00Z",
    "half_life": 45,
    "effective_rows": 18_211.6,
    "half_life_losses": [{"half_life": None, "loss": 9.28}, {"half_life": 45, "loss": 9.1}],
}


def test_a_half_life_is_said_with_what_it_cost_and_brought() -> None:
    said = " ".join(" ".join(forgetting_lines(CARD, 80)).split())
    assert "the newest is looked at, from 2024-01-31 00:00" in said
    assert "half after 45 days: 40,000 rows are worth 18,212" in said
    assert "error on later decisions 9.1, without forgetting 9.28" in said


def test_nothing_is_said_where_nothing_is_forgotten() -> None:
    assert forgetting_lines({**CARD, "newest_from": None, "half_life": None}, 80) == []
    assert forgetting_lines({}, 80) == []
