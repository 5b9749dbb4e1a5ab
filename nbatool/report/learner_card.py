"""The part of the outcome model's card about its learner: what each learner's choices were worth, and whether customers
really differ in what actions change.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbatool.report.figures import number_text, share_text
from nbatool.report.tables import paragraph, table_lines

NAMES = {
    "S": "S: one model of all actions",
    "T": "T: a model of each action",
    "X": "X: effects imputed",
    "DR": "DR: effects doubly robust",
    "linear": "linear: the fast learner alone",
    "constant": "one uplift for all",
}


def learner_lines(card: Mapping[str, Any], width: int) -> list[str]:
    """Return the lines; none of a version that did not choose."""
    choice = card.get("choice")
    if not choice:
        return []
    chosen = card["learner"]
    lines = ["", *paragraph(f"learner chosen: {NAMES.get(chosen, chosen)}: {choice['because']}", width=width)]
    rows = [
        (
            ("→ " if name == chosen else "  ") + NAMES.get(name, name),
            number_text(found["value"], 3),
            f"{number_text(found['low'], 3)} to {number_text(found['high'], 3)}",
            _slope(found.get("slope")),
        )
        for name, found in choice["learners"].items()
    ]
    heads = ("worth of its choices a decision", "value", "95 % interval", "came true ± 2 s.e.")
    lines += table_lines(heads, rows, right="lrrr", width=width, indent=2)
    lines += paragraph(
        "value over nothing, net of costs, doubly robust on later rows, mean over contacting a tenth of the customers, two "
        "tenths, … everybody; came true: how much of the predicted differences between customers did",
        width=width,
    )
    return lines + _tenths(card["difference"], width)


def _slope(slope: Mapping[str, Any] | None) -> str:
    if not slope or not slope["se"]:
        return "-"
    return f"{share_text(slope['value'])} ± {share_text(2 * slope['se'])}"


def _tenths(difference: Mapping[str, Any], width: int) -> list[str]:
    rows = [
        (
            f"tenth {number}", number_text(tenth["predicted"], 3), number_text(tenth["measured"], 3),
            f"{number_text(tenth['low'], 3)} to {number_text(tenth['high'], 3)}",
        )
        for number, tenth in enumerate(difference["tenths"], start=1)
    ]  # fmt: skip
    if not rows:
        return []
    verdict = (
        "customers differ reliably in what actions change"
        if difference["reliable"]
        else "no reliable difference between customers was found"
    )
    over = "uplift" if difference.get("against_nothing", True) else "over the mean of all actions"
    heads = (f"{over}, lowest prediction first", "predicted", "measured", "95 % interval")
    return [
        "",
        *paragraph(verdict, width=width),
        *table_lines(heads, rows, right="lrrr", width=width, indent=4),
    ]
