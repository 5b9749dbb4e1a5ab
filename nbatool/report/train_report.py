"""What `nbatool train` says: the version, how good each model is beside the plain rule it must beat, every warning."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from nbatool.base.clock import format_time
from nbatool.measure.promotion import Verdict
from nbatool.models.card import canonical_json
from nbatool.models.training import TrainReport
from nbatool.report.figures import minute_text, number_text, share_text
from nbatool.report.forgetting import forgetting_text
from nbatool.report.tables import entry, paragraph, right_edge

RULES = {"recency": "recency rule", "base_rate": "base rate"}
"""What the baselines of a propensity are called."""

NO_CONTACT = (
    "No contact whose window has closed is in the log, so nothing is known about what an action changes: values are "
    "the chance of a response times value_per_response, NOT the effect of the action. Log contacts to learn effects."
)

LABEL_WIDTH = 15
INDENT = 11

Card = Mapping[str, Any]


def train_text(
    report: TrainReport,
    seconds: float,
    width: int,
    command: str | None = None,
    waits: Verdict | None = None,
) -> str:
    """Return the report of a training run, at most ``width`` wide.

    ``command`` is how a command on this workspace begins; with it a last line says what to do next. ``waits`` is what
    became of the version as a challenger.
    """
    card = report.bundle.card
    names = [*card["targets"], "expected outcome", "lifetime value"]
    at = INDENT + max(LABEL_WIDTH, *(len(name) + 1 for name in names))
    standing = "a challenger, not in force" if report.stays is None else "not in force"
    standing = "now champion" if report.promoted else standing
    lines = [right_edge(f"train    version {report.version}, {standing}", f"{seconds:.1f} s", min(width, 80))]
    for name, target in card["targets"].items():
        lines += entry(name, target_line(target), at=at, indent=INDENT, width=width)
    lines += entry("expected outcome", outcome_line(card["outcome"]), at=at, indent=INDENT, width=width)
    if card["outcome"]:
        lines += entry("", causal_line(card["outcome"]), at=at, indent=INDENT, width=width)
        if days := card["outcome"].get("half_life"):
            lines += entry("", forgetting_text(card["outcome"], days), at=at, indent=INDENT, width=width)
    if card["clv"]:
        lines += entry("lifetime value", value_line(card["clv"]["card"]), at=at, indent=INDENT, width=width)
    if card.get("kappa"):
        lines += entry("", kappa_line(card["kappa"]), at=at, indent=INDENT, width=width)
    for warning in warnings(card):
        lines += paragraph(warning, first="! ", indent=INDENT, width=width)
    if report.stays is not None:
        lines += paragraph(stays_text(report), first="! ", indent=INDENT, width=width)
    if waits is not None:
        lines += paragraph(f"promotion of {waits.challenger}: {waits.why}", indent=INDENT, width=width)
    if command is not None:
        lines.append(f"Next     {command} {'score' if report.promoted else f'models show {report.version}'}")
    return "\n".join(lines)


def stays_text(report: TrainReport) -> str:
    """Why a version trained as of an earlier time is not in force, and what puts it there."""
    return (
        f"{report.stays} stays in force: it learned from later data than {minute_text(format_time(report.as_of_us))}. "
        f"models promote {report.version} puts this one in its place"
    )


def target_line(target: Card) -> str:
    """How well a propensity orders customers and how honest its probabilities are, on rows it had not seen."""
    found = target["evaluation"]
    if found is None:
        return "not trained"
    rule = "recency" if "recency" in found["baselines"] else "base_rate"
    beside = f"({RULES[rule]} {share_text(found['baselines'][rule]['auc'])})"
    error = share_text(found["calibration_error"], 3)
    return f"AUC {share_text(found['auc'])} {beside}  calibration error {error}"


def outcome_line(outcome: Card | None) -> str:
    """How many contacts were learned from, and later outcomes beside what was predicted for them."""
    if outcome is None:
        return NO_CONTACT
    contacts = number_text(outcome["n_rows"] - outcome["n_nothing"])
    used = f"{contacts} contacts used against {number_text(outcome['n_nothing'])} times of nothing"
    found = outcome["evaluation"]
    if found is None:
        return f"{used}; not trained"
    total = found["total"]
    spread = share_text(2 * total["ratio_se"]) if total["ratio_se"] is not None else "-"
    used = f"learner {outcome['learner']}, {used}"
    return f"{used}; later outcomes were {share_text(total['ratio'])} ± {spread} times the prediction"


def causal_line(outcome: Card) -> str:
    """Whether contacted and uncontacted customers can be compared, in plain words."""
    balance = outcome.get("balance")
    return (
        str(balance["verdict"])
        if balance
        else "not causal: who was contacted was not compared with who was not"
    )


def value_line(clv: Card) -> str:
    """Repeat purchases expected beside those seen: in the days held out, or in the data it was fitted on."""
    if clv.get("holdout"):
        return str(clv["holdout"]["sentence"])
    check = clv.get("fit_check")
    if not check:
        return "unknown"
    return (
        f"{clv['title']}: {number_text(check['repeat_purchases_expected'])} repeat purchases expected, "
        f"{number_text(check['repeat_purchases_seen'])} seen"
    )


def kappa_line(kappa: Card) -> str:
    """How much of the later value that is credited to purchases in a window an experiment has shown to be real."""
    if not kappa["value"]:
        return f"κ 0, so what comes after the window does not count: {kappa['why']}"
    return (
        f"κ {share_text(kappa['value'])} ± {share_text(2 * kappa['se'])}: the part of later value credited to purchases "
        f"that came true, over {number_text(kappa['n'])} customers, {number_text(kappa['n_control'])} of them in control"
    )


def warnings(card: Card) -> list[str]:
    """Everything odd about a version, each warning after the name of its model."""
    found = list(card.get("warnings", []))
    found += [f"{name}: {text}" for name, target in card["targets"].items() for text in target["warnings"]]
    outcome = card["outcome"]
    if outcome is not None:
        verdict = (outcome.get("balance") or {}).get("verdict")
        # the verdict stands beside the outcome already
        found += [f"expected outcome: {text}" for text in outcome["warnings"] if text != verdict]
    if card["conversion"]:
        found += [f"conversions: {text}" for text in card["conversion"]["warnings"]]
    if card["clv"]:
        found += [f"lifetime value: {text}" for text in card["clv"]["card"].get("warnings", ())]
    return found


def train_json(report: TrainReport) -> dict[str, Any]:
    """Return the figures of a training run as JSON values."""
    card = report.bundle.card
    outcome, clv = card["outcome"], card["clv"]
    result = {
        "version": report.version,
        "as_of": format_time(report.as_of_us),
        "promoted": report.promoted,
        "stays": report.stays,
        "targets": {name: _target(target) for name, target in card["targets"].items()},
        "outcome": _outcome(outcome) if outcome else None,
        "clv": {
            key: clv["card"].get(key) for key in ("model", "title", "fallback", "parameters", "fit_check", "holdout")
        } if clv else None,
        "kappa": card.get("kappa"),
        "warnings": [*([] if outcome else [NO_CONTACT]), *warnings(card)],
    }  # fmt: skip
    plain: dict[str, Any] = json.loads(canonical_json(result))
    return plain


def _target(target: Card) -> dict[str, Any]:
    found = target["evaluation"] or {}
    figures = (
        "n_rows", "n_positives", "auc", "log_loss", "brier", "calibration_error", "baselines", "best_baseline",
        "log_loss_gain", "better_than_baseline",
    )  # fmt: skip
    return {
        "trained": bool(found),
        **{name: found.get(name) for name in figures},
        "warnings": target["warnings"],
    }


def _outcome(outcome: Card) -> dict[str, Any]:
    found, balance = outcome["evaluation"] or {}, outcome.get("balance") or {}
    return {
        "learner": outcome["learner"],
        "choice": outcome.get("choice"),
        "reliable_difference": (outcome.get("difference") or {}).get("reliable", False),
        "contacts": outcome["n_rows"] - outcome["n_nothing"],
        "nothing": outcome["n_nothing"],
        "later": found.get("total"),
        "deciles_within_two_se": found.get("deciles_within_two_se"),
        "rmse": found.get("rmse"),
        "causal": balance.get("causal", False),
        "verdict": balance.get("verdict"),
        "half_life": outcome.get("half_life"),
        "effective_rows": outcome.get("effective_rows"),
        "warnings": outcome["warnings"],
    }
