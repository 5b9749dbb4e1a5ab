"""``nbatool train`` as one step: warehouse in, a saved version and its champion out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nbatool.base.clock import now_us
from nbatool.base.records import Action
from nbatool.features.choice import as_timestamp
from nbatool.ingest.catalogue import load_catalogue
from nbatool.ingest.drain import drain_journal
from nbatool.models import registry
from nbatool.models.bundle import Bundle
from nbatool.models.card import versions
from nbatool.models.train import train_bundle
from nbatool.models.training_data import Check, Say
from nbatool.profile.present import present_us
from nbatool.store.sql import statement
from nbatool.store.warehouse import open_warehouse
from nbatool.store.workspace import Workspace


@dataclass(frozen=True)
class TrainReport:
    """A version and what was measured while making it.

    Parameters
    ----------
    stays
        The champion that was left in force because it learned from later data.
    """

    version: str
    as_of_us: int
    promoted: bool
    bundle: Bundle
    actions: tuple[Action, ...]
    stays: str | None = None


def train_workspace(
    workspace: Workspace, *, as_of_us: int | None, seed: int, say: Say, check: Check | None = None
) -> TrainReport:
    """Train a version of a workspace, and put it in force where it is the first or the newest and nothing else is asked.

    Newest is by the data: a version trained as of an earlier time does not take over from one that learned from later
    data. With ``[promotion]`` none takes over without evidence. The caller holds the workspace lock. ``check`` is asked before anything is fitted, and raises to refuse a
    catalogue that could not be decided with.

    Raises
    ------
    ConfigError, DataError
    """
    config = workspace.config
    actions = load_catalogue(config)
    with open_warehouse(workspace) as warehouse:
        drain_journal(workspace, warehouse)
        as_of = present_us(warehouse.con, config, as_of_us)
        bundle = train_bundle(warehouse.con, config, actions, as_of_us=as_of, seed=seed, say=say, check=check)
        fingerprint = warehouse.con.execute(
            statement("models/data_fingerprint"), {"as_of": as_timestamp(as_of)}
        ).fetchall()[0]
    version = registry.save(
        workspace.models_dir, bundle.to_files(), as_of_us=as_of, about=_about(bundle, fingerprint), seed=seed
    )
    models_dir = workspace.models_dir
    stays = registry.learned_later(models_dir, as_of)
    # With [promotion] a version takes over on evidence only, which whoever measures has to bring.
    if (config.promotion is None and stays is None) or registry.champion(models_dir) is None:
        registry.promote(models_dir, version, why="trained", when_us=now_us())
    in_force = registry.champion(models_dir) == version
    return TrainReport(version, as_of, in_force, bundle, actions, None if config.promotion else stays)


def _about(bundle: Bundle, fingerprint: tuple[Any, ...]) -> dict[str, Any]:
    plan = bundle.features.plan
    events, customers, last_us, checksum = fingerprint
    return {
        "features": list(bundle.customer.names),
        "windows_s": sorted({slot.within_s for slot in plan.slots}),
        "data": {
            "events": events,
            "customers": customers,
            "last_event_us": last_us,
            "checksum": str(checksum),
        },
        "metrics": {name: model.card.get("evaluation") for name, model in bundle.propensities.items()},
        "versions": versions("nbatool", "duckdb", "lightgbm", "lifetimes", "numpy", "polars"),
    }
