"""What to forget after a change: how much what was learned before it still counts, and what to tell people."""

from __future__ import annotations

from nbatool.base.clock import format_time
from nbatool.learn.change import Change

LEAST_KEPT = 0.003
"""Even much evidence against the past leaves a little of it: knowing nothing at all costs more nights of trying."""


def kept_after(change: Change) -> float:
    """Return what a decision of the action from before the change still counts, 0–1.

    n old decisions know the old mean with variance σ²/n; the new mean lies δσ away, so as news of the new one they
    have variance σ²/n + δ²σ². They keep the share of their precision 1 / (1 + n·δ²).

    Examples
    --------
    >>> kept_after(Change("a", 0, 2 * 86_400_000_000, 0.0, -2.0, 5.0, 3.0, 396, 80, -0.5, 30.0, 20.0))
    0.01
    """
    return max(1.0 / (1.0 + change.decisions_before * change.shift**2), LEAST_KEPT)


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
