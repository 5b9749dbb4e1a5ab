"""The prices at which a sample of people together wants just what there is, found with smoothed choices.

With λ the prices of rows "Σ use ≤ bound", the dual of the choice problem is

    D(λ) = Σ_i max_j (v_ij − Σ_k λ_k g_kj) + Σ_k λ_k b_k,   λ ≥ 0

(Everett 1963; Fisher 1981). It is convex and made of as many pieces as there are people. The largest of the priced
values is replaced by τ·ln Σ exp(·/τ), which is at most τ·ln m larger (Nesterov 2005), so that there are second
derivatives; a projected Newton method (Bertsekas 1982) then needs a few steps for each τ, falling from the size of the
typical gap between the best and the second best to a small part of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nbatool.decide.best import Bools, Floats
from nbatool.decide.demand import Crowd, Demand

COARSEST, COARSER = 3.0, 0.3
"""First smoothing in typical gaps, and by how much it shrinks from one round to the next."""
STEPS = 30
"""Most Newton steps at one smoothing; a few are enough when the one before was solved."""
ENOUGH_DECREASE = 1e-4
"""Part of the decrease a straight line promises that a step has to bring (Armijo)."""


@dataclass(frozen=True)
class Rows:
    """Limits as one-sided rows: Σ uses · contacts ≤ bounds, with prices ≥ 0.

    Parameters
    ----------
    uses
        (r, m).
    bounds, dearest
        (r,) the bounds, and prices above which no price changes a choice any more.
    """

    uses: Floats
    bounds: Floats
    dearest: Floats

    def charge(self, price: Floats) -> Floats:
        """(m,) what a contact with each candidate is charged, summed in the order of the rows."""
        total = np.zeros(self.uses.shape[1])
        for one, use in zip(price.tolist(), self.uses, strict=True):
            total += one * use
        return total

    def used(self, contacts: Floats) -> Floats:
        return np.array(
            [sum(u * x for u, x in zip(use, contacts.tolist(), strict=True)) for use in self.uses.tolist()]
        )

    def mean_value(self, demand: Demand) -> Floats:
        """(r,) net value of what is chosen per unit of use, uses of either sign counted."""
        flow = np.array(
            [
                math.fsum(abs(u) * x for u, x in zip(use, demand.contacts.tolist(), strict=True))
                for use in self.uses.tolist()
            ]
        )
        return np.where(flow > 0.0, abs(demand.value) / np.where(flow > 0.0, flow, 1.0), 0.0)


BEST_FEW = 4
"""Candidates of a person among whom the widest step is looked for."""


def smoothed_prices(
    sample: Crowd, weight: float, rows: Rows, finest: float, start: Floats | None = None
) -> tuple[Floats, Floats]:
    """Return the prices (r,) and the second derivatives of the dual there (r, r).

    Parameters
    ----------
    weight
        How many people one of the sample stands for.
    finest
        Last smoothing, in typical gaps.
    start
        (r,) prices to begin with; None: 0.
    """
    gap = typical_gap(sample.values)
    floor = 1e-7 * weight * len(sample) / gap * np.maximum((rows.uses**2).mean(axis=1), 1e-300)
    price = np.zeros(len(rows.bounds)) if start is None else start
    tau = COARSEST * gap
    while True:
        price, curvature = _newton(_Smoothed(sample, weight, rows, tau, floor), price)
        if tau <= finest * gap:
            return price, curvature
        tau = max(tau * COARSER, finest * gap)


@dataclass(frozen=True)
class _Smoothed:
    sample: Crowd
    weight: float
    rows: Rows
    tau: float
    floor: Floats

    def at(self, price: Floats) -> tuple[float, Floats]:
        """The dual and (m, n) the smoothed choice of each person."""
        t = self.sample.values - self.rows.charge(price)[:, None]
        best = t.max(axis=0)
        t -= best
        t /= self.tau
        np.exp(t, out=t)
        total = t.sum(axis=0)
        t /= total
        worth = float((best + self.tau * np.log(total)).sum()) * self.weight
        return worth + float((price * self.rows.bounds).sum()), t

    def derivatives(self, chances: Floats) -> tuple[Floats, Floats]:
        contacts = chances.sum(axis=1)
        gradient = self.rows.bounds - self.weight * self.rows.used(contacts)
        # einsum rather than a matrix product: the latter's bits depend on the number of threads.
        both = np.einsum("in,jn->ij", chances, chances)
        spread = np.diag(contacts) - both
        uses = self.rows.uses
        curvature = np.einsum("ri,ij,sj->rs", uses, spread, uses) * (self.weight / self.tau)
        return gradient, curvature + np.diag(self.floor)


def _newton(dual: _Smoothed, price: Floats) -> tuple[Floats, Floats]:
    dearest = dual.rows.dearest
    worth, chances = dual.at(price)
    gradient, curvature = dual.derivatives(chances)
    for _ in range(STEPS):
        direction = newton_direction(price, gradient, curvature, dearest)
        if not (promised := -float((direction * gradient).sum())) > 1e-9 * max(abs(worth), 1e-300):
            break
        step = 1.0
        while step > 1e-6:
            there = np.clip(price + step * direction, 0.0, dearest)
            found, chances = dual.at(there)
            if found <= worth - ENOUGH_DECREASE * step * promised:
                break
            step *= 0.5
        else:
            break
        price, worth = there, found
        gradient, curvature = dual.derivatives(chances)
    return price, curvature


def newton_direction(price: Floats, gradient: Floats, curvature: Floats, dearest: Floats) -> Floats:
    """Return where to go from a price, (r,): Newton's step among the prices that are free to move, none for the others.

    A price at an end of its range that the gradient pushes outwards is not free; one that the step would push there
    is taken to the end, and the others are worked out again.
    """
    direction = np.zeros(len(price))
    free: Bools = ~(((price <= 0.0) & (gradient >= 0.0)) | ((price >= dearest) & (gradient <= 0.0)))
    for _ in range(len(price)):
        where = np.flatnonzero(free)
        if not len(where):
            break
        fixed = np.flatnonzero(~free)
        pull = gradient[where] + (curvature[np.ix_(where, fixed)] * direction[fixed]).sum(axis=1)
        step = -np.linalg.solve(curvature[np.ix_(where, where)], pull)
        inside = np.clip(price[where] + step, 0.0, dearest[where]) - price[where]
        hit = inside != step
        direction[where] = inside
        if not hit.any():
            break
        free[where[hit]] = False
    if float((direction * gradient).sum()) >= 0.0:
        # Taking prices to their ends one after another can turn the step uphill; each one's own step never does.
        with np.errstate(over="ignore"):  # a step without end stops at the price's end
            return np.clip(price - gradient / np.diag(curvature), 0.0, dearest) - price
    return direction


def typical_gap(values: Floats) -> float:
    """Median of the widest step among the best few candidates (m, n) of each person.

    Not of the first step alone: one action on several channels is worth nearly the same on each.

    >>> typical_gap(np.array([[3.0, 5.0], [3.0, 2.0], [1.0, 0.0], [0.0, 0.0]]))
    2.5
    """
    m, n = values.shape
    if m < 2 or not n:
        return 1.0
    few = min(BEST_FEW, m)
    best = np.sort(np.partition(values, m - few, axis=0)[m - few :], axis=0)
    with np.errstate(invalid="ignore"):
        steps = np.diff(best, axis=0)
    gaps = np.where(np.isfinite(steps), steps, 0.0).max(axis=0)
    gaps = gaps[gaps > 0.0]
    return float(np.median(gaps)) if len(gaps) else 1.0
