"""A night whose contacts are limited: everybody is foreseen, prices are solved over all of them, then everybody is decided.

What is foreseen is put aside on disk, so that models are asked once. What a limit still takes out after the prices does
nothing, with no probability; the row says that a limit removed it. Contacts are reserved before any decision is handed on:
live decisions go on meanwhile, and what they left no room for is given back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nbatool.activate.reserving import NightReservation, Refused, Wanted, taken_out
from nbatool.activate.standing import Standing
from nbatool.decide.arms import CONTROL, POLICY
from nbatool.decide.batch import Population, ScoredChunk, foreseen_chunks
from nbatool.decide.best import Bools, Floats, Indices
from nbatool.decide.circumstances import NightCircumstances, batch_of
from nbatool.decide.decision import NO_WISHES
from nbatool.decide.demand import Choose
from nbatool.decide.exploration import probabilities, spread_of
from nbatool.decide.exploration_terms import BY_DRAWS
from nbatool.decide.foreseen_file import ForeseenFile
from nbatool.decide.limits import Limit, LimitLine, limit_lines
from nbatool.decide.night_limits import (
    CHUNK_ROWS,
    NightPrices,
    expected_contacts,
    kept,
    night_prices,
    tie_width,
)
from nbatool.decide.pacing import PublishedLimits
from nbatool.decide.policy import Policy
from nbatool.decide.population_limits import SHARES, PopulationLimit, PopulationLimits
from nbatool.decide.subjects import Subjects
from nbatool.decide.taken_out import LIMIT, TakenOut
from nbatool.decide.tie_breaks import tie_keys
from nbatool.models.posterior import Posterior

if TYPE_CHECKING:
    from nbatool.store.ledger import Ledger

OnProgress = Callable[[int, int], None]
MOST_ROUNDS = 5


@dataclass
class LimitedNight:
    """Decides for everybody within limits.

    Parameters
    ----------
    file
        Where what is foreseen is put aside.
    """

    people: Population
    policy: Policy
    told: NightCircumstances
    standing: Standing
    posterior: Posterior | None
    said: PopulationLimits
    ledger: Ledger
    file: ForeseenFile
    threads: int
    seed: int
    spread: float = field(init=False, default=0.0)
    prices: NightPrices = field(init=False)
    lines: list[LimitLine] = field(init=False, default_factory=list)
    _spans: list[tuple[int, int]] = field(init=False, default_factory=list)

    def chunks(
        self, reservation: NightReservation | None, on_progress: OnProgress | None
    ) -> Iterator[ScoredChunk]:
        """Reserve contacts, then yield the decisions of everybody; foreseeing is half of the progress."""
        n = len(self.people)
        values = self._foreseen(on_progress)
        self.prices = self._solved(values, self.said.for_night(self._left()))
        self.told = replace(
            self.told, charge=self.prices.charge[:-1], tie_width=self.prices.width,
            prices=self.prices.prices.price.tolist(),
        )  # fmt: skip
        plan = self._drawn(values)
        refused = self._settled(plan, reservation)
        for chunk in foreseen_chunks(
            self.people,
            self.policy,
            threads=self.threads,
            seed=self.seed,
            told=self.told,
            known=self.file.get,
        ):
            first, last = chunk.first, chunk.last
            made = chunk.decided(self.policy, self.posterior)
            made = self.standing.put_into(made, self._ids(first, last), self.policy.candidates)
            own = {row - first: refused[row] for row in range(first, last) if row in refused}
            yield taken_out(made, own)
            if on_progress is not None:
                on_progress((n + last) // 2, n)

    def to_publish(self, traffic: Sequence[float] | None) -> dict[str, Any]:
        """Return what live decisions are told of the limits, as JSON values; ask when all contacts are reserved."""
        published = PublishedLimits.of(
            self.said, self.ledger.totals(), self.prices.prices, cut_us=self.people.as_of_us, scale=self.spread,
            traffic=traffic,
        )  # fmt: skip
        return {"published": published.to_json(), "tie_width": self.prices.width}

    def _left(self) -> list[Limit]:
        """What is left of the limits, this night's own contacts of an earlier scoring aside."""
        as_of_us = self.people.as_of_us
        return self.said.bounds(self.ledger.totals().without(batch_of(as_of_us)), as_of_us)

    def _foreseen(self, on_progress: OnProgress | None) -> _Values:
        reviewed = bool(self.policy.guardrails.review)
        values = _Values.of(len(self.people), len(self.policy.candidates), reviewed=reviewed)
        for chunk in foreseen_chunks(
            self.people, self.policy, threads=self.threads, seed=self.seed, told=self.told
        ):
            self._spans.append((chunk.first, chunk.last))
            self.file.put(chunk.first, chunk.foreseen)
            made = self.policy.arbitrate(chunk.foreseen, chunk.subjects, self.posterior)
            worth, rows = self.policy.worth(made), slice(chunk.first, chunk.last)
            values.net_value[rows], values.possible[rows] = worth.net_value, worth.possible
            # What stands is in the contact log already and uses nothing more, like those who are never contacted.
            values.arm[rows] = np.where(self._stands(chunk.first, chunk.last), CONTROL, made.arm)
            others = (values.arm[rows] != POLICY) & (values.arm[rows] != CONTROL)
            values.others += expected_contacts(made.probability_in_arm[others])
            if values.reviewed is not None:
                values.reviewed[rows] = (
                    self.policy.funnel.review(chunk.customers, chunk.scores, NO_WISHES) > 0
                )
            if on_progress is not None:
                on_progress(chunk.last // 2, len(self.people))
        return values

    def _solved(self, values: _Values, limits: list[Limit]) -> NightPrices:
        terms = self.policy.practice.terms
        self.spread = terms.spread or spread_of(values.net_value.astype(np.float64), values.possible)
        choose: Choose | None = None
        # Draws take far longer than the choice they are near to; `kept` holds the limits whatever the prices.
        if terms.method not in {"greedy", *BY_DRAWS}:

            def choose(priced: Floats, possible: Bools, _rows: NDArray[np.int64]) -> Floats:
                return probabilities(priced, possible, terms)

        keys, width = tie_keys(self.people.customer_ids), tie_width(self.spread, limits)

        def solved() -> NightPrices:
            return night_prices(
                values.net_value, values.possible, values.arm, limits, keys=keys, width=width, others=values.others,
                choose=choose,
            )  # fmt: skip

        prices = solved()
        for _ in range(MOST_ROUNDS):
            # What waits for a person takes its room on the night it goes out; tonight's is for the others. As prices
            # fall, more do.
            waits = values.waits(prices.charge) & (values.arm == POLICY)
            if not waits.any():
                break
            values.arm[waits] = CONTROL
            prices = solved()
        return prices

    def _drawn(self, values: _Values) -> _Plan:
        """What is drawn at these prices; what stands, and what waits for a person, uses nothing."""
        plan = _Plan.of(len(self.people))
        for first, last in self._spans:
            subjects = Subjects.of_night(self._ids(first, last), self.people.as_of_us, self.seed)
            charge = self.told.charge_of(first, last)
            made = self.policy.arbitrate(self.file.get(first), subjects, self.posterior, charge)
            rows = np.flatnonzero((made.chosen >= 0) & ~self._stands(first, last))
            if values.reviewed is not None:
                rows = rows[~values.reviewed[first + rows, made.chosen[rows]]]
            plan.chosen[first + rows] = made.chosen[rows]
            plan.worth[first + rows] = made.net_value[rows, made.chosen[rows]]
        return plan

    def _settled(self, plan: _Plan, reservation: NightReservation | None) -> Refused:
        """Reserve what the limits leave; return whose contact is not made, by position."""
        drawn, places = plan.chosen.copy(), np.arange(len(plan.chosen))
        found = kept(self.prices.limits, plan.worth, plan.chosen, places)
        plan.chosen[~found.keep] = -1
        refused: Refused = {}
        if reservation is not None:
            for first, last in self._spans:
                of_span = reservation.reserve(self._wanted(plan, first, last))
                refused |= {first + row: step for row, step in of_span.items()}
            plan.chosen[list(refused)] = -1
            left = kept(self._left(), plan.worth, plan.chosen, places)
            self._give_back(plan, ~left.keep, reservation)
            plan.chosen[~left.keep] = -1
            found = replace(found, by=np.maximum(found.by, left.by))
        final = kept(self.prices.limits, plan.worth, plan.chosen, places)
        gone = np.flatnonzero((drawn >= 0) & (plan.chosen < 0)).tolist()
        lines = limit_lines(self.prices.limits, self.prices.prices.price, replace(final, by=found.by))
        self.lines = [
            replace(line, part=_part(said, line, int((plan.chosen >= 0).sum())))
            for said, line in zip(self.said.limits, lines, strict=True)
        ]
        names = [limit.name for limit in self.prices.limits]
        return {
            row: refused.get(row) or TakenOut(LIMIT, int(drawn[row]), names[found.by[row]]) for row in gone
        }

    def _give_back(self, plan: _Plan, gone: Bools, reservation: NightReservation) -> None:
        for first, last in self._spans:
            if gone[first:last].any():
                of_span = reservation.contacts(self._wanted(plan, first, last))
                reservation.give_back(c for row, c in of_span.items() if gone[first + row])

    def _wanted(self, plan: _Plan, first: int, last: int) -> Wanted:
        names = Subjects.of_night(self._ids(first, last), self.people.as_of_us, self.seed).decision_ids
        chosen, as_of_us = plan.chosen[first:last], np.full(last - first, self.people.as_of_us)
        guards, at_us = self.policy.guardrails, as_of_us.copy()
        if not guards.quiet.is_empty:
            goes = guards.quiet.next_allowed_us(
                as_of_us, self.told.zones[first:last], guards.channels_of_offers
            )
            rows = np.flatnonzero(chosen >= 0)
            at_us[rows] = goes[rows, chosen[rows]]
        return Wanted(first, names, chosen, at_us)

    def _stands(self, first: int, last: int) -> Bools:
        return np.array([i in self.standing.by_customer for i in self._ids(first, last)], np.bool_)

    def _ids(self, first: int, last: int) -> list[str]:
        return self.people.customer_ids[first:last]


def _part(said: PopulationLimit, line: LimitLine, contacts: int) -> float | None:
    """A share counts what applies less its part of all contacts; so this is what applies, as a part."""
    return line.used / contacts + said.amount if said.what in SHARES and contacts else None


@dataclass
class _Plan:
    """Which offer everybody gets, -1 for none, and what it is worth after prices, (n,) each."""

    chosen: Indices
    worth: Floats

    @classmethod
    def of(cls, n: int) -> _Plan:
        return cls(np.full(n, -1, np.int64), np.zeros(n))


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

    def waits(self, charge: Floats) -> Bools:
        """(n,) for whom a candidate that a person looks at first is worth most after charges (m,)."""
        n, m = self.net_value.shape
        found = np.zeros(n, np.bool_)
        if self.reviewed is None:
            return found
        for first in range(0, n, CHUNK_ROWS):
            rows = slice(first, first + CHUNK_ROWS)
            priced = np.where(self.possible[rows], self.net_value[rows] - charge.astype(np.float32), -np.inf)
            best = priced.argmax(axis=1)
            own = np.minimum(best, m - 2)
            found[rows] = (best < m - 1) & self.reviewed[rows][np.arange(len(best)), own]
        return found
