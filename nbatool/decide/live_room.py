"""What live decisions are charged for limits on everybody and what no longer fits, looked up in microseconds.

One of these is kept for as long as a state is in force; it follows the contact log by the totals.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nbatool.base.clock import US_PER_S
from nbatool.decide.best import Floats
from nbatool.decide.limits import ROUNDING
from nbatool.decide.pacing import DAY_HOURS, DAY_US, Plan, PublishedLimits, paced, plan_of
from nbatool.decide.population_limits import SHARES, PopulationLimits, Totals
from nbatool.store.contact_totals import HOUR_US, bucket_of

NEVER: Final[tuple[int, Floats]] = (-(2**62), np.zeros(0))
"""No second at which anything was charged."""


class LiveRoom:
    """What live decisions are charged for limits, and what no longer fits.

    Parameters
    ----------
    limits, published
        In force.
    totals
        Of the contact log; refreshed here.
    """

    def __init__(self, limits: PopulationLimits, published: PublishedLimits, totals: Totals) -> None:
        self._limits, self._published, self._totals = limits, published, totals
        self._uses = limits.uses
        self._prices: list[float] = published.prices.price.tolist()
        offers = len(limits.catalogue.offers)
        self._none = np.zeros(offers, np.int16)
        self._first = bucket_of(published.cut_us)
        self._last_us = (self._first + DAY_HOURS) * HOUR_US - 1
        self._offers = np.arange(offers)
        self._most = np.array([np.inf if one.most is None else one.most for one in limits.limits])
        """Infinite where least binds."""
        against = np.where(self._most[:, None] == np.inf, -self._uses[:, :-1], self._uses[:, :-1])
        self._against = np.where(against > 0.0, against, -np.inf)
        """What an offer uses of the side that must not be passed."""
        self._seen: tuple[int, int, bool] | None = None
        self._charged = NEVER
        self.charged: Sequence[float] = ()
        """The price of each limit that `at` charged last."""
        self._used: list[float] = []
        self._lines: list[tuple[float, float, float, float] | None] = []
        """By limit: what is left, and the line of what should be; None where the night's price stays."""
        self._full = self._none

    @property
    def at_night(self) -> tuple[Floats, NDArray[np.int16]]:
        """Charge and room as the night had them, before its own contacts."""
        return self._charge(self._prices), self._none

    @property
    def published_prices(self) -> Sequence[float]:
        """The price of each limit that the night charged."""
        return self._prices

    def at(self, now_us: int) -> tuple[Floats, NDArray[np.int16]]:
        """Return what is charged at a time, and what does not fit.

        Returns
        -------
        charge
            float64[n_offers] in currency: to be taken off net values.
        full
            int16[n_offers]: 0, or 1 + the place of the first limit that has no room for one more.
        """
        self._look(now_us)
        t_s = (now_us - self._published.cut_us) // US_PER_S
        if t_s != self._charged[0]:
            if self._charged is NEVER:
                self._line_up(now_us)
            self.charged = self._paced(t_s)
            self._charged = t_s, self._charge(self.charged)
        return self._charged[1], self._full

    def fits(self, offer: int, now_us: int) -> int:
        """Return 0 where one more contact with an offer passes no limit, else 1 + the place of the limit.

        Ask in the transaction that reserves: nobody else writes until it is over.
        """
        self._look(now_us)
        return int(self._full[offer])

    def fit(self, candidates: Sequence[int], now_us: int) -> bool:
        """Whether contacts with all of these pass no limit together; `nothing`, the last candidate, is no contact."""
        offers = [j for j in candidates if j < len(self._offers)]
        if len(offers) <= 1:
            return not offers or self.fits(offers[0], now_us) == 0
        self._look(now_us)
        if not self._used:
            return True
        signs = np.where(self._most == np.inf, -1.0, 1.0)
        together = signs * self._uses[:, offers].sum(axis=1)
        return not bool(((together > 0.0) & (together > self._left())).any())

    def _left(self) -> Floats:
        """By limit: what may be used of the side that must not be passed, rounding included."""
        used = np.array(self._used)
        least = self._most == np.inf
        room = np.where(least, used, self._most - used)
        return np.asarray(room + ROUNDING * (np.abs(used) + np.where(least, 0.0, self._most)))

    def price(self, now_us: int) -> list[float]:
        """Return the price of each limit at a time, in currency per unit."""
        self._look(now_us)
        self._line_up(now_us)
        return self._paced((now_us - self._published.cut_us) // US_PER_S)

    def _look(self, now_us: int) -> None:
        """See what is used now; where nothing changed, that was seen before."""
        self._totals.refresh()
        today = 0 <= now_us - self._published.cut_us < DAY_US
        # Until the next night is due nothing more is freed than by the day's 24th clock hour.
        counted_us = min(now_us, self._last_us) if today else now_us
        seen = (self._totals.version, bucket_of(now_us), today)
        if seen == self._seen:
            return
        self._seen, self._charged = seen, NEVER
        self._used = self._limits.used(self._totals, counted_us, self._published.cut_us)
        self._full = self._overfull()

    def _line_up(self, now_us: int) -> None:
        """Lay the lines of the clock hour, for what is used now."""
        hour = min(bucket_of(now_us), bucket_of(self._last_us)) - self._first
        t_s = (now_us - self._published.cut_us) // US_PER_S
        today = 0 <= now_us - self._published.cut_us < DAY_US
        self._lines = [
            None
            if plan is None or plan.whole <= 0.0 or not today
            else (plan.whole - (used - before[hour]), *plan.line(t_s))
            for plan, used, before in zip(self._plans, self._used, self._published.before, strict=True)
        ]

    def _paced(self, t_s: int) -> list[float]:
        """The price of each limit at a second of the clock hour last looked at."""
        return [
            price if line is None else paced(price, scale, line[0], line[1] - line[3] * (t_s - line[2]))
            for price, line, scale in zip(self._prices, self._lines, self._scales, strict=True)
        ]

    def _overfull(self) -> NDArray[np.int16]:
        """int16[n_offers]: 0, or 1 + the place of the first limit an offer uses more of than is left.

        What counts the other way always fits.
        """
        if not self._used:
            return self._none
        over = self._against > self._left()[:, None]
        first = over.argmax(axis=0)
        return np.where(over[first, self._offers], first + 1, 0).astype(np.int16)

    def _charge(self, prices: Sequence[float]) -> Floats:
        """As `Prices.charge`: rows are added one after the other, in the order of the limits."""
        if not prices:
            return np.zeros(self._uses.shape[1] - 1)
        charge: Floats = np.add.reduce(np.array(prices)[:, None] * self._uses, axis=0)[:-1]
        return charge

    @cached_property
    def _plans(self) -> list[Plan | None]:
        """How each limit's rest is spent; None where the night's price stays."""
        published = self._published
        return [
            None
            if limit.what in SHARES or (limit.hours is not None and limit.hours < DAY_HOURS)
            else plan_of(limit.most or 0.0, published.before[k], published.traffic, published.cut_us)
            for k, limit in enumerate(self._limits.limits)
        ]

    @cached_property
    def _scales(self) -> list[float]:
        """By limit: what a typical contact's value varies by, per unit it uses."""
        typical = [float(use[use > 0.0].mean()) if (use > 0.0).any() else 1.0 for use in self._uses]
        return [self._published.scale / one for one in typical]
