"""``nbatool export``: the decision log with its outcomes, in a format other tools read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Literal

from nbatool.activate.dsjson import write_dsjson
from nbatool.activate.files import sweep_temporaries, whole_file
from nbatool.activate.log_rows import LogNames
from nbatool.activate.log_tables import write_csv, write_obp, write_parquet
from nbatool.base.clock import format_time
from nbatool.base.errors import DataError, UsageError, did_you_mean
from nbatool.ingest.drain import drain_journal
from nbatool.store.sql import statement
from nbatool.store.warehouse import Warehouse, open_warehouse

if TYPE_CHECKING:
    import pyarrow as pa

    from nbatool.store.workspace import Workspace

LogFormat = Literal["dsjson", "obp", "csv", "parquet"]
LOG_FORMATS: Final = ("dsjson", "obp", "csv", "parquet")
ENDINGS: Final = {"dsjson": "dsjson", "obp": "obp.csv", "csv": "csv", "parquet": "parquet"}
BATCH_ROWS: Final = 10_000


@dataclass(frozen=True)
class ExportSettings:
    """What `nbatool export` was asked for; ``out`` "-" is stdout, None ``out/decisions.<format>``."""

    log_format: LogFormat
    out: str | None = None
    from_us: int | None = None
    until_us: int | None = None
    source: str | None = None


@dataclass(frozen=True)
class ExportReport:
    """What was written, and what a reader of the file may miss; counts are rows."""

    file: str
    log_format: str
    rows: int
    without_probability: int
    without_candidates: int
    without_outcome: int


def export_log(workspace: Workspace, settings: ExportSettings) -> ExportReport:
    """Write the decision log. The caller holds the workspace.

    Raises
    ------
    UsageError
        No source of that name has decisions.
    DataError
        There is nothing to write.
    """
    path = Path(settings.out or workspace.root / "out" / f"decisions.{ENDINGS[settings.log_format]}")
    asked = {"source": settings.source, "from_us": settings.from_us, "until_us": settings.until_us}
    with open_warehouse(workspace) as warehouse:
        drain_journal(workspace, warehouse)
        _require_rows(warehouse, settings)
        found = warehouse.rows("activate/exported_names", **asked)
        names = LogNames(
            outcomes=tuple(name for kind, name in found if kind == "outcome"),
            context=tuple(name for kind, name in found if kind == "context"),
            weights={objective.name: objective.weight for objective in workspace.config.objectives},
        )
        reader = warehouse.con.sql(statement("activate/exported_decisions"), params=asked).to_arrow_reader(
            BATCH_ROWS
        )
        counter = _Counter(reader)
        # An unfinished reading keeps the file open beyond the connection's end.
        with reader, _target(settings.out, path) as file:
            WRITERS[settings.log_format](iter(counter), names, file)
    shown = "-" if settings.out == "-" else str(path)
    return ExportReport(shown, settings.log_format, *counter.counts)


WRITERS: Final[dict[str, Callable[[Iterator[pa.Table], LogNames, IO[bytes]], None]]] = {
    "dsjson": write_dsjson,
    "obp": write_obp,
    "csv": write_csv,
    "parquet": write_parquet,
}


class _Counter:
    """Hands batches through and counts what is in them."""

    def __init__(self, reader: pa.RecordBatchReader) -> None:
        self._reader = reader
        self.counts = (0, 0, 0, 0)

    def __iter__(self) -> Iterator[pa.Table]:
        import pyarrow as pa

        for batch in self._reader:
            missing = [batch.column(name).null_count for name in ("probability", "candidates", "outcomes")]
            self.counts = tuple(a + b for a, b in zip(self.counts, (batch.num_rows, *missing), strict=True))
            yield pa.Table.from_batches([batch])


def _require_rows(warehouse: Warehouse, settings: ExportSettings) -> None:
    spans = {source: (first, last) for source, first, last in warehouse.rows("activate/exported_sources")}
    if not spans:
        raise DataError(
            'no decision is logged yet. Load some (a [[source]] of kind = "decisions"), or make them: nbatool score'
        )
    if settings.source is not None and settings.source not in spans:
        known = sorted(spans)
        raise UsageError(
            f'--source "{settings.source}": the log has decisions of {", ".join(known)}'
            f"{did_you_mean(settings.source, known)}"
        )
    chosen = [span for source, span in spans.items() if settings.source in (None, source)]
    first, last = min(span[0] for span in chosen), max(span[1] for span in chosen)
    too_late = settings.from_us is not None and last < settings.from_us
    too_early = settings.until_us is not None and first >= settings.until_us
    if too_late or too_early:
        raise DataError(
            f"no decision lies between --from and --until; the log goes from {format_time(first)} to {format_time(last)}"
        )


def _target(out: str | None, path: Path) -> AbstractContextManager[IO[bytes]]:
    if out == "-":
        return nullcontext(sys.stdout.buffer)
    sweep_temporaries(path.parent, path.name)
    return whole_file(path)
