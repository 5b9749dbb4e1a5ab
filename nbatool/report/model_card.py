"""A version's model card as text: what it was trained on, how well each model does, what the models look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nbatool.base.clock import format_duration, format_time
from nbatool.report.bars import bar
from nbatool.report.clv_card import clv_lines
from nbatool.report.figures import minute_text, share_text
from nbatool.report.outcome_card import action_of, is_own, outcome_lines
from nbatool.report.propensity_card import propensity_lines
from nbatool.report.tables import paragraph, table_lines
from nbatool.report.train_report import NO_CONTACT, kappa_line

MOST_FEATURES = 15
MOST_OWN = 5
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
        meant = paragraph(f"{name}: {_meaning(target)}, whatever we do", indent=0, width=width)
        lines += ["", *meant, *propensity_lines(target, width)]
        lines += importance_lines({"": target["importance"]}, width)
    lines += ["", "expected outcome of an action for a customer"]
    if card["outcome"] is None:
        lines += paragraph(NO_CONTACT, width=width)
    else:
        lines += outcome_lines(card["outcome"], width)
        ids = card["outcome"].get("actions") or []
        lines += importance_lines(card["outcome"].get("importance") or {}, width, ids)
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


def _meaning(target: Mapping[str, Any]) -> str:
    """Say what a target's chance is the chance of; versions trained before this was kept do not know."""
    if "happens" not in target:
        return "the chance of what this target asks for"
    what = f'"{target["event"]}" within {format_duration(target["within_s"])}'
    return f"the chance of {'' if target['happens'] else 'no '}{what}"


def importance_lines(importance: Mapping[str, Any], width: int, ids: Sequence[str] = ()) -> list[str]:
    """Return what a model's trees gain most from: a list for each of its parts, a line for each action's own part.

    Parameters
    ----------
    ids
        The actions by their codes.
    """
    lines: list[str] = []
    for part, entries in importance.items():
        shown = entries[:MOST_FEATURES]
        if not shown or is_own(part):
            continue
        most = max(entry["share"] for entry in shown)
        lines += ["", *paragraph(PARTS.get(part, "what it looks at most"), width=width)]
        rows = [(e["feature"], share_text(e["share"], 3), bar(e["share"], most, 20)) for e in shown]
        lines += table_lines(("", "", ""), rows, right="lrl", width=width, indent=4)
    own = {part: entries[:MOST_OWN] for part, entries in importance.items() if entries and is_own(part)}
    if own:
        lines += ["", *paragraph("what the effect of each action looks at most", width=width)]
    for part, entries in own.items():
        told = ", ".join(f"{e['feature']} {share_text(e['share'])}" for e in entries)
        lines += paragraph(f"{action_of(part, ids)}: {told}", indent=4, width=width)
    return lines
