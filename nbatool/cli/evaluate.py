"""``nbatool evaluate``: what a policy is worth, judged on what was done before."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from nbatool.base.errors import ExitCode
from nbatool.cli.command import as_command
from nbatool.cli.session import Session, current


def evaluate(
    context: typer.Context,
    version: Annotated[
        str | None, typer.Option(metavar="VERSION", help="Judge this version; else the champion.")
    ] = None,
    challenger: Annotated[
        str | None, typer.Option(metavar="VERSION", help="Compare this version with it.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="TIME", help="Judge decisions from here on; else those it has not seen."
        ),
    ] = None,
    gate: Annotated[
        bool, typer.Option("--gate", help="Exit 5 where the thresholds of [evaluate] are not met.")
    ] = False,
) -> None:
    """What the policy would have earned, judged on logged decisions and what came of them, with intervals.

    Beside it what was done, nothing, chance, the best single action, a challenger, your own rules. No model is
    trusted alone: outcomes are weighted by the logged chances, and what the log cannot say is not printed.

    Example:  nbatool evaluate --challenger 2026-11-20-a41c
    """
    from nbatool.base.clock import parse_time
    from nbatool.base.errors import UsageError
    from nbatool.measure.evaluating import Asked, evaluate_workspace
    from nbatool.measure.gate import require_thresholds, shortfalls, thresholds
    from nbatool.report.evaluation_report import evaluation_json, evaluation_text
    from nbatool.report.gate_line import gate_json, gate_line

    session = current(context)
    config = session.workspace.config
    zone = config.workspace.timezone
    try:
        from_us = None if since is None else parse_time(since, zone)
    except ValueError as error:
        raise UsageError(f"--from: {error}") from None
    if gate:
        require_thresholds(config)
    asked = Asked(session.as_of_us, from_us, version, challenger, session.seed)
    with session.run("evaluate") as summary, session.console.steps("evaluate") as say:
        report = evaluate_workspace(session.workspace, asked, say)
        summary |= {"version": report.version, "decisions": report.evaluation.n}
    currency = config.workspace.currency
    short = shortfalls(report.evaluation, config.evaluate, report.leaks) if gate else []
    typed = _typed(session, version, challenger, since, gate)
    data = evaluation_json(report, currency, typed)
    least = thresholds(report.evaluation, config.evaluate) if gate else []
    data |= {"gate": short, "gate_asked": gate_json(least)} if gate else {}
    session.console.data(data, evaluation_text(report, currency, session.console.width, typed))
    for said in short:
        session.console.verdict(said)
    if gate and not session.console.json:
        session.console.data({}, gate_line(least, short, report.evaluation.unit or currency))
    if short:
        raise typer.Exit(ExitCode.GATE)


def _typed(
    session: Session, version: str | None, challenger: str | None, since: str | None, gate: bool
) -> str:
    """Return the command that makes these figures again."""
    from nbatool.base.next_step import command_for

    given = {
        "--version": version,
        "--challenger": challenger,
        "--from": since,
        "--as-of": session.options.as_of,
    }
    parts = [word for option, value in given.items() if value is not None for word in (option, value)]
    parts += ["--gate"] if gate else []
    return shlex.join(
        [*shlex.split(command_for(session.workspace.root)), "evaluate", *parts, "--seed", str(session.seed)]
    )


command = as_command(evaluate)
