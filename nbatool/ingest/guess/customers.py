"""A customers file: one row a person, matched with the people of the events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from nbatool.base.clock import TimeTextError, load_zone
from nbatool.ingest.guess.attributes import customer_attributes
from nbatool.ingest.guess.events import EventsDraft
from nbatool.ingest.guess.file_look import FileLook, customer_column, plain_ids, unique
from nbatool.ingest.guess.matching import overlap
from nbatool.ingest.guess.records import CampaignHint, Column, MapLine, SourceGuess
from nbatool.ingest.guess.times import TimeReading
from nbatool.ingest.guess.unused import unused_columns
from nbatool.ingest.guess.words import CUSTOMER, OUTCOME, TIMEZONE, TREATMENT, identifier, named, rank
from nbatool.ingest.guess.workbench import Workbench

_MOST_ZONES = 1000


@dataclass(frozen=True, slots=True)
class CustomersFound:
    """A customers source, the column since when they are known, and how sure the key is."""

    source: SourceGuess
    since: tuple[Column, TimeReading] | None
    seen: FileLook

    @property
    def newest(self) -> datetime | None:
        """The newest date since when a customer is known."""
        return self.since[1].last if self.since else None


def customers_found(
    bench: Workbench, seen: FileLook, drafts: Sequence[EventsDraft], *, last_resort: bool
) -> CustomersFound | None:
    """Read a file as customers.

    Parameters
    ----------
    last_resort
        False: only with a key that is unique and known to the events (or named like a customer's).
        True: any file; without a key every row is a customer of its own (`_row`).
    """
    key, note = _key(bench, seen, drafts, last_resort=last_resort)
    if key is None and not last_resort:
        return None
    remarks: tuple[str, ...] = ()
    if key is None:
        remarks = missing_parts(seen)
        line = MapLine(
            "customer_id", "_row", "no column names anybody",
            f"{seen.shown} has no customer id: each row is taken for a customer of its own, numbered by its place.",
        )  # fmt: skip
    else:
        line = MapLine("customer_id", key.expression)
    hint = campaign_hint(seen) if key is None else None
    zone = zone_column(bench, seen)
    left = [hint.treatment, *(expression.split("::")[0] for _, expression in hint.outcomes)] if hint else []
    found = customer_attributes(bench, seen, [line.expression, *left, *([zone.expression] if zone else [])])
    lines = [line, *found.lines]
    if zone is not None:
        lines.insert(1, MapLine("timezone", zone.cleaned, f"{zone.distinct} different"))
    if found.since is not None and found.since[1].last is not None:
        lines.insert(1, MapLine("ts", found.since[1].attribute, "known since then"))
    source = SourceGuess(
        seen.name, "customers", seen.paths, seen.layout, seen.raw.rows, tuple(lines),
        blank_lines=seen.raw.blank_lines, bad_rows=seen.raw.bad_rows, note=note, remarks=remarks, campaign=hint,
        unused=unused_columns(seen, lines, [expression.strip('"') for expression in left]),
    )  # fmt: skip
    return CustomersFound(source, found.since, seen)


def _key(
    bench: Workbench, seen: FileLook, drafts: Sequence[EventsDraft], *, last_resort: bool
) -> tuple[Column | None, str]:
    """The column that names the customers, and how many of them have events."""
    named_key = customer_column(seen)
    best: tuple[float, Column, str] | None = None
    for key in dict.fromkeys((*([named_key] if named_key else []), *plain_ids(seen))):
        if not unique(bench, seen, key):
            continue
        for draft in drafts:
            events = (draft.seen.raw.table, draft.line("customer_id").expression)  # type: ignore[union-attr]
            shared = overlap(bench, (seen.raw.table, key.expression), events)
            score = max(shared.of_left, shared.of_right)
            all_in = "all with events" if shared.both == shared.left else f"{shared.both:,} with events"
            if score >= 0.2 and (best is None or score > best[0]):
                best = (score, key, all_in)
    if best is not None:
        return best[1], best[2]
    if named_key is not None and unique(bench, seen, named_key):
        strong = (rank(named_key.name, CUSTOMER) or 0) <= 3
        return (named_key, "none with events" if drafts else "") if strong else (None, "")
    if last_resort:
        return next(((key, "") for key in plain_ids(seen)[:1] if unique(bench, seen, key)), (None, ""))
    return None, ""


def zone_column(bench: Workbench, seen: FileLook) -> Column | None:
    """The column called a time zone, when all its cells name one (`Europe/Zurich`)."""
    column = seen.column(TIMEZONE, [c for c in seen.columns if c.type == "text"])
    if column is None:
        return None
    bench.look_at(seen.raw.table, column.expression)
    cells = [cell for (cell,) in bench.rows("different", most=_MOST_ZONES)]
    return column if len(cells) < _MOST_ZONES and all(map(_is_zone, cells)) else None


def _is_zone(name: str) -> bool:
    try:
        load_zone(name)
    except TimeTextError:
        return False
    return True


def missing_parts(seen: FileLook) -> tuple[str, ...]:
    """What a file without ids would need, and what it may hold: the log of a campaign."""
    remarks = [
        "no customer id and no date: no history, so no features over time and no targets from it alone"
    ]
    hint = campaign_hint(seen)
    if hint is not None:
        remarks.append(
            f"{hint.treatment} looks like what was done and {', '.join(name for name, _ in hint.outcomes)} like what "
            "came of it: see the commented decisions source in nba.toml"
        )
    return tuple(remarks)


def campaign_hint(seen: FileLook) -> CampaignHint | None:
    """The column of what was done to whom and those of what came of it, when the file has both."""
    few = [c for c in seen.columns if c.type == "text" and 2 <= c.distinct <= 20 and not c.parent]
    treatment = seen.column(TREATMENT, few)
    outcomes = [c for c in seen.columns if c.numeric and named(c.name, OUTCOME) and c is not treatment][:5]
    if treatment is None or not outcomes:
        return None
    made = tuple(
        (identifier(c.name), f"{c.expression}::{'int' if c.integers == c.numbers else 'decimal(18,4)'}")
        for c in outcomes
    )
    return CampaignHint(treatment.expression, tuple(sorted(treatment.sample)), made)
