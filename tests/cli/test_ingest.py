"""The `ingest` command's numbers, notes and options."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from nbatool.cli.ingest import report_json, report_text
from nbatool.ingest.report import Counts, FlagCount, IngestReport, SourceReport
from nbatool.store.lock import workspace_lock
from nbatool.store.warehouse import open_warehouse
from nbatool.store.workspace import open_workspace

Nbatool = Callable[..., tuple[int, str, str]]
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
        SourceReport(name="log", kind="outcomes", counts=Counts(rows=2, accepted=2), seconds=0.04),
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
        "log      2 rows = 2 accepted + 0 duplicate + 0 rejected   0.0 s",
        "in all   1,502 rows = 1,402 accepted + 90 duplicate + 10 rejected",
    ]


def test_the_json_has_the_keys_per_source_and_in_all() -> None:
    result = report_json(REPORT)
    wanted = {"rows": 1500, "accepted": 1400, "duplicate": 90, "rejected": 10}
    assert {"rows": 1502, "accepted": 1402, "duplicate": 90, "rejected": 10}.items() <= result.items()
    assert wanted.items() <= result["sources"]["orders"].items()
    assert result["warnings"] == ['source "orders": the newest event lies in the future']


def test_a_file_is_loaded_once(shop: Path, nbatool: Nbatool) -> None:
    code, out, err = nbatool("ingest")
    assert (code, err) == (0, "")
    assert out.startswith("events   2 rows = 2 accepted + 0 duplicate + 0 rejected")
    again = json.loads(nbatool("ingest", "--json")[1])
    assert {"rows": 2, "accepted": 0, "duplicate": 2, "rejected": 0}.items() <= again.items()


def test_status_shows_what_was_loaded_and_what_ran(shop: Path, nbatool: Nbatool) -> None:
    nbatool("ingest", "-q")
    status = json.loads(nbatool("status", "--json")[1])
    (source,) = status["sources"]
    assert (source["source"], source["files"], source["accepted"]) == ("events", 1, 2)
    (event,) = status["events"]
    assert event == {
        "source": "events", "type": "buy", "events": 2, "customers": 2,
        "first": "2018-01-01T00:00:00Z", "last": "2018-01-02T00:00:00Z",
    }  # fmt: skip
    assert [(run["command"], run["exit_code"]) for run in status["runs"]] == [("ingest", 0)]


def test_too_many_rejects_load_nothing_and_are_kept(shop: Path, nbatool: Nbatool) -> None:
    with (shop / "events.csv").open("a") as file:
        file.write("c3,,buy,1\n")
    code, out, err = nbatool("ingest")
    assert (code, out) == (4, "")
    assert 'source "events": 1 of 3 rows rejected' in err
    rejects = json.loads(nbatool("status", "--rejects", "--json")[1])
    assert [(row["line"], row["raw"]) for row in rejects["rejects"]] == [(4, "c3,,buy,1")]
    status = json.loads(nbatool("status", "--json")[1])
    assert (status["sources"], [run["exit_code"] for run in status["runs"]]) == ([], [4])
    assert nbatool("ingest", "--max-rejects", "50%", "-q") == (0, "", "")


def test_a_dry_run_leaves_nothing(shop: Path, nbatool: Nbatool) -> None:
    code, out, _ = nbatool("ingest", "--dry-run")
    assert code == 0
    assert "c1" in out
    assert "\nNothing was loaded (--dry-run).\nNext     nbatool" in out
    assert not (shop / "data" / "warehouse.duckdb").exists()


def test_the_workspace_is_held_meanwhile(shop: Path, nbatool: Nbatool) -> None:
    nbatool("ingest", "-q")
    with workspace_lock(open_workspace(shop), "nbatool train"):
        # Also to read: a warehouse that is open once cannot be opened again, not even by who holds the workspace.
        for command in ("ingest", "status"):
            code, out, err = nbatool(command)
            assert (code, out) == (6, "")
            assert "is in use by `nbatool train`" in err


def test_a_dry_run_runs_beside_any_command(shop: Path, nbatool: Nbatool) -> None:
    nbatool("ingest", "-q")
    with workspace_lock(open_workspace(shop), "nbatool train"), open_warehouse(open_workspace(shop)):
        code, out, err = nbatool("ingest", "--dry-run")
    assert (code, "c1" in out, err) == (0, True, "")


def test_a_dry_run_counts_what_would_be_rejected_and_why(shop: Path, nbatool: Nbatool) -> None:
    with (shop / "events.csv").open("a") as file:
        file.write("c3,,buy,1\nc4,,buy,1\nc5,2018-01-03,buy,much\n")
    code, out, err = nbatool("ingest", "--dry-run")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "events   looked at 5 rows of events.csv: 3 would be rejected"
    assert lines[1] == "         2 rows: ts is empty"
    assert lines[2].startswith("         1 row: value ")
    assert "0 accepted" not in out
    seen = json.loads(nbatool("ingest", "--dry-run", "--json")[1])["sources"]["events"]["looked_at"]
    assert (seen["rows"], seen["whole"], seen["reasons"]["ts is empty"]) == (5, True, 2)


def test_a_dry_run_reads_the_first_rows_only(shop: Path, nbatool: Nbatool) -> None:
    with (shop / "events.csv").open("a") as file:
        file.writelines(f"c{n},2018-01-03,buy,1\n" for n in range(100_000))
    (shop / "more.csv").write_text((shop / "events.csv").read_text())
    code, out, _ = nbatool("ingest", "--dry-run", str(shop / "events.csv"), str(shop / "more.csv"))
    assert code == 0
    first, second, *_ = out.splitlines()
    assert first.startswith("events   looked at the first ")
    assert first.endswith(" rows of events.csv: none would be rejected")
    assert second == "         not looked at: 1 of its 2 files"


def test_a_missing_file_is_named_before_its_source_is_asked_for(shop: Path, nbatool: Nbatool) -> None:
    people = (
        '[[source]]\nname = "people"\nkind = "customers"\nfiles = ["p.csv"]\nmap = { customer_id = "id" }\n'
    )
    with (shop / "nba.toml").open("a") as file:
        file.write(people)
    code, _, err = nbatool("ingest", "/no/such/file.csv")
    assert (code, "which source" in err) == (4, False)
    assert "/no/such/file.csv: no such file" in err
    assert "which source do the files belong to?" in nbatool("ingest", str(shop / "events.csv"))[2]


def test_a_workbook_is_to_be_saved_as_csv(shop: Path, nbatool: Nbatool) -> None:
    (shop / "events.csv").write_bytes(b"PK\x03\x04\x14\x00\x06\x00\xff")
    for command in (("ingest",), ("ingest", "--dry-run")):
        code, _, err = nbatool(*command)
        assert code == 4
        assert (
            "events.csv is an Excel workbook (or another zip archive), which is not read. Save its sheet as CSV"
            in err
        )
