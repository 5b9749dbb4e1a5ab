"""What a limit's price takes off a net value stands by itself, and the parts still add up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from decided import decided, policy_of
from hypothesis import given
from hypothesis import strategies as st

from nbatool.decide.contact_rules import NO_CONTACTS
from nbatool.decide.decision import Decision
from nbatool.decide.guardrails import Circumstances, Guardrails
from nbatool.decide.net_value_terms import APART, PRICE, net_value_terms
from nbatool.decide.policy import Policy
from nbatool.decide.population_limits import CAPACITY, LEAST_SHARE, PopulationLimit, PopulationLimits
from nbatool.decide.reasons import Reasons

LIMITS = (
    PopulationLimit(CAPACITY, 10.0, 86_400, "channel", "email"),
    PopulationLimit(LEAST_SHARE, 0.25, None, "action", "coupon"),
)
PRICES = (0.5, -2.0)
EMAIL = 1


def limited(prices: tuple[float, ...], ties: float = 0.0) -> tuple[Policy, Decision, Circumstances]:
    """A coupon and a mail, charged at these prices."""
    free = policy_of()
    guards = Guardrails(free.catalogue, limits=PopulationLimits(LIMITS, free.catalogue))
    models: Any = type("Models", (), {"outcome": True})
    policy = Policy(models, free.catalogue, guards=guards)
    charge = (np.array(prices) @ guards.limits.uses)[None, :-1] - ties
    made = decided(free, [3.0, 2.0, 1.0])
    told = Circumstances(NO_CONTACTS, np.zeros((1, 3), np.int8), [None], charge=charge, prices=prices)
    return policy, replace(made, net_value=made.net_value - charge, charge=charge), told


def test_each_limit_has_its_own_term() -> None:
    policy, decision, told = limited(PRICES)
    terms = [(t.words, round(t.money, 9), t.limit) for t in net_value_terms(policy, decision, EMAIL, told)]
    assert terms == [
        ("expected against doing nothing", 2.0, None),
        (
            "price of capacity 10 by channel email in 1d: one more earns 0.50, it uses 1",
            -0.5,
            LIMITS[0].title,
        ),
        (
            "price of at least 25 % action coupon: one less earns 2.00, it gives -0.25",
            -0.5,
            "at least 25 % action coupon",
        ),
    ]


@given(
    st.tuples(st.floats(0, 50), st.floats(-50, 0)), st.floats(-0.01, 0.01), st.integers(0, 2), st.booleans()
)
def test_the_terms_sum_to_the_net_value(
    prices: tuple[float, float], ties: float, j: int, known: bool
) -> None:
    policy, decision, told = limited(prices, ties)
    terms = net_value_terms(policy, decision, j, told if known else None)
    assert sum(term.money for term in terms) == pytest.approx(decision.net_value[0, j], abs=1e-9)
    assert all(term.money != 0 for term in terms if term.kind in {PRICE, APART})


def test_reasons_name_the_prices_and_leave_out_what_shows_as_nothing() -> None:
    class Reader(Reasons):
        def facts(self, customers: Any, row: int) -> list[str]:  # noqa: ARG002 - what it overrides takes them
            return []

    policy, decision, told = limited((0.5, -0.001))
    nobody: Any = None
    assert Reader(policy).of_offer(nobody, decision, 0, EMAIL, told=told)[:2] == [
        "+2.00 expected against nothing", "-0.50 price of capacity 10 by channel email in 1d",
    ]  # fmt: skip


def test_what_was_drawn_and_taken_out_is_no_lack_of_worth() -> None:
    policy, decision, _ = limited(PRICES)
    gone = replace(decision, probability_in_arm=np.full((1, 4), np.nan), chosen=np.array([-1]))
    (said,) = Reasons(policy).of_nothing(gone, 0)
    assert said.startswith("another contact was drawn, and is not made")
