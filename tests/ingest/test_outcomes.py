"""Outcomes of files: known and unknown decisions, before and twice, numbers that are none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from small_shop import Shop, source

from nbatool.ingest.report import SourceReport

DECISIONS = source("d*.ndjson", name="log", kind="decisions", decision_id="id", ts="ts", action_id="action")
OUTCOMES = source(
    "o*.ndjson", name="crm", kind="outcomes",
    decision_id="id", value="value", objective="objective", ts="ts", outcome_id="key",
)  # fmt: skip
UNKNOWN = "of no decision loaded yet: kept until it is"


def write(shop: Shop, name: str, *rows: dict[str, Any]) -> None:
    full = dict.fromkeys(("id", "value", "objective", "ts", "key", "action"))
    shop.write(name, "".join(json.dumps({**full, **row}) + "\n" for row in rows))


def load(
    shop: Shop, *rows: dict[str, Any], file: str = "o.ndjson", text: str = DECISIONS + OUTCOMES
) -> SourceReport:
    """Load decisions d1 (1 January) and d2 (2 January), and outcomes; return what happened to the outcomes."""
    decisions = [{"id": f"d{k}", "ts": f"2020-01-0{k}", "action": "tea"} for k in (1, 2)]
    write(shop, "d.ndjson", *decisions)
    write(shop, file, *rows)
    reports = shop.load(shop.configure(text), max_rejects="100%").sources
    report = next(report for report in reports if report.name == "crm")
    counts = report.counts
    assert counts.rows == counts.accepted + counts.duplicate + counts.rejected
    return report


def flagged(report: SourceReport) -> dict[str, int]:
    return {flag.reason: flag.rows for flag in report.flagged}


def stored(shop: Shop) -> list[tuple[Any, ...]]:
    return shop.rows(
        "select decision_id, slot, outcome_id, objective, value::varchar from outcomes order by all"
    )


def test_what_is_stored(shop):
    report = load(
        shop, {"id": "d1", "value": "2.55", "objective": "spend", "ts": "2020-01-03T10:00:00Z", "key": "k"}
    )
    assert report.flagged == ()
    assert stored(shop) == [("d1", None, "k", "spend", "2.5500")]
    assert shop.rows("select source, epoch(ts)::bigint from outcomes") == [("crm", 1578045600)]


def test_of_decisions_that_are_not_loaded(shop):
    report = load(shop, {"id": "d1", "value": 1}, {"id": "gone", "value": 2})
    assert flagged(report) == {UNKNOWN: 1}
    assert report.flagged[0].example == "decision gone"
    assert report.counts.accepted == 2
    write(shop, "d9.ndjson", {"id": "gone", "ts": "2020-01-09", "action": "tea"})
    assert load(shop, {"id": "d1", "value": 1}, {"id": "gone", "value": 2}).flagged == ()


def test_decisions_that_are_configured_after_their_outcomes_count(shop):
    assert load(shop, {"id": "d1", "value": 1}, text=OUTCOMES + DECISIONS).flagged == ()


def test_before_its_decision(shop):
    report = load(
        shop,
        {"id": "d2", "value": 1, "ts": "2020-01-01T23:59:59Z"},
        {"id": "d2", "value": 1, "ts": "2020-01-02"},
    )
    assert flagged(report) == {"before its decision": 1}
    assert report.counts.accepted == 2


def test_twice_is_once(shop):
    rows = [
        {"id": "d1", "value": 1, "key": "k"},
        {"id": "d1", "value": 1, "key": "k"},
        {"id": "d2", "value": 1, "key": "k"},
    ]
    counts = load(shop, *rows).counts
    assert (counts.accepted, counts.duplicate) == (2, 1)
    again = load(shop, *rows, file="o2.ndjson").counts
    assert (again.accepted, again.duplicate) == (0, 6)
    assert len(stored(shop)) == 2


def test_without_an_id_objective_and_time_tell_them_apart(shop):
    day, night = {"id": "d1", "ts": "2020-01-03T10:00:00Z"}, {"id": "d1", "ts": "2020-01-03T22:00:00Z"}
    rows = [
        {**day, "value": 1},
        {**day, "value": 1},
        {**night, "value": 1},
        {**day, "value": 1, "objective": "spend"},
    ]
    counts = load(shop, *rows).counts
    assert (counts.accepted, counts.duplicate) == (3, 1)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
@pytest.mark.parametrize("files", [1, 3])
def test_one_id_for_several_values(shop, order, files):
    """The earlier one is kept, then the greater one, in whatever order they come."""
    rows = [
        {"id": "d1", "value": 3, "key": "k", "ts": "2020-01-04"},
        {"id": "d1", "value": 1, "key": "k", "ts": "2020-01-03"},
        {"id": "d1", "value": 2, "key": "k", "ts": "2020-01-03"},
    ]
    if files == 1:
        report = load(shop, *(rows[k] for k in order))
        assert "2 rows have the decision and outcome_id of another row" in report.warnings[0]
    for k in order if files == 3 else ():
        load(shop, rows[k], file=f"o{k}.ndjson")
    assert stored(shop) == [("d1", None, "k", None, "2.0000")]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("NaN", "value is not a number"),
        ("inf", "value is not a number"),
        ("much", "value is not a number"),
        ("", "value is empty"),
        (None, "value is empty"),
        ("1e14", "value is too big"),
        (-100_000_000_000_000, "value is too big"),
        ("1e999", "value is too big"),
    ],
)
def test_values_that_are_none(shop, value, reason):
    report = load(shop, {"id": "d1", "value": "99999999999999.9999"}, {"id": "d2", "value": value})
    assert (report.counts.accepted, report.counts.rejected) == (1, 1)
    assert shop.rows("select line, reason from rejects") == [(2, reason)]
    assert [row[-1] for row in stored(shop)] == ["99999999999999.9999"]


def test_a_decision_is_needed(shop):
    assert load(shop, {"id": " ", "value": 1}).counts.rejected == 1


def test_full_refresh(shop):
    load(shop, {"id": "d1", "value": 1, "key": "a"}, {"id": "d1", "value": 1, "key": "b"})
    write(shop, "o.ndjson", {"id": "d1", "value": 1, "key": "a"})
    shop.load(shop.configure(DECISIONS + OUTCOMES), source="crm", full_refresh=True)
    assert [row[2] for row in stored(shop)] == ["a"]
    assert shop.rows("select count(*) from decisions") == [(2,)]
