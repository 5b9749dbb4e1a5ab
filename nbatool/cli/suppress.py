"""``nbatool suppress``: what must not go out for a while, said by a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from nbatool.base.clock import format_time, now_us, parse_time
from nbatool.base.errors import DataError, UsageError
from nbatool.cli.by_hand import Who, duration_us, online_store, speaker
from nbatool.cli.command import EPILOG, as_group
from nbatool.cli.session import Session, current
from nbatool.cli.table import Column, table_text

if TYPE_CHECKING:
    from nbatool.decide.published_names import KnownNames
    from nbatool.store.suppressions import Suppression

app = typer.Typer(name="suppress", no_args_is_help=True, rich_markup_mode=None, add_completion=False)


@app.callback()
def suppress() -> None:
    """Add, list and remove what must not go out for a while.

    It holds from the next decision on, live and at night. Nothing here waits for another command.

    Example:  nbatool suppress add --customer c004217 --for 30d --reason "complains"
    """


@app.command(epilog=EPILOG)
def add(
    context: typer.Context,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; shown where it removes something.")],
    customer: Annotated[
        str | None, typer.Option(metavar="ID", help="Only this customer; else everybody.")
    ] = None,
    action: Annotated[
        str | None, typer.Option(metavar="ACTION", help="Only this action, by its id or name.")
    ] = None,
    tag: Annotated[str | None, typer.Option(metavar="TAG", help="Only actions with this tag.")] = None,
    channel: Annotated[str | None, typer.Option(metavar="CHANNEL", help="Only this channel.")] = None,
    for_: Annotated[
        str | None,
        typer.Option("--for", metavar="DURATION", help="How long, such as 30d; else until it is removed."),
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="The first instant it no longer holds.")
    ] = None,
    who: Who = None,
) -> None:
    """Let something not go out: what all the options named are true of.

    Example:  nbatool suppress add --tag promo --channel sms --until 2026-12-27
              --reason "quiet Christmas"
    """
    if customer is None and action is None and tag is None and channel is None:
        raise UsageError("suppress what? Name at least one of --customer, --action, --tag and --channel")
    if not reason.strip():
        raise UsageError("--reason is empty: whoever finds a contact missing will ask why")
    from nbatool.decide.published_names import known_names

    session, made_us = current(context), now_us()
    with online_store(session.workspace) as online:
        known = known_names(session.workspace, online, customer)
        stands = online.suppressions.add(
            reason=reason.strip(), who=speaker(who), made_us=made_us, customer_id=customer,
            action=None if action is None else known.action(action),
            tag=None if tag is None else known.tag(tag),
            channel=None if channel is None else known.channel(channel),
            until_us=_until_us(session, known, for_, until),
        )  # fmt: skip
    if not known.knows_customer:
        session.console.talk(f'! no customer "{customer}" is in the published state; it holds if they come')
    said = "suppressed" if stands.made_us == made_us else "suppressed before"
    session.console.summary(
        {"suppression": _json(stands), "new": stands.made_us == made_us},
        f"{said}: {_subject(stands)}, {_end(stands)} (to undo: nbatool suppress remove {stands.id})",
    )


def _until_us(session: Session, known: KnownNames, for_: str | None, until: str | None) -> int | None:
    if for_ is not None and until is not None:
        raise UsageError("--for or --until, not both")
    present_us = _present_us(session, known.fixed_us)
    if for_ is not None:
        return present_us + duration_us("--for", for_)
    if until is None:
        return None
    try:
        end_us = parse_time(until, session.workspace.config.workspace.timezone)
    except ValueError as error:
        raise UsageError(f"--until: {error}") from None
    if end_us <= present_us:
        raise UsageError(f"--until: {format_time(end_us)} is over; the present is {format_time(present_us)}")
    return end_us


def _present_us(session: Session, fixed_us: int | None) -> int:
    if session.as_of_us is not None:
        return session.as_of_us
    return now_us() if fixed_us is None else fixed_us


@app.command("list", epilog=EPILOG)
def list_(context: typer.Context) -> None:
    """What is suppressed now, oldest first.

    Example:  nbatool suppress list --json
    """
    from nbatool.decide.published_names import fixed_present_us

    session = current(context)
    rows: list[Suppression] = []
    if session.workspace.online_path.exists():
        with online_store(session.workspace) as online:
            rows = online.suppressions.all(_present_us(session, fixed_present_us(session.workspace, online)))
    columns = [
        Column("id", right=True), Column("customer"), Column("action"), Column("tag"), Column("channel"),
        Column("until", day=True), Column("reason", wrap=True), Column("who"), Column("since", day=True),
    ]  # fmt: skip
    cells = [
        (
            s.id, s.customer_id or "everybody", s.action, s.tag, s.channel,
            "removed" if s.until_us is None else format_time(s.until_us), s.reason, s.who, format_time(s.made_us),
        )
        for s in rows
    ]  # fmt: skip
    text = table_text(columns, cells) if rows else "nothing is suppressed"
    session.console.data({"suppressions": [_json(s) for s in rows]}, text)


@app.command(epilog=EPILOG)
def remove(
    context: typer.Context,
    ids: Annotated[list[int], typer.Argument(metavar="ID", help="As `nbatool suppress list` shows them.")],
) -> None:
    """Let it go out again.

    Example:  nbatool suppress remove 3
    """
    session = current(context)
    ids = list(dict.fromkeys(ids))
    with online_store(session.workspace) as online, online.transaction():
        unknown = [id_ for id_ in ids if not online.suppressions.remove(id_)]
        if unknown:
            listed = ", ".join(map(str, unknown))
            raise DataError(f"no suppression {listed}; nothing was removed. nbatool suppress list shows them")
    session.console.summary(
        {"removed": ids}, f"removed {len(ids):,}: from the next decision on it may go out again"
    )


def _subject(s: Suppression) -> str:
    said = [("action", s.action), ("tag", s.tag), ("channel", s.channel)]
    parts = [f"{key} {name}" for key, name in said if name is not None]
    return f"{', '.join(parts) or 'everything'} for {s.customer_id or 'everybody'}"


def _end(s: Suppression) -> str:
    return "until it is removed" if s.until_us is None else f"until {format_time(s.until_us)}"


def _json(s: Suppression) -> dict[str, Any]:
    return {
        "id": s.id, "customer_id": s.customer_id, "action": s.action, "tag": s.tag, "channel": s.channel,
        "until": None if s.until_us is None else format_time(s.until_us), "reason": s.reason, "who": s.who,
        "made_at": format_time(s.made_us),
    }  # fmt: skip


command = as_group(app)
