"""A night whose contacts are limited: everybody is foreseen, prices are solved over all of them, then everybody is decided.

What is foreseen is put aside on disk, so that models are asked once. What a limit still takes out after the prices does
nothing, with no probability; the row says that a limit removed it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nbatool.activate.reserving import taken_out
from nbatool.activate.standing import Standing
from nbatool.decide.arms import CONTROL, POLICY
from nbatool.decide.batch import Population, ScoredChunk, foreseen_chunks
from nbatool.decide.best import Bools, Floats
from nbatool.decide.circumstances import NightCircumstances
from nbatool.decide.decision import NO_WISHES
from nbatool.decide.demand import Choose
from nbatool.decide.exploration import probabilities, spread_of
from nbatool.decide.exploration_terms import BY_DRAWS
from nbatool.decide.foreseen_file import ForeseenFile
from nbatool.decide.limits import Kept, Limit, LimitLine
from nbatool.decide.night_limits import NightPrices, expected_contacts, kept, night_prices, tie_width
from nbatool.decide.policy import Policy
from nbatool.decide.subjects import Subjects
from nbatool.decide.tie_breaks import tie_keys
from nbatool.models.posterior import Posterior

OnProgress = Callable[[int, int], None]


@dataclass
class LimitedNight:
    """Decides for everybody within limits.

    Parameters
    ----------
    limits
        What the contacts of this night may use.
    file
        Where what is foreseen is put aside.
    """

    people: Population
    policy: Policy
    told: NightCircumstances
    standing: Standing
    posterior: Posterior | None
    limits: Sequence[Limit]
    file: ForeseenFile
    threads: int
    seed: int
    _spans: list[tuple[int, int]] = field(default_factory=list)

    def chunks(self, on_progress: OnProgress | None) -> Iterator[ScoredChunk]:
        """Yield the decisions of everybody, those that stand among them; foreseeing is half of the progress."""
        n = len(self.people)
        values = self._foreseen(on_progress)
        self.prices = self._solved(values)
        self.kept = self._kept(values)
        for chunk in foreseen_chunks(
            self.people, self.policy, threads=self.threads, seed=self.seed, told=self.priced, known=self.file.get
        ):
            made = self.standing.put_into(
                chunk.decided(self.policy, self.posterior), self._ids(chunk.first, chunk.last), self.policy.candidates
            )
            rows = np.flatnonzero(~self.kept.keep[chunk.first : chunk.last])
            yield taken_out(made, rows, ["limit"] * len(rows)) if len(rows) else made
            if on_progress is not None:
                on_progress((n + chunk.last) // 2, n)

    prices: NightPrices = field(init=False)
    kept: Kept = field(init=False)
    spread: float = field(init=False, default=0.0)

    @cached_property
    def priced(self) -> NightCircumstances:
        """What the decisions are made with, prices included."""
        return replace(self.told, charge=self.prices.charge[:-1], tie_width=self.prices.width)

    def lines(self) -> list[LimitLine]:
        return self.prices.lines(self.kept)

    def _foreseen(self, on_progress: OnProgress | None) -> _Values:
        values = _Values.of(len(self.people), len(self.policy.candidates), reviewed=bool(self.policy.guardrails.review))
        for chunk in foreseen_chunks(
            self.people, self.policy, threads=self.threads, seed=self.seed, told=self.told
        ):
            self._spans.append((chunk.first, chunk.last))
            self.file.put(chunk.first, chunk.foreseen)
            made = self.policy.arbitrate(chunk.foreseen, chunk.subjects, self.posterior)
            worth, rows = self.policy.worth(made), slice(chunk.first, chunk.last)
            values.net_value[rows], values.possible[rows] = worth.net_value, worth.possible
            stands = [customer_id in self.standing.by_customer for customer_id in self._ids(chunk.first, chunk.last)]
            # What stands is in the contact log already, and uses nothing more; so does who is never contacted.
            values.arm[rows] = np.where(stands, CONTROL, made.arm)
            others = (values.arm[rows] != POLICY) & (values.arm[rows] != CONTROL)
            values.others += expected_contacts(made.probability_in_arm[others])
            if values.reviewed is not None:
                values.reviewed[rows] = self.policy.funnel.review(chunk.customers, chunk.scores, NO_WISHES) > 0
            if on_progress is not None:
                on_progress(chunk.last // 2, len(self.people))
        return values

    def _solved(self, values: _Values) -> NightPrices:
        terms = self.policy.practice.terms
        self.spread = terms.spread or spread_of(values.net_value.astype(np.float64), values.possible)
        choose: Choose | None = None
        if terms.method not in {"greedy", *BY_DRAWS}:  # draws take far longer than the choice they are near to

            def choose(priced: Floats, possible: Bools, _rows: NDArray[np.int64]) -> Floats:
                return probabilities(priced, possible, terms)

        return night_prices(
            values.net_value, values.possible, values.arm, self.limits,
            keys=tie_keys(self.people.customer_ids), width=tie_width(self.spread, self.limits), others=values.others,
            choose=choose,
        )  # fmt: skip

    def _kept(self, values: _Values) -> Kept:
        """What is drawn at these prices, and which of it the limits leave."""
        n = len(self.people)
        chosen, worth = np.full(n, -1, np.int64), np.zeros(n)
        for first, last in self._spans:
            subjects = Subjects.of_night(self._ids(first, last), self.people.as_of_us, self.seed)
            charge = self.priced.charge_of(first, last)
            made = self.policy.arbitrate(self.file.get(first), subjects, self.posterior, charge)
            rows = np.flatnonzero(made.chosen >= 0)
            offers = made.chosen[rows]
            mine = np.array([i not in self.standing.by_customer for i in self._ids(first, last)], np.bool_)[rows]
            if values.reviewed is not None:
                mine &= ~values.reviewed[first + rows, offers]
            rows, offers = rows[mine], offers[mine]
            chosen[first + rows] = offers
            worth[first + rows] = made.net_value[rows, offers]
        return kept(self.limits, worth, chosen, np.arange(n))

    def _ids(self, first: int, last: int) -> list[str]:
        return self.people.customer_ids[first:last]


@dataclass
class _Values:
    """What prices are solved from: (n, m) net values and what is possible, arms, and contacts other arms will make."""

    net_value: NDArray[np.float32]
    possible: Bools
    arm: NDArray[np.int8]
    others: Floats
    reviewed: Bools | None

    @classmethod
    def of(cls, n: int, m: int, *, reviewed: bool) -> _Values:
        return cls(
            np.empty((n, m), np.float32), np.empty((n, m), np.bool_), np.empty(n, np.int8), np.zeros(m),
            np.zeros((n, m - 1), np.bool_) if reviewed else None,
        )  # fmt: skip
