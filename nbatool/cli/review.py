"""``nbatool review``: decisions that a person looks at before they go out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from nbatool.base.clock import format_time, now_us
from nbatool.base.errors import UsageError
from nbatool.cli.by_hand import Who, duration_us, online_store, speaker
from nbatool.cli.command import EPILOG, as_group
from nbatool.cli.session import Session, current
from nbatool.cli.table import Column, table_text

if TYPE_CHECKING:
    from nbatool.store.online import OnlineStore
    from nbatool.store.reviews import Review
    from nbatool.store.suppressions import Suppression

SHORT_ID = 12
"""Characters of an id on a terminal; nobody types more, and two that begin alike are told of."""
AT_ONCE = 500
"""Decisions a transaction of --all speaks about: live decisions wait for it."""

app = typer.Typer(name="review", no_args_is_help=True, rich_markup_mode=None, add_completion=False)

Ids = Annotated[
    list[str] | None,
    typer.Argument(metavar="ID", help="As `nbatool review list` shows them; the beginning is enough."),
]
All = Annotated[bool, typer.Option("--all", help="Everything that waits.")]
Why = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept with the decision.")]


@app.callback()
def review() -> None:
    """List, approve and reject the decisions that a person looks at first.

    Which they are the review rules in [guardrails] say. Nothing here waits for another command.

    Example:  nbatool review list
    """


@app.command("list", epilog=EPILOG)
def list_(
    context: typer.Context,
    state: Annotated[
        Literal["pending", "approved", "rejected", "all"], typer.Option(help="Which to list.")
    ] = "pending",
    most: Annotated[int, typer.Option(min=1, metavar="N", help="How many at most.")] = 100,
) -> None:
    """What waits for a word, newest night first, then what is worth most.

    Example:  nbatool review list --state all --json
    """
    session = current(context)
    asked = None if state == "all" else state
    if not session.workspace.online_path.exists():
        session.console.data({"reviews": [], "counts": {}}, "nothing is scored yet: nbatool score")
        return
    with online_store(session.workspace) as online:
        counts, rows = online.reviews.counts(), online.reviews.all(asked, most)
    more = sum(counts.values() if asked is None else (counts[asked],)) - len(rows)
    text = _table(rows, session.workspace.config.workspace.currency, said=state != "pending")
    if more > 0:
        text += f"\n{more:,} more: nbatool review list --most {len(rows) + more}"
    session.console.data(
        {"reviews": [_json(row) for row in rows], "counts": counts}, text if rows else _none(state, counts)
    )


def _none(state: str, counts: dict[str, int]) -> str:
    said = ", ".join(f"{n:,} {name}" for name, n in counts.items() if n)
    what = "nothing waits for review" if state == "pending" else f"nothing is {state}"
    return f"{what} ({said}: nbatool review list --state all)" if said else what


def _table(rows: list[Review], currency: str, *, said: bool) -> str:
    """A table, with what was said where something was."""
    columns = [
        Column("id"), Column("customer"), Column("action"), Column("channel"), Column(currency, right=True),
        Column("rule", wrap=True), Column("night", day=True),
    ]  # fmt: skip
    short = SHORT_ID if sys.stdout.isatty() else None
    cells: list[tuple[object, ...]] = [
        (
            row.decision_id[:short], row.customer_id, row.action_id, row.channel,
            None if row.net_value is None else f"{row.net_value:,.2f}", row.reason, format_time(row.as_of_us),
        )
        for row in rows
    ]  # fmt: skip
    if said:
        columns += [Column("state"), Column("who"), Column("why", wrap=True)]
        cells = [
            (*cell, "went out" if row.out_as_of_us is not None else row.state, row.who, row.note)
            for cell, row in zip(cells, rows, strict=True)
        ]
    return table_text(columns, cells)


def _json(row: Review) -> dict[str, Any]:
    def time(value: int | None) -> str | None:
        return None if value is None else format_time(value)

    return {
        "decision_id": row.decision_id, "customer_id": row.customer_id, "slot": row.slot, "action_id": row.action_id,
        "channel": row.channel, "as_of": time(row.as_of_us), "made_at": time(row.made_us), "net_value": row.net_value,
        "reason": row.reason, "state": row.state, "who": row.who, "said_at": time(row.said_us), "note": row.note,
        "out_as_of": time(row.out_as_of_us), "row": dict(row.row),
    }  # fmt: skip


@app.command(epilog=EPILOG)
def approve(
    context: typer.Context, ids: Ids = None, every: All = False, who: Who = None, reason: Why = ""
) -> None:
    """Let decisions go out with the next action file.

    Example:  nbatool review approve d_01fa d_9c30 --reason "called them"
    """
    session = current(context)
    with online_store(session.workspace) as online:
        new, unchanged, _ = _say(session, online, ids or [], "approved", every=every, who=who, reason=reason)
    waits = "; out with the next action file: nbatool score" if new else ""
    session.console.summary(
        {"approved": new, "unchanged": unchanged}, f"{_counted(new, unchanged, 'approved')}{waits}"
    )


@app.command(epilog=EPILOG)
def reject(
    context: typer.Context,
    ids: Ids = None,
    every: All = False,
    who: Who = None,
    reason: Why = "",
    suppress: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION", help="Keep this action from this customer for so long, such as 30d."
        ),
    ] = None,
) -> None:
    """Keep decisions from going out.

    Example:  nbatool review reject d_01fa --reason "complains" --suppress 30d
    """
    session = current(context)
    for_us = None if suppress is None else duration_us("--suppress", suppress)
    with online_store(session.workspace) as online:
        new, unchanged, made = _say(
            session, online, ids or [], "rejected", every=every, who=who, reason=reason, suppress_us=for_us
        )
        is_published = online.published() is not None
    if new and is_published:
        _released(session, new)
    text = _counted(new, unchanged, "rejected")
    if made:
        until = max(s.until_us or 0 for s in made)
        noun = "suppression" if len(made) == 1 else "suppressions"
        text += f"; {len(made):,} {noun} until {format_time(until)}: nbatool suppress list"
    session.console.summary(
        {"rejected": new, "unchanged": unchanged, "suppressions": [s.id for s in made]}, text
    )


def _released(session: Session, decision_ids: list[str]) -> None:
    """Tell that the contacts were not made, so that nothing is learned from them."""
    import msgspec

    from nbatool.learn.live import AnswerService

    service = AnswerService(session.workspace.data_dir)
    lines = [msgspec.json.encode({"decision_id": name, "status": "released"}) for name in decision_ids]
    try:
        service.take(lines, 1)
    finally:
        service.close()


def _say(
    session: Session, online: OnlineStore, ids: list[str], state: str, *, every: bool, who: str | None, reason: str,
    suppress_us: int | None = None,
) -> tuple[list[str], list[str], list[Suppression]]:  # fmt: skip
    """Keep a word; return the ids it is new for, those it was said of before, and the suppressions that stand for it.

    All the ids named, or none of them: what is wrong with one changes nothing of the others.
    """
    if every == bool(ids):
        raise UsageError(
            "which ones? Write ids (nbatool review list shows them), or --all"
            if not ids
            else "ids or --all, not both"
        )
    from nbatool.decide.published_names import fixed_present_us

    who, note, present = speaker(who), reason.strip(), now_us()
    fixed_us = fixed_present_us(session.workspace, online) if suppress_us is not None else None
    say = online.reviews.approve if state == "approved" else online.reviews.reject
    new: dict[str, None] = {}
    unchanged: dict[str, None] = {}
    made: dict[int, Suppression] = {}
    named = ids
    while True:
        with online.transaction():
            named = [row.decision_id for row in online.reviews.pending(AT_ONCE)] if every else named
            for decision_id in named:
                before = online.reviews.find(decision_id)
                said = say(before.decision_id, who, note, present)
                (new if before.state == "pending" else unchanged).setdefault(said.decision_id)
                if suppress_us is not None:
                    from_us = fixed_us if fixed_us is not None else said.said_us or present
                    one = _suppress(online, said, from_us + suppress_us, present)
                    made[one.id] = one
        if not every or len(named) < AT_ONCE:
            return list(new), [i for i in unchanged if i not in new], list(made.values())


def _suppress(online: OnlineStore, said: Review, until_us: int, made_us: int) -> Suppression:
    reason = said.note or f"rejected in review ({said.reason})"
    return online.suppressions.add(
        reason=reason,
        who=said.who,
        made_us=made_us,
        customer_id=said.customer_id,
        action=said.action_id,
        until_us=until_us,
    )


def _counted(new: list[str], unchanged: list[str], state: str) -> str:
    before = (
        f" ({len(unchanged):,} {'was' if len(unchanged) == 1 else 'were'} {state} before)"
        if unchanged
        else ""
    )
    return f"{state} {len(new):,}{before}"


command = as_group(app)
