"""Limits on what everybody together may get: budgets, stocks, capacities, shares, as settings bound to a catalogue.

They count contacts of the contact log, reserved or sent. Windows slide by clock hours: one of a day is the hour of the
moment and the 23 before it, and whatever is promised for later. So no 24 clock hours in a row ever hold more than the
limit, and a night that runs two minutes earlier than the last does not find yesterday's contacts in its way. A stock is
of all time. Shares are of the contacts of the day, which begins with the night.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from nbatool.base.clock import format_duration
from nbatool.decide.best import Floats
from nbatool.decide.catalogue import Catalogue
from nbatool.decide.contact_rules import is_about, kind_of
from nbatool.decide.limits import Limit
from nbatool.store.contact import ContactKind
from nbatool.store.contact_totals import bucket_of

BUDGET, STOCK, CAPACITY, LEAST_SHARE, MOST_SHARE = "budget", "stock", "capacity", "min_share", "max_share"
SHARES: Final = (LEAST_SHARE, MOST_SHARE)
HOUR_S: Final = 3600


class Totals(Protocol):
    """How many contacts count; `store.contact_totals.ContactTotals` is one."""

    @property
    def kinds(self) -> Sequence[ContactKind]:
        """Of every answer, in its order; it only grows."""

    @property
    def version(self) -> int:
        """Equal numbers, equal totals."""

    def refresh(self) -> bool: ...
    def since(self, bucket: int) -> NDArray[np.int64]: ...
    def ever(self) -> NDArray[np.int64]: ...


@dataclass(frozen=True, slots=True)
class PopulationLimit:
    """One limit as it was said.

    Parameters
    ----------
    what
        `BUDGET`, `STOCK`, `CAPACITY`, `LEAST_SHARE` or `MOST_SHARE`.
    amount
        In currency (a budget), contacts (a stock, a capacity) or as a part (a share).
    window_s
        None for stocks and shares.
    subject, name
        Which contacts count: ("channel", "email"), ("action", id), ("tag", tag); "" for all.
    """

    what: str
    amount: float
    window_s: int | None = None
    subject: str = ""
    name: str = ""

    @property
    def title(self) -> str:
        """As reports call it.

        >>> PopulationLimit(BUDGET, 2000.0, 86_400, "channel", "email").title
        'budget 2,000 by channel email in 1d'
        >>> PopulationLimit(STOCK, 500.0, None, "action", "mug").title
        'stock of mug'
        >>> PopulationLimit(LEAST_SHARE, 0.05, None, "tag", "education").title
        'at least 5 % tagged education'
        """
        if self.what == STOCK:
            return f"stock of {self.name}"
        about = f"tagged {self.name}" if self.subject == "tag" else f"{self.subject} {self.name}"
        if self.what in SHARES:
            side = "at least" if self.what == LEAST_SHARE else "at most"
            return f"{side} {100 * self.amount:.6g} % {about}"
        by = {"": "", "tag": f" {about}"}.get(self.subject, f" by {about}")
        return f"{self.what} {self.amount:,.10g}{by} in {format_duration(self.window_s or 0)}"

    def use_of(self, kind: ContactKind) -> float:
        """Return what a contact uses, in the limit's unit; one that costs less than nothing uses no money."""
        applies = not self.subject or is_about(kind, self.subject, self.name)
        if self.what in SHARES:
            return float(applies) - self.amount
        if self.what == BUDGET:
            return max(kind.cost, 0.0) if applies else 0.0
        return float(applies)

    @property
    def hours(self) -> int | None:
        """Clock hours of the window; None where there is no window."""
        return None if self.window_s is None else -(-self.window_s // HOUR_S)

    @property
    def most(self) -> float | None:
        """What may be used at most, over the window."""
        if self.what == LEAST_SHARE:
            return None
        return 0.0 if self.what == MOST_SHARE else self.amount

    def left(self, use: Floats, used: float) -> Limit:
        """Return the limit on further contacts (m,) where so much is used."""
        if self.what == LEAST_SHARE:
            return Limit(self.title, use, least=-used)
        if self.what == MOST_SHARE:
            return Limit(self.title, use, most=-used)
        return Limit(self.title, use, most=max(self.amount - used, 0.0))


@dataclass(frozen=True)
class PopulationLimits:
    """The limits of a workspace over the offers of its catalogue.

    Parameters
    ----------
    limits
        In the order of the settings; no two have the same title.
    live_share
        Part of what is left that the night leaves to live decisions.
    """

    limits: tuple[PopulationLimit, ...]
    catalogue: Catalogue
    live_share: float = 0.0

    @cached_property
    def uses(self) -> Floats:
        """(k, m): what a contact with each candidate uses, `nothing` last."""
        kinds = [kind_of(offer) for offer in self.catalogue.offers]
        found = [[*(limit.use_of(kind) for kind in kinds), 0.0] for limit in self.limits]
        return np.array(found, dtype=np.float64).reshape(len(self.limits), len(kinds) + 1)

    def used(self, totals: Totals, now_us: int, since_us: int) -> list[float]:
        """Return what contacts of the log use of each limit at a time.

        Parameters
        ----------
        since_us
            When the day of the shares began: the published cut; at night the moment of the night itself.
        """
        counts: dict[int | None, NDArray[np.int64]] = {}
        rows = []
        for limit in self.limits:
            first = self._first(limit, now_us, since_us)
            if first not in counts:
                counts[first] = totals.ever() if first is None else totals.since(first)
            rows.append(counts[first])
        # fsum: the order in which kinds were first seen changes no bit.
        return [math.fsum(row) for row in (self._of_kinds(totals.kinds) * rows).tolist()] if rows else []

    def bounds(self, totals: Totals, now_us: int, since_us: int | None = None) -> list[Limit]:
        """Return the limits on further contacts: what is left after those of the log.

        Parameters
        ----------
        since_us
            As in `used`; None: now.
        """
        used = self.used(totals, now_us, now_us if since_us is None else since_us)
        return [one.left(use, n) for one, use, n in zip(self.limits, self.uses, used, strict=True)]

    def for_night(self, limits: Sequence[Limit]) -> list[Limit]:
        """Return limits that leave their part to live decisions; shares bind the night as they are."""
        return [
            limit
            if said.what in SHARES or limit.most is None
            else replace(limit, most=(1.0 - self.live_share) * limit.most)
            for said, limit in zip(self.limits, limits, strict=True)
        ]

    def to_json(self) -> dict[str, Any]:
        return {"limits": [asdict(limit) for limit in self.limits], "live_share": self.live_share}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], catalogue: Catalogue) -> PopulationLimits:
        said = tuple(PopulationLimit(**limit) for limit in data["limits"])
        return cls(said, catalogue, float(data["live_share"]))

    def _first(self, limit: PopulationLimit, now_us: int, since_us: int) -> int | None:
        """The first clock hour whose contacts a limit counts; None: all there ever were."""
        if limit.what in SHARES:
            return bucket_of(since_us)
        return None if limit.hours is None else bucket_of(now_us) - limit.hours + 1

    def _of_kinds(self, kinds: Sequence[ContactKind]) -> Floats:
        """(k, n_kinds): what a contact of each kind uses; worked out again only for kinds not seen before."""
        last, known = self._known.get("last", (None, np.zeros((0, 0))))
        if last is not kinds or known.shape[1] != len(kinds):
            found = [[limit.use_of(kind) for kind in kinds] for limit in self.limits]
            known = np.array(found, dtype=np.float64).reshape(len(self.limits), len(kinds))
            self._known["last"] = (kinds, known)
        return known

    @cached_property
    def _known(self) -> dict[str, tuple[Sequence[ContactKind], Floats]]:
        return {}


NO_LIMITS: Final = PopulationLimits((), Catalogue(()))
