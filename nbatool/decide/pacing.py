"""Prices of limits through the day: what live decisions spend keeps step with the traffic, and never passes a limit.

The night publishes what each limit's price is and what the contacts known then use of it, hour by hour of the day to
come, since windows slide. From that follow what live decisions may spend by the end of the day and a plan of how:
evenly over the day's traffic, but never before it is there (a string pulled tight under what is there by each hour).
At a time t, with x = what is left / what the plan says should be left,

    price(t) = max((price_at_night + scale) · x^−K − scale, 0)

so it rises while spending runs ahead of the plan and falls while it lags behind, whatever the night believed; a price
that is wrong or 0 moves as well. As what should be left goes to nothing, so does what is left. It is a function of what
is published, the contact log and t: every process charges the same, and with nothing spent at the cut it is the
night's price to the last bit. (Feedback on the plan's remainder: after Xu et al. 2015, "Smart pacing for effective
online ad campaign optimization"; Balseiro & Gur 2019 for prices adapted by what was spent.)

Limits whose windows are shorter than a day, and shares, keep the night's price; what does not fit is removed.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from nbatool.base.clock import US_PER_S
from nbatool.decide.population_limits import HOUR_S, PopulationLimits, Totals
from nbatool.decide.prices import Prices
from nbatool.store.contact_totals import HOUR_US, bucket_of

K: Final = 8.0
"""How fast a price answers; 4 to 16 earn nearly the same (record 0020)."""
EARLIER: Final = 1.4
"""How much earlier than evenly is spent while nobody knows when people come: what is left when nobody comes any more
earns nothing, so the part to be left falls as this power of the time left."""
MOST_FACTOR: Final = 100.0
"""A price rises at most so far; what is used up is removed anyway."""
DAY_HOURS: Final = 24
DAY_US: Final = DAY_HOURS * HOUR_US
UNIFORM: Final = (1.0,) * DAY_HOURS


@dataclass(frozen=True)
class PublishedLimits:
    """What the night tells live decisions of the limits.

    Parameters
    ----------
    cut_us
        The moment of the night; the day is the 24 hours from it.
    prices
        In the order of the limits.
    before
        By limit: what the contacts known when this was published use in each of the 24 clock hours from that of the cut on.
    scale
        The published spread of net values, in currency.
    traffic
        Weights of the 24 clock hours of a day, UTC, from midnight.
    """

    cut_us: int
    prices: Prices
    before: tuple[tuple[float, ...], ...]
    scale: float
    traffic: tuple[float, ...]

    @classmethod
    def of(
        cls, limits: PopulationLimits, totals: Totals, prices: Prices, *, cut_us: int, scale: float,
        traffic: Sequence[float] | None = None,
    ) -> PublishedLimits:  # fmt: skip
        """Return them as of the moment they are published: after the night's own contacts are in the log.

        Parameters
        ----------
        traffic
            None: nobody knows when people come.

        Raises
        ------
        ValueError
            The prices are of other limits, or the traffic is not 24 weights, none below 0 and one above.
        """
        titles = tuple(limit.title for limit in limits.limits)
        if prices.names != titles:
            raise ValueError(f"prices are of {', '.join(prices.names)}; the limits are {', '.join(titles)}")
        weights = early(cut_us) if traffic is None else tuple(float(weight) for weight in traffic)
        if len(weights) != DAY_HOURS or min(weights) < 0.0 or not 0.0 < sum(weights) < float("inf"):
            raise ValueError(f"traffic {weights} must be 24 weights, none below 0, one above it")
        hours = [limits.used(totals, cut_us + h * HOUR_US, cut_us) for h in range(DAY_HOURS)]
        before = tuple(tuple(hour[k] for hour in hours) for k in range(len(titles)))
        return cls(cut_us, prices, before, float(scale), weights)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "prices": self.prices.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> PublishedLimits:
        return cls(
            int(data["cut_us"]), Prices.from_json(data["prices"]), tuple(tuple(one) for one in data["before"]),
            float(data["scale"]), tuple(data["traffic"]),
        )  # fmt: skip


def early(cut_us: int) -> tuple[float, ...]:
    """Return weights of the clock hours of a day that let spending be early, as `EARLIER` says."""
    later = [((DAY_HOURS - h) / DAY_HOURS) ** EARLIER for h in range(DAY_HOURS + 1)]
    first = bucket_of(cut_us)
    return tuple(later[i] - later[i + 1] for i in ((hour - first) % DAY_HOURS for hour in range(DAY_HOURS)))


@dataclass(frozen=True)
class Plan:
    """How live decisions shall spend what a limit leaves them: broken lines over the seconds since the cut.

    Parameters
    ----------
    at_s
        Where the lines break, from 0 to the end of the day, rising.
    spent
        What shall be spent by then.
    """

    at_s: tuple[float, ...]
    spent: tuple[float, ...]

    @property
    def whole(self) -> float:
        """What may be spent over the day."""
        return self.spent[-1]

    def line(self, t_s: int) -> tuple[float, float, float]:
        """Return what shall be left at a second of the day as a line: at its start, where that is, and by how much it
        falls a second. It holds until the clock hour ends.
        """
        if t_s >= self.at_s[-1]:
            return 0.0, self.at_s[-1], 0.0
        i = max(bisect_right(self.at_s, t_s) - 1, 0)
        rise = (self.spent[i + 1] - self.spent[i]) / (self.at_s[i + 1] - self.at_s[i])
        return self.whole - self.spent[i], self.at_s[i], rise

    def left(self, t_s: int) -> float:
        """Return what shall be left at a second of the day."""
        left, start_s, fall = self.line(t_s)
        return left - fall * (max(t_s, 0) - start_s)


def plan_of(most: float, before: Sequence[float], traffic: Sequence[float], cut_us: int) -> Plan:
    """Return the most even plan that never spends what is not there yet.

    Parameters
    ----------
    most
        Of the limit.
    before
        What is used without live decisions, in the 24 clock hours from the cut's on.
    traffic
        Weights of the hours of a day.

    Examples
    --------
    >>> even = plan_of(48.0, [0.0] * 24, UNIFORM, cut_us=0)
    >>> even.left(0), even.left(6 * 3600), even.left(86_400)
    (48.0, 36.0, 0.0)
    >>> late = plan_of(48.0, [48.0] * 12 + [0.0] * 12, UNIFORM, cut_us=0)
    >>> late.left(12 * 3600), late.left(18 * 3600)
    (48.0, 24.0)
    """
    first = bucket_of(cut_us)
    offset_s = (cut_us - first * HOUR_US) / US_PER_S
    ends = [(h + 1) * HOUR_S - offset_s for h in range(DAY_HOURS)]
    at_s, total, whole = [0.0], [0.0], sum(traffic)
    for h, end in enumerate(ends):
        weight = traffic[(first + h) % DAY_HOURS]
        at_s.append(end)
        total.append(total[-1] + weight / whole * (end - at_s[-2]) / HOUR_S)
    there = [max(most - before[h], 0.0) for h in range(len(ends))]
    spent = [0.0]
    i = 0
    while i < len(there):
        # The flattest line from here under what is there by each later hour; where hours have no traffic, what is there.
        rise = [
            ((there[j] - spent[i]) / (total[j + 1] - total[i]) if total[j + 1] > total[i] else np.inf, -j)
            for j in range(i, len(there))
        ]
        flattest, last = min(rise)
        j = -last
        for h in range(i, j + 1):
            more = flattest * (total[h + 1] - total[i]) if total[h + 1] > total[i] else 0.0
            spent.append(there[h] if h == j else spent[i] + more)
        i = j + 1
    return Plan(tuple(at_s), tuple(spent))


def paced(price: float, scale: float, left: float, should: float) -> float:
    """Return the price of a limit by what is left of it and what should be.

    Parameters
    ----------
    price
        The night's.
    scale
        Spread of net values per unit of use.

    Examples
    --------
    >>> paced(0.5, 1.0, left=10.0, should=10.0), paced(0.5, 1.0, left=20.0, should=10.0)
    (0.5, 0.0)
    """
    if left == should:
        return price
    factor = min(math.pow(max(should, 0.0) / left, K), MOST_FACTOR) if left > 0.0 else MOST_FACTOR
    return max((price + scale) * factor - scale, 0.0)
