"""How fast the outcome model forgets: half-lives judged by what each makes of later decisions.

Forgetting halves the data for the sake of a world that changes, so it has to earn its place on later decisions: see
`later_losses` for how, `chosen_half_life` for by how much. The rows that judge a half-life are those that judge the
learners as well; it is one choice among few, and never sees a row it is judged by.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nbatool.base.clock import DAY_US, US_PER_S
from nbatool.models.later_losses import later_losses
from nbatool.models.logged import Logged
from nbatool.models.recency_weights import age_weights, chosen_half_life, effective_rows
from nbatool.models.table import FloatArray, IntArray

DAY_S = DAY_US // US_PER_S
PARTS_OF_LOG = (2, 4, 8)
"""Half-lives tried: so many fit into the time the log covers. A longer one is hardly any forgetting."""


@dataclass(frozen=True, slots=True)
class HalfLife:
    """Parameters
    ----------
    seconds
        Infinite: nothing is forgotten.
    because
        Why, in plain words.
    losses
        By half-life in seconds: mean squared error on later decisions.
    """

    seconds: float
    because: str
    losses: Mapping[float, float]

    @property
    def days(self) -> int | None:
        """In whole days; None: nothing is forgotten."""
        return _days(self.seconds)

    def weighted(self, logged: Logged, now_us: int) -> Logged:
        """Return decisions that count less the older they are, whatever was done; those after ``now_us`` count whole."""
        if math.isinf(self.seconds):
            return logged
        table = logged.table
        recency = age_weights(table.as_of_us, now_us, self.seconds)
        return replace(logged, table=replace(table, weight=table.weights() * recency), recency=recency)

    def to_card(self, as_of_us: IntArray) -> dict[str, Any]:
        """Return what the model card says of it, for decisions at these times."""
        found = np.ones(len(as_of_us))
        if len(as_of_us):
            found = age_weights(as_of_us, int(as_of_us.max()), self.seconds)
        tried = sorted(self.losses.items(), reverse=True)
        return {
            "half_life": self.days,
            "half_life_because": self.because,
            # the last bits of a sum of products depend on the machine
            "half_life_losses": [{"half_life": _days(s), "loss": float(f"{loss:.6g}")} for s, loss in tried],
            "effective_rows": effective_rows(found),
        }


def unforgetting(because: str) -> HalfLife:
    """Return the choice of forgetting nothing.

    >>> unforgetting("the log is short").days is None
    True
    """
    return HalfLife(math.inf, because, {})


def choose_half_life(logged: Logged, n_candidate: int, *, window_s: int, seed: int) -> HalfLife:
    """Choose how fast to forget, or not to.

    Parameters
    ----------
    logged
        Past decisions, weighted by the inverse of their chances.
    n_candidate
        Columns of the candidate, which stand last.
    window_s
        A decision is judged by those only whose windows had closed before it.
    """
    candidates = half_lives(logged.table.as_of_us, window_s)
    if not candidates:
        return unforgetting("the log is too short to tell")
    tried = (*candidates, math.inf)
    losses = later_losses(logged, n_candidate, tried, window_s=window_s, seed=seed)
    if losses is None:
        return unforgetting("too few decisions to tell")
    chosen = chosen_half_life(tried, losses)
    means: FloatArray = losses.mean(axis=1)
    return HalfLife(chosen, _because(chosen), dict(zip(tried, means.tolist(), strict=True)))


def half_lives(as_of_us: IntArray, window_s: int) -> tuple[float, ...]:
    """Return the half-lives worth trying, in seconds: whole days, no shorter than a window, shortest first.

    >>> half_lives(np.array([0, 100 * DAY_US]), 20 * DAY_S)
    (2160000.0, 4320000.0)
    """
    if not len(as_of_us):
        return ()
    span_s = (int(as_of_us.max()) - int(as_of_us.min())) / US_PER_S
    days = {round(span_s / part / DAY_S) for part in PARTS_OF_LOG}
    return tuple(float(d * DAY_S) for d in sorted(days) if d >= 1 and d * DAY_S >= window_s)


def _because(chosen: float) -> str:
    if math.isinf(chosen):
        return "older decisions say as much about later ones as newer do"
    return (
        f"later decisions were foretold clearly better when decisions count half after {_days(chosen)} days"
    )


def _days(seconds: float) -> int | None:
    return None if math.isinf(seconds) else round(seconds / DAY_S)
