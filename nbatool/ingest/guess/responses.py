"""What a response is worth, for actions that no logged contact tells anything about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from nbatool.base.clock import parse_duration
from nbatool.ingest.guess.history import Span
from nbatool.ingest.guess.records import CatalogueGuess, ObjectiveGuess, ResponseGuess, TargetGuess, TypeGuess
from nbatool.ingest.guess.workbench import Workbench


def with_response(
    bench: Workbench,
    catalogue: CatalogueGuess,
    types: Sequence[TypeGuess],
    objectives: Sequence[ObjectiveGuess],
    response: ResponseGuess | None,
    span: Span,
    newest: datetime | None,
) -> CatalogueGuess:
    """Give the actions a target and a value where training will find no contact to learn from.

    Parameters
    ----------
    newest
        The newest record of any source: contacts of the first quarter before it may be used up as history.
    """
    contacts = [kind.type for kind in types if kind.role == "contact"]
    windows = [parse_duration(goal.within) for goal in objectives if goal.event]
    if contacts and windows and span.first and span.last:
        first = span.first + (max(newest or span.last, span.last) - span.first) / 4
        last = span.last - timedelta(seconds=max(windows))
        if bench.row("contacts_between", contacts=contacts, first=first, last=last)[0]:
            return catalogue
    if response is None:
        return replace(catalogue, usable=False)
    why = (
        "no contact in the log is old enough to learn from"
        if contacts
        else "no contacts in the log to learn from"
    )
    named = any(line.canonical == "value_per_response" for line in catalogue.map)
    worth = "value_per_response" if named else f"{response.value:g}"
    doubt = (
        f"{why}: an action is taken to be worth the chance of {response.target} times {worth} ({response.why}), less "
        "its cost. Set for each action what a response is worth."
    )
    return replace(catalogue, response=replace(response, doubt=doubt))


def guessed_response(
    bench: Workbench, targets: Sequence[TargetGuess], objectives: Sequence[ObjectiveGuess]
) -> ResponseGuess | None:
    """The first target that is something happening, and the mean value of its events (1 where they carry none)."""
    target = next((target for target in targets if target.happens), None)
    if target is None:
        return None
    clips = [goal.clip_event for goal in objectives if goal.event == target.event and goal.clip_event]
    (mean,) = bench.row("mean_value", type=target.event, clip=clips[0] if clips else None)
    if not mean or mean < 0.005:
        return ResponseGuess(target.name, 1.0, f'"{target.event}" carries no amount')
    return ResponseGuess(target.name, round(float(mean), 2), f'the mean of "{target.event}"')
