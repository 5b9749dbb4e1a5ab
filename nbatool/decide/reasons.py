"""Why: a decision in a marketer's words, the money first, then what is known that the models look at most."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from nbatool.decide.decision import STEPS, Context, Decision
from nbatool.decide.guardrails import Circumstances
from nbatool.decide.how_chosen import How
from nbatool.decide.policy import Policy
from nbatool.decide.price_parts import price_parts
from nbatool.decide.removal import Seen, removed_words
from nbatool.decide.removal_rules import rule_of
from nbatool.features.customer import CustomerFeatures

MOST_FACTS = 3
LEAST_SHOWN = 0.005
"""Less than this, in currency, shows as 0.00."""
DECIMALS = {"count": 0, "sum": 2, "mean": 2, "max": 2, "distinct": 0, "recency": 1, "gap": 1, "streak": 0}
"""Kinds of feature a marketer reads without explanation, and the decimals they are shown with."""


def money(value: float) -> float:
    """Round to the four decimals money has everywhere, without a negative zero."""
    return round(float(value), 4) + 0.0


SINCE = "what outcomes have taught since the models were trained"


def response_words(policy: Policy, decision: Decision, row: int, offer: int) -> str:
    """What the worth of an offer is where no contact was logged: a chance times money, not an effect."""
    action = policy.catalogue.offers[offer].action
    if action.target is None or action.value_per_response is None:
        return "not valued: no contact was logged, and it has no value_per_response"
    value = action.value_per_response
    chance = f"chance {decision.modelled[row, offer] / value:.3f} of " if value else ""
    return f"{chance}{action.target} × {value:,.2f}, not an effect of the action"


def response_worth(decision: Decision, row: int, offer: int) -> tuple[float, float]:
    """What a response is worth times its chance, and what outcomes have added to that; together the uplift."""
    response = float(decision.modelled[row, offer] - decision.modelled[row, -1])
    return response, float(decision.uplift[row, offer]) - response


@dataclass(frozen=True)
class Reasons:
    """Words for the decisions of one policy."""

    policy: Policy

    @cached_property
    def _facts(self) -> tuple[tuple[int, str, int], ...]:
        """(column, meaning, decimals) of the customer features the models use most, most used first."""
        bundle = self.policy.bundle
        cards = [bundle.outcome.card["importance"]] if bundle.outcome else []
        cards += [{"model": model.card["importance"]} for model in bundle.propensities.values()]
        share: dict[str, float] = {}
        for card in cards[:1] if bundle.outcome else cards:
            for entries in card.values() if isinstance(card, dict) else [card]:
                for entry in entries:
                    share[entry["feature"]] = share.get(entry["feature"], 0.0) + entry["share"]
        plan = bundle.features.plan
        wanted = sorted(share, key=lambda name: (-share[name], name))
        found = [plan.names.index(name) for name in wanted if name in plan.names]
        worded = [(j, plan.features[j]) for j in found if plan.features[j].kind in DECIMALS]
        return tuple((j, f.meaning, DECIMALS[f.kind]) for j, f in worded[:12])

    def facts(self, customers: CustomerFeatures, row: int) -> list[str]:
        """Up to three things known about the customer that weigh most in the models; zeros and nulls say little."""
        words = []
        for j, meaning, decimals in self._facts:
            value = customers.numbers[row, j]
            if not math.isnan(value) and value != 0:
                words.append(f"{meaning}: {value:,.{decimals}f}")
            if len(words) == MOST_FACTS:
                break
        return words

    def of_offer(
        self,
        customers: CustomerFeatures,
        decision: Decision,
        row: int,
        offer: int,
        how: How | None = None,
        told: Circumstances | None = None,
    ) -> list[str]:
        """Return the terms of the net value, the facts, and the runner-up.

        Parameters
        ----------
        how
            How it came to be chosen: said first.
        told
            What it was decided with: the prices of limits.
        """
        action = self.policy.catalogue.offers[offer].action
        words = [] if how is None else [how.words]
        if self.policy.by_propensity:
            response, since = response_worth(decision, row, offer)
            words.append(f"{response:+,.2f} = {response_words(self.policy, decision, row, offer)}")
            words += [f"{since:+,.2f} = {SINCE}"] if abs(since) >= LEAST_SHOWN else []
        else:
            words.append(f"{decision.uplift[row, offer]:+,.2f} expected against nothing")
        if action.lever != 1.0:
            words.append(f"lever {action.lever:g}")
        if action.cost:
            words.append(f"{-action.cost:+,.2f} cost")
        if action.cost_per_conversion:
            paid = action.cost_per_conversion * decision.conversion[row, offer]
            words.append(f"{-paid:+,.2f} expected cost of conversions")
        prices = price_parts(self.policy, told, offer)
        words += [f"{part.money:+,.2f} {part.name}" for part in prices if abs(part.money) >= LEAST_SHOWN]
        if (net_value := decision.net_value[row, offer]) <= -LEAST_SHOWN:
            words.append(f"so worth {-net_value:,.2f} less than nothing")
        words += self.facts(customers, row)
        return words if how is not None and how.names_best else [*words, *self._beside(decision, row, offer)]

    def _beside(self, decision: Decision, row: int, offer: int) -> list[str]:
        """What would be done instead; where that is worth more, it is not a runner-up but the best known."""
        offers = self.policy.catalogue.offers
        action = offers[offer].action
        others = [j for j in decision.possible(row) if offers[j].action.id != action.id]
        own = decision.net_value[row, offer]
        if not others:
            return ["best known: nothing"] if self.policy.catalogue.allow_nothing and own < 0 else []
        other = decision.net_value[row, others[0]]
        if self.policy.catalogue.allow_nothing and other <= 0:
            return ["best known: nothing" if own < 0 else "runner-up: nothing"]
        label = "best known" if other > own else "runner-up"
        return [f"{label}: {offers[others[0]].action.name}, {other:,.2f}"]

    def of_nothing(self, decision: Decision, row: int, how: How | None = None) -> list[str]:
        """Why nothing is done: the group, a trial, or no action that is possible and worth more."""
        if how is not None:
            return [how.words]
        if math.isnan(decision.probability_in_arm[row, -1]):
            return ["another contact was drawn, and is not made: nbatool explain says why"]
        possible = decision.possible(row)
        if not possible:
            return ["no action is possible now"]
        best, name = possible[0], self.policy.catalogue.offers[possible[0]].action.name
        said = f"the best is {name}, {decision.net_value[row, best]:,.2f}"
        return [f"no possible action is worth more than nothing: {said}"]

    def needs_review(
        self, customers: CustomerFeatures, scores: dict[str, object], row: int, offer: int, place: int
    ) -> str:
        """Return the review rule at a place, counted from 0, with the values it saw."""
        rule = self.policy.guardrails.review[place]
        seen = Seen(self.policy.bundle.features.plan, customers, scores, {}, row)
        return f"{rule.reason}{seen.words(rule.when, self.policy.catalogue.offers[offer])}"

    def removed(
        self,
        customers: CustomerFeatures,
        scores: dict[str, object],
        decision: Decision,
        row: int,
        offer: int,
        *,
        told: Circumstances | None = None,
        customer_id: str | None = None,
        context: Context | None = None,
    ) -> str | None:
        """What ruled an offer out, with the values it saw; None for a possible offer.

        Parameters
        ----------
        told
            What guardrails looked at, of all rows.
        context
            What the request said.
        """
        step = int(decision.removed[row, offer])
        if step == 0:
            return None
        seen = Seen(self.policy.bundle.features.plan, customers, scores, context or {}, row)
        rule = None
        if told is not None:
            as_of_us = int(customers.as_of_us[row])
            rule = rule_of(self.policy.guardrails, told, as_of_us, STEPS[step - 1], offer, row, customer_id)
        return removed_words(self.policy, offer, STEPS[step - 1], seen, rule)
