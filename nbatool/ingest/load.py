"""``nbatool ingest``: which sources, which files, and what became of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, BinaryIO, Final

from nbatool.base import clock
from nbatool.base.config import Source
from nbatool.base.errors import DataError, UsageError, did_you_mean
from nbatool.ingest import checks
from nbatool.ingest.drain import drain_journal
from nbatool.ingest.files import STDIN, InputFile, input_files, spooled_stdin
from nbatool.ingest.formats import is_empty
from nbatool.ingest.log_rows import odd_outcomes
from nbatool.ingest.lookup import load_lookups
from nbatool.ingest.reject_limit import RejectLimit
from nbatool.ingest.report import IngestReport, LookedAt, SourceReport
from nbatool.ingest.source_load import SourceLoad
from nbatool.ingest.stage import stage_file
from nbatool.store.connection import scratch_database
from nbatool.store.sql import statement
from nbatool.store.warehouse import Warehouse, open_warehouse
from nbatool.store.workspace import Workspace

PREVIEW_ROWS: Final = 5

OnProgress = Callable[[int, int, int], None]
"""Called with bytes done, bytes in all, and rows read so far; possibly from another thread."""


def load(
    workspace: Workspace,
    *,
    files: Sequence[str] | None = None,
    source: str | None = None,
    max_rejects: str = "1%",
    dry_run: bool = False,
    full_refresh: bool = False,
    allow_empty: bool = False,
    on_progress: OnProgress | None = None,
    stdin: BinaryIO | None = None,
) -> IngestReport:
    """Load a workspace's sources (or one, or some files as one) into its warehouse.

    Each source is loaded as a whole or not at all. The caller holds the workspace lock, but for a dry run.

    Parameters
    ----------
    files
        Instead of the source's own files; ``-`` is standard input.
    source
        Only this one. Needed with `files` where several sources could be meant.
    dry_run
        Store nothing; the report has five mapped rows of each source.
    full_refresh
        Take out what the sources have in the warehouse, and load them again.

    Raises
    ------
    UsageError, ConfigError, DataError
    """
    limit = RejectLimit.parse(max_rejects)
    input_files(file for file in files or () if file != STDIN)  # one that is missing is named before all else
    chosen = _chosen(workspace, source, files)
    with spooled_stdin(tuple(files or ()), workspace.temp_dir, stdin) as spooled:
        inputs: dict[str, list[InputFile]] = {}
        for one in chosen:
            inputs[one.name] = _found(one, files, spooled, allow_empty=allow_empty)
        if dry_run:
            previews = tuple(_previewed(workspace, one, inputs[one.name]) for one in chosen)
            return IngestReport(previews, dry_run=True)
        progress = _Progress(sum(file.size for found in inputs.values() for file in found), on_progress)
        now_us = clock.now_us()
        reports = []
        reloading = frozenset(inputs) if full_refresh else frozenset[str]()
        with open_warehouse(workspace, reloading=reloading) as warehouse:
            drain_journal(workspace, warehouse)
            for one in chosen:
                attempt = SourceLoad(
                    workspace, warehouse, one, inputs[one.name], limit, now_us,
                    full_refresh=full_refresh, allow_empty=allow_empty, on_progress=progress,
                )  # fmt: skip
                reports.append(attempt.run())
            reports = [_with_odd_outcomes(warehouse, report) for report in reports]
            changed = any(report.counts.accepted for report in reports)
            warnings = tuple(checks.ids_alike(warehouse.con)) if changed else ()
    return IngestReport(tuple(reports), warnings)


def _chosen(workspace: Workspace, name: str | None, files: Sequence[str] | None) -> tuple[Source, ...]:
    sources = workspace.config.sources
    names = [source.name for source in sources]
    if name is not None:
        found = workspace.config.source(name)
        if found is None:
            listed = ", ".join(names) or "none"
            raise UsageError(f'--source "{name}": nba.toml has {listed}{did_you_mean(name, names)}')
        return (found,)
    if not sources:
        raise UsageError(
            f"{workspace.config.path} has no [[source]]. Let `nbatool init --from FILE…` write them"
        )
    if files and len(sources) != 1:
        raise UsageError(
            f"which source do the files belong to? Add --source NAME (one of {', '.join(names)})"
        )
    return sources


def _found(
    source: Source, files: Sequence[str] | None, spooled: Any, *, allow_empty: bool
) -> list[InputFile]:
    patterns = [str(pattern) for pattern in (files or source.files)]
    if not patterns:
        raise DataError(f'source "{source.name}" has no files in nba.toml. Name them:  nbatool ingest FILE…')
    found = input_files(patterns, spooled)
    if not found and not allow_empty:
        raise DataError(
            f'source "{source.name}": no file matches {", ".join(patterns)}. If that is right, allow it with '
            "--allow-empty"
        )
    return found


def _with_odd_outcomes(warehouse: Warehouse, report: SourceReport) -> SourceReport:
    """Say at the end which outcomes fit no decision: decisions of any source may have been loaded after them."""
    if report.kind != "outcomes":
        return report
    return replace(report, flagged=(*report.flagged, *odd_outcomes(warehouse.con, report.name)))


def _previewed(workspace: Workspace, source: Source, files: Sequence[InputFile]) -> SourceReport:
    """Map the first rows of a source's first file with rows, away from the warehouse."""
    first = next((file for file in files if not is_empty(file, source)), None)
    if first is None:
        return SourceReport(source.name, source.kind, files=len(files), warnings=("all files are empty",))
    with scratch_database() as con:
        lookups = load_lookups(con, source)
        staged = stage_file(con, workspace.config, source, first, lookups, first_rows_only=True)
        table = con.sql(
            statement(f"ingest/preview_{source.kind}"), params={"n": PREVIEW_ROWS}
        ).to_arrow_table()
        reasons = dict(con.execute(statement("ingest/staged_reasons")).fetchall())
    preview: tuple[Mapping[str, object], ...] = tuple(table.to_pylist())
    return SourceReport(
        source.name,
        source.kind,
        files=len(files),
        warnings=staged.warnings,
        preview=preview,
        unmatched=staged.unmatched,
        looked_at=LookedAt(first.name, staged.rows, staged.whole, staged.lines, reasons),
    )


class _Progress:
    """Adds up what the readers report."""

    def __init__(self, total_bytes: int, on_progress: OnProgress | None) -> None:
        self.total, self.done, self.rows, self.tell = total_bytes, 0, 0, on_progress

    def __call__(self, n_bytes: int, n_rows: int) -> None:
        self.done = min(self.done + n_bytes, self.total)
        self.rows += n_rows
        if self.tell is not None:
            self.tell(self.done, self.total, self.rows)
