"""What `nbatool learn` says: how many outcome windows were closed, with what, and what was learned from them."""

from __future__ import annotations

from typing import Any

from nbatool.base.clock import format_time
from nbatool.learn.change import Change
from nbatool.learn.forgetting import change_text
from nbatool.learn.learning import LearnReport
from nbatool.report.figures import minute_text


def learn_json(report: LearnReport) -> dict[str, Any]:
    """Return the counts as JSON."""
    windows, live, fed = report.windows, report.live, report.fed
    return {
        "as_of": format_time(report.as_of_us),
        "closed": windows.closed + live.windows,
        "by_default": windows.by_default + live.by_default,
        "expired": windows.expired,
        "released": windows.released + live.released,
        "waiting": windows.waiting,
        "learned": report.learned,
        "not_learned": fed.other_version,
        "model_version": report.learner,
        "changes": [_change_json(change, report.currency) for change in report.changes],
    }


def learn_text(report: LearnReport) -> str:
    """Return the counts in words."""
    counts = learn_json(report)
    lines = [f"As of {minute_text(counts['as_of'])}"]
    closed, default = counts["closed"], counts["by_default"]
    lines.append(f"closed    {closed:,} outcome windows, {default:,} of them without any outcome")
    if counts["expired"]:
        lines.append(
            f"expired   {counts['expired']:,} contacts that nobody confirmed in time: no outcome of theirs counts"
        )
    if counts["released"]:
        lines.append(f"released  {counts['released']:,} contacts that were not made")
    if counts["waiting"]:
        lines.append(f"waiting   {counts['waiting']:,} contacts that may still be confirmed")
    if report.learner is None:
        lines.append("learned   nothing yet: no fast learner is published")
    else:
        later = (
            f"; {counts['not_learned']:,} teach the next publication only" if counts["not_learned"] else ""
        )
        lines.append(f"learned   from {counts['learned']:,} outcomes{later}")
    lines += [f"changed   {change['text']}" for change in counts["changes"]]
    return "\n".join(lines)


def _change_json(change: Change, currency: str) -> dict[str, Any]:
    """A change in figures, per decision in currency, and in words."""
    return {
        "action_id": change.action_id,
        "since": format_time(change.since_us),
        "seen": format_time(change.seen_us),
        "outcome_before": change.outcome_before,
        "outcome_after": change.outcome_after,
        "beyond_expected_before": change.before,
        "beyond_expected_after": change.after,
        "decisions_before": change.decisions_before,
        "decisions_after": change.decisions_after,
        "evidence": change.evidence,
        "threshold": change.threshold,
        "text": change_text(change, currency),
    }
