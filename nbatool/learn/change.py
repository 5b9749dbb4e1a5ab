"""Whether an action works otherwise than before: Page–Hinkley on what came in beyond what was expected.

One `Watch` follows one action through daily batches of closed decisions. It keeps the mean and spread of their
residuals (outcome less expected outcome) since it began, and two sums that grow while residuals lie above or below that
mean by more than `drift`. An alarm is a sum above a threshold that fits the asked rate of false alarms.

Source: Page (1954); the run length of the sum by Siegmund (1985), "Sequential Analysis", 2.5:
ARL ≈ (e^{2k(h+1.166)} − 2k(h+1.166) − 1) / 2k², k drift and h threshold in standard deviations of one batch.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

OVERSHOOT = 1.166
CLIP = 5.0
"""Standard deviations a single residual may lie from the mean; one absurd order is no change of an action."""
REMEMBERED = 30
"""Batches by which it is judged how much days differ beyond what their decisions explain."""
FEWEST_BATCHES = 10
MEDIAN_OF_SQUARES = 0.4549
"""Median of the square of a standard normal value."""
DAYS_PER_YEAR = 365.0


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """How small a change counts, and how often an alarm may be false.

    Parameters
    ----------
    drift
        Half the smallest shift worth knowing, in standard deviations of one decision's residual.
    false_per_year
        Most false alarms of one action in a year of daily batches, on average.
    warm_up
        Decisions after which the mean is known well enough to depart from.
    """

    drift: float = 0.125
    false_per_year: float = 1.0
    warm_up: int = 200


USUAL = Sensitivity()


@dataclass(frozen=True, slots=True)
class Side:
    """One direction of the search: the sum, since when it has grown, and what came in since then."""

    total: float = 0.0
    since_us: int = 0
    count: int = 0
    residual: float = 0.0
    outcome: float = 0.0


@dataclass(frozen=True, slots=True)
class Change:
    """What changed: an action, since when, from what to what, and how sure that is.

    ``before`` and ``after`` are mean residuals, ``outcome_before`` and ``outcome_after`` mean outcomes, per decision in
    currency; ``shift`` is after − before in standard deviations of one decision; an alarm has evidence > threshold.
    """

    action_id: str
    since_us: int
    seen_us: int
    before: float
    after: float
    outcome_before: float
    outcome_after: float
    decisions_before: int
    decisions_after: int
    shift: float
    evidence: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Watch:
    """Follows one action; a value, replaced by each batch.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> watch, found = Watch("coffee"), None
    >>> for day in range(30):
    ...     outcome = rng.normal(5.0 if day < 20 else 3.0, 4.0, 100)
    ...     watch, change = watch.after(day, outcome, np.full(100, 5.0))
    ...     found = found or change
    >>> found.since_us, found.seen_us, round(found.shift, 1)
    (20, 20, -0.5)
    """

    action_id: str
    count: int = 0
    mean: float = 0.0
    squares: float = 0.0
    outcome: float = 0.0
    batches: int = 0
    rise: Side = Side()
    fall: Side = Side()
    recent: tuple[tuple[float, int], ...] = ()

    @property
    def spread(self) -> float:
        """Standard deviation of one residual."""
        return math.sqrt(self.squares / (self.count - 1)) if self.count > 1 else 0.0

    @property
    def excess(self) -> float:
        """How much more days differ than their decisions explain, as a ratio of variances; 1: not at all.

        A holiday is shared by all decisions of its day: they are worth fewer than they are.
        """
        if len(self.recent) < FEWEST_BATCHES or not self.spread:
            return 1.0
        scores = [n * ((mean - self.mean) / self.spread) ** 2 for mean, n in self.recent]
        return max(1.0, float(np.median(scores)) / MEDIAN_OF_SQUARES)

    def ready(self, terms: Sensitivity) -> bool:
        """Whether enough is known to tell a change from chance."""
        known = self.count / self.excess
        return known >= terms.warm_up and self.batches >= FEWEST_BATCHES and self.spread > 0

    def after(
        self, at_us: int, outcome: Floats, expected: Floats, terms: Sensitivity = USUAL
    ) -> tuple[Watch, Change | None]:
        """Return the watch after one batch of closed decisions, and the change it shows, if any.

        Parameters
        ----------
        at_us
            When the decisions of the batch were made, µs since 1970; batches come in order, one a day.
        outcome, expected
            What came in and what had been expected, per decision in currency, shape (n,); rows with NaN are left out.

        After an alarm the watch begins anew with what came in since the change.
        """
        known = np.isfinite(outcome) & np.isfinite(expected)
        outcome = outcome[known]
        residual = outcome - expected[known]
        if not len(residual):
            return self, None
        if not self.ready(terms):
            return self._absorb(residual, outcome), None
        room = CLIP * self.spread
        residual = np.clip(residual, self.mean - room, self.mean + room)
        score = (float(residual.mean()) - self.mean) / self.spread
        excess = self.excess
        effective = len(residual) / excess
        # the mean is itself an estimate: what it may be off by is no shift
        drift = terms.drift + math.sqrt(excess / self.count)
        rise = _grown(self.rise, effective * (score - drift), at_us, residual, outcome)
        fall = _grown(self.fall, effective * (-score - drift), at_us, residual, outcome)
        limit = threshold((self.count + len(residual)) / (self.batches + 1) / excess, terms)
        side = rise if rise.total >= fall.total else fall
        if side.total > limit:
            return self._renewed(side), self._change(side, at_us, limit)
        return replace(self._absorb(residual, outcome), rise=rise, fall=fall), None

    def _absorb(self, residual: Floats, outcome: Floats) -> Watch:
        """Return the watch with a batch in its mean and spread."""
        n, m = self.count, len(residual)
        mean = float(residual.mean())
        squares = (
            self.squares + float(((residual - mean) ** 2).sum()) + (mean - self.mean) ** 2 * n * m / (n + m)
        )
        return replace(
            self, count=n + m, mean=self.mean + (mean - self.mean) * m / (n + m), squares=squares,
            outcome=self.outcome + (float(outcome.mean()) - self.outcome) * m / (n + m), batches=self.batches + 1,
            recent=(*self.recent, (mean, m))[-REMEMBERED:],
        )  # fmt: skip

    def _change(self, side: Side, at_us: int, limit: float) -> Change:
        after = side.residual / side.count
        return Change(
            self.action_id, side.since_us, at_us, self.mean, after, self.outcome, side.outcome / side.count,
            self.count, side.count, (after - self.mean) / self.spread, side.total, limit,
        )  # fmt: skip

    def _renewed(self, side: Side) -> Watch:
        spread, mean = self.spread, side.residual / side.count
        # how much days differ is no news of the change: what is known of it moves along
        recent = tuple((then - self.mean + mean, n) for then, n in self.recent)
        return Watch(
            self.action_id, count=side.count, mean=mean, recent=recent,
            squares=spread * spread * max(side.count - 1, 0), outcome=side.outcome / side.count, batches=1,
        )  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        """Return the watch as JSON values; :meth:`from_json` gives it back bit for bit."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Self:
        """Return the watch that was written."""
        sides = {name: Side(**found[name]) for name in ("rise", "fall")}
        recent = tuple((mean, n) for mean, n in found["recent"])
        return cls(**{**found, **sides, "recent": recent})


def _grown(side: Side, by: float, at_us: int, residual: Floats, outcome: Floats) -> Side:
    """Return a side with one batch more; it begins anew where it would fall to nothing."""
    total = side.total + by
    if total <= 0:
        return Side()
    n, r, o = len(residual), float(residual.sum()), float(outcome.sum())
    since = side.since_us if side.total > 0 else at_us
    return Side(total, since, side.count + n, side.residual + r, side.outcome + o)


def threshold(per_batch: float, terms: Sensitivity = USUAL) -> float:
    """Return the sum from which it is an alarm, in standard deviations × decisions.

    Parameters
    ----------
    per_batch
        Mean number of decisions in a day's batch.

    >>> round(threshold(100.0), 1), round(threshold(10.0), 1)
    (19.3, 18.1)
    """
    size = math.sqrt(max(per_batch, 1e-9))
    k = terms.drift * size
    # either side may give the alarm, so each may do so half as often
    days = 2.0 * DAYS_PER_YEAR / terms.false_per_year
    low, high = 0.0, 700.0
    for _ in range(100):
        middle = (low + high) / 2.0
        if math.expm1(middle) - middle < 2.0 * k * k * days:
            low = middle
        else:
            high = middle
    return max(low / (2.0 * k) - OVERSHOOT, 0.0) * size
