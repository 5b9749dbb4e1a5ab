"""A workspace: a folder with nba.toml, the stores, the models and what was written out."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nbatool.base.errors import ConfigError

if TYPE_CHECKING:
    from nbatool.base.config import Config

CONFIG_NAME = "nba.toml"
VARIABLE = "NBATOOL_WORKSPACE"


@dataclass(frozen=True)
class Workspace:
    """A workspace's folder and configuration, and the places of everything in it."""

    root: Path
    config: Config

    @property
    def data_dir(self) -> Path:
        return self.root / "data"

    @property
    def warehouse_path(self) -> Path:
        return self.data_dir / "warehouse.duckdb"

    @property
    def batches_path(self) -> Path:
        """The journal of finished batches, kept outside the warehouse so that each can vouch for the other."""
        return self.data_dir / "batches"

    @property
    def online_path(self) -> Path:
        return self.data_dir / "online.db"

    @property
    def temp_dir(self) -> Path:
        """Where DuckDB spills and inputs are spooled; safe to delete while no command runs."""
        return self.data_dir / "tmp"

    @property
    def lock_path(self) -> Path:
        return self.data_dir / "lock"

    @property
    def models_dir(self) -> Path:
        return self.root / "models"

    @property
    def out_dir(self) -> Path:
        return self.root / "out"


def find_workspace(explicit: Path | None = None) -> Path:
    """Return the workspace's folder: `explicit`, else ``NBATOOL_WORKSPACE``, else the nearest one upward.

    Raises
    ------
    ConfigError
        When the folder named holds no nba.toml, or none is found on the way up.
    """
    named = explicit or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    if named is not None:
        if not (named / CONFIG_NAME).is_file():
            said = "--workspace" if explicit else VARIABLE
            raise ConfigError(
                f"{named}: no {CONFIG_NAME} there ({said} names it). Make one with: nbatool init {named}"
            )
        return named.resolve()
    here = Path.cwd().resolve()
    for folder in (here, *here.parents):
        if (folder / CONFIG_NAME).is_file():
            return folder
    raise ConfigError(
        f"no {CONFIG_NAME} in {here} or above. Name a workspace with -w DIR or {VARIABLE}, or make one: "
        "nbatool init (to look around first: nbatool demo)"
    )


def open_workspace(explicit: Path | None = None) -> Workspace:
    """Find a workspace and read its configuration."""
    # A live decision finds its workspace without the configuration's cost.
    from nbatool.base.config import load_config

    root = find_workspace(explicit)
    return Workspace(root, load_config(root / CONFIG_NAME))
