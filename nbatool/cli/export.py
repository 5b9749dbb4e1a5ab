"""``nbatool export``: the decision log, in a format other tools read."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, cast

import typer

from nbatool.base.errors import UsageError, did_you_mean
from nbatool.cli.command import as_command
from nbatool.cli.session import current

if TYPE_CHECKING:
    from nbatool.activate.log_export import ExportReport, LogFormat

FORMATS = ("dsjson", "obp", "csv", "parquet")


def export(
    context: typer.Context,
    log_format: Annotated[
        str,
        typer.Option(
            "--format", metavar="FORMAT", help="dsjson (Vowpal Wabbit), obp (Open Bandit), csv or parquet."
        ),
    ],
    out: Annotated[
        str | None, typer.Option(metavar="FILE", help="Where to; - is stdout. Else out/decisions.FORMAT.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Only decisions from this time on.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only decisions before this time.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Only of this source; nbatool is what was decided here."),
    ] = None,
) -> None:
    """Write the decision log with its outcomes, for other tools to read.

    Example:  nbatool export --format dsjson --out log.dsjson
    """
    from nbatool.activate.log_export import ExportSettings, export_log

    session = current(context)
    zone = session.workspace.config.workspace.timezone
    settings = ExportSettings(
        known_format(log_format),
        out=out,
        from_us=_time("--from", since, zone),
        until_us=_time("--until", until, zone),
        source=source,
        as_of_us=session.as_of_us,
    )
    with session.run("export") as summary:
        report = export_log(session.workspace, settings)
        summary.update(asdict(report))
    if out != "-":
        session.console.summary(asdict(report), export_text(report))


command = as_command(export)


def known_format(asked: str) -> LogFormat:
    """Return the format asked for.

    >>> known_format("obp")
    'obp'
    """
    if asked not in FORMATS:
        raise UsageError(
            f'--format: "{asked}" is not one of {", ".join(FORMATS)}{did_you_mean(asked, FORMATS)}'
        )
    return cast("LogFormat", asked)


def export_text(report: ExportReport) -> str:
    """Return what was written, and what other tools will miss in it."""
    missing = [
        (report.without_outcome, "have no outcome yet"),
        (report.without_probability, "have no probability: they were logged without"),
        (
            report.without_candidates if report.log_format == "dsjson" else 0,
            "have no list of candidates: Vowpal Wabbit cannot learn from them",
        ),
    ]
    notes = [f"         {n:,} of them {what}" for n, what in missing if n]
    if report.not_made:
        said = (
            "are left out"
            if report.log_format == "obp"
            else "are marked"
            if report.log_format == "dsjson"
            else "say so"
        )
        notes.append(
            f"         {report.not_made:,} contacts that were not made, or that nobody confirmed, {said}"
        )
    return "\n".join([f"export   {report.rows:,} decisions   {report.file}", *notes])


def _time(flag: str, text: str | None, zone: str) -> int | None:
    from nbatool.base.clock import parse_time

    if text is None:
        return None
    try:
        return parse_time(text, zone)
    except ValueError as error:
        raise UsageError(f"{flag}: {error}") from None
