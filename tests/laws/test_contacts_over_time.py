"""Law 3 over time: nights, live decisions, confirmations, releases, expiry and clocks moved back, in any order.

The real contact log, the real rules, the real check in the transaction that reserves; what they left behind is counted
plainly, every window by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from nbatool.activate.reserving import Wanted, reserving
from nbatool.base.clock import US_PER_S
from nbatool.base.records import Action
from nbatool.decide.batch import ScoredChunk
from nbatool.decide.catalogue import Catalogue, Offer
from nbatool.decide.circumstances import NightCircumstances, batch_of, counted, joined
from nbatool.decide.contact_rules import (
    CAP,
    GAP,
    ContactRule,
    ContactRules,
    PastContacts,
    kind_of,
    kind_of_others,
)
from nbatool.decide.decision import NO_WISHES
from nbatool.decide.expected import Expected
from nbatool.decide.funnel import Funnel
from nbatool.decide.guardrails import Circumstances, Guardrails
from nbatool.decide.live_circumstances import Asked, LiveCircumstances
from nbatool.decide.policy import Foreseen, Policy
from nbatool.decide.quiet_hours import QuietHours, QuietRule
from nbatool.decide.subjects import Subjects, decision_id
from nbatool.features.customer import CustomerFeatures
from nbatool.store import ledger_upkeep
from nbatool.store.contact import RELEASED, RESERVED, SENT, Contact, Held
from nbatool.store.online import OnlineStore

HOUR_US = 3600 * US_PER_S
START_US = 1_535_234_400 * US_PER_S
PEOPLE = ("c0", "c1", "c2")
UNCONFIRMED_H = 30
ACTIONS = (
    Action("bonus", "Bonus", ("email", "push"), tags=("promo",)),
    Action("survey", "Survey", ("email",), tags=("service",)),
    Action("tip", "Tip", ("push",), tags=("promo", "service")),
)
CATALOGUE = Catalogue(tuple(Offer(a, channel, None) for a in ACTIONS for channel in a.channels))
ABOUT = (("", ""), ("channel", "email"), ("channel", "push"), ("action", "bonus"), ("tag", "promo"))
PLAN: Any = None

rules_drawn = st.lists(
    st.builds(
        lambda step, limit, hours, about: ContactRule(step, 1 if step == GAP else limit, hours * 3600, *about),
        st.sampled_from([CAP, GAP]), st.integers(1, 3), st.sampled_from([5, 20, 48, 90]), st.sampled_from(ABOUT),
    ),
    min_size=1, max_size=3,
)  # fmt: skip
quiet_drawn = st.sampled_from(
    [(), (QuietRule(21 * 3600, 8 * 3600),), (QuietRule(9 * 3600, 12 * 3600, frozenset({"email"})),)]
)
worths = st.lists(st.integers(-1, 4), min_size=len(CATALOGUE.offers), max_size=len(CATALOGUE.offers))


class KilledError(Exception):
    """A night that ends before its time."""


class ContactsOverTime(RuleBasedStateMachine):
    """What happens to a few customers of one workspace."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.store = OnlineStore(Path(self.folder.name) / "online.db")
        self.now_us = self.newest_us = START_US
        self.told: list[tuple[str, str | None, str | None, int, int, str]] = []
        """Contacts of others: type, action, channel, when, which step of the test, whose."""
        self.made: dict[tuple[object, ...], tuple[int, int, int]] = {}
        """Contact → (which step of the test, at which time it was decided, for when)."""
        self.late: dict[str, list[tuple[int, int]]] = {}
        """Decision → (after which step a word said it went out, and when)."""
        self.revived: set[str] = set()
        """Decisions whose contact counted no longer when a late word brought it back: nobody could have known."""
        self.steps = 0
        self.nights: list[int] = []

    @initialize(rules=rules_drawn, quiet=quiet_drawn)
    def begin(self, rules: list[ContactRule], quiet: tuple[QuietRule, ...]) -> None:
        self.guards = Guardrails(
            CATALOGUE, contacts=ContactRules(tuple(rules), CATALOGUE), quiet=QuietHours(quiet, "UTC"),
            unconfirmed_s=UNCONFIRMED_H * 3600,
        )  # fmt: skip
        models: Any = None
        self.policy = Policy(models, CATALOGUE, guards=self.guards)

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    @rule(hours=st.integers(1, 40))
    def time_goes_on(self, hours: int) -> None:
        self.now_us = max(self.now_us, self.newest_us) + hours * HOUR_US
        self.newest_us = self.now_us

    @rule(hours=st.integers(1, 60))
    def the_clock_is_moved_back(self, hours: int) -> None:
        self.now_us -= hours * HOUR_US

    @rule(who=st.sampled_from(PEOPLE), worth=worths, request=st.integers(0, 3))
    def somebody_asks(self, who: str, worth: list[int], request: int) -> None:
        name = decision_id(who, self.now_us, 0, str(request))
        held = self.store.ledger.of_customer(who, self.now_us - self.guards.contacts.longest_us)
        gather = LiveCircumstances(self.guards, (), frozenset({"sent"}))
        happened = [
            (kind, action, channel, at, None) for kind, action, channel, at, _, of in self.told if of == who
        ]
        told = gather.now([Asked(None, {}, self.now_us, name, who, held, happened)])
        made = self.decided([who], [name], [worth], told)
        chosen = int(made.chosen[0])
        if chosen >= 0:
            kind = kind_of(CATALOGUE.offers[chosen])
            with self.store.transaction():
                self.store.ledger.reserve([Contact.of(kind, who, name, 1, self.now_us)])
        self.look(self.now_us)

    @rule(worth=st.lists(worths, min_size=3, max_size=3), meanwhile=st.lists(st.tuples(st.sampled_from(PEOPLE), worths), max_size=3), dies=st.booleans())  # fmt: skip
    def night(self, worth: list[list[int]], meanwhile: list[tuple[str, list[int]]], dies: bool) -> None:
        self.nights.append(self.now_us)
        self._night(self.now_us, worth, meanwhile, dies=dies)

    @precondition(lambda self: bool(self.nights))
    @rule(worth=st.lists(worths, min_size=3, max_size=3), which=st.integers(0, 9))
    def a_night_is_scored_again(self, worth: list[list[int]], which: int) -> None:
        self._night(self.nights[which % len(self.nights)], worth, [], dies=False)

    def _night(
        self, as_of_us: int, worth: list[list[int]], meanwhile: list[tuple[str, list[int]]], *, dies: bool
    ) -> None:
        told = self.at_night(as_of_us)
        subjects = Subjects.of_night(PEOPLE, as_of_us, 0)
        around = told_at_once(told, self.guards)
        made = self.decided(PEOPLE, subjects.decision_ids, worth, around, as_of_us)
        nothing: Any = None
        goes = self.guards.send_at_us(np.full(len(PEOPLE), as_of_us), around)
        chunk = ScoredChunk(0, len(PEOPLE), nothing, {}, made, subjects, goes, around)
        for who, other in meanwhile:
            self.somebody_asks(who, other, 9)

        with suppress(KilledError), reserving(self.store.ledger, told, as_of_us, frozenset()) as reserve:
            reserve.reserve(Wanted.of(chunk))
            if dies:
                raise KilledError
        self.look(as_of_us)

    @rule(who=st.sampled_from(PEOPLE), offer=st.integers(0, len(CATALOGUE.offers) - 1))
    def somebody_else_contacts(self, who: str, offer: int) -> None:
        of = CATALOGUE.offers[offer]
        self.told.append(("sent", of.action.id, of.channel, self.now_us - 1, self.steps, who))

    @rule(which=st.integers(0, 99), word=st.sampled_from([SENT, SENT, RELEASED]), late=st.integers(0, 2))
    def a_word_is_said(self, which: int, word: str, late: int) -> None:
        held = self.held()
        if not held:
            return
        contact = held[which % len(held)]
        if word == SENT and not self.counts(contact):
            self.revived.add(contact.decision_id)
        if word == SENT:
            self.late.setdefault(contact.decision_id, []).append((self.steps, self.newest_us + late))
        self.store.ledger.mark(contact.decision_id, word, self.newest_us + late)

    @rule()
    def old_contacts_are_forgotten(self) -> None:
        before_us = min(self.now_us, *self.nights, self.newest_us) - 100 * 24 * HOUR_US
        self.store.ledger.reconcile(self.newest_us, UNCONFIRMED_H * HOUR_US)
        self.store.ledger.sweep(before_us)

    def decided(
        self, who: Sequence[str], names: Sequence[str], worth: list[list[int]], told: Circumstances, as_of_us: int | None = None
    ) -> Any:  # fmt: skip
        n = len(who)
        nothing: Any = None
        moments = np.full(n, self.now_us if as_of_us is None else as_of_us)
        customers = CustomerFeatures(moments, np.empty((n, 0)), {}, nothing)
        removed = Funnel(CATALOGUE, PLAN, self.guards).removed(customers, {}, NO_WISHES, told)
        expected = Expected(np.zeros(n), np.array(worth, np.float64), np.zeros((n, len(CATALOGUE.offers))))
        return self.policy.arbitrate(Foreseen(expected, removed, np.empty((n, 0))), Subjects(who, names))

    def at_night(self, as_of_us: int) -> NightCircumstances:
        """As `night_circumstances` gathers it; contacts of others come from the test, not from a warehouse."""
        since_us = as_of_us - self.guards.contacts.longest_us
        row_of = {who: row for row, who in enumerate(PEOPLE)}
        pieces = self.store.ledger.held_since(since_us, without=batch_of(as_of_us))
        own = joined([counted(held, row_of, as_of_us, self.guards.unconfirmed_s, {}) for held in pieces])
        told = sorted(
            (row_of[of], at, kind_of_others(CATALOGUE, action, channel))
            for _, action, channel, at, _, of in self.told if at < as_of_us
        )  # fmt: skip
        kinds = tuple(dict.fromkeys(kind for *_, kind in told))
        arrays = np.array([(row, at, kinds.index(kind)) for row, at, kind in told], np.int64).reshape(-1, 3)
        others = PastContacts(arrays[:, 0], arrays[:, 1], arrays[:, 2], kinds)
        con: Any = None
        return NightCircumstances(con, self.guards, PEOPLE, own, others, [None] * len(PEOPLE))

    def held(self) -> list[Held]:
        return [contact for rows in self.store.ledger.held_since(0) for contact in rows.contacts()]

    def counts(self, contact: Held) -> bool:
        waits = contact.state == RESERVED and self.newest_us - contact.at_us < UNCONFIRMED_H * HOUR_US
        return contact.state == SENT or waits

    def look(self, as_of_us: int) -> None:
        """Remember what is new in the contact log, and when it was decided."""
        self.steps += 1
        for contact in self.held():
            self.made.setdefault(key(contact), (self.steps, as_of_us, contact.at_us))

    def known_at(self, contact: Held, step: int) -> int:
        """When a contact went out, as far as a step of the test could know."""
        said = [at for after, at in self.late.get(contact.decision_id, ()) if after < step]
        return max(contact.at_us, *said) if said else contact.at_us

    @invariant()
    def no_window_ever_holds_more(self) -> None:
        held = [
            replace(c, at_us=self.made[key(c)][2])
            for c in self.held()
            if self.counts(c) and c.decision_id not in self.revived
        ]
        for contact_rule in () if not hasattr(self, "guards") else self.guards.contacts.rules:
            for contact in (c for c in held if contact_rule.counts(c.kind)):
                ours = [
                    c for c in held if c.customer_id == contact.customer_id and contact_rule.counts(c.kind)
                ]
                most_within(contact_rule, contact, [c.at_us for c in ours])
                step, as_of_us, _ = self.made[key(contact)]
                before = [self.known_at(c, step) for c in ours if self.made[key(c)][0] <= step]
                most_within(contact_rule, contact, ending_at(contact, before))
                others = [
                    at for _, action, channel, at, when, of in self.told
                    if of == contact.customer_id and when < step and at < as_of_us
                    and contact_rule.counts(kind_of_others(CATALOGUE, action, channel))
                ]  # fmt: skip
                if others:
                    most_within(
                        contact_rule, contact, ending_at(contact, before) + ending_at(contact, others)
                    )


def ending_at(contact: Held, times: Sequence[int]) -> list[int]:
    """Others may contact too often themselves: only the window that ends with ours is ours to keep."""
    return [at for at in times if at <= contact.at_us]


def most_within(contact_rule: ContactRule, contact: Held, times: Sequence[int]) -> None:
    """Every window the contact is in, by the contact it ends with."""
    window_us = contact_rule.window_s * US_PER_S
    for end in (at for at in times if contact.at_us <= at < contact.at_us + window_us):
        inside = sum(end - window_us < at <= end for at in times)
        assert inside <= contact_rule.limit, (contact_rule.text(), contact, sorted(times))


def key(contact: Held) -> tuple[object, ...]:
    return contact.decision_id, contact.slot, contact.action_id, contact.channel


def told_at_once(told: NightCircumstances, guards: Guardrails) -> Circumstances:
    """As `NightCircumstances.of_rows`, of customers who said nothing of consent."""
    silent = np.full((len(PEOPLE), len(guards.channels)), -1, np.int8)
    return Circumstances(joined([told.own, told.others]), silent, told.zones)


@pytest.mark.slow
def test_no_window_ever_holds_more_than_its_cap() -> None:
    from hypothesis.stateful import run_state_machine_as_test

    with patch.object(ledger_upkeep, "PAUSE_S", 0):
        run_state_machine_as_test(
            ContactsOverTime, settings=settings(max_examples=60, stateful_step_count=40, deadline=None)
        )
