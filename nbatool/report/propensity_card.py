"""The card of a propensity: figures beside the baselines, predicted beside realised, lift by tenth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nbatool.report.bars import bar, interval_line
from nbatool.report.figures import minute_text, number_text, share_text
from nbatool.report.tables import paragraph, table_lines
from nbatool.report.train_report import RULES

PLOT = 41


def propensity_lines(card: Mapping[str, Any], width: int) -> list[str]:
    """Return the card of one propensity, without its name and importance."""
    lines = paragraph(
        f"{number_text(card['n_rows'])} past moments of {number_text(card['n_customers'])} customers, "
        f"{number_text(card['n_positives'])} positives, {minute_text(card['first_as_of'])} to "
        f"{minute_text(card['last_as_of'])}; {card['trees']} trees",
        width=width,
    )
    lines += warning_lines(card, width)
    found = card["evaluation"]
    if found is None:
        return lines
    lines += paragraph(str(card["split"]), width=width)
    lines += ["", *_figures(found, width)]
    lines += ["", *calibration_lines(found, str(card["calibration"]), width)]
    lines += ["", *_lift(found["lift_by_decile"], width)]
    return lines


def warning_lines(card: Mapping[str, Any], width: int) -> list[str]:
    """Return everything odd about a model, one paragraph each."""
    return [line for text in card.get("warnings", ()) for line in paragraph(text, first="! ", width=width)]


def _figures(found: Mapping[str, Any], width: int) -> list[str]:
    rows = [
        ("this model", found),
        *((RULES[name], found["baselines"][name]) for name in sorted(found["baselines"])),
    ]
    cells = [
        (name, share_text(each["auc"], 3), share_text(each["log_loss"], 4), share_text(each["brier"], 4))
        for name, each in rows
    ]
    heads = (f"on {number_text(found['n_rows'])} later rows", "AUC", "log loss", "Brier")
    lines = table_lines(heads, cells, right="lrrr", width=width)
    gain, rule = found["log_loss_gain"], RULES[found["best_baseline"]]
    said = "better than" if found["better_than_baseline"] else "not surely better than"
    lines += paragraph(
        f"{said} the {rule}: log loss lower by {share_text(gain['mean'], 4)} "
        f"(95 %: {share_text(gain['low'], 4)} to {share_text(gain['high'], 4)})",
        width=width,
    )
    return lines


def calibration_lines(found: Mapping[str, Any], kind: str, width: int) -> list[str]:
    """Return predicted beside realised rates of ten groups, and their plot."""
    bins = found["calibration_plot"]
    error = share_text(found["calibration_error"], 3)
    head = f"predicted ○ and what came in ● with its 95 % interval ({kind}; mean distance {error})"
    lines = paragraph(head, width=width)
    if not bins:
        return lines
    most = max(max(part["high"], part["predicted"]) for part in bins)
    least = min(min(part["low"], part["predicted"]) for part in bins)
    size = max(11, min(PLOT, width - 45))
    rows = [
        (
            number_text(part["n"]), share_text(part["predicted"], 3), share_text(part["realised"], 3),
            f"{share_text(part['low'], 3)}–{share_text(part['high'], 3)}",
            interval_line(
                part["low"], part["high"], part["realised"], part["predicted"], axis=(least, most), size=size
            ),
        )
        for part in bins
    ]  # fmt: skip
    axis = share_text(least).ljust(size - 4) + share_text(most).rjust(4)
    return lines + table_lines(
        ("rows", "predicted", "came in", "95 %", axis), rows, right="rrrrl", width=10_000, indent=4
    )


def _lift(lift: Sequence[float | None], width: int) -> list[str]:
    known = [value for value in lift if value is not None]
    if not known:
        return []
    rows = [
        (f"tenth {k}", share_text(value), bar(value or 0.0, max(known), min(30, width - 24)))
        for k, value in enumerate(lift, start=1)
    ]
    return [
        "  times the average rate, best tenth first",
        *table_lines(("", "", ""), rows, right="rrl", width=width, indent=4),
    ]
