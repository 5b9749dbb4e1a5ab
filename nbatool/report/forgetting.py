"""What is said of old decisions: which are not looked at any more, and how fast the others are forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbatool.report.figures import minute_text, number_text
from nbatool.report.tables import paragraph


def forgetting_lines(card: Mapping[str, Any], width: int) -> list[str]:
    """Return what is left out of the log for its age, and how fast the rest is forgotten; nothing where neither is."""
    lines = []
    if since := card.get("newest_from"):
        lines += paragraph(
            f"more is logged than is useful: the newest is looked at, from {minute_text(since)}", width=width
        )
    days = card.get("half_life")
    return lines + (paragraph(forgetting_text(card, days), width=width) if days else [])


def forgetting_text(card: Mapping[str, Any], days: int) -> str:
    """Return one line on the half-life chosen: what it leaves of the rows, and why it was chosen."""
    losses = {each["half_life"]: each["loss"] for each in card["half_life_losses"]}
    return (
        f"older decisions count less, half after {days} days: {number_text(card['n_rows'])} rows are worth "
        f"{number_text(round(card['effective_rows']))}; error on later decisions {losses[days]:.4g}, without forgetting "
        f"{losses[None]:.4g}"
    )
