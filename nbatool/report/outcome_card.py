"""The card of the outcome model: what came in beside what was predicted, by tenth and by action; who was compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nbatool.base.records import NOTHING
from nbatool.models.learners import EFFECT, own_code
from nbatool.report.bars import interval_line
from nbatool.report.figures import minute_text, number_text, share_text
from nbatool.report.forgetting import forgetting_lines
from nbatool.report.learner_card import learner_lines
from nbatool.report.propensity_card import warning_lines
from nbatool.report.tables import paragraph, table_lines

MOST_DIFFERENCES = 10
SOURCES = {
    "constant": "nobody was preferred: everybody had the same chance of a contact",
    "logged": "chances of a contact as logged",
    "estimated": "chances of a contact estimated from what was known before",
}


def outcome_lines(card: Mapping[str, Any], width: int) -> list[str]:
    """Return the card of the outcome model, without its importance."""
    lines = paragraph(
        f"{number_text(card['n_rows'] - card['n_nothing'])} contacts used of {number_text(card.get('contacts_in_log'))} "
        f"logged, against {number_text(card['n_nothing'])} times of nothing; {number_text(card['n_customers'])} "
        f"customers, {minute_text(card['first_as_of'])} to {minute_text(card['last_as_of'])}",
        width=width,
    )
    lines += forgetting_lines(card, width)
    trees = _trees(card.get("trees") or {}, card.get("actions") or [])
    lines += paragraph(
        "; ".join(
            x for x in (f"learner {card.get('learner', '-')}, {card.get('form', 'constant')}", trees) if x
        ),
        width=width,
    )
    lines += warning_lines(card, width)
    found = card["evaluation"]
    if found is not None:
        lines += paragraph(str(card["split"]), width=width)
        lines += learner_lines(card, width)
        lines += ["", *_figures(found, width), "", *_deciles(found, width), "", *_actions(card, width)]
    else:
        lines += ["", *_counts(card, width)]
    return lines + _differences(card, width)


def _trees(trees: Mapping[str, int], ids: Sequence[str]) -> str:
    """Say how many trees each part has; parts of one action each are named by it."""
    told = [f"{n} trees for the {part}" for part, n in trees.items() if not is_own(part)]
    own = [f"{action_of(part, ids)} {n}" for part, n in trees.items() if is_own(part)]
    return ", ".join([*told, *([f"trees for the effect of {', '.join(own)}"] if own else [])])


def is_own(part: str) -> bool:
    """Whether a part of the outcome model is the effect of one action alone."""
    return part.startswith(f"{EFFECT}-")


def action_of(part: str, ids: Sequence[str]) -> str:
    """Return the action of such a part.

    >>> action_of("effect-1", ["coupon", "banner"])
    'banner'
    """
    return _name(str(own_code(part)), ids)


def _figures(found: Mapping[str, Any], width: int) -> list[str]:
    names = {"model": "this model", "mean_per_action": "mean of each action", "mean": "mean of all"}
    rows = [
        (names[name], number_text(found["rmse"][name], 3), share_text(found["r_squared"][name], 3))
        for name in names
    ]
    return table_lines(
        (f"on {number_text(found['n_rows'])} later rows", "error (rmse)", "R²"),
        rows,
        right="lrr",
        width=width,
    )


def _ratio_cells(part: Mapping[str, Any], size: int) -> tuple[str, ...]:
    ratio, error = part["ratio"], part["ratio_se"]
    figures = number_text(part["n"]), number_text(part["predicted"], 2), number_text(part["realised"], 2)
    if ratio is None or error is None:
        return (*figures, "-", "", "")
    low, high = ratio - 2 * error, ratio + 2 * error
    plot = interval_line(low, high, ratio, 1.0, axis=(0.5, 1.5), size=size)
    return (
        *figures,
        f"{share_text(ratio)} ± {share_text(2 * error)}",
        plot,
        "" if part["within_two_se"] else "off",
    )


HEADS = ("rows", "predicted", "came in", "ratio ± 2 s.e.")


def _ratio_table(label: str, rows: list[tuple[str, Mapping[str, Any]]], width: int) -> list[str]:
    size = 21 if width >= 90 else 11
    axis = ".5" + "1".center(size - 5) + "1.5"
    cells = [(name, *_ratio_cells(part, size)) for name, part in rows]
    return table_lines((label, *HEADS, axis, ""), cells, right="lrrrrll", width=width, indent=4)


def _deciles(found: Mapping[str, Any], width: int) -> list[str]:
    rows = [(f"tenth {k}", part) for k, part in enumerate(found["deciles"], start=1)]
    within = f"{found['deciles_within_two_se']} of {len(rows)} tenths within two standard errors"
    head = f"what came in against the prediction, lowest prediction first ({within})"
    return [
        *paragraph(head, width=width),
        *_ratio_table("", [*rows, ("all", found["total"])], width),
    ]


def _actions(card: Mapping[str, Any], width: int) -> list[str]:
    ids = card.get("actions") or []
    rows = [(_name(code, ids), part) for code, part in card["evaluation"]["actions"].items()]
    return ["  the same by action", *_ratio_table("", rows, width), "", *_counts(card, width)]


def _counts(card: Mapping[str, Any], width: int) -> list[str]:
    """Contacts of each action, and how much of its own uplift it keeps beside that of all actions together."""
    ids, half = card.get("actions") or [], float(card.get("rows_for_half") or 0.0)
    kept = card.get("own_uplift_kept") or {}
    total = sum(card["n_per_action"].values()) or 1
    rows = [
        (
            _name(code, ids), number_text(n), share_text(n / total),
            share_text(kept.get(code, n / (n + half))) if n else "-",
        )
        for code, n in card["n_per_action"].items()
    ]  # fmt: skip
    return table_lines(
        ("contacts learned from", "rows", "share", "own uplift kept"), rows, right="lrrr", width=width
    )


def _name(code: str, ids: Sequence[str]) -> str:
    return code if code == NOTHING or int(code) >= len(ids) else str(ids[int(code)])


def _differences(card: Mapping[str, Any], width: int) -> list[str]:
    balance = card.get("balance")
    if not balance:
        return []
    lines = ["", *paragraph(f"contacted and uncontacted customers: {balance['verdict']}", width=width)]
    source = card.get("assignment")
    if source is not None:
        lines += paragraph(SOURCES.get(source, f"assignment: {source}"), width=width)
    before = {entry["feature"]: entry["difference"] for entry in balance["before"]}
    rows = [
        (
            entry["feature"], share_text(before.get(entry["feature"]), 3),
            f"{share_text(entry['difference'], 3)} ± {share_text(entry['se'], 3)}",
        )
        for entry in balance["after"][:MOST_DIFFERENCES]
    ]  # fmt: skip
    heads = ("standardised difference", "as it was", "weighted ± s.e.")
    return [*lines, *table_lines(heads, rows, right="lrr", width=width, indent=4)] if rows else lines
