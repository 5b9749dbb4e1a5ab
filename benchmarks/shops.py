"""The made-up shops that are measured, made once each: files, warehouse, models, published state."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.child import timed
from benchmarks.runs import child

if TYPE_CHECKING:
    from nbatool.world.files import Format

N_ACTIONS = 20
CHANNELS = ("email", "push", "web")


@dataclass
class Shops:
    """Worlds of different sizes under one folder.

    `world` has the files of a shop, `loaded` also its warehouse, `trained` a model version, `scored` a published state;
    each step is done the first time it is asked for. ``keep`` leaves even those in place that no later stage reads.
    """

    root: Path
    seed: int
    keep: bool = False
    made: dict[str, dict[str, Any]] = field(default_factory=dict)

    def world(self, customers: int, file_format: str = "parquet", browsing: float = 1.0) -> Path:
        name = f"{customers}-{file_format}" + (f"-browsing-{browsing:g}" if browsing != 1.0 else "")
        folder = self.root / name
        self._once(
            folder, "world", customers=customers, file_format=file_format, seed=self.seed, browsing=browsing
        )
        return folder

    def drop(self, folder: Path) -> None:
        """Delete a shop that no other stage reads, unless shops are kept."""
        if not self.keep:
            shutil.rmtree(folder)

    def loaded(self, customers: int) -> Path:
        folder = self.world(customers)
        self._once(folder, "load")
        return folder

    def trained(self, customers: int) -> Path:
        folder = self.loaded(customers)
        self._once(folder, "train", "train:ours")
        return folder

    def scored(self, customers: int) -> Path:
        folder = self.trained(customers)
        self._once(folder, "score")
        return folder

    def modelled(self, customers: int, like: int) -> Path:
        """A loaded shop with the models of one of another size: training a million customers is not the question."""
        folder, models = self.loaded(customers), self.trained(like) / "models"
        if not (folder / "models").exists():
            shutil.copytree(models, folder / "models")
        return folder

    def facts(self, folder: Path, step: str) -> dict[str, Any]:
        """What a step found when it was done."""
        found: dict[str, Any] = json.loads((folder / f".{step}.json").read_text())
        return found

    def _once(self, folder: Path, step: str, function: str = "", **arguments: Any) -> None:
        mark = folder / f".{step}.json"
        if not mark.exists():
            found = child(function or f"shops:{step}", folder=str(folder), **arguments)
            mark.write_text(json.dumps(found))

    def copy(self, folder: Path, name: str) -> Path:
        """A fresh copy of a shop without what was computed from it."""
        to = self.root / name
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(
            folder, to, ignore=shutil.ignore_patterns("data", "models", "out", "matrices", ".*.json")
        )
        return to


def world(
    folder: str, customers: int, file_format: Format, seed: int, browsing: float = 1.0
) -> dict[str, Any]:
    """Write a world whose catalogue has `N_ACTIONS` actions, each on one channel."""
    from nbatool.world import generate

    result: dict[str, Any] = {}
    with timed(result):
        summary = generate(folder, customers=customers, seed=seed, format=file_format, browsing=browsing)
    configuration = Path(folder) / "nba.toml"
    configuration.write_text(configuration.read_text() + twenty_actions())
    return {**result, **summary.as_dict()}


def twenty_actions() -> str:
    """Return ``[[action]]`` tables: the shop's own actions on one channel each, and variants of them up to 20."""
    from nbatool.world.actions import ACTIONS

    tables = []
    for k in range(N_ACTIONS):
        action, variant = ACTIONS[k % len(ACTIONS)], k // len(ACTIONS)
        channel = action.channels[k % len(action.channels)]
        lines = [f'channels = ["{channel}"]']
        if variant:
            lines += [
                f'name = "{action.name} ({variant})"', f"tags = {json.dumps(list(action.tags))}",
                f"cost = {action.cost + 0.05 * variant:.2f}", f"attributes.discount = {action.discount}",
            ]  # fmt: skip
        if k % 5 == 4:
            lines += ['eligible_when = "age >= 18"']
        name = f"{action.id}_{variant}" if variant else action.id
        tables.append("\n".join([f'\n[[action]]\nid = "{name}"', *lines]))
    return "\n".join(tables) + "\n"


def load(folder: str) -> dict[str, Any]:
    from nbatool.ingest.load import load as load_sources
    from nbatool.store.workspace import open_workspace

    result: dict[str, Any] = {}
    workspace = open_workspace(Path(folder))
    with timed(result):
        report = load_sources(workspace)
    return {**result, "accepted": sum(source.counts.accepted for source in report.sources)}


def score(folder: str) -> dict[str, Any]:
    import os

    from nbatool.activate.score import score_workspace
    from nbatool.activate.scored import ScoreSettings
    from nbatool.store.workspace import open_workspace

    result: dict[str, Any] = {}
    workspace = open_workspace(Path(folder))
    with timed(result):
        report = score_workspace(workspace, ScoreSettings(threads=os.cpu_count() or 1), as_of_us=None)
    return {**result, "customers": report.customers, "mix": {s.action_id: s.customers for s in report.mix}}
