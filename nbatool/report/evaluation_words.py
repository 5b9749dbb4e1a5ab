"""What policies and estimators are called, and everything to be careful about, in plain words."""

from __future__ import annotations

from nbatool.base.clock import format_second_after, format_time
from nbatool.measure.evaluating import EvaluationReport
from nbatool.measure.evaluation import BEST_SINGLE, LOGGED, VERDICTS_BY, Evaluation
from nbatool.measure.learned_from import Leak
from nbatool.measure.outcome_unit import per_thousand
from nbatool.report.figures import counted, minute_text, number_text

NAMED = {LOGGED: "what was done", BEST_SINGLE: "best single action"}
"""In tables: as the policy is called in --json, where that says enough."""
SAID = {
    "champion": "the champion",
    "challenger": "the challenger",
    "greedy": "the champion always taking its best",
    LOGGED: "what was done",
    "nothing": "nothing",
    "random": "any possible action alike",
    BEST_SINGLE: "the best single action",
    "rules": "your rules",
}
"""In sentences."""
ESTIMATORS = {
    "DM": "the outcome model alone: no noise from weights, all the model's mistakes. In brackets: an interval that knows nothing of them says only how customers differ",
    "IPS": "outcomes weighted by the policy's chance over the logged one: fair, and noisy",
    "SNIPS": "IPS over the sum of its weights: less noisy",
    "DR": "the outcome model, its errors on what was done corrected by the weights",
    "SNDR": "DR with the correction over the sum of the weights",
    "switch-DR": "DR that leaves decisions of a very large weight to the model",
}
SWITCH = "switch-DR"
MODEL_ALONE = "DM"
WHY_DR = f"Values, gains and verdicts are those of {VERDICTS_BY}: it is right if either the model or the chances are."
NO_BETTER = (
    "the champion is not shown to be worth more than {}: the difference may be chance. Keep trying actions and collect "
    "more outcomes before relying on it"
)


def named(policy: str) -> str:
    """Return what a policy is called in a table."""
    return NAMED.get(policy, policy)


def said(policy: str) -> str:
    """Return what a policy is called in a sentence."""
    return SAID.get(policy, policy)


def policy_legend(found: Evaluation) -> str:
    """Say what the names of the policies in the table stand for."""
    meant = {
        "champion": "the policy in force, exploration included",
        "greedy": "the champion, always its best",
        "random": "any possible action alike"
        + (', "nothing" not among them' if found.without_nothing else ""),
        BEST_SINGLE: f"the one that did best for other customers, {best_single_words(found)}",
    }
    told = [f"{named(j.name)}: {meant[j.name]}" for j in found.judgements if j.name in meant and j.best]
    return "; ".join([*told, "effective: how many evenly weighted decisions would be as sure"]) + "."


def best_single_words(found: Evaluation) -> str:
    """Return which action that is, with its share of the decisions where thirds of the customers do not agree.

    Where it is not possible the policy does nothing; that is no choice of its own.
    """
    judged = found.of(BEST_SINGLE)
    if judged is None:
        return "none"
    order = sorted(range(len(found.labels)), key=lambda j: -float(judged.mix[j]))
    last = len(found.labels) - 1
    used = [j for j in order if judged.mix[j] > 0 and j != last] or [last]
    if len(used) == 1:
        return found.labels[used[0]]
    return " or ".join(f"{found.labels[j]} ({float(judged.mix[j]):.0%})" for j in used)


def _apart(found: Evaluation, unit: str) -> list[str]:
    """Warn where the decisions of the largest weights alone make the value: what they say may be chance or a wrong chance."""
    champion = found.of("champion")
    if champion is None or not {VERDICTS_BY, SWITCH} <= champion.estimates.keys():
        return []
    one, other = champion.estimates[VERDICTS_BY], champion.estimates[SWITCH]
    if not (one.low > other.high or other.low > one.high):
        return []
    return [
        f"the champion by {VERDICTS_BY}, {per_thousand(one.value, unit)}, and by {SWITCH}, "
        f"{per_thousand(other.value, unit)}, are further apart than their intervals: few decisions of large weights make "
        "the difference. Be careful with its gains until more is logged"
    ]


def warnings(report: EvaluationReport, unit: str = "") -> list[str]:
    """Return everything to be careful about, in plain words."""
    found = report.evaluation
    told = [_leaking(each, found) for each in report.leaks]
    told += _against_baselines(report)
    told += _apart(found, unit or found.unit or "")
    champion = found.of("champion")
    if champion is not None:
        told += [f"the champion: {w}" for w in champion.support.warnings]
    told += [f'no baseline "{named(name)}": {why}' for name, why in found.omitted.items()]
    told += report.notes
    if found.probabilities != "logged":
        told.append(found.probabilities)
    if not found.honest.honest:
        told.append(found.honest.verdict)
    if found.model_r2 <= max(found.model_r2_means, 0.0):
        told.append("the outcome model predicts no better than the mean of each action")
    if found.not_made:
        told.append(
            f"not judged: {counted(found.not_made, 'contact')} decided and then released, or never confirmed as sent"
        )
    for reason, count in found.left_out.items():
        told.append(f"{counted(count, 'decision')} left out: {reason}")
    return told


def _leaking(each: Leak, found: Evaluation) -> str:
    first, last = (minute_text(format_time(us)) for us in (each.first_us, each.last_us))
    span = f"made from {first} until {last}" if first != last else f"all made at {first}"
    newer = (
        f"judge decisions it cannot know, after its training: --from {format_second_after(each.unlearned_us)}"
        if each.decisions < found.n
        else "no decision judged here is newer"
    )
    return (
        f"the {each.policy} {each.version} was trained on what happened until {minute_text(format_time(each.trained_us))} "
        f"and may have learned from outcomes it is judged on: {number_text(each.decisions)} of "
        f"{counted(found.n, 'decision')}, {span}. Its value (*) is too good and proves nothing; {newer}"
    )


def _against_baselines(report: EvaluationReport) -> list[str]:
    """Say where the champion is not shown to be better; of what learned from its judges nothing is claimed."""
    champion = report.evaluation.of("champion")
    if champion is None or report.leak_of("champion") is not None:
        return []
    asked = [name for name in (LOGGED, BEST_SINGLE) if name in champion.gain]
    same = [name for name in asked if name in champion.alike and champion.alike[name].same]
    unsure = [said(name) for name in asked if name not in same and champion.gain[name].low <= 0]
    told = [f"the champion does the same as {said(name)} at every decision" for name in same]
    return told + ([NO_BETTER.format(" or ".join(unsure))] if unsure else [])
