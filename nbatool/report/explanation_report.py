"""One decision as text: what is best and why, what else there was, what was ruled out, what is known of the customer."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from nbatool.base.clock import DAY_S, format_duration, format_time
from nbatool.base.records import NOTHING
from nbatool.decide.explanation import Explanation, Ranked
from nbatool.decide.how_chosen import arm_words, tried_words
from nbatool.decide.net_value_terms import APART, Term
from nbatool.report.figures import minute_text, money_text, number_text, share_text
from nbatool.report.tables import entry, paragraph, table_lines
from nbatool.report.train_report import NO_CONTACT
from nbatool.report.why_not import channel_lines, why_not_json, why_not_text

MOST_MATTERS = 6
MOST_RANKED = 20
LEAST_SHOWN = 0.005
MONEY_SCORES = ("clv",)
FORWARD_SCORES = ("clv", "expected_purchases")
"""Scores that look as far ahead as lifetime value does."""


def explanation_text(found: Explanation, currency: str, width: int, changed: str | None = None) -> str:
    """Return a whole explanation, at most ``width`` wide; ``changed`` says how it differs from what is published."""
    asked = why_not_text(found, currency)
    lines = [] if asked is None else [*paragraph(f"{found.customer_id}: {asked}", indent=0, width=width), ""]
    headline = f"{_headline(found, currency)} (at {minute_text(format_time(found.as_of_us))})"
    lines += [*paragraph(headline, indent=0, width=width), *_how_chosen(found, currency, width)]
    lines += _net_value(found, currency, width)
    lines += channel_lines(found, currency, width)
    lines += _mattered(found, currency, width)
    lines += _ranked(found, currency, width)
    if found.removed:
        lines += ["", "ruled out"]
        for (name, rule), group in groupby(found.removed, lambda o: (o.action_name, o.removed_by)):
            channels = " or ".join(sorted(str(o.channel) for o in group))
            lines += paragraph(f"{name} by {channels}: {rule}", width=width)
    lines += ["", "what is known", *_scores(found, currency, width)]
    told = [] if found.note is None else paragraph(found.note, first="! ", width=width)
    if changed is not None:
        told += paragraph(f"explained is the catalogue of now; {changed}", first="! ", width=width)
    return "\n".join([*lines, *(["", *told] if told else [])])


def brief_text(found: Explanation, currency: str, width: int) -> str:
    """Return the explanation in a few lines: the money, what mattered most, the runner-up."""
    shown = [term for term in found.terms if term.kind != APART or abs(term.money) >= LEAST_SHOWN]
    terms = "    ".join(f"{_signed(term, currency)} {term.words}" for term in shown)
    facts = [term.words for term in found.mattered if term.feature is not None][:3]
    lines = [_headline(found, currency), *_how_chosen(found, currency, width)]
    lines += paragraph(terms, width=width) if terms else []
    lines += paragraph("; ".join(facts), width=width) if facts else []
    if (other := found.runner_up) is not None:
        label = "runner-up" if other.net_value <= found.worth else "best known"
        lines.append(f"  {label}: {_name(other)}, {money_text(other.net_value, currency)}")
    return "\n".join(lines)


def _how_chosen(found: Explanation, currency: str, width: int) -> list[str]:
    """Why the choice is not simply the best: the customer's group, or a trial to learn from."""
    said = _how(found, currency)
    return [] if said is None else paragraph(said, first="! ", width=width)


def _how(found: Explanation, currency: str) -> str | None:
    if found.arm != "policy":
        return arm_words(found.arm, found.probability)
    if not found.tried:
        return None
    best = found.best_known
    if best is None:
        return tried_words(found.probability, NOTHING, None)
    same = found.chosen is not None and found.chosen.action_id == best.action_id
    name = _name(best) if same else best.action_name
    return tried_words(found.probability, name, money_text(best.net_value, currency))


def _headline(found: Explanation, currency: str) -> str:
    if found.taken_out is not None:
        drawn = found.taken_out
        return f"{found.customer_id}: nothing; {_name(drawn)} was drawn, but {drawn.removed_by}"
    if found.chosen is None and found.arm == "control":
        return f"{found.customer_id}: nothing"
    if found.chosen is None and found.tried:
        return f"{found.customer_id}: nothing this time"
    if found.chosen is None and not found.candidates_possible:
        return f"{found.customer_id}: nothing, no action is possible now"
    if found.chosen is None:
        return f"{found.customer_id}: nothing, no possible action is worth more"
    return f"{found.customer_id}: {_name(found.chosen)}, net value {money_text(found.chosen.net_value, currency)}"


def _name(offer: Ranked) -> str:
    return offer.action_name if offer.channel is None else f"{offer.action_name} by {offer.channel}"


def _signed(term: Term, currency: str) -> str:
    text = money_text(term.money, currency, signed=True)
    return f"{text[0]} {text[1:]}"


def _net_value(found: Explanation, currency: str, width: int) -> list[str]:
    about = found.about
    if about is None:
        return ["  nothing is possible for this customer now"]
    lines = []
    if about != found.chosen:
        lines += ["", f"about {_name(about)}"]
        lines += (
            paragraph(f"ruled out: {about.removed_by}", first="! ", width=width) if about.removed_by else []
        )
    if about.review is not None:
        lines += paragraph(f"a person looks at it first: {about.review}", first="! ", width=width)
    if about.send_at_us is not None:
        goes = minute_text(format_time(about.send_at_us))
        lines += paragraph(f"waits for the end of quiet hours: goes out at {goes}", first="! ", width=width)
    with_it, without = (
        money_text(about.expected_outcome, currency),
        money_text(found.expected_nothing, currency),
    )
    terms = [term for term in found.terms if term.kind != APART or abs(term.money) >= LEAST_SHOWN]
    rows = [(_signed(term, currency), term.words) for term in terms]
    if not found.by_propensity:
        rows[0] = (
            rows[0][0],
            f"{rows[0][1]} ({with_it} with it, {without} without){_give_or_take(found, currency)}",
        )
    rows.append((f"= {money_text(about.net_value, currency)}", "net value"))
    at = 4 + max(len(money) for money, _ in rows)
    for money, words in rows:
        lines += entry(money.rjust(at - 4), f" {words}", at=at, width=width)
    return [*lines, *(paragraph(NO_CONTACT, first="! ", width=width) if found.by_propensity else [])]


def _give_or_take(found: Explanation, currency: str) -> str:
    return "" if not found.uplift_se else f", give or take {money_text(found.uplift_se, currency)}"


def _mattered(found: Explanation, currency: str, width: int) -> list[str]:
    shown = [term for term in found.mattered if abs(term.money) >= LEAST_SHOWN][:MOST_MATTERS]
    if not shown:
        return []
    rows = [(_signed(term, currency), term.words) for term in shown]
    rest = sum(term.money for term in found.mattered) - sum(term.money for term in shown)
    if abs(rest) >= LEAST_SHOWN:
        rows.append(
            (
                _signed(Term("", rest), currency),
                f"everything else ({len(found.mattered) - len(shown)} things)",
            )
        )
    gain = money_text(sum(term.money for term in found.mattered), currency, signed=True)
    head = f"what makes it {gain}" + ("" if found.by_propensity else " against doing nothing")
    return ["", head, *table_lines(("", ""), rows, right="rl", width=width)]


def _ranked(found: Explanation, currency: str, width: int) -> list[str]:
    """Everything else that is possible, best first, with nothing in its place; channels worth the same together."""
    rows = []
    for (name, net_value, gain), group in groupby(
        found.ranked, lambda o: (o.action_name, round(o.net_value, 2), round(_gain(o), 2))
    ):
        channels = " or ".join(sorted(str(o.channel) for o in group))
        rows.append((net_value, f"{name} by {channels}", money_text(gain, currency)))
    if found.chosen is not None:
        place = sum(net_value > 0 for net_value, _, _ in rows)
        rows.insert(place, (0.0, NOTHING, "unknown" if found.by_propensity else money_text(0.0, currency)))
    if not rows:
        return []
    more = len(rows) - MOST_RANKED if len(rows) > MOST_RANKED + 1 else 0
    shown = rows[: len(rows) - more]
    cells = [(name, money_text(net_value, currency), gain) for net_value, name, gain in shown]
    heads = ("", "net value", "response" if found.by_propensity else "uplift")
    lines = table_lines(heads, cells, right="lrr", width=width)
    candidates, actions = found.candidates
    said = f"{candidates} candidates" + (f" ({actions} actions by channel)" if candidates > actions else "")
    return ["", f"everything else of {said}, in order", *lines, *([f"  {more} more"] if more else [])]


def _gain(offer: Ranked) -> float:
    """The uplift; where none is known, what a response is worth times its chance."""
    return offer.expected_outcome if offer.uplift is None else offer.uplift


def _scores(found: Explanation, currency: str, width: int) -> list[str]:
    labels = {name: _score_label(name, found.horizon_s) for name in found.scores}
    at = 4 + max((len(label) for label in labels.values()), default=0)
    return [
        line
        for name, value in found.scores.items()
        for line in entry(labels[name], _score_text(name, value, currency), at=at, width=width)
    ] or ["  nothing: no propensity and no lifetime value is trained"]


def _score_label(name: str, horizon_s: int | None) -> str:
    if name not in FORWARD_SCORES or not horizon_s:
        return name
    return f"{name} over {number_text(horizon_s / DAY_S, 0 if horizon_s % DAY_S == 0 else 1)} days"


def _score_text(name: str, value: float | str | None, currency: str) -> str:
    if value is None or isinstance(value, str):
        return value or "unknown"
    if name in MONEY_SCORES:
        return money_text(value, currency)
    return share_text(value, 3) if 0 <= value <= 1 else number_text(value, 1)


def explanation_json(found: Explanation, currency: str) -> dict[str, Any]:
    """Return an explanation as JSON values, money with four decimals."""
    return {
        "customer_id": found.customer_id,
        "as_of": format_time(found.as_of_us),
        "model_version": found.model_version,
        "currency": currency,
        "arm": found.arm,
        "probability_in_arm": found.probability,
        "tried": found.tried,
        "best": NOTHING_JSON if found.chosen is None else _offer(found.chosen),
        "about": None if found.about is None else _offer(found.about),
        "why_not": why_not_json(found, currency),
        "taken_out": None if found.taken_out is None else _offer(found.taken_out),
        "uplift_se": None if found.uplift_se is None else _four(found.uplift_se),
        "net_value_terms": [
            {"words": t.words, "money": _four(t.money), "kind": t.kind, "limit": t.limit} for t in found.terms
        ],
        "expected_outcome_of_nothing": _four(found.expected_nothing),
        "mattered": _terms(found.mattered),
        "runner_up": None if found.runner_up is None else _offer(found.runner_up),
        "others": [_offer(each) for each in found.ranked],
        "removed": [_offer(each) for each in found.removed],
        "scores": found.scores,
        "clv_horizon": None if found.horizon_s is None else format_duration(found.horizon_s),
        "by_propensity": found.by_propensity,
        "note": found.note,
    }


NOTHING_JSON = {"action_id": NOTHING, "action_name": NOTHING, "channel": None, "net_value": 0, "uplift": 0}


def _offer(offer: Ranked) -> dict[str, Any]:
    found = {
        "action_id": offer.action_id,
        "action_name": offer.action_name,
        "channel": offer.channel,
        "net_value": _four(offer.net_value),
        "uplift": None if offer.uplift is None else _four(offer.uplift),
        "expected_outcome": _four(offer.expected_outcome),
    }
    if offer.removed_by is not None:
        return {**found, "removed_by": offer.removed_by, "step": offer.step}
    if offer.review is not None:
        found["needs_review"] = offer.review
    if offer.send_at_us is not None:
        found["send_at"] = format_time(offer.send_at_us)
    return found


def _terms(terms: Sequence[Term]) -> list[dict[str, Any]]:
    return [{"words": term.words, "money": _four(term.money), "feature": term.feature} for term in terms]


def _four(value: float) -> float:
    return round(value, 4) + 0.0
