"""The card of lifetime value: which model was chosen and why, its parameters, and whether it reproduces what was seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbatool.base.clock import DAY_S
from nbatool.report.bars import bar
from nbatool.report.figures import number_text, share_text
from nbatool.report.propensity_card import warning_lines
from nbatool.report.tables import paragraph, table_lines
from nbatool.report.train_report import value_line


def clv_lines(clv: Mapping[str, Any], width: int) -> list[str]:
    """Return the card of a lifetime value model (its JSON)."""
    card, settings = clv["card"], clv["settings"]
    lines = paragraph(value_line(card), width=width)
    lines += paragraph(
        f"over {number_text(settings['horizon_s'] / DAY_S)} days, discounted by {share_text(settings['discount_per_year'])} "
        f"a year, margin {share_text(settings['margin'])}; {number_text(card['n_customers'])} customers, "
        f"{number_text(card['n_repeat_customers'])} of them bought again",
        width=width,
    )
    lines += warning_lines(card, width)
    if card["candidates"]:
        lines += ["", *_candidates(card, width)]
    lines += ["", *_parameters(card, width)]
    if card.get("fit_check"):
        lines += ["", *_fit_check(card["fit_check"], width)]
    if card.get("holdout"):
        lines += ["", *_holdout(card["holdout"], width)]
    return lines


def _candidates(card: Mapping[str, Any], width: int) -> list[str]:
    rows = []
    for found in card["candidates"]:
        mark = "*" if found["model"] == card["model"] else ""
        gain = "-"
        if found["gain_over_bg_nbd"] is not None:
            gain = f"{found['gain_over_bg_nbd']:+,.1f} ± {number_text(found['gain_standard_error'], 1)}"
        fitted = (
            number_text(found["held_out_log_likelihood"], 1) if found["converged"] else "did not converge"
        )
        rows.append((mark, found["title"], fitted, gain))
    heads = ("", "model", "log-likelihood of customers held out", "over BG/NBD")
    return [f"  chosen by {card['chosen_by']}", *table_lines(heads, rows, right="llrr", width=width)]


def _parameters(card: Mapping[str, Any], width: int) -> list[str]:
    spend = card["spend"]
    rows = [("purchases", name, f"{value:,.6g}") for name, value in card["parameters"].items()]
    rows += [
        ("spend", name, f"{spend[name]:,.6g}") for name in ("p", "q", "v") if spend.get(name) is not None
    ]
    lines = table_lines(("parameters", "", f"times in {card['unit']}s"), rows, right="llr", width=width)
    mean = spend.get("population_mean")
    if mean is not None:
        kind = str(spend["kind"]).replace("_", " ")
        lines += paragraph(
            f"spend per purchase: {kind}, mean {number_text(mean, 2)}, correlation with how often one buys "
            f"{share_text(spend.get('correlation'))}",
            width=width,
        )
    return lines


def _fit_check(check: Mapping[str, Any], width: int) -> list[str]:
    buckets = check["by_repeat_purchases"]
    most = max((max(b["customers_expected"], b["customers_seen"]) for b in buckets), default=0.0)
    longest = max(4, min(20, (width - 45) // 2))
    rows = [
        (
            str(b["repeat_purchases"]), number_text(b["customers_expected"]), bar(b["customers_expected"], most, longest),
            number_text(b["customers_seen"]), bar(b["customers_seen"], most, longest),
        )
        for b in buckets
    ]  # fmt: skip
    heads = ("repeat purchases", "customers expected", "", "seen", "")
    return table_lines(heads, rows, right="rrlrl", width=max(width, 80))


def _holdout(found: Mapping[str, Any], width: int) -> list[str]:
    rows = []
    for name, errors in (("this model", found["predicted"]), ("as often as so far", found["naive"])):
        off = "-" if errors["aggregate_error"] is None else f"{100 * errors['aggregate_error']:+.1f} %"
        cells = (
            number_text(errors["expected"]),
            off,
            number_text(errors["mae"], 3),
            number_text(errors["rmse"], 3),
        )
        rows.append((name, *cells))
    lines = [
        f"  the last {found['held_out_days']} days held out: {number_text(found['actual'])} purchases of "
        f"{number_text(found['n_customers'])} customers came",
        *table_lines(
            ("", "expected", "off", "mean error", "rmse"), rows, right="lrrrr", width=width, indent=4
        ),
    ]
    if found.get("spend_actual") is not None:
        lines += paragraph(
            f"money: {number_text(found['spend_expected'])} expected, {number_text(found['spend_actual'])} came, "
            f"mean error {number_text(found['spend_mae'], 2)} a customer",
            width=width,
        )
    return lines
