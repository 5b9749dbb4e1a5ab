"""Closing windows of live decisions, where all outcomes are posted: once each, with what arrived or the default.

All windows that are due are closed together, those without an answer too: crediting answers before the silence beside
them would make every action look better than it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nbatool.features.outcome_terms import OutcomeTerms, Posted
from nbatool.learn.answers import last_status
from nbatool.models.lessons import LivePosterior
from nbatool.store.answer_journal import Answer
from nbatool.store.decision_record import Choice
from nbatool.store.learned import Lesson
from nbatool.store.online import OnlineStore

MOST_AT_ONCE = 256
"""Windows a transaction closes: other processes wait for it."""


@dataclass
class Closed:
    """What closing did.

    Parameters
    ----------
    windows
        Windows closed with an outcome.
    by_default
        Of them, those for which nothing had arrived.
    released
        Closed without an outcome: the contact was not made.
    learned
        Of the windows, those the fast learner in force takes in.
    """

    windows: int = 0
    by_default: int = 0
    released: int = 0
    learned: int = 0

    def add(self, other: Closed) -> None:
        self.windows += other.windows
        self.by_default += other.by_default
        self.released += other.released
        self.learned += other.learned


class LiveClosing:
    """Closes the due windows of live decisions.

    Parameters
    ----------
    online
        The online store.
    terms
        What counts as an outcome.
    learner
        The fast learner that is to take the lessons in.
    """

    def __init__(self, online: OnlineStore, terms: OutcomeTerms, learner: LivePosterior) -> None:
        self._online, self._terms, self._learner = online, terms, learner

    def close_due(self, present_us: int) -> Closed:
        """Close everything that is due; nothing where some objective waits for events of the warehouse."""
        total = Closed()
        while (some := self.close_some(present_us)) is not None:
            total.add(some)
        return total

    def close_some(self, present_us: int) -> Closed | None:
        """Close at most `MOST_AT_ONCE` windows, those that ended first; None where none is due."""
        if not self._terms.all_posted or not self._is_due(present_us):
            return None
        # Lessons that wait are taken in before the transaction: others wait for that.
        self._learner.catch_up()
        closed = self._close(present_us)
        self._learner.keep_if_long()
        return closed

    def _is_due(self, present_us: int) -> bool:
        due_us = self._online.decisions.next_due_us()
        return due_us is not None and due_us <= present_us

    def _close(self, present_us: int) -> Closed:
        closed = Closed()
        with self._online.transaction():
            for journalled in self._online.decisions.due(present_us, MOST_AT_ONCE):
                choice = journalled.decision.choice()
                self._online.decisions.mark_closed(choice.decision_id, present_us)
                answers = self._online.answers.of_decision(choice.decision_id)
                if last_status(answers) == "released":
                    closed.released += 1
                    continue
                posted = counted(answers)
                if not journalled.decision.had_choice:
                    # It is closed, but what came of it says nothing about a choice.
                    choice = replace(choice, expected=None)
                self._online.learned.add_lesson(self._lesson(choice, posted, present_us))
                closed.windows += 1
                closed.learned += self._learner.can_learn(choice)
                closed.by_default += not any(
                    self._terms.in_window(p.objective, choice.as_of_us, p.ts_us) for p in posted
                )
        return closed

    def _lesson(self, choice: Choice, posted: list[Posted], present_us: int) -> Lesson:
        return Lesson(
            choice.decision_id, choice.model_version, choice.action_id, choice.channel, choice.as_of_us,
            self._terms.outcome(choice.as_of_us, posted), choice.expected, np.asarray(choice.phi, dtype="<f8").tobytes(),
            present_us,
        )  # fmt: skip


def counted(answers: list[Answer]) -> list[Posted]:
    """Return the outcomes among answers that came in time."""
    return [
        Posted(a.objective, int(a.value.replace(".", "")), a.ts_us)
        for a in answers
        if a.value is not None and a.told != "late"
    ]
