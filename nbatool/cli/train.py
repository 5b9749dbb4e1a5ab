"""``nbatool train``: every model from what was loaded, and how good each one is."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from typing import Annotated

import typer

from nbatool.base.errors import ExitCode
from nbatool.cli.command import as_command
from nbatool.cli.session import current


def train(
    context: typer.Context,
    gate: Annotated[
        bool, typer.Option("--gate", help="Exit 5 where the version does not take over.")
    ] = False,
) -> None:
    """Train every model of the workspace and put the version in force.

    Features, propensities, lifetime value and the outcome model of past contacts. The table says how good each is,
    beside the plain rule it must beat.

    Example:  nbatool train
    """
    from nbatool.base.next_step import command_for
    from nbatool.decide.assemble import require_decidable
    from nbatool.measure.promotion import consider_promotion
    from nbatool.models.training import train_workspace
    from nbatool.report.train_report import train_json, train_text

    session = current(context)
    started = time.monotonic()
    with session.run("train") as summary, session.console.steps("train") as say:
        report = train_workspace(
            session.workspace, as_of_us=session.as_of_us, seed=session.seed, say=say, check=require_decidable
        )
        verdict = consider_promotion(session.workspace, as_of_us=session.as_of_us, seed=session.seed)
        if verdict is not None and verdict.promoted:
            report = replace(report, promoted=verdict.challenger == report.version)
        summary |= {"version": report.version, "promoted": report.promoted}
    seconds = time.monotonic() - started
    begin = command_for(session.workspace.root)
    session.console.summary(
        train_json(report) | {"promotion": None if verdict is None else asdict(verdict)},
        train_text(report, seconds, session.console.width, command=begin, waits=verdict),
    )
    if gate and not report.promoted:
        session.console.verdict(f"{report.version} is not in force")
        raise typer.Exit(ExitCode.GATE)


command = as_command(train)
