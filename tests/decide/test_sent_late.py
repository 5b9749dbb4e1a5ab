"""A contact that went out later than it was to counts from then, at night and live alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nbatool.base.records import Action
from nbatool.decide.catalogue import Catalogue, Offer
from nbatool.decide.circumstances import counted
from nbatool.decide.contact_rules import CAP, ContactRule, ContactRules, kind_of
from nbatool.decide.guardrails import Guardrails
from nbatool.decide.live_circumstances import Asked, LiveCircumstances
from nbatool.store.contact import SENT, Contact
from nbatool.store.online import OnlineStore

HOUR_US = 3_600_000_000
CATALOGUE = Catalogue((Offer(Action("mail", "Mail", ("email",)), "email", None),))
KIND = kind_of(CATALOGUE.offers[0])
RULES = ContactRules((ContactRule(CAP, 1, 86_400),), CATALOGUE)
GUARDS = Guardrails(CATALOGUE, contacts=RULES, unconfirmed_s=3 * 86_400)
SENT_AT = 12 * HOUR_US
"""Reserved for hour 0, sent at hour 12: at most one in 24 hours forbids the next until hour 36."""


@pytest.mark.parametrize("by_event", [False, True])
@pytest.mark.parametrize(("hour", "may"), [(35, False), (36, True)])
def test_at_most_one_a_day_counts_from_when_it_was_sent(
    tmp_path: Path, *, by_event: bool, hour: int, may: bool
) -> None:
    store, now_us = OnlineStore(tmp_path / "online.db"), hour * HOUR_US
    store.ledger.reserve([Contact.of(KIND, "c1", "d_1", 1, 0)])
    if not by_event:
        store.ledger.mark("d_1", SENT, SENT_AT)
    held = store.ledger.of_customer("c1", -1)
    happened = [("sent", "mail", "email", SENT_AT, "d_1")] if by_event else []
    gather = LiveCircumstances(GUARDS, (), frozenset({"sent"}))
    told = gather.now([Asked(None, {}, now_us, "d_2", "c1", held, happened)])
    assert (RULES.broken(told.contacts, np.array([now_us]))[0, 0] == 0) == may
    (rows,) = store.ledger.held_since(now_us - RULES.longest_us if not by_event else -1)
    night = counted(rows, {"c1": 0}, now_us, GUARDS.unconfirmed_s, {"d_1": SENT_AT} if by_event else {})
    assert (RULES.broken(night, np.array([now_us]))[0, 0] == 0) == may
    store.close()
