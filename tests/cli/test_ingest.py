"""The `ingest` command's numbers, notes and options."""

from __future__ import annotations

import pytest

from nbatool.base.errors import UsageError
from nbatool.cli.ingest import rejected_share, report_json, report_text
from nbatool.ingest.report import Counts, FlagCount, IngestReport, SourceReport

REPORT = IngestReport(
    sources=(
        SourceReport(
            name="orders",
            kind="events",
            counts=Counts(
                rows=1500, accepted=1400, duplicate=90, rejected=10, lines=3000, duplicate_of_other_file=7
            ),
            files=3,
            unchanged_files=1,
            unmatched={"c": 4, "p": 0},
            flagged=(FlagCount("value is negative", 2, "orders.csv line 8"),),
            warnings=("the newest event lies in the future",),
            seconds=1.23,
        ),
        SourceReport(name="log", kind="outcomes", skipped="kind = outcomes is not built yet"),
    )
)


def test_the_text_adds_up() -> None:
    assert report_text(REPORT).splitlines() == [
        "orders   1,500 rows = 1,400 accepted + 90 duplicate + 10 rejected   1.2 s",
        "         1 of 3 files unchanged, not read again",
        "         made from 3,000 lines",
        "         7 duplicates stand in another file",
        "         4 lines without a partner in c",
        "         2 rows: value is negative, such as orders.csv line 8",
        "log      not read: kind = outcomes is not built yet",
        "in all   1,500 rows = 1,400 accepted + 90 duplicate + 10 rejected",
    ]


def test_the_json_has_the_keys_per_source_and_in_all() -> None:
    result = report_json(REPORT)
    wanted = {"rows": 1500, "accepted": 1400, "duplicate": 90, "rejected": 10}
    assert wanted.items() <= result.items()
    assert wanted.items() <= result["sources"]["orders"].items()
    assert result["warnings"] == ['source "orders": the newest event lies in the future']


@pytest.mark.parametrize(("text", "share"), [("1%", 0.01), ("0", 0.0), ("100 %", 1.0), ("0.5", 0.5)])
def test_shares(text: str, share: float) -> None:
    assert rejected_share(text) == share


@pytest.mark.parametrize("text", ["", "-1%", "101%", "2", "x", "1e-2", "nan"])
def test_texts_that_are_no_share(text: str) -> None:
    with pytest.raises(UsageError, match="--max-rejects"):
        rejected_share(text)
