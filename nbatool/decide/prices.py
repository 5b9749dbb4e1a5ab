"""Prices of limits: what one more unit of each would earn, solved over everybody at night, used by night and live.

A contact is charged Σ price · use before candidates compete, so that everybody's own best choice together keeps the
limits; people whose value is highest for what they use get what is scarce. The prices are the multipliers of the
linear program "choose for everybody within the limits" (Everett 1963; for marketing Agarwal et al. 2012, "Personalized
click shaping through Lagrangian duality"; Makhijani et al. 2019, "LORE").

First a sample is solved with smoothed choices (`smoothed_dual`), then the prices are settled on everybody with the
choices as they are made, by quasi-Newton steps (BFGS, which works on functions made of pieces too: Lewis & Overton
2013); where that is not enough, those near the margin are solved by themselves, all others held still. With exploration the use is the expected one at the probabilities exploration gives.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nbatool.decide.best import Bools, Floats
from nbatool.decide.demand import Choose, Crowd, Demand
from nbatool.decide.limits import Limit, best_first, within
from nbatool.decide.settled import ENOUGH, Answer, Asked, held_back, settle, settle_expected
from nbatool.decide.smoothed_dual import Rows, smoothed_prices, typical_gap

SAMPLED, SAMPLED_EXPECTED = 40_000, 15_000
"""People with whom prices are first looked for, for their best choice and for probabilities."""
FINEST, FINEST_SMALL = 0.003, 0.0003
"""Last smoothing, in typical gaps: of a sample of many, and of everybody where they are few."""
ROUNDS, ROUNDS_CLOSER, EXPECTED_ROUNDS = 20, 8, 6
"""How often everybody is asked at most: for their best choice, after each closer look, and for probabilities, which
take ten times as long."""
CLOSER = 2
"""How often those near the margin are looked at closer where a sample was not enough."""


CHEAPER = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)
"""By how much lower prices are tried where few people fill a limit."""


@dataclass(frozen=True, eq=False)
class Prices:
    """A price for each limit, in currency per unit of use.

    Parameters
    ----------
    names
        Of the limits.
    price
        (k,) ≥ 0 where a limit's `most` binds, ≤ 0 where its `least` does, 0 where neither.

    Examples
    --------
    >>> prices = Prices(("stock",), np.array([0.5]))
    >>> prices.charge([Limit("stock", np.array([1.0, 0.0]), most=3.0)]).tolist()
    [0.5, 0.0]
    """

    names: tuple[str, ...]
    price: Floats

    def charge(self, limits: Sequence[Limit]) -> Floats:
        """Return what a contact with each candidate is charged, (m,), summed in the order of the limits.

        Raises
        ------
        ValueError
            These are not the limits the prices were solved for.
        """
        if tuple(limit.name for limit in limits) != self.names:
            raise ValueError(
                f"prices are of {', '.join(self.names)}; the limits are {', '.join(x.name for x in limits)}"
            )
        total = np.zeros(len(limits[0].use)) if limits else np.zeros(1)
        for price, limit in zip(self.price.tolist(), limits, strict=True):
            total += price * limit.use
        return total

    def to_json(self) -> dict[str, float]:
        return dict(zip(self.names, self.price.tolist(), strict=True))

    @classmethod
    def from_json(cls, data: Mapping[str, float]) -> Prices:
        return cls(tuple(data), np.array([float(price) for price in data.values()], dtype=np.float64))


@dataclass(frozen=True)
class Solved:
    """Prices and what comes of them, before `within` takes out the last few.

    Parameters
    ----------
    used
        (k,) of each limit; with exploration the expected use.
    value
        Net value of what is chosen, in currency.
    upper_bound
        No way to choose for these people within the limits has a higher net value.
    rounds
        How often everybody was asked.
    """

    prices: Prices
    used: tuple[float, ...]
    value: float
    upper_bound: float
    rounds: int


def solve(
    chunks: Iterable[tuple[NDArray[np.floating], Bools]],
    limits: Sequence[Limit],
    choose: Choose | None = None,
    *,
    hold_back: float = 1.0,
) -> Solved:
    """Return the prices at which everybody's own choice keeps the limits, as nearly as prices can.

    Parameters
    ----------
    chunks
        Net values before prices (n, m), `nothing` last, and which candidates are possible (n, m), chunk by chunk.
    choose
        Probabilities at priced values, given also which rows of everybody these are; None: the best is chosen.
    hold_back
        With probabilities, what is chosen varies: so many standard deviations of each limit's use are left free.

    Raises
    ------
    ValueError
        Values are not finite, or limits and chunks differ in their number of candidates.

    Examples
    --------
    >>> values = np.array([[3.0, 0.0], [2.0, 0.0], [1.0, 0.0]])
    >>> solved = solve([(values, values > -1)], [Limit("stock", np.array([1.0, 0.0]), most=1.0)])
    >>> bool(2.0 <= solved.prices.price[0] <= 3.0), round(solved.upper_bound, 2)
    (True, 3.0)
    """
    crowd = Crowd.of(chunks)
    names = tuple(limit.name for limit in limits)
    _refuse(limits, names, crowd)
    if not len(crowd):
        return Solved(Prices(names, np.zeros(len(limits))), (0.0,) * len(limits), 0.0, 0.0, 0)
    rows = rows_of(limits, crowd)
    asked = Asked(rows, crowd.greedy)
    sample = crowd.sample(SAMPLED)
    weight = len(crowd) / max(len(sample), 1)
    finest = FINEST_SMALL if len(crowd) <= SAMPLED else FINEST
    price, curvature = smoothed_prices(sample, weight, rows, finest)
    best, _ = settle(asked, price, curvature, most_rounds=ROUNDS)
    for _ in range(0 if len(crowd) <= SAMPLED else CLOSER):
        if choose is None and not asked.good_enough(ENOUGH):
            best = _looked_closer(crowd, rows, asked)
    if choose is None and not asked.good_enough(ENOUGH):
        best = _kept_best(crowd, limits, asked)
    rounds = asked.rounds
    if choose is not None:
        best, more = _expected(crowd, sample, rows, best, choose, hold_back)
        rounds += more
    return Solved(
        Prices(names, signed(limits, best.price)),
        tuple(limit.used(best.demand.contacts) for limit in limits),
        best.demand.value, asked.least_dual, rounds,
    )  # fmt: skip


def _looked_closer(crowd: Crowd, rows: Rows, asked: Asked) -> Answer:
    """Go on with those who hardly care: all others stay as they are, so the sample is everybody who matters."""
    assert asked.lowest is not None
    here = asked.lowest
    charge = rows.charge(here.price)
    unsure = crowd.near(charge, SAMPLED)
    others = here.demand.contacts - unsure.greedy(charge).contacts
    left = replace(rows, bounds=rows.bounds - rows.used(others))
    price, curvature = smoothed_prices(unsure, 1.0, left, FINEST_SMALL, here.price)
    return settle(asked, price, curvature, most_rounds=ROUNDS_CLOSER)[0]


def _kept_best(crowd: Crowd, limits: Sequence[Limit], asked: Asked) -> Answer:
    """Return the answer of which `within` keeps most: where few people fill a limit, each one's choice counts."""
    assert asked.best is not None
    assert asked.lowest is not None
    tried = [asked.best, asked.lowest, *(asked.at(asked.lowest.price * (1.0 - less)) for less in CHEAPER)]
    worth = []
    for answer in tried:
        charge = asked.rows.charge(answer.price)
        chosen, priced = crowd.chosen(charge)
        kept = within(limits, best_first(priced, crowd.hashes), chosen)
        contacts = np.bincount(chosen[kept.keep], minlength=crowd.m)
        of_charge = math.fsum((charge * contacts).tolist())
        worth.append(math.fsum(priced[kept.keep].tolist()) + of_charge)
    return tried[int(np.argmax(worth))]


def _expected(
    crowd: Crowd, sample: Crowd, rows: Rows, greedy: Answer, choose: Choose, hold_back: float
) -> tuple[Answer, int]:
    """Go on from the prices of the best choices to those of choices by probability: on a sample, then on everybody."""
    sample = sample.sample(SAMPLED_EXPECTED)
    weight = len(crowd) / max(len(sample), 1)
    gap = typical_gap(sample.values)
    # What exploration takes whatever it costs is no reason to price everybody else out: `within` cuts that.
    uses = np.abs(rows.uses).sum(axis=1) / np.maximum((rows.uses != 0.0).sum(axis=1), 1)
    dearest = np.minimum(rows.dearest, 2.0 * greedy.price + 2.0 * gap / np.maximum(uses, 1e-300))
    rows, unit = replace(rows, dearest=dearest), rows.mean_value(greedy.demand)

    def of_sample(charge: Floats) -> Demand:
        return sample.explored(charge, choose).times(weight)

    def free(price: Floats) -> Rows:
        deviation = sample.deviation(rows.charge(price), choose, rows.uses) * math.sqrt(weight)
        return held_back(rows, hold_back * deviation)

    found, slopes = settle_expected(
        Asked(free(greedy.price), of_sample, expected=True, unit=unit), greedy.price, gap
    )
    asked = Asked(free(found.price), lambda charge: crowd.explored(charge, choose), expected=True, unit=unit)
    answer, _ = settle(asked, found.price, slopes, most_rounds=EXPECTED_ROUNDS)
    return answer, asked.rounds


def rows_of(limits: Sequence[Limit], crowd: Crowd) -> Rows:
    """Return limits as rows "use ≤ bound": one for each `most`, one turned round for each `least`, in their order."""
    uses, bounds = [np.zeros((0, crowd.m))], []
    for limit in limits:
        if limit.most is not None:
            uses.append(limit.use[None])
            bounds.append(limit.most)
        if limit.least is not None:
            uses.append(-limit.use[None])
            bounds.append(-limit.least)
    matrix = np.concatenate(uses)
    smallest = np.where(matrix != 0.0, np.abs(matrix), np.inf).min(axis=1)
    dearest = np.where(np.isfinite(smallest), 4.0 * crowd.greatest / smallest, 0.0)
    return Rows(matrix, np.array(bounds), dearest)


def signed(limits: Sequence[Limit], price: Floats) -> Floats:
    """Return one price for each limit from those of its rows."""
    left = iter(price.tolist())
    result = []
    for limit in limits:
        of_most = next(left) if limit.most is not None else 0.0
        of_least = next(left) if limit.least is not None else 0.0
        result.append(of_most - of_least)
    return np.array(result, dtype=np.float64)


def _refuse(limits: Sequence[Limit], names: tuple[str, ...], crowd: Crowd) -> None:
    if len(set(names)) != len(names):
        raise ValueError(f"limits {', '.join(names)}: each needs a name of its own")
    for limit in limits:
        if len(crowd) and len(limit.use) != crowd.m:
            raise ValueError(
                f"limit {limit.name!r} is of {len(limit.use)} candidates, the values are of {crowd.m}"
            )
