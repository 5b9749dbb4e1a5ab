"""Law 5: the greedy policy says nothing exactly when no candidate is worth more than nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbatool.decide.assemble import expression_kinds
from nbatool.decide.catalogue import Catalogue, compile_catalogue
from nbatool.decide.decision import Decision, Wishes
from nbatool.decide.live import LiveService
from nbatool.decide.policy import Policy
from nbatool.decide.request import Question
from nbatool.features.customer import CustomerFeatures

pytestmark = pytest.mark.slow

CUSTOMERS = [f"c{k:06d}" for k in range(0, 700, 35)]
Known = tuple[CustomerFeatures, dict[str, Any]]


@dataclass(frozen=True)
class Live:
    """The policy in force and what is known about some customers."""

    policy: Policy
    known: tuple[Known, ...]
    as_of_us: int

    def with_catalogue(self, changes: dict[str, dict[str, Any]], *, allow_nothing: bool = True) -> Policy:
        """The policy with other actions: `changes` by action id, or by "*"."""
        actions = [
            replace(a, **changes.get("*", {}), **changes.get(a.id, {}))
            for a in self.policy.catalogue.actions.values()
        ]
        kinds = expression_kinds(self.policy.bundle)
        catalogue = compile_catalogue(
            actions, kinds, every_channel=False, allow_nothing=allow_nothing, file="nba.toml"
        )
        return Policy(self.policy.bundle, catalogue)

    def decisions(self, policy: Policy, wishes: Wishes = Wishes()) -> Iterator[Decision]:
        for customers, scores in self.known:
            yield policy.decide(customers, scores, wishes)


@pytest.fixture(scope="module")
def live(trained_world: Path) -> Iterator[Live]:
    service = LiveService(trained_world / "data", trained_world / "models")
    in_force = service.in_force()
    as_of_us = in_force.published.cut_us
    reading = service.reading(in_force)
    seen = [
        reading.at(Question(None, i, as_of_us, dry_run=True), "", in_force.customer(i)) for i in CUSTOMERS
    ]
    known = tuple((each.customers, each.scores) for each in seen)
    yield Live(in_force.policy, known, as_of_us)
    service.close()


def greedy(decision: Decision, *, allow_nothing: bool = True) -> int:
    """What the law asks for, written plainly: the best possible candidate, if worth more than nothing (-1)."""
    best, chosen = (0.0 if allow_nothing else -np.inf), -1
    for j, (worth, removed) in enumerate(zip(decision.net_value[0], decision.removed[0], strict=True)):
        if not removed and worth > best:
            best, chosen = worth, j
    return chosen


MONEY = st.one_of(st.sampled_from([0.0, 1e-9, 1e6]), st.floats(0, 5, allow_nan=False))
LEVERS = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 4, allow_nan=False))
IDS = (
    "bundle_tip", "coffee_sample", "free_shipping", "loyalty_bonus", "payment_reminder", "survey", "ten_percent_off",
    "win_back",
)  # fmt: skip
ACTIONS = st.fixed_dictionaries(
    {
        i: st.fixed_dictionaries({"cost": MONEY, "lever": LEVERS, "stock": st.sampled_from([None, 0, 5])})
        for i in IDS
    }
)
WISHES = st.builds(
    Wishes,
    st.one_of(st.none(), st.frozensets(st.sampled_from(IDS), max_size=3)),
    st.sampled_from([None, "email", "web", "fax"]),
)


@settings(max_examples=40)
@given(ACTIONS, WISHES, st.booleans())
def test_silence_exactly_when_nothing_is_worth_more(
    live: Live, actions: dict[str, dict[str, Any]], wishes: Wishes, allow_nothing: bool
) -> None:
    policy = live.with_catalogue(actions, allow_nothing=allow_nothing)
    for decision in live.decisions(policy, wishes):
        assert decision.chosen[0] == greedy(decision, allow_nothing=allow_nothing)


def test_both_happen(live: Live) -> None:
    """The world above has customers of both kinds, so the law is tried."""
    chosen = {int(decision.chosen[0]) >= 0 for decision in live.decisions(live.policy)}
    assert chosen == {True, False}


def test_costs_beyond_every_uplift_silence_everybody(live: Live) -> None:
    for decision in live.decisions(live.with_catalogue({"*": {"cost": 1e6}})):
        assert decision.chosen[0] == -1


def test_worth_exactly_nothing_is_not_worth_more(live: Live) -> None:
    """A cost of exactly the best uplift leaves 0.0, and silence; the next smaller cost leaves a contact."""
    free = live.with_catalogue({"*": {"cost": 0.0}})
    tried = 0
    for (customers, scores), decision in zip(live.known, live.decisions(free), strict=True):
        best = float(decision.uplift[0].max())
        if best <= 0:
            continue
        tried += 1
        exact = live.with_catalogue({"*": {"cost": best}}).decide(customers, scores)
        assert float(exact.net_value[0].max()) == 0.0
        assert exact.chosen[0] == -1
        cheaper = live.with_catalogue({"*": {"cost": float(np.nextafter(best, 0))}}).decide(customers, scores)
        assert cheaper.chosen[0] >= 0
    assert tried > 5


def test_nothing_to_choose_from_is_silence(live: Live) -> None:
    for allow_nothing in (True, False):
        empty = Policy(live.policy.bundle, Catalogue((), allow_nothing))
        for decision in live.decisions(empty):
            assert (decision.chosen[0], decision.net_value.shape) == (-1, (1, 0))
