"""``nbatool run``: the whole night, for cron."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Annotated, Any

import typer

from nbatool.base.clock import format_time, parse_duration
from nbatool.base.errors import UsageError
from nbatool.cli.command import as_command
from nbatool.cli.ingest import equation, report_json
from nbatool.cli.session import Session, current


def run(
    context: typer.Context,
    train_every: Annotated[
        str, typer.Option(metavar="DURATION", help="Train when the newest model is older than this.")
    ] = "7d",
    max_rejects: Annotated[
        str,
        typer.Option(
            metavar="LIMIT",
            help="More rejected rows than this, and the night stops: 1% of the rows, or 20 for a number of rows.",
        ),
    ] = "1%",
    top: Annotated[int, typer.Option(min=1, metavar="K", help="Rows a customer in the action file.")] = 1,
) -> None:
    """The night, unattended: load new files, learn from outcomes, train when due, score everybody.

    One lock, one summary, one exit code. A night that was killed is picked up where it stopped.

    Example:  nbatool run --quiet --wait 30m
    """
    from nbatool.activate.scored import ScoreSettings
    from nbatool.base.next_step import command_for
    from nbatool.night.night import run_night
    from nbatool.report.learn_report import learn_json
    from nbatool.report.score_report import score_json, score_text
    from nbatool.report.train_report import train_json

    session = current(context)
    try:
        train_every_s = parse_duration(train_every)
    except ValueError as error:
        raise UsageError(f"--train-every: {error}") from None
    settings = ScoreSettings(top=top, seed=session.seed, threads=os.cpu_count() or 1)
    with session.run("run") as summary, session.console.steps("run") as say:
        night = run_night(
            session.workspace, settings, as_of_us=session.as_of_us, train_every_s=train_every_s,
            max_rejects=max_rejects, say=say,
        )  # fmt: skip
        summary |= {
            "run_id": night.run_id,
            "resumed": list(night.resumed),
            "net_value": night.score.plan_value,
        }
    floor, currency = _floor(session), session.workspace.config.workspace.currency
    result: dict[str, Any] = {
        "run_id": night.run_id,
        "as_of": format_time(night.as_of_us),
        "resumed": list(night.resumed),
        "ingest": report_json(night.ingest) if night.ingest else None,
        "learn": learn_json(night.learn) if night.learn else None,
        "train": train_json(night.train) if night.train else None,
        "trained_because": night.trained_because,
        "promotion": asdict(night.promotion) if night.promotion else None,
        "score": score_json(night.score, currency, floor),
        "seconds": {name: round(value, 3) for name, value in night.seconds.items()},
    }
    text = score_text(
        night.score, currency, session.console.width, command_for(session.workspace.root), floor
    )
    session.console.summary(result, "\n".join([*_lines(night), "", text]))


command = as_command(run)


def _floor(session: Session) -> str | None:
    from nbatool.decide.exploration_floor import floor_not_held
    from nbatool.ingest.catalogue import load_catalogue

    config = session.workspace.config
    return floor_not_held(config, load_catalogue(config))


def _lines(night: Any) -> list[str]:
    lines = [f"night    {night.run_id} as of {format_time(night.as_of_us)}"]
    if night.resumed:
        lines.append(f"resumed  {', '.join(night.resumed)} had been done before")
    if night.ingest:
        lines.append(f"ingest   {equation(night.ingest.totals)}   {night.seconds['ingest']:.1f} s")
    if night.learn:
        from nbatool.report.learn_report import unconfirmed_text, waiting_for_data_text

        lines.append(f"learn    {night.learn.windows.closed + night.learn.live.windows:,} windows closed")
        lines += waiting_for_data_text(night.learn) + unconfirmed_text(night.learn)
    if night.train:
        lines.append(
            f"train    version {night.train.version} ({night.trained_because})   {night.seconds['train']:.1f} s"
        )
    elif "train" not in night.resumed:
        lines.append("train    not due")
    if night.promotion:
        switched = "now champion" if night.promotion.promoted else "not in force"
        lines.append(f"promote  {night.promotion.challenger} {switched}: {night.promotion.why}")
    lines.append(f"score    {night.score.customers:,} customers   {night.seconds['score']:.1f} s")
    return lines
