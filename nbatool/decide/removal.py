"""What removed an offer, in words: the rule, and the values it saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from nbatool.base.clock import format_time
from nbatool.base.expressions import Tree, is_true, names_in
from nbatool.base.records import Action
from nbatool.decide.catalogue import APPLICABLE_WHEN, ELIGIBLE_WHEN, Offer, action_values
from nbatool.decide.decision import Context
from nbatool.decide.funnel import repeated
from nbatool.decide.guardrails import REACH, REVIEW, SUPPRESSED, Condition
from nbatool.decide.policy import Policy
from nbatool.features.customer import CustomerFeatures
from nbatool.features.plan import FeaturePlan

WORDS: Final = {
    "dates": "outside its dates",
    "stock": "out of stock",
    "channel": "not asked for (actions or channel of the request)",
    "reach": "cannot be reached on its channel",
    "consent": "no consent for its channel",
    "eligible": "not eligible",
    "applicable": "not applicable now",
    "suppressed": "suppressed",
    "cap": "contacted as often as max_contacts allows",
    "gap": "too soon after another contact (min_gap)",
    "quiet": "quiet hours",
    "limit": "a limit for everybody is used up (budget, capacity, stock or share)",
    "review": "needs review: a person looks at it first",
}
"""Of each step, where the rule itself is not known."""
LABEL: Final = {
    "reach": "", "cap": "max_contacts: ", "gap": "min_gap: ", "quiet": "quiet hours: ", "review": "needs review: ",
}  # fmt: skip
"""What stands in front of a rule; else the name of its step."""


@dataclass(frozen=True)
class Seen:
    """What the expressions saw of one customer.

    Parameters
    ----------
    scores
        By name, those of the customer.
    context
        What the request said.
    row
        Which of ``customers``.
    """

    plan: FeaturePlan
    customers: CustomerFeatures
    scores: Mapping[str, object]
    context: Context
    row: int

    def value(self, name: str, offer: Offer) -> float | str | None:
        """Return what an expression saw under a name; null is None or NaN."""
        if name in self.plan.names:
            value: Any = self.customers.numbers[self.row, self.plan.names.index(name)]
        elif name in self.customers.attributes:
            value = self.customers.attributes[name][self.row]
        elif name.startswith("action."):
            value = action_values(offer).get(name)
        elif name.startswith("context."):
            value = self.context.get(name.removeprefix("context."))
        else:
            value = self.scores.get(name)
        return value if value is None or isinstance(value, str) else float(value)

    def is_true(self, tree: Tree, offer: Offer) -> bool:
        """Whether an expression holds; null does not."""
        columns = {name: repeated(self.value(name, offer), 1) for name in names_in(tree)}
        return bool(is_true(tree, columns, 1)[0])

    def words(self, tree: Tree | None, offer: Offer) -> str:
        """Return the values in brackets: `` (age is 31, city is unknown)``; empty where none was looked at."""
        names = sorted(names_in(tree or ["null"]))
        said = ", ".join(f"{name} is {_shown(self.value(name, offer))}" for name in names)
        return f" ({said})" if said else ""


def removed_words(policy: Policy, j: int, step: str, seen: Seen, rule: str | None = None) -> str:
    """Return what removed an offer at a step.

    Parameters
    ----------
    rule
        The rule in words, where the caller knows it.
    """
    offer = policy.catalogue.offers[j]
    if step == "eligible":
        return f"{ELIGIBLE_WHEN}: {offer.action.eligible_when}{seen.words(offer.eligible, offer)}"
    if step == "applicable" and offer.applicable is not None and not seen.is_true(offer.applicable, offer):
        return f"{APPLICABLE_WHEN}: {offer.action.applicable_when}{seen.words(offer.applicable, offer)}"
    if step == "dates":
        return f"{WORDS[step]}: {_dates(offer.action)}, it is {format_time(int(seen.customers.as_of_us[seen.row]))}"
    if step == "stock":
        return f"{WORDS[step]} (stock is {offer.action.stock})"
    found = _condition(policy, j, step, seen) if rule is None else None
    if found is not None:
        rule = f"{found.reason}{seen.words(found.when, offer)}"
    return WORDS[step] if rule is None else f"{LABEL.get(step, f'{step}: ')}{rule}"


def _dates(action: Action) -> str:
    said = (("starts", action.starts_us), ("ends", action.ends_us))
    return ", ".join(f"{word} {format_time(at_us)}" for word, at_us in said if at_us is not None)


def _condition(policy: Policy, j: int, step: str, seen: Seen) -> Condition | None:
    """The first condition of the guardrails that removes an offer at a step."""
    if policy.guards is None or step not in {REACH, "applicable", SUPPRESSED, REVIEW}:
        return None
    offer = policy.catalogue.offers[j]
    about = [
        c for c in (*policy.guards.conditions, *policy.guards.review)
        if c.step == step and j in c.offers(policy.catalogue)
    ]  # fmt: skip
    return next((c for c in about if seen.is_true(c.when, offer) == c.removes), None)


def _shown(value: float | str | None) -> str:
    if value is None or value != value:
        return "unknown"
    return value if isinstance(value, str) else f"{value:g}"
