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
    windows, live = report.windows, report.live
    return {
        "as_of": format_time(report.as_of_us),
        "closed": windows.closed + live.windows,
        "by_default": windows.by_default + live.by_default,
        "expired": windows.expired,
        "released": windows.released + live.released,
        "open": windows.open,
        "first_window_ends": None if windows.first_ends_us is None else format_time(windows.first_ends_us),
        "in_review": report.in_review,
        "waiting": windows.waiting,
        "waiting_for_data": windows.waiting_for_data,
        "data_until": None if not report.data_until_us else format_time(report.data_until_us),
        "unconfirmed_nights": [
            {"as_of": format_time(night.as_of_us), "contacts": night.contacts, "nothing": night.nothing}
            for night in windows.unconfirmed
        ],
        "learned": report.learned,
        "not_learned": report.not_learned,
        "model_version": report.learner,
        "changes": [_change_json(change, report.currency) for change in report.changes],
    }


def learn_text(report: LearnReport) -> str:
    """Return the counts in words."""
    counts = learn_json(report)
    lines = [f"As of {minute_text(counts['as_of'])}"]
    closed, default = counts["closed"], counts["by_default"]
    lines.append(f"closed    {closed:,} outcome windows; in {default:,} of them nothing happened")
    lines += open_text(report)
    if counts["expired"]:
        lines.append(
            f"expired   {counts['expired']:,} contacts that nobody confirmed in time: no outcome of theirs counts"
        )
    if counts["released"]:
        lines.append(f"released  {counts['released']:,} contacts that were not made")
    if counts["in_review"]:
        lines.append(
            f"review    {counts['in_review']:,} decisions wait for a person or the next night; their windows begin when they "
            f"go out: {report.command} review list"
        )
    if counts["waiting"]:
        lines.append(f"waiting   {counts['waiting']:,} decisions, for contacts that may still be confirmed")
    lines += waiting_for_data_text(report)
    if report.learner is None:
        lines.append("learned   nothing yet: no fast learner is published")
    else:
        others = (
            f"; {counts['not_learned']:,} taught it nothing: decided by another version, for an action it does not know, "
            "or without a choice"
            if counts["not_learned"]
            else ""
        )
        lines.append(f"learned   from {counts['learned']:,} outcomes{others}")
    lines += [f"changed   {change['text']}" for change in counts["changes"]]
    lines += unconfirmed_text(report)
    return "\n".join(lines)


def open_text(report: LearnReport) -> list[str]:
    """Return how many windows have not ended, and where none has, what to do; no line where there is none."""
    n, ends_us = report.windows.open, report.windows.first_ends_us
    if not n or ends_us is None:
        return []
    line = f"open      {n:,} decisions wait: the first window ends {minute_text(format_time(ends_us))}"
    closed = report.windows.closed + report.live.windows
    if closed or report.clock_runs:
        return [line]
    if report.data_until_us is not None and report.data_until_us < ends_us:
        return [f"{line}. The present is that of the data; load newer events: {report.command} ingest"]
    later = f"{report.command} learn --as-of {format_time(ends_us)}"
    return [f"{line}. The present is that of the data; to learn as of then: {later}"]


def waiting_for_data_text(report: LearnReport) -> list[str]:
    """Return what to do about windows the loaded events do not reach; no line where there is none."""
    n = report.windows.waiting_for_data
    if not n:
        return []
    until = report.data_until_us
    newest = f"the newest event is of {minute_text(format_time(until))}" if until else "no event is loaded"
    return [
        f"waiting   {n:,} outcome windows for data: they end later than the events loaded, and {newest}. "
        f"Load newer events: {report.command} ingest"
    ]


def unconfirmed_text(report: LearnReport) -> list[str]:
    """Return a warning for each night none of whose contacts was confirmed."""
    return [
        f"warning   none of the {night.contacts:,} contacts of {minute_text(format_time(night.as_of_us))} was ever "
        f"confirmed as sent: that night teaches nothing, nor do the {night.nothing:,} customers it left alone. Confirm "
        'contacts when they go out, a line {"decision_id": "d_…", "status": "sent"} each, with: '
        f"{report.command} learn -"
        for night in report.windows.unconfirmed
    ]


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
