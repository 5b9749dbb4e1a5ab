"""One source into the warehouse: all of its files, or none, in one transaction."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nbatool.base.config import Source
from nbatool.base.errors import ConfigError, DataError
from nbatool.ingest import checks, dedupe, log_rows
from nbatool.ingest.files import InputFile, fingerprint, input_files
from nbatool.ingest.formats import is_empty
from nbatool.ingest.lookup import LoadedLookup, load_lookups
from nbatool.ingest.mapping import map_hash
from nbatool.ingest.reject_limit import RejectLimit, percent
from nbatool.ingest.rejects import roll_back_keeping_rejects
from nbatool.ingest.report import Counts, FlagCount, SourceReport
from nbatool.ingest.stage import Staged, stage_file
from nbatool.store.batch_journal import Batch
from nbatool.store.warehouse import Warehouse
from nbatool.store.workspace import Workspace

OnProgress = Callable[[int, int], None]
"""Called with bytes and rows just read."""

REFRESHED = (
    "events", "customers", "contact_states", "decisions", "outcomes", "consent", "rejects", "batches", "attributes",
)  # fmt: skip
IDENTITY = {
    "events": "event_id",
    "customers": "customer and time",
    "decisions": "decision_id and position",
    "outcomes": "decision and outcome_id",
    "consent": "customer, channel and time",
}
"""What two records of a kind have in common that count as one."""


@dataclass
class SourceLoad:
    """One attempt to load one source.

    Parameters
    ----------
    now_us
        The instant of the load; times after it are flagged.
    """

    workspace: Workspace
    warehouse: Warehouse
    source: Source
    files: Sequence[InputFile]
    limit: RejectLimit
    now_us: int
    full_refresh: bool = False
    allow_empty: bool = False
    on_progress: OnProgress | None = None
    batches: list[Batch] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    unmatched: dict[str, int] = field(default_factory=dict)
    flagged: list[FlagCount] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    unchanged: int = 0

    def run(self) -> SourceReport:
        """Load the files, or raise and leave the warehouse as it was (but for the rejects of a refused load)."""
        started = time.monotonic()
        con = self.warehouse.con
        known = self._known_batches()
        lookups: tuple[LoadedLookup, ...] | None = None
        con.begin()
        try:
            self.warehouse.rows("ingest/delete_refused_rejects", source=self.source.name)
            if self.full_refresh:
                self._clear(known)
            for file in self.files:
                mark = fingerprint([file.path, *self._lookup_paths()])
                if batch := known.get(mark) if not self.full_refresh else None:
                    self._count_unchanged(batch, file)
                    continue
                if lookups is None:
                    lookups = load_lookups(con, self.source)
                self._load_file(file, mark, lookups)
            read = self.counts.rows - sum(known[mark].rows for mark in self._skipped)
            rejected = sum(batch.rejected for batch in self.batches)
            if self.batches and self.limit.exceeded(rejected, read):
                raise self._refused(rejected, read)  # noqa: TRY301 - the rollback below is meant for it
            self._commit(known)
        except BaseException:
            self._roll_back()
            raise
        return self._report(time.monotonic() - started)

    def __post_init__(self) -> None:
        self._skipped: list[str] = []
        self._refusing = False

    def _known_batches(self) -> dict[str, Batch]:
        """Return the source's loaded files by fingerprint; refuse to mix two maps."""
        all_batches = [Batch(*row) for row in self.warehouse.rows("store/batches")]
        own = [batch for batch in all_batches if batch.source == self.source.name]
        wanted = map_hash(self.source)
        if not self.full_refresh and any(batch.map_hash != wanted for batch in own):
            stored = sum(batch.accepted for batch in own)
            raise ConfigError(
                f'source "{self.source.name}": the map changed since its {stored:,} rows were loaded. To load them '
                f"again with the new map: nbatool ingest --full-refresh --source {self.source.name}. Nothing was "
                "changed."
            )
        return {batch.fingerprint: batch for batch in own}

    def _clear(self, known: dict[str, Batch]) -> None:
        marks = {batch.file for batch in known.values()}
        gone = marks - {file.name for file in self.files}
        if gone:
            rows = sum(batch.accepted for batch in known.values() if batch.file in gone)
            self.warnings.append(
                f"{len(gone)} files loaded earlier are not among the files read now ({', '.join(sorted(gone)[:3])}); "
                f"their {rows:,} rows are gone"
            )
        for table in REFRESHED:
            self.warehouse.rows(f"ingest/delete_source_{table}", source=self.source.name)

    def _lookup_paths(self) -> list[Path]:
        return [input_files([lookup.file])[0].path for lookup in self.source.lookup.values()]

    def _count_unchanged(self, batch: Batch, file: InputFile) -> None:
        duplicate = batch.rows - batch.rejected
        other = duplicate if batch.file != file.name else 0
        self.counts += Counts(batch.rows, 0, duplicate, batch.rejected, batch.rows, other)
        self.unchanged += 1
        self._skipped.append(batch.fingerprint)
        if self.on_progress is not None:
            self.on_progress(file.size, batch.rows)

    def _load_file(self, file: InputFile, mark: str, lookups: tuple[LoadedLookup, ...]) -> None:
        if is_empty(file, self.source):
            self._empty(f"{file.name} is empty")
            return
        con, progress = self.warehouse.con, self.on_progress
        staged = stage_file(
            con, self.workspace.config, self.source, file, lookups,
            on_bytes=(lambda n: progress(n, 0)) if progress else None,
            on_rows=(lambda n: progress(0, n)) if progress else None,
        )  # fmt: skip
        if staged.rows == 0:
            self._empty(f"{file.name} has no rows (only a header)")
            return
        batch_id = _batch_id(self.source.name, mark, file.name)
        self.flagged += checks.odd_times(con, self.now_us)
        deduped = self._store(file, batch_id, staged)
        self.warehouse.rows(
            "ingest/insert_rejects", batch_id=batch_id, source=self.source.name, file=file.name
        )
        for name, kind in staged.attribute_kinds.items():
            self.warehouse.rows(
                "ingest/set_attribute_kind",
                source=self.source.name,
                kind=self.source.kind,
                name=name,
                type=kind,
            )
        self._count(file, staged, deduped, batch_id, mark)

    def _store(self, file: InputFile, batch_id: str, staged: Staged) -> dedupe.Deduped:
        con, name, own = self.warehouse.con, self.source.name, staged.has_own_id
        match self.source.kind:
            case "customers":
                return dedupe.store_customers(con, source=name, file=file.name, batch_id=batch_id)
            case "consent":
                return dedupe.store_consent(con, source=name, file=file.name, batch_id=batch_id)
            case "outcomes":
                return log_rows.store_outcomes(con, source=name, file=file.name, batch_id=batch_id)
            case "decisions":
                deduped, flags = log_rows.store_decisions(
                    con, source=name, file=file.name, batch_id=batch_id, has_own_id=own
                )
                self.flagged += flags
                return deduped
            case _:
                return dedupe.store_events(
                    con, source=name, file=file.name, batch_id=batch_id, has_own_id=own
                )

    def _count(
        self, file: InputFile, staged: Staged, deduped: dedupe.Deduped, batch_id: str, mark: str
    ) -> None:
        accepted = staged.rows - staged.rejected - deduped.duplicate
        self.counts += Counts(
            staged.rows, accepted, deduped.duplicate, staged.rejected, staged.lines,
            deduped.duplicate_of_other_file, deduped.replaced,
        )  # fmt: skip
        for name, n in staged.unmatched.items():
            self.unmatched[name] = self.unmatched.get(name, 0) + n
        self.warnings += [warning for warning in staged.warnings if warning not in self.warnings]
        if deduped.conflicts:
            self.warnings.append(
                f"{file.name}: {deduped.conflicts:,} rows have the {IDENTITY[self.source.kind]} of another row but another content; one of "
                "each is kept"
            )
        batch = Batch(
            batch_id, self.source.name, self.source.kind, file.name, mark, map_hash(self.source),
            staged.rows, accepted, deduped.duplicate, staged.rejected, self.now_us,
        )  # fmt: skip
        self.batches.append(batch)
        self.warehouse.rows("store/insert_batch", **vars(batch))

    def _empty(self, what: str) -> None:
        if not self.allow_empty:
            raise DataError(
                f'source "{self.source.name}": {what}. If that is right, allow it with --allow-empty. Nothing of the '
                "source was loaded"
            )
        self.warnings.append(what)

    def _refused(self, rejected: int, read: int) -> DataError:
        self._refusing = True
        ids = [batch.batch_id for batch in self.batches]
        file, line, reason, detail = self.warehouse.rows("ingest/first_reject", batch_ids=ids)[0]
        found = f" ({detail!r})" if detail else ""
        share = rejected / read
        enough = f"{int(share * 100) + 1}%" if share < 1 else "100%"
        hint = _hint(reason)
        return DataError(
            f'source "{self.source.name}": {rejected:,} of {read:,} rows rejected ({percent(share)}, limit '
            f"{self.limit}). Nothing was loaded. First: {file} line {line}: {reason}{found}. {hint}See `nbatool status "
            f"--rejects`, or allow more with --max-rejects {enough}."
        )

    def _commit(self, known: dict[str, Batch]) -> None:
        journal = self.warehouse.journal
        removed = {batch.batch_id for batch in known.values()} if self.full_refresh else set()
        own = {batch_id for batch_id, batch in journal.finished.items() if batch.source == self.source.name}
        if self.full_refresh:
            removed |= own
            journal.announce_removal(removed)
        self.warehouse.con.commit()
        if removed:
            journal.remove(removed)
        journal.add(self.batches)

    def _roll_back(self) -> None:
        con = self.warehouse.con
        if self._refusing:
            ids = [batch.batch_id for batch in self.batches]
            roll_back_keeping_rejects(
                con, source=self.source.name, batch_ids=ids, folder=self.workspace.temp_dir
            )
        else:
            con.rollback()

    def _report(self, seconds: float) -> SourceReport:
        return SourceReport(
            name=self.source.name,
            kind=self.source.kind,
            counts=self.counts,
            files=len(self.files),
            unchanged_files=self.unchanged,
            unmatched=self.unmatched,
            flagged=_added_up(self.flagged),
            warnings=tuple(self.warnings),
            seconds=seconds,
        )


def _batch_id(source: str, mark: str, file: str) -> str:
    text = "\x1f".join((source, mark, file))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _hint(reason: str) -> str:
    if reason == "ts is not an ISO date or time":
        return "For a text such as 03/04/2020 write  ts = \"strptime(x, '%d/%m/%Y')\"  (or '%m/%d/%Y'). "
    return ""


def _added_up(flags: Sequence[FlagCount]) -> tuple[FlagCount, ...]:
    found: dict[str, FlagCount] = {}
    for flag in flags:
        before = found.get(flag.reason)
        found[flag.reason] = replace(before, rows=before.rows + flag.rows) if before else flag
    return tuple(found.values())
