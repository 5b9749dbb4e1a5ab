"""``nbatool explain``: why this action for this customer, what else there was, what was ruled out."""

from __future__ import annotations

from typing import Annotated

import typer

from nbatool.cli.command import as_command
from nbatool.cli.session import current


def explain(
    context: typer.Context,
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="The customer's id, as in your files.")],
    action: Annotated[
        str | None,
        typer.Option(metavar="ACTION", help="Explain this action (its id or name) rather than the best one."),
    ] = None,
) -> None:
    """Why this action: its worth term by term, what mattered, everything else, what was ruled out by which rule.

    Example:  nbatool explain c004217 --action free_shipping
    """
    from nbatool.decide.explaining import explain_customer
    from nbatool.decide.published import unpublished
    from nbatool.ingest.catalogue import load_catalogue
    from nbatool.report.explanation_report import explanation_json, explanation_text

    session = current(context)
    with session.lock("explain"):
        found = explain_customer(session.workspace, customer, as_of_us=session.as_of_us, action=action)
        changed = unpublished(session.workspace, load_catalogue(session.workspace.config))
    currency = session.workspace.config.workspace.currency
    session.console.data(
        explanation_json(found, currency) | {"unpublished": changed},
        explanation_text(found, currency, session.console.width, changed),
    )


command = as_command(explain)
