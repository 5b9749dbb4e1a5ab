"""What ``[evaluate]`` asks of a judgement, and where it falls short."""

from __future__ import annotations

from nbatool.base.learning_settings import Evaluate
from nbatool.measure.evaluation import Evaluation


def shortfalls(found: Evaluation, settings: Evaluate) -> list[str]:
    """Return what is below the thresholds, in words; empty where everything is met.

    The policy asked about is the challenger where there is one, else the champion.
    """
    name = "challenger" if found.of("challenger") is not None else "champion"
    judged = found.of(name)
    if judged is None or judged.best is None:
        why = "; ".join(judged.support.reasons) if judged is not None else "it was not judged"
        return [f"the log carries no estimate of the {name}: {why}"]
    short = [] if found.honest.honest else [found.honest.verdict]
    for other, least in settings.min_gain.items():
        if other == name:
            continue
        interval = judged.gain.get(other)
        if interval is None:
            short.append(f"the log carries no comparison of the {name} with {other}")
        elif not interval.low >= least:
            short.append(
                f"the {name}'s gain over {other} is at least {interval.low:.4f} per decision; min_gain asks for {least:g}"
            )
    return short
