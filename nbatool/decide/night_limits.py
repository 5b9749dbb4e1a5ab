"""Limits on everybody at night: the prices at which the policy's choices keep them, and what is taken out at the end.

Two steps, with the draw between them. `night_prices` is asked with net values as they are before prices and gives what
to charge; then everybody's decision is made at priced values; then `kept` says which of the contacts drawn may be made.
Live decisions go on while the night works. After its contacts are reserved and before any file is written, ask again what
is left without them (`ContactTotals.without`), and `kept` with that: who is out now is given back (`Ledger.give_back`).
From then on live decisions see the night's contacts, so that once is enough.

The rows of other arms choose as their arms do, whatever a contact is charged: what they are expected to use is taken off
first. Control uses nothing.

1,000,000 × 20 in single precision: net values 80 MB and what is possible 20 MB come in, and 150 MB are used beside them
at most (the values again by candidate, in part twice while they are put together).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nbatool.decide.arms import POLICY
from nbatool.decide.best import Bools, Floats, Indices
from nbatool.decide.demand import Choose
from nbatool.decide.limits import Kept, Limit, LimitLine, best_first, limit_lines, within
from nbatool.decide.prices import Prices, Solved, solve
from nbatool.decide.tie_breaks import tie_breaks

CHUNK_ROWS = 50_000
WIDTH_PART = 1e-3
"""Width of the amounts that tell equal customers apart, as a part of the published spread of net values: far more than
the digits of single precision, far less than what anybody would notice."""


@dataclass(frozen=True)
class NightPrices:
    """What the night charges.

    Parameters
    ----------
    limits
        As given: what the night's contacts may use.
    prices, charge
        By limit, and by candidate (m,), in currency; `nothing` costs 0.
    width
        Of `tie_breaks`; 0 where nothing is limited. Published, so that a live decision adds the same amounts.
    solved
        None where nothing is limited.
    """

    limits: tuple[Limit, ...]
    prices: Prices
    charge: Floats
    width: float
    solved: Solved | None

    def lines(self, kept: Kept) -> list[LimitLine]:
        """Return the report of each limit."""
        return limit_lines(self.limits, self.prices.price, kept)


def tie_width(spread: float, limits: Sequence[Limit]) -> float:
    """Return the width of `tie_breaks`: none where there is nothing to share out.

    >>> tie_width(2.0, []), tie_width(2.0, [Limit("stock", np.array([1.0, 0.0]), most=3.0)])
    (0.0, 0.002)
    """
    return WIDTH_PART * spread if limits else 0.0


def expected_contacts(probability: Floats) -> Floats:
    """Return (m,) how many of each candidate rows with these probabilities (n, m) are expected to choose.

    >>> expected_contacts(np.array([[0.5, 0.5], [1.0, 0.0]])).tolist()
    [1.5, 0.5]
    """
    # Fixed point, so that the order of rows and chunks changes no bit.
    parts = np.rint(probability * 2.0**36).astype(np.int64).sum(axis=0)
    return np.asarray(parts / 2.0**36)


def night_prices(
    net_value: NDArray[np.floating],
    possible: Bools,
    arm: NDArray[np.int8],
    limits: Sequence[Limit],
    *,
    keys: NDArray[np.uint64],
    width: float,
    others: Floats | None = None,
    choose: Choose | None = None,
) -> NightPrices:
    """Return the prices at which what the policy arm chooses keeps the limits, with what other arms use.

    Parameters
    ----------
    net_value
        (n, m) before prices, `nothing` last and worth 0, in any precision; what is not possible is not read.
    possible
        (n, m) which candidates survived every step before limits.
    arm
        (n,) index in `arms.ARMS`.
    limits
        On the contacts of this night: what is left of each (`PopulationLimits.for_night`).
    keys
        (n,) `tie_keys` of the customers.
    width
        Of the amounts added to tell equal customers apart; see `tie_width`.
    others
        (m,) contacts the rows of other arms are expected to make; see `expected_contacts`.
    choose
        Probabilities at priced values, given which rows of ``net_value`` they are of; None: the best is chosen.
    """
    limits = tuple(limits)
    m = net_value.shape[1]
    if not limits:
        return NightPrices(limits, Prices((), np.zeros(0)), np.zeros(m), 0.0, None)
    rows = np.flatnonzero(arm == POLICY)
    chunks = _with_tie_breaks(net_value, possible, keys, rows, width)
    of_rows = None if choose is None else _of_rows(choose, rows)
    left = limits if others is None else [_less(limit, others) for limit in limits]
    if not len(rows):
        prices = Prices(tuple(limit.name for limit in limits), np.zeros(len(limits)))
        return NightPrices(limits, prices, prices.charge(limits), width, None)
    solved = solve(chunks, left, of_rows)
    return NightPrices(limits, solved.prices, solved.prices.charge(limits), width, solved)


def kept(
    limits: Sequence[Limit], priced: Floats, chosen: Indices, customer_ids: NDArray[np.str_] | Indices
) -> Kept:
    """Return which rows' contacts are made: those worth most at their prices first, until no limit is exceeded.

    Parameters
    ----------
    priced
        (n,) net value of what each row chose, less its charge.
    chosen
        (n,) its index; negative or `nothing`: no contact. A row whose contact of this night stands already is −1, since
        the contact log has counted it.
    customer_ids
        (n,) decide among equal ones; their places in sorted order serve as well.

    Examples
    --------
    >>> stock = Limit("stock", np.array([1.0, 0.0]), most=1.0)
    >>> found = kept([stock], np.array([2.0, 3.0, 0.0]), np.array([0, 0, 1]), np.array([0, 1, 2]))
    >>> found.keep.tolist(), found.by.tolist()
    ([False, True, True], [0, -1, -1])
    """
    if not limits:
        return Kept(np.ones(len(chosen), np.bool_), np.full(len(chosen), -1, np.int16), (), ())
    contact = np.flatnonzero((chosen >= 0) & (chosen < len(limits[0].use) - 1))
    order = contact[best_first(priced[contact], customer_ids[contact])]
    return within(limits, order, chosen)


def _with_tie_breaks(
    net_value: NDArray[np.floating], possible: Bools, keys: NDArray[np.uint64], rows: Indices, width: float
) -> Iterator[tuple[NDArray[np.floating], Bools]]:
    """Net values of rows as a decision ranks them, chunk by chunk, in the precision they came in."""
    for start in range(0, len(rows), CHUNK_ROWS):
        part = rows[start : start + CHUNK_ROWS]
        values = net_value[part] + tie_breaks(keys[part], net_value.shape[1], width)
        yield values.astype(net_value.dtype, copy=False), possible[part]


def _of_rows(choose: Choose, rows: Indices) -> Choose:
    return lambda priced, possible, places: choose(priced, possible, rows[places])


def _less(limit: Limit, contacts: Floats) -> Limit:
    """What is left of a limit by contacts that are made in any case; where every use is of one sign, never below 0."""
    used = limit.used(contacts)
    most = None if limit.most is None else limit.most - used
    least = None if limit.least is None else limit.least - used
    if most is not None and (limit.use >= 0.0).all():
        most = max(most, 0.0)
    return replace(limit, most=most, least=least)
