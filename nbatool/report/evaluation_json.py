"""The judgement as data: everything measured, values per decision."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from nbatool.base.clock import format_time
from nbatool.measure.evaluating import EvaluationReport
from nbatool.measure.evaluation import VERDICTS_BY, Judgement
from nbatool.measure.intervals import Interval
from nbatool.measure.learned_from import Leak
from nbatool.measure.newer import Newer
from nbatool.models.card import canonical_json
from nbatool.report.evaluation_words import best_single_words, warnings


def evaluation_json(report: EvaluationReport, currency: str, command: str = "") -> dict[str, Any]:
    """Return everything measured; values are per decision in `unit`, null where they cannot be had.

    Parameters
    ----------
    command
        What was typed, seed included, so that the figures can be made again.
    """
    found, twin = report.evaluation, report.twin
    result = {
        "version": report.version,
        "challenger": report.challenger,
        "twin_of": None if report.twin_of_us is None else format_time(report.twin_of_us),
        "held_out_customers": twin.held_out if twin is not None and twin.held_out else None,
        "currency": currency,
        "unit": found.unit or currency,
        "per": "decision",
        "command": command,
        "decisions": found.n,
        "customers": found.n_customers,
        "first": format_time(found.first_us),
        "last": format_time(found.last_us),
        "left_out": dict(found.left_out),
        "not_made": found.not_made,
        "omitted": dict(found.omitted),
        "from_events": report.from_events,
        "anonymous": report.anonymous,
        "logging_policies": list(report.policies),
        "probabilities": found.probabilities,
        "honest": {"honest": found.honest.honest, "verdict": found.honest.verdict},
        "model": {"r2": found.model_r2, "r2_means": found.model_r2_means},
        "seed": found.seed,
        "resamples": found.resamples,
        "verdicts_by": VERDICTS_BY,
        "best_single": best_single_words(found),
        "newer": None if report.newer is None else _newer_json(report.newer),
        "leaks": [_leak_json(each) for each in report.leaks],
        "policies": {
            j.name: _judgement_json(j, found.labels) | {"clean": report.leak_of(j.name) is None}
            for j in found.judgements
        },
        "segments": [
            {
                "segment": s.name,
                "decisions": s.n,
                "values": {p: _interval_json(v) for p, v in s.values.items()},
            }
            for s in found.segments
        ],
        "warnings": warnings(report, found.unit or currency),
    }
    plain: dict[str, Any] = json.loads(canonical_json(result))
    return plain


def _newer_json(newer: Newer) -> dict[str, Any]:
    """Decisions the version cannot have learned from, where they were too few to judge it by."""
    return {
        "decisions": newer.decisions, "outcome_known": newer.known, "usable": newer.usable,
        "not_made": newer.not_made, "left_out": dict(newer.left_out),
    }  # fmt: skip


def _leak_json(each: Leak) -> dict[str, Any]:
    return {
        "policy": each.policy,
        "version": each.version,
        "trained_until": format_time(each.trained_us),
        "decisions": each.decisions,
        "from": format_time(each.first_us),
        "until": format_time(each.last_us),
        "clean_from": format_time(each.unlearned_us),
    }


def _judgement_json(j: Judgement, labels: Sequence[str]) -> dict[str, Any]:
    return {
        "supported": j.support.printed,
        "reasons": list(j.support.reasons),
        "warnings": list(j.support.warnings),
        "estimates": {name: _interval_json(i) for name, i in j.estimates.items()},
        "asymptotic": {name: _interval_json(i) for name, i in j.asymptotic.items()},
        "gain": {name: _interval_json(i) for name, i in j.gain.items()},
        "alike": {name: asdict(found) for name, found in j.alike.items()},
        "effective": j.overlap.effective,
        "effective_customers": j.overlap.effective_customers,
        "largest_weight": j.overlap.largest,
        "unsupported": j.overlap.unsupported,
        "mix": {label: float(share) for label, share in zip(labels, j.mix, strict=True)},
    }


def _interval_json(interval: Interval | None) -> dict[str, float] | None:
    if interval is None:
        return None
    return {
        "value": interval.value, "low": interval.low, "high": interval.high, "se": interval.se,
        "confidence": interval.confidence,
    }  # fmt: skip
