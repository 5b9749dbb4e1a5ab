"""A version's model card as text: what it was trained on, how well each model does, what the models look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbatool.base.clock import format_time
from nbatool.report.bars import bar
from nbatool.report.clv_card import clv_lines
from nbatool.report.figures import minute_text, share_text
from nbatool.report.outcome_card import outcome_lines
from nbatool.report.propensity_card import propensity_lines
from nbatool.report.tables import paragraph, table_lines
from nbatool.report.train_report import NO_CONTACT, kappa_line

MOST_FEATURES = 15
PARTS = {
    "baseline": "what the baseline looks at most (the outcome of a customer, whatever we do)",
    "effect": "what the effect looks at most (what an action changes)",
    "nothing": "what the outcome without an action looks at most, beyond the baseline",
}
"""Heads of the lists of the outcome model's parts; a model of one part just looks."""


def card_text(card: Mapping[str, Any], width: int) -> str:
    """Return a model card (`Bundle.card`) as text, at most ``width`` wide."""
    first, last = (minute_text(format_time(card[key])) for key in ("first_us", "as_of_us"))
    lines = paragraph(
        f"{first} to {last}, {card['features']} features, seed {card['seed']}",
        first="data     ",
        indent=0,
        width=width,
    )
    if made_with := _versions(card):
        lines += paragraph(made_with, first="made by  ", indent=0, width=width)
    for name, target in card["targets"].items():
        lines += [
            "",
            f"{name}: the chance that a customer does it, whatever we do",
            *propensity_lines(target, width),
        ]
        lines += importance_lines({"": target["importance"]}, width)
    lines += ["", "expected outcome of an action for a customer"]
    if card["outcome"] is None:
        lines += paragraph(NO_CONTACT, width=width)
    else:
        lines += outcome_lines(card["outcome"], width)
        lines += importance_lines(card["outcome"].get("importance") or {}, width)
    if card["conversion"]:
        lines += [
            "",
            "conversion: the chance that a contact converts",
            *propensity_lines(card["conversion"], width),
        ]
    if card["clv"]:
        lines += ["", "lifetime value", *clv_lines(card["clv"], width)]
    if card.get("kappa"):
        lines += paragraph(kappa_line(card["kappa"]), width=width)
    return "\n".join(lines)


def _versions(card: Mapping[str, Any]) -> str:
    models = [*card["targets"].values(), card["outcome"], card["conversion"]]
    found: dict[str, str] = {}
    for model in models:
        found |= (model or {}).get("versions", {})
    return ", ".join(f"{name} {version}" for name, version in found.items())


def importance_lines(importance: Mapping[str, Any], width: int) -> list[str]:
    """Return what a model's trees gain most from; one list for each of its parts."""
    lines: list[str] = []
    for part, entries in importance.items():
        shown = entries[:MOST_FEATURES]
        if not shown:
            continue
        most = max(entry["share"] for entry in shown)
        head = (
            "what the effect of one action looks at most" if part.startswith("effect-") else PARTS.get(part)
        )
        lines += ["", *paragraph(head or "what it looks at most", width=width)]
        rows = [(e["feature"], share_text(e["share"], 3), bar(e["share"], most, 20)) for e in shown]
        lines += table_lines(("", "", ""), rows, right="lrl", width=width, indent=4)
    return lines
