"""Limits on what a whole population may get: budgets, stocks, capacities, shares; and what one of them takes out.

A limit counts what each contact uses of it, by candidate: its cost (a budget), 1 where it applies (a stock, a channel's
capacity, a count), 1[applies] − share (a share of all contacts made, whose bound is then 0). `nothing` uses nothing.
Prices (`prices.solve`) bring the use close to the bounds; `within` sees to it that none is passed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbatool.decide.best import Bools, Floats, Indices

ROUNDING = 1e-12
"""Use that passes a bound by less than this part of all that is used is the rounding of sums, not a contact."""


@dataclass(frozen=True, eq=False)
class Limit:
    """One limit on a population.

    Parameters
    ----------
    name
        As reports call it; no other limit has it.
    use
        (m,) what one contact with each candidate uses, in the limit's own unit; 0 for `nothing`, the last.
    most, least
        What all contacts together may use at most and shall use at least; None: no bound on that side.

    Raises
    ------
    ValueError
        A use or a bound is not finite, `nothing` uses something, no bound is given, or `least` is above `most`.

    Examples
    --------
    >>> stock = Limit("stock of mug", np.array([1.0, 0.0, 0.0]), most=500.0)
    >>> stock.used(np.array([480, 1000, 0]))
    480.0
    """

    name: str
    use: Floats
    most: float | None = None
    least: float | None = None

    def __post_init__(self) -> None:
        bounds = [bound for bound in (self.most, self.least) if bound is not None]
        if self.use.ndim != 1 or not len(self.use) or not np.isfinite(self.use).all():
            raise ValueError(f"limit {self.name!r}: use must be one finite number for each candidate")
        if self.use[-1] != 0.0:
            raise ValueError(
                f"limit {self.name!r}: `nothing`, the last candidate, uses {self.use[-1]}, not 0"
            )
        if not bounds or not all(math.isfinite(bound) for bound in bounds):
            raise ValueError(
                f"limit {self.name!r}: most {self.most} and least {self.least}: one finite bound is needed"
            )
        if self.most is not None and self.least is not None and self.least > self.most:
            raise ValueError(f"limit {self.name!r}: least {self.least} is above most {self.most}")

    def used(self, contacts: NDArray[Any]) -> float:
        """Return what so many contacts with each candidate (m,) use, summed from left to right."""
        total = 0.0
        for use, count in zip(self.use.tolist(), contacts.tolist(), strict=True):
            total += use * count
        return total

    def slack(self, contacts: NDArray[Any]) -> float:
        """Return by how much sums may be off by rounding, in the limit's unit."""
        return ROUNDING * float((np.abs(self.use) * contacts).sum())

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "use": self.use.tolist(), "most": self.most, "least": self.least}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Limit:
        return cls(
            str(data["name"]), np.array(data["use"], dtype=np.float64),
            None if data["most"] is None else float(data["most"]),
            None if data["least"] is None else float(data["least"]),
        )  # fmt: skip


def share_of_contacts(
    name: str, applies: Bools, *, most: float | None = None, least: float | None = None
) -> list[Limit]:
    """Return the limits that keep a share of all contacts within bounds, as many as there are bounds.

    Parameters
    ----------
    applies
        (m,) which candidates count for the share; `nothing` is no contact.
    most, least
        Shares, 0 to 1.

    Examples
    --------
    >>> [one.use.tolist() for one in share_of_contacts("bogo", np.array([True, False, False]), most=0.25)]
    [[0.75, -0.25, 0.0]]
    """
    limits = []
    for share, is_most in ((most, True), (least, False)):
        if share is None:
            continue
        if not 0.0 <= share <= 1.0:
            raise ValueError(f"limit {name!r}: share {share} is not between 0 and 1")
        use = np.where(applies, 1.0, 0.0) - share
        use[-1] = 0.0
        limits.append(Limit(name, use, most=0.0) if is_most else Limit(name, use, least=0.0))
    return limits


@dataclass(frozen=True)
class Kept:
    """What limits left of the contacts chosen.

    Parameters
    ----------
    keep
        (n,) whether the row's contact may be made; True for rows that chose `nothing` or had no candidate.
    by
        (n,) index of the limit that took it out, −1 where none did.
    used
        What the kept contacts use, by limit.
    short
        By how much each limit's `least` is missed, 0 where it is met or there is none. Only contacts that are not
        there can be missing: where taking others out could meet it (a share), that was done.
    """

    keep: Bools
    by: NDArray[np.int16]
    used: tuple[float, ...]
    short: tuple[float, ...]


def within(limits: Sequence[Limit], order: Indices, chosen: Indices) -> Kept:
    """Take out contacts, those worth least first, until no limit is exceeded.

    Whatever prices were used, the result keeps every `most`, and every `least` that leaving contacts out can keep (the
    least share of one kind is kept by making fewer contacts of the others).

    Parameters
    ----------
    order
        (n,) rows, the contact worth most at its prices first; see `best_first`.
    chosen
        (n,) index of each row's candidate; `nothing`, the last one, and negative ones are no contact.

    Examples
    --------
    >>> stock = Limit("stock", np.array([1.0, 0.0]), most=1.0)
    >>> within([stock], np.array([2, 0, 1]), np.array([0, 1, 0])).keep.tolist()
    [False, True, True]
    """
    by = np.full(len(chosen), -1, dtype=np.int16)
    if limits:
        m = len(limits[0].use)
        contact = np.where((chosen >= 0) & (chosen < m - 1), chosen, m - 1)
        worst_first = order[::-1]
        worst_first = worst_first[contact[worst_first] != m - 1]
        while _taken_out(limits, contact, worst_first, by):
            pass  # what one limit takes out may leave too little for the share another asks for
        _put_back(limits, contact, worst_first[::-1], by)
        counts = np.bincount(contact[by < 0], minlength=m)
    used = tuple(limit.used(counts) for limit in limits)
    short = tuple(
        max(limit.least - used_, 0.0)
        if limit.least is not None and used_ < limit.least - limit.slack(counts)
        else 0.0
        for limit, used_ in zip(limits, used, strict=True)
    )
    return Kept(by < 0, by, used, short)


def best_first(priced: Floats, keys: NDArray[Any]) -> Indices:
    """Return rows by falling priced value, equal ones by key: so the order they came in changes nothing.

    >>> best_first(np.array([1.0, 3.0, 3.0]), np.array(["a", "c", "b"])).tolist()
    [2, 1, 0]
    """
    order: Indices = np.lexsort((keys, -priced))
    return order


def _sides(limits: Sequence[Limit]) -> list[tuple[int, float, float]]:
    """(index of the limit, sign, bound): what is used, times the sign, may not pass the bound."""
    most = [(k, 1.0, limit.most) for k, limit in enumerate(limits) if limit.most is not None]
    return most + [(k, -1.0, -limit.least) for k, limit in enumerate(limits) if limit.least is not None]


def _taken_out(
    limits: Sequence[Limit], contact: Indices, worst_first: Indices, by: NDArray[np.int16]
) -> bool:
    """Look at each limit once and take out what it has too much; False when none had."""
    found = False
    for k, sign, bound in _sides(limits):
        limit = limits[k]
        left = worst_first[by[worst_first] < 0]
        counts = np.bincount(contact[left], minlength=len(limit.use))
        excess = sign * limit.used(counts) - bound
        if excess <= limit.slack(counts):
            continue
        use = sign * limit.use[contact[left]]
        users = left[use > 0.0]
        freed = np.cumsum(use[use > 0.0])
        go = users[: int(np.searchsorted(freed, excess - limit.slack(counts))) + 1]
        by[go] = k
        found = found or len(go) > 0
    return found


def _put_back(limits: Sequence[Limit], contact: Indices, best_first: Indices, by: NDArray[np.int16]) -> None:
    """Let those who still fit make their contact after all, the best first: one limit may free what another needs."""
    kept = by[best_first] < 0
    counts = np.bincount(contact[best_first[kept]], minlength=len(limits[0].use))
    out = best_first[~kept]
    places = {j: np.flatnonzero(contact[out] == j).tolist()[::-1] for j in np.unique(contact[out]).tolist()}
    sides = _sides(limits)
    uses = np.array([sign * limits[k].use for k, sign, _ in sides])
    bounds = np.array([bound for _, _, bound in sides])
    while places:
        fits = _fitting(uses, bounds, counts)
        first = min((waiting[-1] for j, waiting in places.items() if fits[j]), default=None)
        if first is None:
            return
        j = int(contact[out[first]])
        by[out[first]] = -1
        counts[j] += 1
        places[j].pop()
        if not places[j]:
            del places[j]


def _fitting(uses: Floats, bounds: Floats, counts: NDArray[Any]) -> Bools:
    """(m,) whether one more contact keeps every limit it counts against; limits it does not count against may be missed."""
    flow = uses * counts
    room = bounds - flow.sum(axis=1) + ROUNDING * np.abs(flow).sum(axis=1)
    fits: Bools = ((uses <= 0.0) | (uses <= room[:, None])).all(axis=0)
    return fits


@dataclass(frozen=True)
class LimitLine:
    """One limit in a report.

    Parameters
    ----------
    used, price
        In the limit's unit, and in currency per unit: what one more unit of `most` would earn (below 0: what one unit
        less of `least` would).
    taken_out
        Contacts the limit removed after prices.
    short
        By how much `least` is missed.
    part
        Of a share: which part of all contacts counts; None of other limits, and where there is no contact.
    """

    name: str
    most: float | None
    least: float | None
    used: float
    price: float
    taken_out: int
    short: float
    part: float | None = None


def limit_lines(limits: Sequence[Limit], price: Floats, kept: Kept) -> list[LimitLine]:
    """Return the report of each limit, in their order."""
    taken = np.bincount(kept.by[kept.by >= 0], minlength=len(limits))
    return [
        LimitLine(limit.name, limit.most, limit.least, used, one, out, short)
        for limit, used, one, out, short in zip(
            limits, kept.used, price.tolist(), taken.tolist(), kept.short, strict=True
        )
    ]
