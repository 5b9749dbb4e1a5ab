"""What `nbatool evaluate` says: what each policy is worth on the log, how sure that is, and what to be careful about."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from nbatool.base.clock import format_time
from nbatool.measure.evaluating import EvaluationReport
from nbatool.measure.evaluation import BEST_SINGLE, LOGGED, Evaluation, Judgement
from nbatool.measure.intervals import Interval
from nbatool.models.card import canonical_json
from nbatool.report.bars import interval_line
from nbatool.report.figures import minute_text, money_text, number_text, share_text
from nbatool.report.tables import paragraph, table_lines

PER = 1000
"""Customers that money is shown for."""
MOST_MIX = 6
SAID = {
    "champion": "the champion",
    "challenger": "the challenger",
    "greedy": "the champion, always its best",
    LOGGED: "what was done",
    "nothing": "nothing",
    "random": "any possible action alike",
    BEST_SINGLE: "best single action",
    "rules": "the rules",
}
NO_BETTER = (
    "the champion is not shown to be worth more than {}: the difference may be chance. Keep trying actions and collect "
    "more outcomes before relying on it"
)


def evaluation_text(report: EvaluationReport, currency: str, width: int) -> str:
    """Return the judgement as a table with intervals, what was chosen, and every warning."""
    found = report.evaluation
    lines = paragraph(_headline(report), indent=0, width=width)
    lines += ["", *_values(found, currency, width)]
    lines += _unsupported(found, width)
    lines += ["", *_gains(found, currency, width)]
    lines += ["", *_mix(found, width)]
    if found.segments:
        lines += ["", *_segments(found, currency, width)]
    lines += ["", *_estimators(found, currency, width)]
    for warning in warnings(report):
        lines += paragraph(warning, first="! ", width=width)
    return "\n".join(lines)


def _headline(report: EvaluationReport) -> str:
    found = report.evaluation
    span = f"{minute_text(format_time(found.first_us))} to {minute_text(format_time(found.last_us))}"
    said = (
        f"{number_text(found.n)} decisions of {number_text(found.n_customers)} customers, {span}; value is what came in "
        "less what contacts cost, per decision"
    )
    if report.twin_of_us is None:
        return f"Version {report.version} on {said}"
    at = minute_text(format_time(report.twin_of_us))
    return (
        f"No {'enough ' if found.n else ''}decisions are newer than what {report.version} learned from. "
        f"Judged instead: a twin trained as of {at}, on the decisions after it. {said[0].upper()}{said[1:]}"
    ).replace("No enough", "Not enough")


def _shown(found: Evaluation) -> list[Judgement]:
    return [j for j in found.judgements if j.best is not None]


def _values(found: Evaluation, currency: str, width: int) -> list[str]:
    shown = sorted(_shown(found), key=lambda j: -(j.best.value if j.best else 0.0))
    if not shown:
        return ["  the log carries no estimate of any policy"]
    axis = (
        min(j.best.low for j in shown if j.best),
        max(j.best.high for j in shown if j.best),
    )
    room = min(30, max(10, width - 70))
    rows = []
    for j in shown:
        assert j.best is not None
        line = interval_line(j.best.low, j.best.high, j.best.value, j.best.value, axis=axis, size=room)
        rows.append((
            SAID.get(j.name, j.name), money_text(j.best.value, currency), _bounds(j.best, currency),
            number_text(j.overlap.effective), line.replace("◉", "●"),
        ))  # fmt: skip
    confidence = next(j.best.confidence for j in shown if j.best)
    heads = ("policy", "value", f"{confidence:.0%} interval", "effective", "")
    return table_lines(heads, rows, right="lrrrl", width=width)


def _bounds(interval: Interval, currency: str, factor: float = 1.0, decimals: int = 2) -> str:
    low, high = (money_text(b * factor, currency, decimals) for b in (interval.low, interval.high))
    return f"{low} to {high}"


def _unsupported(found: Evaluation, width: int) -> list[str]:
    lines = []
    for j in found.judgements:
        if not j.support.printed:
            why = "; ".join(j.support.reasons)
            lines += paragraph(f"no estimate of {SAID.get(j.name, j.name)}: {why}", first="! ", width=width)
    return lines


def _gains(found: Evaluation, currency: str, width: int) -> list[str]:
    """Differences decision by decision, in money per 1,000 customers decided once."""
    rows = []
    for name in ("challenger", "champion"):
        judged = found.of(name)
        if judged is None:
            continue
        for other, interval in judged.gain.items():
            said = f"{SAID[name]} against {SAID.get(other, other)}"
            rows.append((
                said, money_text(interval.value * PER, currency, 0, signed=True),
                _bounds(interval, currency, PER, 0), _verdict(interval),
            ))  # fmt: skip
    if not rows:
        return []
    heads = (f"difference per {number_text(PER)} customers decided once", "", "interval", "")
    return table_lines(heads, rows, right="lrrl", width=width)


def _verdict(interval: Interval) -> str:
    return "more" if interval.low > 0 else "less" if interval.high < 0 else "may be chance"


def _mix(found: Evaluation, width: int) -> list[str]:
    judged = found.of("champion")
    if judged is None:
        return []
    logged = found.of(LOGGED)
    order = sorted(range(len(found.labels)), key=lambda j: -float(judged.mix[j]))[:MOST_MIX]
    rows = [
        (
            found.labels[j],
            share_text(float(judged.mix[j])),
            share_text(float(logged.mix[j])) if logged is not None else "-",
        )
        for j in order
        if judged.mix[j] > 0
    ]
    used = int((judged.mix[:-1] > 0.005).sum())
    heads = (f"share of decisions ({used} actions used)", "champion", "what was done")
    return table_lines(heads, rows, right="lrr", width=width)


def _segments(found: Evaluation, currency: str, width: int) -> list[str]:
    rows = []
    for segment in found.segments:
        champion, logged = segment.values.get("champion"), segment.values.get(LOGGED)
        rows.append((
            segment.name, number_text(segment.n),
            "too few" if champion is None else money_text(champion.value, currency),
            "" if champion is None else _bounds(champion, currency),
            "too few" if logged is None else money_text(logged.value, currency),
        ))  # fmt: skip
    heads = ("segment", "decisions", "champion", "interval", "what was done")
    return table_lines(heads, rows, right="lrrrr", width=width)


def _estimators(found: Evaluation, currency: str, width: int) -> list[str]:
    judged = found.of("champion")
    if judged is None or not judged.estimates:
        return []
    rows = [
        (
            name,
            money_text(interval.value, currency),
            _bounds(interval, currency),
            _bounds(judged.asymptotic[name], currency),
        )
        for name, interval in judged.estimates.items()
    ]
    heads = ("the champion by estimator", "value", "bootstrap", "formula")
    return table_lines(heads, rows, right="lrrr", width=width)


def warnings(report: EvaluationReport) -> list[str]:
    """Return everything to be careful about, in plain words."""
    found = report.evaluation
    said = []
    champion = found.of("champion")
    if champion is not None:
        unsure = [
            SAID[o]
            for o, interval in champion.gain.items()
            if o in (LOGGED, BEST_SINGLE) and interval.low <= 0
        ]
        if unsure:
            said.append(NO_BETTER.format(" or ".join(unsure)))
        said += [f"the champion: {w}" for w in champion.support.warnings]
    said += report.notes
    if found.probabilities != "logged":
        said.append(found.probabilities)
    if not found.honest.honest:
        said.append(found.honest.verdict)
    if report.overlaps:
        who = "the version" if report.challenger is None else "the version or the challenger"
        said.append(f"{who} may have learned from outcomes it is judged on: its value is too good")
    if found.model_r2 <= max(found.model_r2_means, 0.0):
        said.append("the outcome model predicts no better than the mean of each action")
    for reason, count in found.left_out.items():
        said.append(f"{number_text(count)} decisions left out: {reason}")
    return said


def evaluation_json(report: EvaluationReport, currency: str) -> dict[str, Any]:
    """Return everything measured; money per decision, null where it cannot be had."""
    found = report.evaluation
    result = {
        "version": report.version,
        "challenger": report.challenger,
        "twin_of": None if report.twin_of_us is None else format_time(report.twin_of_us),
        "currency": currency,
        "decisions": found.n,
        "customers": found.n_customers,
        "first": format_time(found.first_us),
        "last": format_time(found.last_us),
        "left_out": dict(found.left_out),
        "from_events": report.from_events,
        "anonymous": report.anonymous,
        "logging_policies": list(report.policies),
        "probabilities": found.probabilities,
        "honest": {"honest": found.honest.honest, "verdict": found.honest.verdict},
        "model": {"r2": found.model_r2, "r2_means": found.model_r2_means},
        "seed": found.seed,
        "policies": {j.name: _judgement_json(j, found.labels) for j in found.judgements},
        "segments": [
            {
                "segment": s.name,
                "decisions": s.n,
                "values": {p: _interval_json(v) for p, v in s.values.items()},
            }
            for s in found.segments
        ],
        "warnings": warnings(report),
    }
    plain: dict[str, Any] = json.loads(canonical_json(result))
    return plain


def _judgement_json(j: Judgement, labels: Sequence[str]) -> dict[str, Any]:
    return {
        "supported": j.support.printed,
        "reasons": list(j.support.reasons),
        "warnings": list(j.support.warnings),
        "estimates": {name: _interval_json(i) for name, i in j.estimates.items()},
        "asymptotic": {name: _interval_json(i) for name, i in j.asymptotic.items()},
        "gain": {name: _interval_json(i) for name, i in j.gain.items()},
        "effective": j.overlap.effective,
        "effective_customers": j.overlap.effective_customers,
        "largest_weight": j.overlap.largest,
        "unsupported": j.overlap.unsupported,
        "mix": {label: float(share) for label, share in zip(labels, j.mix, strict=True)},
    }


def _interval_json(interval: Interval | None) -> dict[str, float] | None:
    if interval is None:
        return None
    return {"value": interval.value, "low": interval.low, "high": interval.high, "se": interval.se}
