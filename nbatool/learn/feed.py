"""From closed windows to the fast learner: each teaches once, whichever store closed it.

The position up to which the warehouse's windows are known moves in the transaction of the learner itself, which is
short: what they teach is worked out before it. A window closed live has left a lesson, and is passed over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice

from nbatool.base.records import NOTHING
from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.learn.answers import DecisionLookup
from nbatool.models.lessons import LivePosterior
from nbatool.store.decision_record import Choice
from nbatool.store.online import OnlineStore
from nbatool.store.warehouse import Warehouse

MOST_AT_ONCE = 5000
"""Windows after which what was learned is kept."""


@dataclass
class Fed:
    """What the fast learner took in: windows it learned from, and those that could teach it nothing.

    ``other_version`` were decided by another model version, or by one without a fast learner; the next publication
    learns from them. ``no_choice`` had no candidate but one.
    """

    learned: int = 0
    other_version: int = 0
    no_choice: int = 0


def feed(
    online: OnlineStore,
    lookup: DecisionLookup,
    warehouse: Warehouse,
    learner: LivePosterior,
    terms: OutcomeTerms,
) -> Fed:
    """Let the learner take in the warehouse's closed windows it does not know yet; nothing where there is none."""
    fed = Fed()
    if learner.model_version is None:
        return fed
    while rows := warehouse.rows("learn/closed_after", position=learner.closed_position, most=MOST_AT_ONCE):
        try:
            for _, decision_id, slot, as_of_us, began_us, outcome, action_id, channel, had_choice in rows:
                # Without a matching action the outcome is the whole slate's; its first place stands for it.
                if (slot > 1 and not terms.each_slot) or online.learned.has_lesson(decision_id):
                    continue
                if not had_choice:
                    fed.no_choice += 1
                    continue
                choice = lookup.choice(decision_id, slot, as_of_us)
                if (
                    choice is not None
                    and is_of(choice, action_id, channel)
                    # Its age is that of the contact, which a person may have let wait.
                    and learner.learn(replace(choice, as_of_us=began_us), outcome)
                ):
                    fed.learned += 1
                else:
                    fed.other_version += 1
            learner.keep(closed_position=rows[-1][0])
        except BaseException:
            learner.forget_unkept()
            raise
    return fed


def is_of(choice: Choice, action_id: str | None, channel: str | None) -> bool:
    """Whether a choice is the logged one: an action that left the catalogue stands in no night's file any more."""
    return (choice.action_id, choice.channel) == (action_id, None if action_id == NOTHING else channel)


def mark_closed(online: OnlineStore, warehouse: Warehouse, present_us: int) -> None:
    """Mark the live decisions the warehouse has closed, so that nothing closes them again and answers know it.

    Those that were released count as closed when their window has ended.
    """
    position = 0
    while found := online.decisions.due_after(position, present_us):
        position = found[-1][0]
        closed = warehouse.rows("learn/closed_among", ids=[decision_id for _, decision_id in found])
        ids = iter([row[0] for row in closed])
        while some := list(islice(ids, MOST_AT_ONCE)):
            with online.transaction():
                for decision_id in some:
                    online.decisions.mark_closed(decision_id, present_us)
