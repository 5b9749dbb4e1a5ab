"""The guessed maps applied to all rows: one table of events to see what the types do and over which time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from nbatool.ingest.guess.events import EventsDraft
from nbatool.ingest.guess.words import words
from nbatool.ingest.guess.workbench import Workbench


@dataclass(frozen=True, slots=True)
class Span:
    """First and last event, counts of events and of customers."""

    first: datetime | None
    last: datetime | None
    events: int
    customers: int

    @property
    def seconds(self) -> float:
        return (self.last - self.first).total_seconds() if self.first and self.last else 0.0


def fill_history(bench: Workbench, drafts: Sequence[EventsDraft]) -> Span:
    """Make the table `history` of all drafts' events and return what time it spans."""
    bench.run("create_history")
    for draft in drafts:
        made = {}
        for name in ("customer_id", "ts", "type", "value", "action_id", "channel"):
            line = draft.line(name)
            made[name] = line.expression if line else "null"
        for name in ("customer_id", "type", "value", "action_id", "channel"):
            made[name] = f"nullif(trim(({made[name]})::varchar), '')"
        made["ts"] = f"({made['ts']})::timestamptz::timestamp"
        made["paid"] = f"({_reward(draft) or 'null'})::varchar"
        if draft.group_by:
            made["paid"] = "null::varchar"
        bench.view("mapped", draft.seen.raw.table, made, group_by=draft.group_by, lookups=draft.lookups)
        bench.run("add_history", source=draft.seen.name)
    return Span(*bench.row("span"))


def _reward(draft: EventsDraft) -> str | None:
    """The column of the value that is called a reward, if it is one of several."""
    if draft.value is None:
        return None
    paid = [
        expression
        for name, expression in zip(draft.value.columns, draft.value.used, strict=False)
        if {"reward", "cashback", "bonus"} & set(words(name))
    ]
    return paid[0] if paid else None
