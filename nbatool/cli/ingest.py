"""``nbatool ingest``: files into the warehouse, with numbers that add up."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nbatool.base.next_step import command_for
from nbatool.cli.command import as_command
from nbatool.cli.session import Session, current
from nbatool.cli.table import Column, table_text

if TYPE_CHECKING:
    from nbatool.ingest.report import Counts, IngestReport, LookedAt, SourceReport

KEYS = ("rows", "accepted", "duplicate", "rejected")


def ingest(
    context: typer.Context,
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE]...", help="Instead of the configured files; - is standard input."),
    ] = None,
    source: Annotated[str | None, typer.Option(metavar="NAME", help="Only this source of nba.toml.")] = None,
    max_rejects: Annotated[
        str,
        typer.Option(
            metavar="LIMIT",
            help="More rejected rows than this, and nothing is loaded: 1% of the rows, or 20 for a number of rows.",
        ),
    ] = "1%",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show mapped rows and load nothing.")] = False,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Replace what the source had, for a changed map.")
    ] = False,
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", help="Files that are not there or hold no row are fine.")
    ] = False,
) -> None:
    """Load the files of nba.toml, or those named, into the warehouse.

    The same file again changes nothing.

    Example:  nbatool ingest --dry-run
    """
    from nbatool.ingest.load import load

    session = current(context)
    # A dry run reads the input files alone, so that it may run beside any other command.
    turn = nullcontext(dict[str, Any]()) if dry_run else session.run("ingest")
    with turn as summary, session.console.progress("ingest") as step:
        report = load(
            session.workspace,
            files=files,
            source=source,
            max_rejects=max_rejects,
            dry_run=dry_run,
            full_refresh=full_refresh,
            allow_empty=allow_empty,
            on_progress=step,
        )
        summary.update(_counts(report.totals))
    for warning in report.all_warnings:
        session.console.talk(f"warning: {warning}")
    session.console.summary(report_json(report), f"{report_text(report)}{_next(session, report)}")


command = as_command(ingest)


def _next(session: Session, report: IngestReport) -> str:
    """Where to look next, on lines of its own; nothing where no source is configured."""
    from nbatool.models.registry import champion

    if not report.sources:
        return ""
    begin = command_for(session.workspace.root)
    if report.dry_run:
        return f"\nNext     {begin} ingest"
    rejected = report.totals.rejected
    seen = f"\nRejected {begin} status --rejects   shows the {rejected:,} rows" if rejected else ""
    trained = champion(session.workspace.models_dir) is not None
    return f"{seen}\nNext     {begin} {'score' if trained else 'train'}"


def report_json(report: IngestReport) -> dict[str, Any]:
    """Return the counts in all and per source."""
    return {
        **_counts(report.totals),
        "dry_run": report.dry_run,
        "sources": {source.name: _source_json(source) for source in report.sources},
        "warnings": list(report.all_warnings),
    }


def report_text(report: IngestReport) -> str:
    """Return one line per source whose numbers add up, and what was odd about it."""
    lines: list[str] = []
    width = max((len(source.name) for source in report.sources), default=0)
    for source in report.sources:
        lines.append(f"{source.name:<{width}}   {_sum_line(source)}")
        lines += [f"{'':<{width}}   {note}" for note in _notes(source)]
        if source.preview:
            lines += ["", _preview(source), ""]
    if len(report.sources) > 1 and not report.dry_run:
        lines.append(f"{'in all':<{width}}   {equation(report.totals)}")
    if report.dry_run:
        lines.append("Nothing was loaded (--dry-run).")
    return "\n".join(lines) if lines else "nba.toml names no source: add a [[source]]"


def equation(counts: Counts) -> str:
    """Return ``rows = accepted + duplicate + rejected`` in numbers."""
    return (
        f"{counts.rows:,} rows = {counts.accepted:,} accepted + {counts.duplicate:,} duplicate "
        f"+ {counts.rejected:,} rejected"
    )


def _sum_line(source: SourceReport) -> str:
    if source.looked_at is not None:
        return looked_at_text(source.looked_at)
    return f"{equation(source.counts)}   {source.seconds:.1f} s"


def looked_at_text(seen: LookedAt) -> str:
    """Return how many rows a dry run looked at, and how many of them an ingest would reject.

    >>> from nbatool.ingest.report import LookedAt
    >>> print(looked_at_text(LookedAt("a.csv", 5, whole=True)))
    looked at 5 rows of a.csv: none would be rejected
    >>> print(looked_at_text(LookedAt("a.csv", 9000, whole=False, reasons={"ts is empty": 2})))
    looked at the first 9,000 rows of a.csv: 2 would be rejected
    """
    which = "" if seen.whole else "the first "
    rejected = f"{seen.rejected:,}" if seen.rejected else "none"
    return f"looked at {which}{seen.rows:,} rows of {seen.file}: {rejected} would be rejected"


def _notes(source: SourceReport) -> list[str]:
    counts = source.counts
    notes = [
        (
            source.unchanged_files,
            f"{source.unchanged_files} of {source.files} files unchanged, not read again",
        ),
        (counts.lines not in (0, counts.rows), f"made from {counts.lines:,} lines"),
        (
            counts.duplicate_of_other_file,
            f"{counts.duplicate_of_other_file:,} duplicates stand in another file",
        ),
        (counts.replaced, f"{counts.replaced:,} replaced an older record of the same time"),
    ]
    unmatched = [
        f"{rows:,} lines without a partner in {name}" for name, rows in source.unmatched.items() if rows
    ]
    if (seen := source.looked_at) is not None:
        notes += [
            (seen.lines not in (0, seen.rows), f"made from {seen.lines:,} lines"),
            (source.files > 1, f"not looked at: {source.files - 1:,} of its {source.files:,} files"),
            *(
                (True, f"{rows:,} row{'' if rows == 1 else 's'}: {reason}")
                for reason, rows in seen.reasons.items()
            ),
        ]
    flagged = [
        f"{flag.rows:,} row{'' if flag.rows == 1 else 's'}: {flag.reason}, such as {flag.example}"
        for flag in source.flagged
    ]
    return [text for told, text in notes if told] + unmatched + flagged


def _preview(source: SourceReport) -> str:
    names = list(dict.fromkeys(name for row in source.preview for name in row))
    empty = [name for name in names if all(row.get(name) in (None, "") for row in source.preview)]
    names = [name for name in names if name not in empty]
    table = table_text(
        [Column(name) for name in names], [[row.get(name) for name in names] for row in source.preview]
    )
    return f"{table}\nempty: {', '.join(empty)}" if empty else table


def _counts(counts: Counts) -> dict[str, int]:
    return {key: getattr(counts, key) for key in KEYS}


def _source_json(source: SourceReport) -> dict[str, Any]:
    return {
        "kind": source.kind,
        **_counts(source.counts),
        "files": source.files,
        "unchanged_files": source.unchanged_files,
        "duplicate_of_other_file": source.counts.duplicate_of_other_file,
        "unmatched": dict(source.unmatched),
        "flagged": {flag.reason: flag.rows for flag in source.flagged},
        **({"looked_at": asdict(source.looked_at)} if source.looked_at else {}),
        **(
            {"preview": [{key: _json_value(value) for key, value in row.items()} for row in source.preview]}
            if source.preview
            else {}
        ),
    }


def _json_value(value: object) -> object:
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
