"""Caps and gaps: counted as a plain reading of the rule counts them, one row as many; no window ever holds too many."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbatool.base.records import Action
from nbatool.decide import contact_rules
from nbatool.decide.catalogue import Catalogue, Offer
from nbatool.decide.contact_rules import (
    CAP,
    GAP,
    NO_CONTACTS,
    ContactRule,
    ContactRules,
    ListedContacts,
    PastContacts,
    kind_of,
)
from nbatool.store.contact import ContactKind

HOUR_US = 3600 * 1_000_000
ACTIONS = (
    Action("bonus", "Bonus", ("email", "push"), tags=("promo",)),
    Action("survey", "Survey", ("email",), tags=("service",)),
    Action("tip", "Tip", ("push",)),
)
CATALOGUE = Catalogue(tuple(Offer(a, channel, None) for a in ACTIONS for channel in a.channels))
KINDS = (
    ContactKind("bonus", "email", ("promo",)), ContactKind("bonus", "push", ("old",)), ContactKind("survey", "email", ("service", "promo")),
    ContactKind("tip", "push", ()), ContactKind("gone", "email+push", ("promo",)), ContactKind("called", None, ()),
)  # fmt: skip
subjects = st.sampled_from(
    [
        ("", ""),
        ("channel", "email"),
        ("channel", "push"),
        ("action", "bonus"),
        ("tag", "promo"),
        ("tag", "old"),
    ]
)
rules = st.builds(
    lambda step, limit, hours, about: ContactRule(step, 1 if step == GAP else limit, hours * 3600, *about),
    st.sampled_from([CAP, GAP]), st.integers(0, 3), st.integers(1, 6), subjects,
)  # fmt: skip
contacts = st.lists(st.tuples(st.integers(-7, 5), st.sampled_from(KINDS)), max_size=8)


def read(rule_list: list[ContactRule], told: list[tuple[int, ContactKind]], as_of: int) -> list[int]:
    """The rule as its docstring says it."""
    found = []
    for offer in CATALOGUE.offers:
        now = kind_of(offer)
        broken = 0
        for place, rule in enumerate(rule_list, start=1):
            count = sum(at > as_of - rule.window_s // 3600 and rule.counts(kind) for at, kind in told)
            if not broken and rule.counts(now) and count >= rule.limit:
                broken = place
        found.append(broken)
    return found


@given(st.lists(rules, max_size=5), st.lists(contacts, min_size=1, max_size=4))
def test_rules_count_what_they_say(
    rule_list: list[ContactRule], told: list[list[tuple[int, ContactKind]]]
) -> None:
    rows = [(row, at * HOUR_US, KINDS.index(kind)) for row, one in enumerate(told) for at, kind in one]
    arrays = np.array(rows, np.int64).reshape(-1, 3)
    past = PastContacts(arrays[:, 0], arrays[:, 1], arrays[:, 2], KINDS)
    as_of = np.arange(len(told), dtype=np.int64) * HOUR_US
    guards = ContactRules(tuple(rule_list), CATALOGUE)
    together = guards.broken(past, as_of).tolist()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contact_rules, "FEW_A_RULE", 0)
        assert guards.broken(past, as_of).tolist() == together
    assert together == [read(rule_list, one, row) for row, one in enumerate(told)]
    for row, one in enumerate(told):
        alone = PastContacts.of_one([(at * HOUR_US, kind) for at, kind in one])
        assert guards.broken(alone, as_of[row : row + 1]).tolist() == [together[row]]
        arrays = PastContacts(alone.row, alone.at_us, alone.kind, alone.kinds)
        assert arrays.listed == alone.listed
        assert guards.broken(arrays, as_of[row : row + 1]).tolist() == [together[row]]
        assert guards.broken(past.of_rows(row, row + 1), as_of[row : row + 1]).tolist() == [together[row]]


@given(
    st.lists(rules.filter(lambda rule: rule.limit > 0), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 9), st.integers(0, 3)), max_size=25),
)
def test_no_window_ever_holds_more(rule_list: list[ContactRule], asked: list[tuple[int, int, int]]) -> None:
    """Contacts wait for the end of quiet hours, and go out in another order than they were decided in."""
    guards = ContactRules(tuple(rule_list), CATALOGUE)
    made: list[tuple[int, ContactKind]] = []
    now = 0
    for later, wait, wanted in asked:
        now += later * HOUR_US
        past = PastContacts.of_one(made)
        if guards.broken(past, np.array([now]))[0, wanted] == 0:
            offer = CATALOGUE.offers[wanted]
            made.append((now + wait * HOUR_US, kind_of(offer)))
    for rule in rule_list:
        times = sorted(at for at, kind in made if rule.counts(kind))
        for at in times:
            assert sum(at - rule.window_s * 1_000_000 < t <= at for t in times) <= rule.limit


def test_contacts_listed_by_row_are_cut_by_row_as_arrays_are() -> None:
    listed = [(0, 5, KINDS[0]), (0, 7, KINDS[3]), (2, 6, KINDS[0])]
    few = ListedContacts(listed)
    many = PastContacts(few.row, few.at_us, few.kind, few.kinds)
    assert many.listed == listed
    assert (few.count, many.count) == (3, 3)
    for first in range(4):
        for last in range(first, 5):
            assert few.of_rows(first, last).listed == many.of_rows(first, last).listed


def test_no_contacts_can_be_changed_as_the_night_does() -> None:
    assert replace(NO_CONTACTS, row=NO_CONTACTS.row[:0]).listed == NO_CONTACTS.listed == []


def test_rules_travel_as_json() -> None:
    guards = ContactRules((ContactRule(CAP, 2, 60, "tag", "promo"),), CATALOGUE)
    assert ContactRules.from_json(guards.to_json(), CATALOGUE) == guards
