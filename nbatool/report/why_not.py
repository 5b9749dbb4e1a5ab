"""Why another action was not chosen, in one sentence; and how it stands on each of its channels."""

from __future__ import annotations

from typing import Any

from nbatool.base.clock import format_time
from nbatool.decide.explanation import Explanation, Ranked
from nbatool.decide.how_chosen import arm_words
from nbatool.decide.net_value_terms import APART, CONVERSIONS, COST, EXPECTED, LEVER, PRICE, Term
from nbatool.report.figures import minute_text, money_text
from nbatool.report.tables import paragraph

SAME = 0.005
"""Less than this, in currency, is no difference."""
PARTS = {
    EXPECTED: "what is expected of it", LEVER: "its lever", COST: "the cost of the contact",
    CONVERSIONS: "the cost of conversions", APART: "what tells equal customers apart",
}  # fmt: skip
REMOVED, TAKEN_OUT, CHOSEN, APART_OF, TRIED, SAME_WORTH, WORTH_LESS = (
    "removed", "taken_out", "chosen", "other_arm", "something_else_tried", "worth_the_same", "worth_less"
)  # fmt: skip


def outcome_of(found: Explanation) -> str | None:
    """Return in one word how the action asked for stands; None where none was asked for."""
    own = found.of_asked
    if not own:
        return None
    best = own[0]
    if found.taken_out is not None and found.taken_out.action_id == found.asked:
        return TAKEN_OUT
    if found.chosen is not None and found.chosen.action_id == found.asked:
        return CHOSEN
    if best.removed_by is not None:
        return REMOVED
    if found.arm != "policy":
        return APART_OF
    against = found.set_against
    if found.tried and against is not None and against.action_id == found.asked:
        return TRIED
    less = _worth(against) - best.net_value
    return WORTH_LESS if less >= SAME else SAME_WORTH


def _worth(offer: Ranked | None) -> float:
    return 0.0 if offer is None else offer.net_value


def why_not_text(found: Explanation, currency: str) -> str | None:
    """Return a sentence that says why the action asked for was not chosen, or that it was."""
    outcome, own = outcome_of(found), found.of_asked
    if outcome is None:
        return None
    best, name = own[0], own[0].action_name
    if outcome == TAKEN_OUT and found.taken_out is not None:
        return f"{_name(found.taken_out)} was drawn, but {found.taken_out.removed_by}"
    if outcome == CHOSEN and found.chosen is not None:
        return _chosen(found.chosen)
    if outcome == REMOVED:
        return f"{name} is ruled out{_removed(own)}"
    possible = f"{_name(best)} is possible and worth {money_text(best.net_value, currency)}"
    if outcome == APART_OF:
        sentence = f"{possible}, but the customer is in the {arm_words(found.arm, found.probability)}"
    elif outcome == TRIED:
        sentence = f"{possible}, but this time {_instead(found)} was tried to learn from it"
    elif outcome == SAME_WORTH:
        sentence = f"{possible}, as much as {_against(found)}: of equal ones it is not the one chosen"
    else:
        sentence = _worth_less(found, best, currency)
    return f"{sentence}; {_review(best)}" if best.review is not None else sentence


def _chosen(chosen: Ranked) -> str:
    said = f"{_name(chosen)} is what was chosen"
    return said if chosen.review is None else f"{said}; {_review(chosen)}"


def _review(offer: Ranked) -> str:
    return f"a person would look at it first: {offer.review}"


def _removed(own: tuple[Ranked, ...]) -> str:
    """The rule; where channels have rules of their own, each."""
    rules: dict[str, list[Ranked]] = {}
    for offer in own:
        rules.setdefault(offer.removed_by or "", []).append(offer)
    if len(rules) == 1:
        (rule,) = rules
        return f": {_rule(own[0].step, rule)}"
    parts = [
        f"on {' and '.join(sorted(str(o.channel) for o in offers))}: {_rule(offers[0].step, rule)}"
        for rule, offers in rules.items()
    ]
    return f" {'; '.join(parts)}"


def _rule(step: str | None, rule: str) -> str:
    """A rule with its step, where it does not begin with that."""
    return rule if step is None or rule.startswith(step) else f"{rule} (step {step})"


def _worth_less(found: Explanation, best: Ranked, currency: str) -> str:
    less = money_text(_worth(found.set_against) - best.net_value, currency)
    part, own, other = greatest_difference(found)
    here = money_text(own, currency, signed=True)
    if found.set_against is None:
        said = (
            f"{_name(best)} is possible, but worth {less} less than doing nothing, mostly by {part} ({here})"
        )
    else:
        there = money_text(other, currency, signed=True)
        worth = money_text(best.net_value, currency)
        said = (
            f"{_name(best)} is possible, but worth {worth}, {less} less than {_against(found)}, mostly by {part} ({here} here, "
            f"{there} there)"
        )
    return f"{said}; this time {_instead(found)} was tried to learn from it" if found.tried else said


def greatest_difference(found: Explanation) -> tuple[str, float, float]:
    """Return the part of the net value in which the action explained falls furthest behind `Explanation.set_against`.

    Returns
    -------
    part
        In words.
    own, other
        What it adds to each of the two.
    """
    own, other = _by_part(found.terms), _by_part(found.set_against_terms)
    part = min(sorted({*own, *other}), key=lambda name: own.get(name, 0.0) - other.get(name, 0.0))
    return part, own.get(part, 0.0), other.get(part, 0.0)


def _by_part(terms: tuple[Term, ...]) -> dict[str, float]:
    parts: dict[str, float] = {}
    for term in terms:
        parts[_part(term)] = parts.get(_part(term), 0.0) + term.money
    return parts


def _part(term: Term) -> str:
    return f"the price of {term.limit}" if term.kind == PRICE else PARTS.get(term.kind, term.words)


def _against(found: Explanation) -> str:
    return "doing nothing" if found.set_against is None else _name(found.set_against)


def _instead(found: Explanation) -> str:
    return "doing nothing" if found.chosen is None else _name(found.chosen)


def _name(offer: Ranked) -> str:
    return f"{offer.action_name} by {offer.channel}"


def channel_lines(found: Explanation, currency: str, width: int) -> list[str]:
    """Return the channels of the action asked for, each with its net value and how it stands; none where it has one."""
    own = found.of_asked
    if len(own) <= 1:
        return []
    at = max(len(str(offer.channel)) for offer in own)
    money = max(len(money_text(offer.net_value, currency)) for offer in own)
    lines = ["", "its channels"]
    for offer in own:
        start = f"{offer.channel!s:<{at}}  {money_text(offer.net_value, currency):>{money}}  "
        lines += paragraph(_stands(found, offer), first=start, width=width)
    return lines


def _stands(found: Explanation, offer: Ranked) -> str:
    if offer.removed_by is not None:
        return f"ruled out: {offer.removed_by}"
    chosen = found.chosen
    is_chosen = chosen is not None and (chosen.action_id, chosen.channel) == (offer.action_id, offer.channel)
    said = ["chosen" if is_chosen else "possible"]
    if offer.review is not None:
        said.append(f"a person looks first: {offer.review}")
    if offer.send_at_us is not None:
        said.append(f"goes out at {minute_text(format_time(offer.send_at_us))}")
    return "; ".join(said)


def why_not_json(found: Explanation, currency: str) -> dict[str, Any] | None:
    """Return the answer as JSON values; None where no action was asked for."""
    outcome = outcome_of(found)
    if outcome is None:
        return None
    result: dict[str, Any] = {
        "action_id": found.asked,
        "outcome": outcome,
        "words": why_not_text(found, currency),
    }
    if outcome == WORTH_LESS:
        part, own, other = greatest_difference(found)
        result["greatest_difference"] = {
            "part": part, "here": round(own, 4) + 0.0, "there": round(other, 4) + 0.0,
        }  # fmt: skip
    return result
