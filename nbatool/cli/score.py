"""``nbatool score``: what to do for everybody, in a file, best first."""

from __future__ import annotations

import os
from typing import Annotated, cast

import typer

from nbatool.base.errors import UsageError
from nbatool.cli.command import as_command
from nbatool.cli.session import current

FORMATS = ("csv", "parquet", "ndjson")


def score(
    context: typer.Context,
    out: Annotated[
        str | None, typer.Option(metavar="FILE", help="Where to; - is stdout. Else out/actions-DATE.")
    ] = None,
    file_format: Annotated[
        str | None,
        typer.Option("--format", metavar="FORMAT", help="csv, parquet or ndjson; else by the name of FILE."),
    ] = None,
    top: Annotated[
        int, typer.Option(min=1, metavar="K", help="Also the next best actions, K rows a customer.")
    ] = 1,
    max_customers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="A trial: only the first N customers, not logged.")
    ] = None,
    include_nothing: Annotated[
        bool, typer.Option("--include-nothing", help="Also a row for those nothing is best for.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Also what each step and rule removed, over everybody.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write the files, publish nothing.")] = False,
) -> None:
    """Decide for everybody: the action file, the scores file, and what live decisions need.

    Example:  nbatool score --top 3 --format parquet
    """
    from nbatool.activate.files import FileFormat
    from nbatool.activate.score import score_workspace
    from nbatool.activate.scored import ScoreSettings
    from nbatool.base.next_step import command_for
    from nbatool.decide.exploration_floor import floor_not_held
    from nbatool.ingest.catalogue import load_catalogue
    from nbatool.report.score_report import score_json, score_text

    session = current(context)
    if explain and out == "-":
        raise UsageError("--explain: its table would be among the rows of --out -; give --out a file")
    chosen = cast("FileFormat", format_of(out, file_format))
    settings = ScoreSettings(
        out=out, file_format=chosen, top=top, most=max_customers, include_nothing=include_nothing, dry_run=dry_run,
        seed=session.seed, threads=os.cpu_count() or 1, explain=explain,
    )  # fmt: skip
    with session.run("score") as summary, session.console.progress("score", "customers") as step:
        report = score_workspace(session.workspace, settings, as_of_us=session.as_of_us, on_progress=step)
        summary |= {
            "version": report.model_version,
            "customers": report.customers,
            "net_value": report.plan_value,
        }
    if out == "-":
        return
    config = session.workspace.config
    floor, currency = floor_not_held(config, load_catalogue(config)), config.workspace.currency
    text = score_text(report, currency, session.console.width, command_for(session.workspace.root), floor)
    session.console.summary(score_json(report, currency, floor), text)


command = as_command(score)


def format_of(out: str | None, asked: str | None) -> str:
    """Return the format asked for, or the one the file's name shows.

    >>> format_of("a.parquet", None), format_of(None, None), format_of("-", "ndjson")
    ('parquet', 'csv', 'ndjson')
    """
    if asked is not None:
        if asked not in FORMATS:
            raise UsageError(f'--format: "{asked}" is not one of {", ".join(FORMATS)}')
        return asked
    ending = (out or "").rpartition(".")[2].lower()
    return {"parquet": "parquet", "pq": "parquet", "ndjson": "ndjson", "jsonl": "ndjson"}.get(ending, "csv")
