"""``nbatool export``: the decision log with its outcomes, in a format other tools read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Literal

from nbatool.activate.dsjson import write_dsjson
from nbatool.activate.files import sweep_temporaries, whole_file
from nbatool.activate.log_outcomes import count_brought
from nbatool.activate.log_rows import LogNames
from nbatool.activate.log_tables import write_csv, write_obp, write_parquet
from nbatool.base.clock import US_PER_S, format_time
from nbatool.base.errors import DataError, UsageError, did_you_mean
from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.ingest.drain import drain_journal
from nbatool.store.sql import statement
from nbatool.store.warehouse import Warehouse, open_warehouse

if TYPE_CHECKING:
    import pyarrow as pa

    from nbatool.store.workspace import Workspace

LogFormat = Literal["dsjson", "obp", "csv", "parquet"]
ENDINGS: Final = {"dsjson": "dsjson", "obp": "obp.csv", "csv": "csv", "parquet": "parquet"}
BATCH_ROWS: Final = 10_000


@dataclass(frozen=True)
class ExportSettings:
    """What `nbatool export` was asked for; ``out`` "-" is stdout, None ``out/decisions.<format>``.

    ``as_of_us`` is the present, None the workspace's own: what windows that end later amount to is not known yet.
    """

    log_format: LogFormat
    out: str | None = None
    from_us: int | None = None
    until_us: int | None = None
    source: str | None = None
    as_of_us: int | None = None


@dataclass(frozen=True)
class ExportReport:
    """What was written, and what a reader of the file may miss; counts are rows.

    ``not_made`` are contacts that were released or that nobody confirmed, with what their night left alone where it
    confirmed none: obp has no place for them, and `rows` does not count them there.
    """

    file: str
    log_format: str
    rows: int
    without_probability: int
    without_candidates: int
    without_outcome: int
    not_made: int


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
    asked: dict[str, Any] = {
        "source": settings.source,
        "from_us": settings.from_us,
        "until_us": settings.until_us,
    }
    with open_warehouse(workspace) as warehouse:
        drain_journal(workspace, warehouse)
        _require_rows(warehouse, settings)
        terms = OutcomeTerms.of(workspace.config)
        named = {**asked, "unnamed": None if terms.unnamed is None else terms.unnamed.name}
        found = warehouse.rows("activate/exported_names", **named)
        names = LogNames(
            outcomes=tuple(name for kind, name in found if kind == "outcome"),
            context=tuple(name for kind, name in found if kind == "context"),
            weights={objective.name: objective.weight for objective in terms.objectives},
            unnamed=named["unnamed"],
        )
        count_brought(warehouse.con, workspace, asked, settings.as_of_us)
        counted = {
            "each_slot": terms.each_slot, "objectives": [o.name for o in terms.objectives],
            "within_us": [o.within * US_PER_S for o in terms.objectives],
        }  # fmt: skip
        reader = warehouse.con.sql(
            statement("activate/exported_decisions"), params={**named, **counted}
        ).to_arrow_reader(BATCH_ROWS)
        counter = _Counter(reader, leaves_out_skipped=settings.log_format == "obp")
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

    def __init__(self, reader: pa.RecordBatchReader, *, leaves_out_skipped: bool) -> None:
        self._reader = reader
        self._leaves_out_skipped = leaves_out_skipped
        self.counts = (0, 0, 0, 0, 0)

    def __iter__(self) -> Iterator[pa.Table]:
        import pyarrow as pa
        import pyarrow.compute as pc

        for batch in self._reader:
            skipped = pc.sum(batch.column("is_skipped")).as_py() or 0
            shown = batch.filter(pc.invert(batch.column("is_skipped"))) if self._leaves_out_skipped else batch
            found = (
                shown.num_rows,
                shown.column("probability").null_count,
                shown.column("candidates").null_count,
                pc.sum(shown.column("lacks_outcome")).as_py() or 0,
                skipped,
            )
            self.counts = tuple(a + b for a, b in zip(self.counts, found, strict=True))
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
