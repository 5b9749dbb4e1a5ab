"""Settling prices on people as they choose: step by step until what is used meets the bounds."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from nbatool.decide.best import Floats
from nbatool.decide.demand import Demand
from nbatool.decide.smoothed_dual import Rows, newton_direction

CLOSE = 1e-5
"""Prices are good enough when what is chosen is worth so little less, as a part, than anything can be."""
ENOUGH = 1e-4
"""Prices that come so near are not looked at closer."""
CLOSE_EXPECTED = 1e-4
"""The same for what is expected with exploration: what then is chosen varies more than that."""
DIGITS = 9
"""Prices are rounded to so many significant digits before anybody is asked, so that the last bits of a matrix
solved by one library or another do not matter."""
STIFFEST = 64.0
"""Use is taken to fall at most so many times as fast with prices as the start says, before steps are given up."""
SHORTER = 0.4
"""By how much a step that did not help is shortened."""


@dataclass(frozen=True)
class Answer:
    """What was chosen at prices of the rows (r,).

    Parameters
    ----------
    used
        (r,) of each row.
    dual
        The dual of the greedy choice at these prices, in currency: nobody can do better within the limits.
    lost
        About what is lost for not meeting the bounds exactly: what is unused could have earned its price, and what is
        used too much has to be taken out again.
    """

    price: Floats
    demand: Demand
    used: Floats
    dual: float
    lost: float


@dataclass
class Asked:
    """Everybody, asked at prices; remembers how often, the least dual and the best answer.

    Parameters
    ----------
    expected
        Whether choices are made by probability; the dual is then no measure, and the answer that loses least is best.
    unit
        (r,) what one unit used too much is taken to lose when it is taken out; None: the mean value of what is used.
    lowest
        The answer with the least dual.
    """

    rows: Rows
    demand: Callable[[Floats], Demand]
    expected: bool = False
    rounds: int = 0
    unit: Floats | None = None
    least_dual: float = math.inf
    best: Answer | None = None
    lowest: Answer | None = None

    def at(self, price: Floats) -> Answer:
        rounded = np.array([float(f"{one:.{DIGITS}g}") for one in price.tolist()])
        found = self.demand(self.rows.charge(rounded))
        used = self.rows.used(found.contacts)
        dual = found.priced + math.fsum((rounded * self.rows.bounds).tolist())
        answer = Answer(rounded, found, used, dual, math.fsum(self._lost(rounded, found, used).tolist()))
        self.rounds += 1
        if dual < self.least_dual:
            self.least_dual, self.lowest = dual, answer
        if self.best is None or self._merit(answer) < self._merit(self.best):
            self.best = answer
        return answer

    def good_enough(self, close: float = CLOSE) -> bool:
        assert self.best is not None
        if self.expected:
            return self.best.lost <= CLOSE_EXPECTED * abs(self.best.demand.value)
        return self.least_dual - (self.best.dual - self.best.lost) <= close * abs(self.least_dual)

    def _merit(self, answer: Answer) -> float:
        return answer.lost if self.expected else answer.lost - answer.dual

    def progress(self, answer: Answer) -> float:
        """What falls from step to step: the dual is convex, so that its steps end at the least one."""
        return answer.lost if self.expected else answer.dual

    def lost_by_row(self, answer: Answer) -> Floats:
        """Return (r,) the parts of `Answer.lost`."""
        return self._lost(answer.price, answer.demand, answer.used)

    def _lost(self, price: Floats, found: Demand, used: Floats) -> Floats:
        free = self.rows.bounds - used
        unit = self.rows.mean_value(found) if self.unit is None else self.unit
        return np.where(free >= 0.0, price * free, -free * np.maximum(unit, price))


def settle(asked: Asked, price: Floats, curvature: Floats, *, most_rounds: int) -> tuple[Answer, Floats]:
    """Return the best answer found from these prices on, and the curvature as it was learned.

    Parameters
    ----------
    curvature
        (r, r) how strongly use falls with prices there, about right; corrected by what each step shows.
    """
    here, last = asked.at(price), asked.rounds + most_rounds
    first, stiffer = curvature, 1.0
    while asked.rounds < last and not asked.good_enough():
        direction = newton_direction(here.price, asked.rows.bounds - here.used, curvature, asked.rows.dearest)
        if not direction.any():
            break
        step, there = 1.0, here
        while asked.rounds < last and step > 0.01:
            there = asked.at(np.clip(here.price + step * direction, 0.0, asked.rows.dearest))
            curvature = _corrected(curvature, there.price - here.price, here.used - there.used)
            if asked.progress(there) < asked.progress(here):
                break
            step *= SHORTER
        if asked.progress(there) < asked.progress(here):
            here = there
        elif stiffer < STIFFEST:
            # What the steps taught is no help here: start again from what was known, and go more carefully.
            stiffer *= 4.0
            curvature = first * stiffer
        else:
            break
    assert asked.best is not None
    return asked.best, curvature


def settle_expected(
    asked: Asked, price: Floats, gap: float, *, most_steps: int = 12
) -> tuple[Answer, Floats]:
    """`settle` where use is an expected one, for people few enough to ask for the slope of each row anew at each step."""
    here = asked.at(price)
    slopes = _slopes(asked, here, gap)
    for _ in range(most_steps):
        if asked.good_enough():
            break
        direction = newton_direction(here.price, asked.rows.bounds - here.used, slopes, asked.rows.dearest)
        there, step = here, 1.0
        while step > 0.05 and not there.lost < here.lost:
            there = asked.at(np.clip(here.price + step * direction, 0.0, asked.rows.dearest))
            step *= SHORTER
        if not there.lost < here.lost:
            there = _worst_row(asked, here)
            if not there.lost < here.lost:
                break
        here = there
        slopes = _slopes(asked, here, gap)
    assert asked.best is not None
    return asked.best, slopes


def _slopes(asked: Asked, here: Answer, gap: float) -> Floats:
    """(r, r) by how much use of each row falls for a price that rises, by asking at prices a little higher."""
    uses = asked.rows.uses
    typical = np.abs(uses).sum(axis=1) / np.maximum((uses != 0.0).sum(axis=1), 1)
    slopes = np.zeros((len(uses), len(uses)))
    n = float(here.demand.contacts.sum())
    for k in range(len(uses)):
        if typical[k] == 0.0:
            slopes[k, k] = 1.0
            continue
        step = 0.05 * gap / typical[k]
        higher = here.price.copy()
        higher[k] += step
        used = asked.rows.used(asked.demand(asked.rows.charge(higher)).contacts)
        slopes[:, k] = (here.used - used) / step
        slopes[k, k] = max(slopes[k, k], 0.0) + 1e-6 * n * typical[k] ** 2 / gap
    return slopes


def _worst_row(asked: Asked, here: Answer) -> Answer:
    """Move one price alone, halving the range in which its bound is met: the row's that loses most, else the next."""
    lost = asked.lost_by_row(here)
    for k in np.argsort(-lost, kind="stable").tolist():
        if lost[k] <= 0.0:
            break
        found = _met(asked, here, k)
        if found.lost < here.lost:
            return found
    return here


def _met(asked: Asked, here: Answer, k: int) -> Answer:
    """The best answer between this price of one row and the least at which its bound is met."""
    free = float(asked.rows.bounds[k] - here.used[k])
    low, high = (0.0, here.price[k]) if free >= 0.0 else (here.price[k], asked.rows.dearest[k])
    best = here
    for _ in range(20):
        price = here.price.copy()
        price[k] = (low + high) / 2.0
        there = asked.at(price)
        low, high = (price[k], high) if there.used[k] > asked.rows.bounds[k] else (low, price[k])
        best = there if there.lost < best.lost else best
    return best


def _corrected(curvature: Floats, moved: Floats, change: Floats) -> Floats:
    """BFGS: the change of the use over a step tells the curvature along it."""
    along = float((moved * change).sum())
    bent = (curvature * moved).sum(axis=1)
    expected = float((moved * bent).sum())
    if not along > 1e-3 * expected or expected <= 0.0:
        return curvature
    return curvature - np.outer(bent, bent) / expected + np.outer(change, change) / along


def held_back(rows: Rows, deviation: Floats) -> Rows:
    """Return the rows with bounds lower by the standard deviation of their use: a budget's by a tenth at most.

    A share is kept by taking out many contacts for one that is missing, so that its whole deviation is held back.
    """
    is_share = (rows.uses > 0.0).any(axis=1) & (rows.uses < 0.0).any(axis=1)
    most = np.where(is_share, np.inf, 0.1 * np.abs(rows.bounds))
    return replace(rows, bounds=rows.bounds - np.minimum(deviation, most))
