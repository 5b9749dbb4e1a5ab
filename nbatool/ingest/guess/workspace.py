"""All files together: which is what, how they hang together, and what follows for the workspace."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from nbatool.base.errors import DataError, UsageError
from nbatool.ingest.guess.catalogue import CatalogueFound
from nbatool.ingest.guess.cells import distinct_cells
from nbatool.ingest.guess.channels import with_logged_channels
from nbatool.ingest.guess.currencies import guessed_currency
from nbatool.ingest.guess.customers import CustomersFound
from nbatool.ingest.guess.events import EventsDraft
from nbatool.ingest.guess.file_look import FileLook
from nbatool.ingest.guess.history import Span, fill_history
from nbatool.ingest.guess.objectives import (
    clv_doubt,
    clv_horizon,
    guessed_objectives,
    guessed_targets,
    typical_window,
)
from nbatool.ingest.guess.present import guessed_present
from nbatool.ingest.guess.records import (
    CatalogueGuess,
    Guess,
    MapLine,
    ObjectiveGuess,
    Question,
    SourceGuess,
    TypeGuess,
)
from nbatool.ingest.guess.responses import guessed_response, with_response
from nbatool.ingest.guess.roles import guessed_roles
from nbatool.ingest.guess.sorting import SortedFiles, file_looks, sorted_files
from nbatool.ingest.guess.unused import undone_orders, unused_columns
from nbatool.ingest.guess.workbench import Workbench

_UNKNOWN_START = "2020-01-01"


def guess_workspace(files: Sequence[Path], directory: Path) -> Guess:
    """Look at all rows of the files and guess a workspace from them.

    Parameters
    ----------
    files
        Event files, customers files, a catalogue, in any order and any of the formats that ingest reads.
    directory
        Where nba.toml will be; files below it are named relative to it.

    Raises
    ------
    UsageError
        No files.
    DataError
        A file is missing, empty or unreadable, or nothing in the files can be recognised.
    """
    if not files:
        raise UsageError("init --from needs at least one file.")
    with tempfile.TemporaryDirectory(prefix="nbatool-init-") as folder, Workbench(Path(folder)) as bench:
        looks = file_looks(bench, list(dict.fromkeys(path.absolute() for path in files)))
        found = sorted_files(bench, looks)
        return _assembled(bench, found, directory)


def _assembled(bench: Workbench, found: SortedFiles, directory: Path) -> Guess:
    drafts = [_dated_counter(draft, found.customers) for draft in found.drafts]
    if found.catalogue is not None and found.catalogue.line is not None:
        drafts = [_with_actions(draft, found.catalogue) for draft in drafts]
    drafts = [_with_notes(bench, draft) for draft in drafts]
    span = fill_history(bench, drafts)
    if drafts and not span.events:
        raise DataError(
            f"{drafts[0].seen.shown}: no row has a customer, a time and a type that can be read. "
            f"Tried: {', '.join(f'{line.canonical} = {line.expression}' for line in drafts[0].map[:3])}."
        )
    customers = [_known_in_time(bench, one, bool(drafts)) for one in found.customers]
    types = _asked_probability(guessed_roles(bench) if drafts else (), bool(found.decisions))
    within = typical_window(bench, types, span.seconds)
    objectives = guessed_objectives(bench, types, within) or _decided_objective(found.decisions)
    targets = guessed_targets(types, within, span.first, span.last)
    response = guessed_response(bench, targets, objectives) if drafts else None
    catalogue = found.catalogue.catalogue if found.catalogue else None
    if catalogue is not None and drafts:
        catalogue = with_logged_channels(bench, catalogue, types)
    if catalogue is not None and (drafts or customers):
        newest = max((one.newest for one in customers if one.newest), default=None)
        catalogue = with_response(bench, catalogue, types, objectives, response, span, newest)
    sources = (
        *(_source(bench, draft) for draft in drafts),
        *found.decisions,
        *(one.source for one in customers),
        *found.consent,
    )
    horizon = clv_horizon(types, span.first, span.last)
    money = guessed_currency(bench, drafts, found.catalogue_look)
    present = guessed_present(span, have_events=bool(drafts))
    guess = Guess(
        directory, _renamed(sources), types, objectives, targets, catalogue, response,
        horizon, money.code, present.as_of, _span_text(span),
        remarks=(*_left_out(found, catalogue), *(_unused(seen) for seen in found.unused)),
        clv_doubt=clv_doubt(horizon), currency_why=money.why, currency_doubt=money.doubt,
        as_of_why=present.why, as_of_doubt=present.doubt,
    )  # fmt: skip
    return replace(guess, questions=tuple(Question(text) for text in _doubts(guess)))


def _dated_counter(draft: EventsDraft, customers: Sequence[CustomersFound]) -> EventsDraft:
    """Give a counter its start: the day after the newest customer became known, else a date to be changed."""
    if not draft.when.counter:
        return draft
    line = draft.line("ts")
    assert line is not None
    column = next(c for c in draft.seen.columns if c.expression in line.expression and c is not draft.customer
                  and f"{c.expression}::bigint" in line.expression.replace("(", "").replace(")", ""))  # fmt: skip
    newest = max(
        ((one.newest, one) for one in customers if one.newest), default=None, key=lambda item: item[0]
    )
    doubt = f"{column.name} is {column.low:,.0f} to {column.high:,.0f}, no date. Read as {draft.when.counter} from "
    if newest is None or newest[1].since is None:
        base = _UNKNOWN_START
        doubt += f"{base}, for want of any date. Change the date if you know it."
    else:
        base = (newest[0] + timedelta(days=1)).date().isoformat()
        doubt += f"the day after the newest {newest[1].since[0].name} ({newest[0].date()}). Change the date if you know it."
    return draft.with_lines(MapLine("ts", line.expression.replace("{base}", base), "", doubt))


def _with_actions(draft: EventsDraft, found: CatalogueFound) -> EventsDraft:
    """Name the catalogue's ids as the action; an attribute of the same column goes."""
    if found.draft is None or found.draft.seen is not draft.seen or found.line is None or draft.group_by:
        return draft
    kept = tuple(
        line
        for line in draft.map
        if not (line.canonical.startswith("attributes.") and line.expression in found.line.expression)
    )
    order = [line.canonical for line in kept]
    if "action_id" in order:
        return replace(draft, map=kept).with_lines(found.line)
    place = order.index("type") + 1
    return replace(draft, map=(*kept[:place], found.line, *kept[place:]))


def _with_notes(bench: Workbench, draft: EventsDraft) -> EventsDraft:
    """Count what the report says beside the customer and action columns of presets and lookups."""
    line = draft.line("customer_id")
    assert line is not None
    if line.note or draft.lookups:
        return draft
    _, different = distinct_cells(bench, draft.seen.raw.table, line.expression)
    return draft.with_lines(replace(line, note=f"{different:,} different"))


def _known_in_time(bench: Workbench, one: CustomersFound, have_events: bool) -> CustomersFound:
    """Drop "known since" when customers buy before it: they would have no attributes at their first events."""
    line = one.source.line("ts")
    if line is None or not have_events:
        return one
    key = one.source.map[0].expression
    bench.view(
        "known",
        one.seen.raw.table,
        {"customer_id": f"({key})::varchar", "ts": f"({line.expression})::timestamp"},
    )
    both, late = bench.row("late_customers")
    if late <= 0.01 * both:
        return one
    kept = tuple(other for other in one.source.map if other.canonical != "ts")
    remark = f"{late:,} of {both:,} have events before that date: taken as always known"
    return replace(one, source=replace(one.source, map=kept, remarks=(*one.source.remarks, remark)))


def _asked_probability(types: tuple[TypeGuess, ...], decided: bool) -> tuple[TypeGuess, ...]:
    """With contacts but no logged probability, ask for it once, at the first contact type."""
    contact = next((kind for kind in types if kind.role == "contact"), None)
    if contact is None or decided:
        return types
    asked = "no probability in the log: if you know how offers were given out, set it."
    doubt = f"{contact.doubt} Also {asked}" if contact.doubt else asked
    return tuple(replace(kind, doubt=doubt) if kind is contact else kind for kind in types)


def _decided_objective(decisions: Sequence[SourceGuess]) -> tuple[ObjectiveGuess, ...]:
    for source in decisions:
        for line in source.map:
            if line.canonical.startswith("outcome."):
                name = line.canonical.removeprefix("outcome.")
                measure = "sum" if "decimal" in line.expression else "any"
                doubt = f"outcomes come with the decisions; a day is taken as the time {name} needs."
                return (ObjectiveGuess(name, "", measure, "1d", rows=source.rows, doubt=doubt),)
    return ()


def _source(bench: Workbench, draft: EventsDraft) -> SourceGuess:
    seen = draft.seen
    also = (*draft.group_by, *(on for _, _, on in draft.lookups_written))
    return SourceGuess(
        seen.name, "events", seen.paths, seen.layout, seen.raw.rows, draft.map, draft.group_by, draft.lookups_written,
        draft.preset, seen.raw.blank_lines, seen.raw.bad_rows, unused=unused_columns(seen, draft.map, also),
        doubt=undone_orders(bench, draft),
    )  # fmt: skip


def _renamed(sources: Sequence[SourceGuess]) -> tuple[SourceGuess, ...]:
    """Sources of the same name get a number."""
    seen: dict[str, int] = {}
    made = []
    for source in sources:
        seen[source.name] = seen.get(source.name, 0) + 1
        number = seen[source.name]
        made.append(replace(source, name=f"{source.name}_{number}") if number > 1 else source)
    return tuple(made)


def _span_text(span: Span) -> str:
    return f"{span.first:%Y-%m-%d} to {span.last:%Y-%m-%d}" if span.first and span.last else ""


def _left_out(found: SortedFiles, catalogue: CatalogueGuess | None) -> Iterator[str]:
    """What the files hold that cannot be used yet, and what would make it so."""
    if catalogue is not None and not catalogue.usable:
        yield (
            f"{catalogue.file.name}: its actions stand in nba.toml as comments. Nothing in the files tells what they are "
            "worth: there are neither purchases nor reactions to contacts."
        )
    if found.decisions and not found.drafts and not found.customers:
        yield (
            f"{found.decisions[0].files[0].name}: decisions alone cannot be trained on yet. Models learn from events and "
            "customers: add those files too."
        )


def _unused(seen: FileLook) -> str:
    names = ", ".join(column.name for column in seen.columns[:6] if not column.parent)
    return (
        f"{seen.shown}: not used ({seen.raw.rows:,} rows of {names}). It has no customer with a time, is no list of "
        "customers of the events, and no short list of actions. A table to look things up in: see [source.lookup]."
    )


def _doubts(guess: Guess) -> list[str]:
    """Every doubt in the order of nba.toml."""
    doubts = [guess.currency_doubt, guess.as_of_doubt]
    doubts += [
        doubt for source in guess.sources for doubt in (source.doubt, *(line.doubt for line in source.map))
    ]
    doubts += [kind.doubt for role in guess.roles for kind in guess.types if kind.role == role]
    doubts += [kind.doubt for kind in guess.types if not kind.role] if guess.roles else []
    doubts += [doubt for objective in guess.objectives for doubt in (objective.doubt, objective.clip_doubt)]
    doubts += [*(target.doubt for target in guess.targets), guess.clv_doubt]
    if guess.catalogue and guess.catalogue.usable:
        doubts += [guess.catalogue.response.doubt] if guess.catalogue.response else []
        doubts += [line.doubt for line in guess.catalogue.map]
    return [doubt for doubt in doubts if doubt]
