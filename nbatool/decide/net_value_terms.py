"""The net value of an offer as a sum of money, each part in words."""

from __future__ import annotations

from dataclasses import dataclass

from nbatool.decide.decision import Decision
from nbatool.decide.guardrails import Circumstances
from nbatool.decide.policy import Policy
from nbatool.decide.price_parts import price_parts
from nbatool.decide.reasons import SINCE, response_words, response_worth

ROUNDING = 1e-9
TIES = "tells equal customers apart"
EXPECTED, LEVER, COST, CONVERSIONS, PRICE, APART = "expected", "lever", "cost", "conversions", "price", "ties"


@dataclass(frozen=True)
class Term:
    """A part of a sum of money, in words.

    Parameters
    ----------
    feature
        The one it comes from, where it comes from one.
    kind
        Of a part of a net value: `EXPECTED`, `LEVER`, `COST`, `CONVERSIONS`, `PRICE` or `APART`.
    limit
        Whose price it is.
    """

    words: str
    money: float
    feature: str | None = None
    kind: str = ""
    limit: str | None = None


def net_value_terms(
    policy: Policy, decision: Decision, j: int, told: Circumstances | None = None
) -> tuple[Term, ...]:
    """Return the parts of the net value of an offer for the first customer of a decision; they sum to it.

    Parameters
    ----------
    told
        What it was decided with: the prices of limits.
    """
    action, uplift = policy.catalogue.offers[j].action, float(decision.uplift[0, j])
    if policy.by_propensity:
        response, since = response_worth(decision, 0, j)
        terms = [Term(response_words(policy, decision, 0, j), response, kind=EXPECTED)]
        terms += [Term(SINCE, since, kind=EXPECTED)] if abs(since) > ROUNDING else []
    else:
        terms = [Term("expected against doing nothing", uplift, kind=EXPECTED)]
    if action.lever != 1.0:
        more = (action.lever - 1.0) * uplift
        terms.append(Term(f"lever {action.lever:g}, set by hand", more, kind=LEVER))
    if action.cost:
        terms.append(Term("cost of the contact", -action.cost, kind=COST))
    if action.cost_per_conversion:
        chance = float(decision.conversion[0, j])
        words = f"cost of a conversion, {action.cost_per_conversion:g}, times its chance, {chance:.3f}"
        terms.append(Term(words, -action.cost_per_conversion * chance, kind=CONVERSIONS))
    prices = price_parts(policy, told, j)
    terms += [Term(part.words, part.money, kind=PRICE, limit=part.limit) for part in prices]
    rest = -float(decision.charge[0, j]) - sum(part.money for part in prices)
    return (*terms, *([Term(TIES, rest, kind=APART)] if abs(rest) > ROUNDING else []))
