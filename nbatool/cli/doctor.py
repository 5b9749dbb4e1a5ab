"""``nbatool doctor``: is everything here that nbatool needs, and does it work?"""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from nbatool import __version__
from nbatool.base.errors import BusyError, ConfigError, DataError, ExitCode, NbaError
from nbatool.cli.command import as_command
from nbatool.cli.doctor_checks import consent, decision_log, exploration, published
from nbatool.cli.session import Session, current
from nbatool.cli.table import Column, table_text
from nbatool.report.figures import counted

if TYPE_CHECKING:
    from nbatool.base.config import Config

PACKAGES = (
    "duckdb", "lifetimes", "lightgbm", "msgspec", "numpy", "polars", "pyarrow", "pydantic", "rich", "sqlglot", "typer",
    "tzdata",
)  # fmt: skip
ROOM_GB = 1.0

_STUMP = """tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=0
objective=regression
feature_names=x
feature_infos=[0:1]
tree_sizes=243

Tree=0
num_leaves=2
num_cat=0
split_feature=0
split_gain=1
threshold=0.5
decision_type=2
left_child=-1
right_child=-2
leaf_value=-1 1
leaf_weight=1 1
leaf_count=1 1
internal_value=0
internal_weight=2
internal_count=2
is_linear=0
shrinkage=1


end of trees
"""
"""The smallest model there is: -1 up to x = 0.5, 1 above."""


@dataclass(frozen=True)
class Finding:
    """One thing looked at: what, whether it is well, what was found or what to do; and the exit code if it is not."""

    check: str
    ok: bool
    detail: str
    exit_code: ExitCode = ExitCode.DATA


def doctor(context: typer.Context) -> None:
    """Check the installation and the workspace, and say what to mend.

    Example:  nbatool -w my-shop doctor
    """
    session = current(context)
    findings = [*_installation(), *_workspace(session)]
    result = {
        "ok": all(finding.ok for finding in findings),
        "checks": [{"check": f.check, "ok": f.ok, "detail": f.detail} for f in findings],
    }
    text = table_text(
        [Column("check"), Column(""), Column("found", wrap=True)],
        [(finding.check, "ok" if finding.ok else "NOT OK", finding.detail) for finding in findings],
    )
    session.console.data(result, text)
    failed = [finding for finding in findings if not finding.ok]
    if failed:
        session.console.verdict(f"{len(failed)} of {len(findings)} checks failed")
        raise typer.Exit(min(finding.exit_code for finding in failed))


command = as_command(doctor)


def _installation() -> Iterator[Finding]:
    yield Finding(
        "nbatool", True, f"{__version__} on Python {platform.python_version()}, {os.cpu_count()} cores"
    )
    yield _checked("packages", _packages)
    yield _checked("DuckDB", _duckdb)
    yield _checked("LightGBM", _lightgbm)
    yield _checked("SQLite", _sqlite)
    yield _checked("time zones", _zones)
    yield _checked("SQL files", _sql_files)


def _workspace(session: Session) -> Iterator[Finding]:
    from nbatool.store.workspace import VARIABLE, find_workspace

    named = session.options.workspace is not None or bool(os.environ.get(VARIABLE))
    try:
        find_workspace(session.options.workspace)
    except NbaError as error:
        found = str(error) if named else "none here, and none was named"
        yield Finding("workspace", not named, found, error.exit_code)
        return
    try:
        workspace = session.workspace
    except NbaError as error:
        yield Finding("workspace", False, str(error), error.exit_code)
        return
    config = workspace.config
    yield Finding("workspace", True, f"{workspace.root}: {counted(len(config.sources), 'source')}")
    free_gb = shutil.disk_usage(workspace.root).free / 1e9
    yield Finding("room", free_gb >= ROOM_GB, f"{free_gb:.1f} GB free (at least {ROOM_GB:g} wanted)")
    yield _checked("writable", lambda: _writable(workspace.root))
    for source in config.sources:
        missing = [str(file) for file in source.files if not _matches(file)]
        found = (
            f"not there: {', '.join(missing)}"
            if missing
            else f"{counted(len(source.files), 'file name or pattern', 'file names or patterns')} found"
        )
        yield Finding(f'source "{source.name}"', not missing, found)
    yield _checked("catalogue", lambda: _catalogue(config))
    if config.experiment.component_arms:
        yield _checked("experiment", lambda: _experiment(config))
    if config.exploration is not None:
        yield _checked("exploration", lambda: exploration(config))
    yield _checked("event types", lambda: _event_types(session))
    yield _checked("decision log", lambda: decision_log(session))
    yield _checked("consent", lambda: consent(session))
    yield _checked("names", lambda: _names(session))
    yield _checked("published", lambda: published(session))


def _checked(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, check())
    except NbaError as error:
        return Finding(name, False, str(error), error.exit_code)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a part is what this command reports
        return Finding(name, False, f"{type(error).__name__}: {error}")


def _packages() -> str:
    return ", ".join(f"{name} {metadata.version(name)}" for name in PACKAGES)


def _duckdb() -> str:
    import duckdb

    with duckdb.connect() as con:
        total = con.execute("select sum(x::decimal(18, 4)) from (values (0.1), (0.2)) t (x)").fetchone()
    if total is None or str(total[0]) != "0.3000":
        raise DataError(f"0.1 + 0.2 in DECIMAL is {total}")
    return "works, decimals add up exactly"


def _lightgbm() -> str:
    import numpy as np

    from nbatool.models.booster import Booster

    booster = Booster.from_text(_STUMP)
    try:
        low, high = booster.predict_raw(np.array([[0.0], [1.0]]))
    finally:
        booster.close()
    if (low, high) != (-1.0, 1.0):
        raise DataError(f"a stump that says -1 and 1 said {low} and {high}")
    return "C library loads and predicts"


def _sqlite() -> str:
    with tempfile.TemporaryDirectory() as folder:
        con = sqlite3.connect(Path(folder) / "t.db")
        mode = con.execute("pragma journal_mode = wal").fetchone()[0]
        con.close()
    if mode != "wal":
        raise DataError(f"journal mode is {mode}, not wal: two processes could not share online.db")
    return f"{sqlite3.sqlite_version}, write-ahead log"


def _zones() -> str:
    from nbatool.base.clock import zone_offsets

    rows = zone_offsets("America/New_York", 0, 365 * 86_400 * 1_000_000)
    return f"tzdata {metadata.version('tzdata')}, {len(rows) - 1} changes in New York in 1970"


def _sql_files() -> str:
    from nbatool.store.sql import sql_folder

    count = sum(1 for _ in sql_folder().rglob("*.sql"))
    if not count:
        raise DataError(f"none in {sql_folder()}: install nbatool again")
    return counted(count, "statement")


def _writable(root: Path) -> str:
    with tempfile.NamedTemporaryFile(dir=root, prefix=".doctor-"):
        return str(root)


def _catalogue(config: Config) -> str:
    from nbatool.ingest.catalogue import load_catalogue

    file = f", {config.catalogue.file}" if config.catalogue.file else ""
    return f"{counted(len(load_catalogue(config)), 'action')}{file}"


def _experiment(config: Config) -> str:
    """Whether the rules_only arm has a rule: levers that are all alike leave it the first action by name."""
    from nbatool.ingest.catalogue import load_catalogue

    levers = {action.id: action.lever for action in load_catalogue(config)}
    if len(levers) > 1 and len(set(levers.values())) == 1:
        return (
            f"warning: every lever is {levers[min(levers)]:g}, so the rules_only arm takes the first action by name that is "
            f'possible ("{min(levers)}" before all); set lever in the catalogue, or component_arms = 0'
        )
    return "the rules_only arm has levers to go by"


def _event_types(session: Session) -> str:
    """Whether the event types nba.toml names are among those loaded, as `nbatool train` asks too."""
    from nbatool.profile.event_names import loaded_types, misspelt, unheard_of
    from nbatool.store.warehouse import open_warehouse

    workspace = session.workspace
    if not workspace.warehouse_path.exists():
        return "nothing is loaded yet: nbatool ingest"
    try:
        with session.lock("doctor"), open_warehouse(workspace) as warehouse:
            loaded = loaded_types(warehouse.con)
    except BusyError as error:
        return f"not looked at: {error}"
    if slips := misspelt(workspace.config, loaded):
        raise ConfigError(slips)
    return (
        "; ".join(unheard_of(workspace.config, loaded))
        or f"{len(loaded)} loaded, all that are named among them"
    )


def _names(session: Session) -> str:
    """Whether the columns and actions nba.toml names exist: training and judging would stop at them, hours later."""
    from nbatool.measure.config_names import misnamed
    from nbatool.store.warehouse import open_warehouse

    workspace = session.workspace
    if not workspace.warehouse_path.exists():
        return "nothing is loaded yet: nbatool ingest"
    try:
        with session.lock("doctor"), open_warehouse(workspace) as warehouse:
            problems = misnamed(workspace, warehouse.con)
    except BusyError as error:
        return f"not looked at: {error}"
    if problems:
        raise ConfigError(problems)
    return "columns and actions of expressions, guardrails, [learning] context, [evaluate] segments and rules are known"


def _matches(pattern: Path) -> bool:
    if pattern.exists():
        return True
    return any(character in str(pattern) for character in "*?[") and any(pattern.parent.glob(pattern.name))
