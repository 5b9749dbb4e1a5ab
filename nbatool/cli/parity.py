"""``nbatool parity``: the same customers decided at night and live, compared to the last digit."""

from __future__ import annotations

from typing import Annotated

import typer

from nbatool.base.errors import ExitCode
from nbatool.cli.command import as_command
from nbatool.cli.session import current
from nbatool.cli.table import Column, table_text

MOST_SHOWN = 20


def parity(
    context: typer.Context,
    customers: Annotated[int, typer.Option(min=1, metavar="N", help="How many, drawn by the seed.")] = 500,
) -> None:
    """Check that the night's answer and the live answer are the same, bit for bit.

    Takes customers of the published state, at its time: features, scores, expected outcomes, net values, ranking.
    A difference ends with exit code 5.

    Example:  nbatool parity --customers 2000
    """
    from nbatool.decide.parity import compare_paths
    from nbatool.report.parity_report import parity_json

    session = current(context)
    with session.lock("parity"):
        report = compare_paths(session.workspace, customers=customers, seed=session.seed)
    if not report.differences:
        session.console.summary(parity_json(report), report.sentence)
        return
    columns = [Column("customer"), Column("what"), Column("batch"), Column("live")]
    rows = [(d.customer_id, d.field, d.batch, d.live) for d in report.differences[:MOST_SHOWN]]
    more = len(report.differences) - len(rows)
    text = table_text(columns, rows) + (f"\n{more:,} more (--json shows all)" if more else "")
    session.console.data(parity_json(report), text)
    session.console.verdict(report.sentence)
    raise typer.Exit(ExitCode.GATE)


command = as_command(parity)
