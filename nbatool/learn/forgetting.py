"""What to forget after a change: how much what was learned before it still counts, and what to tell people."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nbatool.base.clock import DAY_S, US_PER_S, format_time
from nbatool.learn.change import Change

SHORTEST_S = DAY_S
LEAST_KEPT = 0.003
"""Even much evidence against the past leaves a little of it: knowing nothing at all costs more nights of trying."""


@dataclass(frozen=True, slots=True)
class Forgetting:
    """What an alarm asks of those who learned from the action before.

    Parameters
    ----------
    action_id
        Whose evidence fades.
    kept
        What a decision from before ``since_us`` still counts, 0–1: the posterior's precision for this action (beyond
        its prior) and the weights of training rows are multiplied by it, once.
    widened
        1 / kept: the factor on the posterior's variance, which never grows beyond that of its prior.
    half_life_s
        Half-life of this action's evidence from now until ``until_us``.
    """

    action_id: str
    since_us: int
    kept: float
    half_life_s: float
    until_us: int

    @property
    def widened(self) -> float:
        return 1.0 / self.kept

    def row_weight(self, as_of_us: int) -> float:
        """Return what a training row of this action counts, by when it was decided."""
        return self.kept if as_of_us < self.since_us else 1.0


def forgetting(change: Change, half_life_s: float) -> Forgetting:
    """Return what to forget after a change, given the half-life in use.

    n old decisions know the old mean with variance σ²/n; the new mean lies δσ away, so as news of the new one they
    have variance σ²/n + δ²σ². They keep the share of their precision 1 / (1 + n·δ²), and the half-life is the one by
    which evidence from just before the change would have faded that far by now; it lasts one usual half-life.

    Examples
    --------
    >>> change = Change("a", 0, 2 * 86_400_000_000, 0.0, -2.0, 5.0, 3.0, 396, 80, -0.5, 30.0, 20.0)
    >>> asked = forgetting(change, 90 * 86_400.0)
    >>> asked.kept, round(asked.half_life_s / 86_400, 2)
    (0.01, 1.0)
    """
    kept = max(1.0 / (1.0 + change.decisions_before * change.shift**2), LEAST_KEPT)
    passed_s = max(change.seen_us - change.since_us, 0) / US_PER_S
    halvings = math.log2(1.0 / kept)
    shorter = passed_s / halvings if halvings > 0 else half_life_s
    return Forgetting(
        change.action_id, change.since_us, kept, min(max(shorter, SHORTEST_S), half_life_s),
        change.seen_us + round(half_life_s * US_PER_S),
    )  # fmt: skip


def change_text(change: Change, currency: str) -> str:
    """Return one sentence for people: what changed, since when, from what to what, and how sure that is.

    >>> change = Change("a", 0, 86_400_000_000, 0.0, -2.0, 5.0, 3.0, 396, 80, -0.5, 30.0, 20.0)
    >>> print(change_text(change, "USD"))
    a brings less than before since 1970-01-01: 3.00 USD per decision after 5.00, 2.00 below what was expected before
    (80 decisions since, 396 before; evidence 1.5 times the alarm limit)
    """
    moved = change.after - change.before
    direction = "less" if moved < 0 else "more"
    return (
        f"{change.action_id} brings {direction} than before since {format_time(change.since_us)[:10]}: "
        f"{change.outcome_after:.2f} {currency} per decision after {change.outcome_before:.2f}, "
        f"{abs(moved):.2f} {'below' if moved < 0 else 'above'} what was expected before "
        f"({change.decisions_after} decisions since, {change.decisions_before} before; evidence "
        f"{change.evidence / max(change.threshold, 1e-9):.1f} times the alarm limit)"
    )
