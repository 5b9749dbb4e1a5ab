"""Which file is what: events, decisions, consent, customers, the catalogue, or nothing that can be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nbatool.ingest.guess.catalogue import CatalogueFound, catalogue_found
from nbatool.ingest.guess.cells import file_columns
from nbatool.ingest.guess.consent import consent_found
from nbatool.ingest.guess.customers import CustomersFound, customers_found
from nbatool.ingest.guess.decisions import decisions_found
from nbatool.ingest.guess.events import EventsDraft, events_draft
from nbatool.ingest.guess.file_look import FileLook
from nbatool.ingest.guess.layout import file_layout
from nbatool.ingest.guess.lookups import dated_by_lookup
from nbatool.ingest.guess.presets import preset_draft
from nbatool.ingest.guess.raw_rows import Raw
from nbatool.ingest.guess.records import Layout, SourceGuess
from nbatool.ingest.guess.words import CUSTOMER, named
from nbatool.ingest.guess.workbench import Workbench


@dataclass
class SortedFiles:
    """Files by what they are."""

    drafts: list[EventsDraft]
    decisions: list[SourceGuess]
    customers: list[CustomersFound]
    catalogue: CatalogueFound | None
    unused: list[FileLook]
    catalogue_look: FileLook | None = None
    consent: list[SourceGuess] = field(default_factory=list)


def file_looks(bench: Workbench, paths: Sequence[Path]) -> list[FileLook]:
    """One look a file; files of the same columns are parts of one."""
    parts: dict[tuple[object, ...], list[tuple[Path, Layout, Raw]]] = {}
    for path in paths:
        layout = file_layout(path)
        raw = bench.load(path, layout)
        shape = tuple(bench.con.table(raw.table).columns)
        key = (layout.format, layout.delimiter, layout.header, layout.encoding, shape)
        parts.setdefault(key if layout.header else (key, path), []).append((path, layout, raw))
    return [_joined(bench, group) for group in parts.values()]


def _joined(bench: Workbench, group: list[tuple[Path, Layout, Raw]]) -> FileLook:
    _, layout, raw = group[0]
    if len(group) > 1:
        relation = bench.con.table(raw.table)
        for _, _, other in group[1:]:
            relation = relation.union(bench.con.table(other.table))
        table = f"{raw.table}_and_more"
        relation.create(table)
        raws = [part for _, _, part in group]
        raw = Raw(
            table, sum(r.rows for r in raws), sum(r.blank_lines for r in raws), sum(r.bad_rows for r in raws)
        )
    return FileLook(tuple(path for path, _, _ in group), layout, raw, file_columns(bench, raw.table))


def sorted_files(bench: Workbench, looks: Sequence[FileLook]) -> SortedFiles:
    """Tell the files apart, those that say who and when first; the others are known by their ids."""
    found = SortedFiles([], [], [], None, [])
    rest: list[FileLook] = []
    for seen in looks:
        decided = decisions_found(bench, seen)
        consent = None if decided else consent_found(bench, seen)
        sorted_in = decided or consent
        draft = None if sorted_in else preset_draft(bench, seen) or events_draft(bench, seen)
        if decided is not None:
            found.decisions.append(decided)
        elif consent is not None:
            found.consent.append(consent)
        elif draft is not None:
            found.drafts.append(draft)
        else:
            rest.append(seen)
    rest = [seen for seen in rest if not _customers(bench, seen, found, by_name=True)]
    rest = [seen for seen in rest if not _catalogue(bench, seen, found, by_words=False)]
    rest = [seen for seen in rest if not _customers(bench, seen, found, by_name=False)]
    rest = [seen for seen in rest if not _catalogue(bench, seen, found, by_words=True)]
    rest = [seen for seen in rest if not _dated(bench, seen, looks, found)]
    if not found.drafts and not found.decisions and not found.customers and rest:
        last = customers_found(bench, rest[0], (), last_resort=True)
        assert last is not None
        found.customers.append(last)
        rest = rest[1:]
    found.unused = rest
    return found


def _customers(bench: Workbench, seen: FileLook, found: SortedFiles, *, by_name: bool) -> bool:
    if by_name and not any(named(column.name, CUSTOMER) for column in seen.columns):
        return False
    made = customers_found(bench, seen, found.drafts, last_resort=False)
    if made is None:
        return False
    key = made.source.map[0].expression.strip('"')
    if by_name and not named(key, CUSTOMER):
        return False
    found.customers.append(made)
    return True


def _catalogue(bench: Workbench, seen: FileLook, found: SortedFiles, *, by_words: bool) -> bool:
    if found.catalogue is not None:
        return False
    made = catalogue_found(bench, seen, found.drafts, found.decisions, by_words=by_words)
    found.catalogue = made
    found.catalogue_look = seen if made is not None else None
    return made is not None


def _dated(bench: Workbench, seen: FileLook, looks: Sequence[FileLook], found: SortedFiles) -> bool:
    draft = dated_by_lookup(bench, seen, looks)
    if draft is not None:
        found.drafts.append(draft)
    return draft is not None
