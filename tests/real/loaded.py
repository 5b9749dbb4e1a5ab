"""What the fixtures of this folder hand out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbatool.base.clock import parse_time

if TYPE_CHECKING:
    from nbatool.models.bundle import Bundle

HOUR_504 = "2018-08-17"
"""The fifth of the six times Starbucks' offers went out; the last two are held out."""
HOUR_US = 3_600_000_000
START_US = parse_time("2018-07-27")
HOUR_528_US = START_US + 528 * HOUR_US + 1_000_000
"""Just after the windows of the offers sent at hour 408 had closed."""


@dataclass(frozen=True)
class Loaded:
    """A workspace and what ``ingest --json`` said the first and the second time."""

    root: Path
    first: dict[str, Any]
    again: dict[str, Any]


def trained(root: Path, as_of_us: int) -> Bundle:
    """Train a workspace as of a time, without saving anything."""
    from nbatool.ingest.catalogue import load_catalogue
    from nbatool.models.train import train_bundle
    from nbatool.store.warehouse import open_warehouse
    from nbatool.store.workspace import open_workspace

    workspace = open_workspace(root)
    actions = tuple(load_catalogue(workspace.config))
    with open_warehouse(workspace, read_only=True) as warehouse:
        return train_bundle(
            warehouse.con, workspace.config, actions, as_of_us=as_of_us, seed=0, say=lambda _: None
        )
