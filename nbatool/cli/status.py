"""``nbatool status``: what is loaded, what is in force, what ran, what was rejected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nbatool.base.clock import format_time
from nbatool.base.errors import NbaError
from nbatool.cli.command import as_command
from nbatool.cli.session import Session, current
from nbatool.cli.table import Column, table_text
from nbatool.report.tables import paragraph

if TYPE_CHECKING:
    from nbatool.store.warehouse import Warehouse

LATEST_RUNS = 5


def status(
    context: typer.Context,
    rejects: Annotated[
        bool, typer.Option("--rejects", help="Show rejected rows, by reason and one by one.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many rejected rows to show.")] = 20,
) -> None:
    """What is loaded, which model is in force, what ran last.

    Example:  nbatool status --rejects
    """
    session = current(context)
    if rejects:
        session.console.data(*_rejects(session, limit))
    else:
        session.console.data(*_status(session))


command = as_command(status)


def _status(session: Session) -> tuple[Mapping[str, Any], str]:
    from nbatool.models.registry import champion
    from nbatool.store.warehouse import open_warehouse

    workspace = session.workspace
    result: dict[str, Any] = {
        "workspace": str(workspace.root),
        "as_of": workspace.config.workspace.as_of,
        "champion": champion(workspace.models_dir),
        "unpublished": _unpublished(session),
        "sources": [],
        "events": [],
        "decisions": [],
        "runs": [],
    }
    if workspace.warehouse_path.exists():
        with session.lock("status"), open_warehouse(workspace) as warehouse:
            result |= _loaded(warehouse)
    return result, _status_text(result, session.console.width)


def _unpublished(session: Session) -> str | None:
    """How the catalogue differs from what live decisions use; a catalogue that cannot be read is the doctor's matter."""
    from nbatool.decide.published import unpublished
    from nbatool.ingest.catalogue import load_catalogue

    workspace = session.workspace
    try:
        return (
            unpublished(workspace, load_catalogue(workspace.config))
            if workspace.online_path.exists()
            else None
        )
    except NbaError:
        return None


def _loaded(warehouse: Warehouse) -> dict[str, Any]:
    sources = ("source", "kind", "files", "rows", "accepted", "duplicate", "rejected", "last_loaded")
    events = ("source", "type", "events", "customers", "first", "last")
    decisions = ("source", "decisions", "customers", "with_probability", "with_outcome", "first", "last")
    runs = ("command", "started", "ended", "exit_code")
    return {
        "sources": [
            dict(zip(sources, (*row[:-1], format_time(row[-1])), strict=True))
            for row in warehouse.rows("cli/loaded_sources")
        ],
        "events": [
            dict(zip(events, (*row[:4], format_time(row[4]), format_time(row[5])), strict=True))
            for row in warehouse.rows("cli/event_types")
        ],
        "decisions": [
            dict(zip(decisions, (*row[:5], format_time(row[5]), format_time(row[6])), strict=True))
            for row in warehouse.rows("cli/logged_decisions")
        ],
        "runs": [
            dict(zip(runs, (row[0], format_time(row[1]), format_time(row[2]), row[3]), strict=True))
            for row in warehouse.rows("cli/latest_runs", limit=LATEST_RUNS)
        ],
    }


def _status_text(result: Mapping[str, Any], width: int) -> str:
    blocks = [
        f"workspace  {result['workspace']}\n"
        f"as of      {result['as_of']}\n"
        f"model      {result['champion'] or 'none yet: nbatool train'}"
    ]
    if result["unpublished"]:
        blocks.append("\n".join(paragraph(result["unpublished"], first="! ", indent=0, width=width)))
    numbers = {
        "files", "rows", "accepted", "duplicate", "rejected", "events", "customers", "decisions", "with_probability",
        "with_outcome", "exit_code",
    }  # fmt: skip
    for name in ("sources", "events", "decisions", "runs"):
        rows = result[name]
        if rows:
            columns = [
                Column(key.replace("_", " "), right=key in numbers, day=name != "runs") for key in rows[0]
            ]
            cells = [
                [f"{value:,}" if key in numbers else value for key, value in row.items()] for row in rows
            ]
            blocks.append(table_text(columns, cells))
    if not result["sources"]:
        blocks.append("Nothing is loaded yet: nbatool ingest")
    return "\n\n".join(blocks)


def _rejects(session: Session, limit: int) -> tuple[Mapping[str, Any], str]:
    from nbatool.store.warehouse import open_warehouse

    with session.lock("status"), open_warehouse(session.workspace) as warehouse:
        reasons = warehouse.rows("cli/reject_reasons")
        rows = warehouse.rows("cli/rejected_rows", limit=limit)
    result = {
        "reasons": [
            {"source": source, "reason": reason, "rows": count} for source, reason, count, _ in reasons
        ],
        "rejects": [
            {
                "source": source,
                "file": file,
                "line": line,
                "reason": reason,
                "detail": detail,
                "raw": _readable(raw),
            }
            for source, file, line, reason, detail, raw in rows
        ],
    }
    if not reasons:
        return result, "No row was rejected."
    by_reason = table_text(
        [Column("source"), Column("reason"), Column("rows", right=True), Column("first", wrap=True)],
        [
            (source, reason, f"{count:,}", f"{first['file']} line {first['line']}: {first['detail'] or ''}")
            for source, reason, count, first in reasons
        ],
    )
    one_by_one = table_text(
        [Column("file"), Column("line", right=True), Column("reason", wrap=True), Column("row", wrap=True)],
        [(row["file"], row["line"], row["reason"], row["raw"]) for row in result["rejects"]],
    )
    return result, f"{by_reason}\n\n{one_by_one}"


def _readable(raw: object) -> object:
    """Return a rejected row as text on one line, whatever bytes it had."""
    text = raw.decode("utf-8", "backslashreplace") if isinstance(raw, bytes) else raw
    return text.replace("\r", "\\r").replace("\n", "\\n") if isinstance(text, str) else text
