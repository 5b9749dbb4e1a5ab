"""The funnel of a night over everybody: what each step left and removed, and by which rule, added up chunk by chunk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from nbatool.decide.arms import CONTROL
from nbatool.decide.batch import ScoredChunk
from nbatool.decide.best import Bools
from nbatool.decide.decision import STEPS
from nbatool.decide.funnel import CODE
from nbatool.decide.policy import Policy
from nbatool.decide.removing_rules import RemovingRules, words_of_review

CATALOGUE: Final = "catalogue"
WORTH_MORE: Final = "worth more than nothing"
CHOSEN: Final = "chosen"
LATE: Final = "wait for the end of quiet hours"
WAITING: Final = "wait for a person's word"
APART: Final = "nothing, as control group"
TRIED: Final = "not worth it: tried, or other arms"
Key = tuple[str, str]
Counts = dict[Key, list[int]]


@dataclass(frozen=True)
class RuleCount:
    """How many candidates something is about, and of how many customers."""

    words: str
    candidates: int
    customers: int


@dataclass(frozen=True)
class FunnelStep:
    """One step over everybody.

    Parameters
    ----------
    candidates, customers
        What it left: candidates, and customers who have at least one of them.
    removed
        What it removed: candidates, and customers it removed at least one from. None where a step chooses rather than
        removes.
    rules
        What removed it, most candidates first.
    notes
        What it let pass, but not just so.
    """

    step: str
    candidates: int
    customers: int
    removed: RuleCount | None = None
    rules: tuple[RuleCount, ...] = ()
    notes: tuple[RuleCount, ...] = ()


@dataclass
class FunnelTally:
    """Adds up chunks."""

    policy: Policy
    n: int = 0
    _left: Counts = field(default_factory=dict)
    _removed: Counts = field(default_factory=dict)
    _rules: Counts = field(default_factory=dict)
    _notes: Counts = field(default_factory=dict)
    _telling: RemovingRules = field(init=False)

    def __post_init__(self) -> None:
        self._telling = RemovingRules(self.policy)

    def add(self, chunk: ScoredChunk) -> None:
        decision, removed = chunk.decision, chunk.decision.removed
        self.n += len(removed)
        cells = np.bincount(removed.ravel(), minlength=len(STEPS) + 1)
        # The last step that any candidate of a customer comes to.
        last = np.where(removed == 0, len(STEPS) + 1, removed).max(axis=1, initial=0)
        furthest = np.bincount(last, minlength=len(STEPS) + 2)
        for step, code in CODE.items():
            self._add(self._left, (step, ""), cells[0] + cells[code + 1 :].sum(), furthest[code + 1 :].sum())
            if cells[code]:
                self._add(self._removed, (step, ""), cells[code], (removed == code).any(axis=1).sum())
                for words, mask in self._telling.of(chunk, step):
                    self._put(self._rules, (step, words), mask)
        possible = removed == 0
        worth = possible & (decision.net_value > 0.0)
        self._put(self._left, (WORTH_MORE, ""), worth)
        self._put(self._removed, (WORTH_MORE, ""), possible & ~worth)
        chosen = decision.chosen >= 0
        self._add(self._left, (CHOSEN, ""), chosen.sum(), chosen.sum())
        self._add_notes(chunk, possible)

    def _add_notes(self, chunk: ScoredChunk, possible: Bools) -> None:
        decision = chunk.decision
        chosen = np.flatnonzero(decision.chosen >= 0)
        if not self.policy.guardrails.quiet.is_empty:
            late = chunk.send_at_us > chunk.customers.as_of_us[:, None]
            self._put(self._notes, ("quiet", LATE), possible & late)
            self._count(CHOSEN, LATE, int(late[chosen, decision.chosen[chosen]].sum()))
        if chunk.review is not None:
            for place, words in enumerate(words_of_review(self.policy), start=1):
                self._put(self._notes, ("review", words), possible & (chunk.review == place))
            self._count(CHOSEN, WAITING, int((chunk.waits > 0).sum()))
        worth = decision.net_value[chosen, decision.chosen[chosen]]
        self._count(CHOSEN, TRIED, int((worth <= 0.0).sum()))
        self._count(CHOSEN, APART, int((decision.arm == CONTROL).sum()))

    def steps(self) -> tuple[FunnelStep, ...]:
        """Return the funnel."""
        first = FunnelStep(CATALOGUE, self.n * len(self.policy.catalogue.offers), self.n)
        return (first, *(self._step(step) for step in (*STEPS, WORTH_MORE, CHOSEN)))

    def _step(self, step: str) -> FunnelStep:
        removed = RuleCount(step, *self._numbers(self._removed, step))
        candidates, customers = self._numbers(self._left, step)
        return FunnelStep(
            step, candidates, customers, None if step == CHOSEN else removed,
            _sorted([RuleCount(words, *n) for (of, words), n in self._rules.items() if of == step]),
            tuple(RuleCount(words, *n) for (of, words), n in self._notes.items() if of == step and n[1]),
        )  # fmt: skip

    @staticmethod
    def _numbers(counts: Counts, step: str) -> tuple[int, int]:
        candidates, customers = counts.get((step, ""), (0, 0))
        return candidates, customers

    def _count(self, step: str, words: str, n: int) -> None:
        self._add(self._notes, (step, words), n, n)

    def _put(self, into: Counts, key: Key, mask: Bools) -> None:
        self._add(into, key, mask.sum(), mask.any(axis=1).sum())

    @staticmethod
    def _add(into: Counts, key: Key, candidates: int, customers: int) -> None:
        at = into.setdefault(key, [0, 0])
        at[0] += int(candidates)
        at[1] += int(customers)


def _sorted(rules: list[RuleCount]) -> tuple[RuleCount, ...]:
    return tuple(sorted(rules, key=lambda rule: (-rule.candidates, rule.words)))
