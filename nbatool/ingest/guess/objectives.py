"""What a good result is, and within which time: from the gaps between contacts, or from how long the data are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from nbatool.ingest.guess.records import ObjectiveGuess, TargetGuess, TypeGuess
from nbatool.ingest.guess.words import identifier
from nbatool.ingest.guess.workbench import Workbench

_DAY_S = 86_400
_LONG_DAYS = 300
_HEAVY = 4.0
_MOST_CLIPPED = 0.01
_USUAL_HORIZON_DAYS = 365


def typical_window(bench: Workbench, types: Sequence[TypeGuess], span_s: float) -> str:
    """The window of objectives and targets, e.g. "5d".

    With contacts: the mean time between waves when they go to many at once, else a customer's median time between
    contacts; between a day and 30 days. Without: 30 days, or a quarter of the data's span when that is shorter.
    """
    quarter_s = span_s / 4 if span_s else 30 * _DAY_S
    contacts = [kind.type for kind in types if kind.role == "contact"]
    if contacts:
        rows, times, contact_span_s, gap_s = bench.row("contact_gap", contacts=contacts)
        waves = 1 < times <= 60 and rows >= 20 * times
        typical_s = contact_span_s / (times - 1) if waves else gap_s
        if typical_s:
            return _duration(min(max(float(typical_s), _DAY_S), 30 * _DAY_S, max(span_s / 2, 3600)))
    return _duration(min(30 * _DAY_S, quarter_s))


def _duration(seconds: float) -> str:
    if seconds >= _DAY_S:
        return f"{max(round(seconds / _DAY_S), 1)}d"
    return f"{max(int(seconds // 3600), 1)}h"


def guessed_objectives(
    bench: Workbench, types: Sequence[TypeGuess], within: str
) -> tuple[ObjectiveGuess, ...]:
    """Spend within the window, each event clipped where the tail is heavy, less the rewards paid."""
    purchases = [kind for kind in types if kind.role == "purchase"]
    objectives = []
    for kind in purchases[:1]:
        filled, half, high, highest = bench.row("tail", types=[kind.type])
        if not filled:
            objectives.append(ObjectiveGuess("purchases", kind.type, "count", within, rows=kind.rows))
            continue
        clip = _clip(half, high, highest)
        above = bench.row("exceed", types=[kind.type], limit=clip)[0] if clip else 0
        objectives.append(
            ObjectiveGuess(
                "spend", kind.type, "sum", within, clip, 1.0, above, kind.rows,
                clip_doubt=_clip_doubt(clip, above, kind),
            )
        )  # fmt: skip
    rewarded = [kind for kind in types if kind.role == "convert" and "reward" in kind.why]
    if objectives and objectives[0].measure == "sum":
        objectives += [
            ObjectiveGuess("reward_paid", kind.type, "sum", within, weight=-1.0, rows=kind.rows)
            for kind in rewarded[:1]
        ]
    if not objectives:
        objectives = _without_purchases(types, within)
    return tuple(objectives)


def _without_purchases(types: Sequence[TypeGuess], within: str) -> list[ObjectiveGuess]:
    for role in ("convert", "engage"):
        kind = next((kind for kind in types if kind.role == role), None)
        if kind is not None:
            doubt = f'no purchases found: the objective is whether "{kind.type}" happens, each worth 1.'
            return [
                ObjectiveGuess(identifier(kind.type), kind.type, "any", within, rows=kind.rows, doubt=doubt)
            ]
    return []


def _clip(half: float, high: float, highest: float) -> float | None:
    """A round number near the 99.7 % quantile, when the largest value is far beyond it and it is far beyond the median."""
    if half <= 0 or highest < 3 * high or high < _HEAVY * half:
        return None
    scale = 10 ** math.floor(math.log10(high))
    rounded = min((scale * step for step in (1, 2, 5, 10)), key=lambda value: abs(math.log(value / high)))
    return float(rounded)


def _clip_doubt(clip: float | None, above: int, kind: TypeGuess) -> str | None:
    if clip is None or above <= _MOST_CLIPPED * kind.rows:
        return None
    return (
        f'{above:,} of {kind.rows:,} "{kind.type}" are of more than {clip:g} and count as {clip:g}, so that a few of '
        "them do not decide. Raise clip_event if they are usual."
    )


def guessed_targets(
    types: Sequence[TypeGuess], within: str, first: datetime | None, last: datetime | None
) -> tuple[TargetGuess, ...]:
    """Purchase within the window; churn for data of most of a year; without purchases the main type that remains."""
    purchase = next((kind for kind in types if kind.role == "purchase"), None)
    days = (last - first).total_seconds() / _DAY_S if first and last else 0
    if purchase is not None:
        targets = [TargetGuess(f"purchase_{within}", purchase.type, within)]
        if days >= _LONG_DAYS:
            targets.append(TargetGuess("churn_90d", purchase.type, "90d", happens=False))
        return tuple(targets)
    other = next((kind for role in ("convert", "engage", "") for kind in types if kind.role == role), None)
    if other is None:
        return ()
    doubt = f'no type looks like a purchase: the target is whether "{other.type}" happens again.'
    return (TargetGuess(f"{identifier(other.type)}_{within}", other.type, within, doubt=doubt),)


def clv_horizon(types: Sequence[TypeGuess], first: datetime | None, last: datetime | None) -> str:
    """Horizon of the lifetime value, at most half the data's span; "" without purchases or below three months."""
    if not any(kind.role == "purchase" for kind in types) or not first or not last:
        return ""
    days = (last - first).total_seconds() / _DAY_S
    return f"{min(_USUAL_HORIZON_DAYS, round(days / 2))}d" if days >= 90 else ""


def clv_doubt(horizon: str) -> str | None:
    """Doubt about a horizon that the length of the data dictated.

    >>> clv_doubt("273d")
    'lifetime value is looked at over 273 days, half of what the data span. Set the horizon you plan with.'
    >>> clv_doubt("365d") is clv_doubt("") is None
    True
    """
    if horizon in ("", f"{_USUAL_HORIZON_DAYS}d"):
        return None
    return (
        f"lifetime value is looked at over {horizon.removesuffix('d')} days, half of what the data span. "
        "Set the horizon you plan with."
    )
