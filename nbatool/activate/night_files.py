"""The files of a night: the action file and the scores file."""

from __future__ import annotations

from contextlib import nullcontext
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

from nbatool.activate.action_file import ActionRows, for_reading
from nbatool.activate.files import Around, FileFormat, print_table, sweep_temporaries, write_tables
from nbatool.base.clock import format_time

if TYPE_CHECKING:
    import polars as pl

    from nbatool.activate.scored import ScoreSettings
    from nbatool.store.workspace import Workspace

TRIAL = "-trial"
"""Of a plan nobody is to act on, beside the one of the same moment that was."""


def write_night_files(
    workspace: Workspace, settings: ScoreSettings, rows: ActionRows, as_of_us: int, *, nobody: bool,
    beside: bool = False, around: Around | None = None,
) -> tuple[Path | None, Path | None]:  # fmt: skip
    """Write both files; return their paths, None for what went to stdout.

    Parameters
    ----------
    nobody
        Whether nobody is to be contacted. The action file has its head alone: whoever reads it must not find yesterday's.
    beside
        Whether the files of this very moment stand already and were acted on: a trial does not take their place.
    around
        As in `write_tables`; of what goes to stdout there is no name.
    """

    def actions() -> pl.DataFrame:
        return rows.actions().clear() if nobody else rows.actions()

    if settings.out == "-":
        with nullcontext() if around is None else around(None):
            print_table(_shown(actions(), settings.file_format), settings.file_format)
        return None, None
    # A part of the customers must not take the place of the night's whole files.
    part = f"-first-{settings.most}" if settings.most is not None else TRIAL if beside else ""
    day = format_time(as_of_us)[:10] + part
    default = workspace.out_dir / f"actions-{day}.{settings.file_format}"
    actions_path = default if settings.out is None else Path(settings.out)
    scores_path = workspace.out_dir / f"scores-{day}.{settings.file_format}"
    for folder, name in (
        (workspace.out_dir, "actions-*"), (workspace.out_dir, "scores-*"), (actions_path.parent, escape(actions_path.name)),
    ):  # fmt: skip
        sweep_temporaries(folder, name)
    tables = ((scores_path, rows.scores), (actions_path, actions))
    shown = ((path, _shown(table(), settings.file_format)) for path, table in tables)
    write_tables(shown, settings.file_format, around)
    return actions_path, scores_path


def _shown(frame: pl.DataFrame, file_format: FileFormat) -> pl.DataFrame:
    """Text is read by people; Parquet keeps every digit."""
    return frame if file_format == "parquet" else for_reading(frame)
