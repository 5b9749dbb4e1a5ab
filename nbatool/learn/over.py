"""Which windows are over: said in ``online.db`` before they are closed, so that `learn -` needs no warehouse to know.

Whoever answers in time is told so, and what they say is in the warehouse when the windows are closed; whoever answers
after the mark is late, even where the present of old data stands long before.
"""

from __future__ import annotations

from itertools import islice

from nbatool.base.clock import US_PER_S
from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.learn.feed import MOST_AT_ONCE
from nbatool.learn.reach import Reach
from nbatool.store.closing import Mark
from nbatool.store.online import OnlineStore
from nbatool.store.warehouse import Warehouse


def mark_of(terms: OutcomeTerms, present_us: int, reach: Reach | None) -> Mark:
    """Return how far windows are over at a present, by the rules of ``sql/learn/create_due.sql``."""
    closed_us = present_us - terms.closes_us(0)
    told_until_us = present_us
    if reach is not None:
        closed_us = min(closed_us, reach.last_us)
        told_until_us = reach.known_until(present_us)
    return Mark(closed_us, min(closed_us, told_until_us - terms.unconfirmed_after_s * US_PER_S))


def announce(online: OnlineStore, terms: OutcomeTerms, mark: Mark, present_us: int) -> None:
    """Say that the windows up to a mark are over: those of nights together, of live decisions one by one."""
    online.closing.put(mark)
    position, ended_us = 0, min(terms.closes_us(mark.closed_us), present_us)
    while found := online.decisions.due_after(position, ended_us, MOST_AT_ONCE):
        position = found[-1][0]
        with online.transaction():
            for _, decision_id in found:
                online.decisions.mark_closed(decision_id, present_us)


def keep_closed_contacts(online: OnlineStore, warehouse: Warehouse) -> None:
    """Keep which contacts are closed of the nights of which others may still be confirmed."""
    found = warehouse.rows("learn/closed_beside_waiting", settled_us=online.closing.mark().settled_us)
    rows = iter(found)
    while some := list(islice(rows, MOST_AT_ONCE)):
        online.closing.add_contacts(some)
