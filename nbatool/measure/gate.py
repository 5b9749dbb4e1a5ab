"""What ``[evaluate]`` asks of a judgement, and where it falls short."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nbatool.base.clock import format_time
from nbatool.base.errors import ConfigError
from nbatool.base.learning_settings import Evaluate
from nbatool.measure.evaluation import LOGGED, Evaluation, Judgement
from nbatool.measure.intervals import Interval
from nbatool.measure.learned_from import Leak
from nbatool.measure.outcome_unit import per_thousand

if TYPE_CHECKING:
    from nbatool.base.config import Config


def require_thresholds(config: Config) -> None:
    """Refuse a gate that would ask for nothing: it would be green whatever the policy is worth.

    Raises
    ------
    ConfigError
        ``[evaluate]`` has no `min_gain`.
    """
    if not config.evaluate.min_gain:
        said = (
            f"--gate: no threshold is set. Write for example min_gain = {{ {LOGGED} = 0.0 }} under [evaluate]: the least "
            f"gain over a baseline, lower bound of its interval, in {config.workspace.currency} (or what the objective "
            "counts) per decision"
        )
        raise ConfigError([config.problem(said, "evaluate")])


@dataclass(frozen=True, slots=True)
class Threshold:
    """One threshold of ``[evaluate]``: the least gain asked for over a baseline, and the lower bound that was found.

    Parameters
    ----------
    asked, found
        Per decision; found is None where the log carries no such comparison.
    """

    over: str
    asked: float
    found: float | None

    @property
    def met(self) -> bool:
        return self.found is not None and self.found >= self.asked


def thresholds(found: Evaluation, settings: Evaluate) -> list[Threshold]:
    """Return what ``min_gain`` asks of the challenger where there is one, else of the champion."""
    name = _asked_about(found)
    judged = found.of(name)
    gain = {} if judged is None or judged.best is None else judged.gain
    return [
        Threshold(other, least, gain[other].low if other in gain and math.isfinite(gain[other].low) else None)
        for other, least in settings.min_gain.items()
        if other != name
    ]


def _asked_about(found: Evaluation) -> str:
    return "challenger" if found.of("challenger") is not None else "champion"


def shortfalls(found: Evaluation, settings: Evaluate, leaks: Sequence[Leak] = ()) -> list[str]:
    """Return what is below the thresholds, in words; empty where everything is met.

    The policy asked about is the challenger where there is one, else the champion.

    Parameters
    ----------
    leaks
        Versions that may have learned from the judged decisions: what they gain there proves nothing.
    """
    name = _asked_about(found)
    judged = found.of(name)
    if judged is None or judged.best is None:
        why = "; ".join(judged.support.reasons) if judged is not None else "it was not judged"
        return [f"the log carries no estimate of the {name}: {why}"]
    short = [] if found.honest.honest else [found.honest.verdict]
    short += [_leaking(each) for each in leaks if each.policy == name]
    for other, least in settings.min_gain.items():
        if other == name:
            continue
        interval = judged.gain.get(other)
        if interval is None:
            short.append(_no_comparison(found, name, other))
        elif not interval.low >= least:
            short.append(_too_little(found, judged, other, interval, least))
    return short


def _leaking(each: Leak) -> str:
    return (
        f"the {each.policy} {each.version} was trained on decisions it is judged on (up to "
        f"{format_time(each.trained_us)}): its gain proves nothing"
    )


def _no_comparison(found: Evaluation, name: str, other: str) -> str:
    why = found.omitted.get(other)
    return f"the log carries no comparison of the {name} with {other}" + (f": {why}" if why else "")


def _too_little(found: Evaluation, judged: Judgement, other: str, interval: Interval, least: float) -> str:
    unit = found.unit or ""
    return (
        f"the {judged.name}'s gain over {other} is at least {per_thousand(interval.low, unit)} (lower bound of its "
        f"{interval.confidence:.0%} interval); min_gain asks for {least:g} per decision, which is "
        f"{per_thousand(least, unit)}"
    )
