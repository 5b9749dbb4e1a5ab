"""A model version, against LightGBM's own fit on the same matrices.

nbatool fits each booster several times: to stop early, to calibrate on rows a model had not seen, to judge it, and for
good. The bare side fits each once, on the matrix of that last fit, with the same settings and number of trees.
Training takes minutes, so each side is run once.
"""

from __future__ import annotations

import json
import shutil
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.child import timed
from benchmarks.runs import Runs, child
from benchmarks.scale import Bench
from benchmarks.table import Row, compared, seconds

MATRICES = "matrices"
MODEL_FITS = (
    ("nbatool.models.train", "fit_propensity"),
    ("nbatool.models.train_outcome", "fit_outcome"),
    ("nbatool.models.train_outcome", "fit_conversion"),
)
"""Where training looks up what fits one model."""
BOOSTER_FITS = (
    ("nbatool.models.propensity", "fit_booster"),
    ("nbatool.models.outcome_parts", "fit_booster"),
    ("nbatool.models.learner_fits", "fit_booster"),
)
"""Where a model looks up what fits one booster."""
MOST_BOOSTERS = 24
"""Of one model; its last fits are those it keeps."""


def measure(bench: Bench) -> list[Row]:
    folder = bench.shops.trained(bench.scale.model_customers)
    ours = Runs((bench.shops.facts(folder, "train"),))
    bare = Runs((child("train:bare", folder=str(folder)),))
    fits = Runs(tuple({**run, "seconds": run["fitting"]} for run in ours.found))
    sizes = ", ".join(ours.first("shapes"))
    return [
        Row("train", f"a whole version, {ours.first('customers'):,} customers", seconds(ours), ours.peak_mb),
        compared("train", f"its models: {sizes}", fits, bare),
    ]


@dataclass
class Watch:
    """Times the fits of models, and writes down the matrix of each booster that stays in one."""

    matrices: Path
    fitting: float = 0.0
    writing: float = 0.0
    customers: int = 0
    shapes: list[str] = field(default_factory=list)
    last: deque[tuple[Any, dict[str, Any], Any]] = field(default_factory=lambda: deque(maxlen=MOST_BOOSTERS))

    def begin(self) -> None:
        for places, watched in ((MODEL_FITS, self.model), (BOOSTER_FITS, self.booster)):
            for module, name in places:
                place = import_module(module)
                setattr(place, name, watched(getattr(place, name)))

    def model(self, fit: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            self.last.clear()
            started, before = time.perf_counter(), self.fitting
            model = fit(*arguments, **options)
            # a fit that is watched may call another one that is
            self.fitting = before + time.perf_counter() - started
            self._keep(model)
            return model

        return run

    def booster(self, fit: Callable[..., Any]) -> Callable[..., Any]:
        def run(table: Any, objective: str, *, seed: int = 0, params: Any = None, **options: Any) -> Any:
            fitted = fit(table, objective, seed=seed, params=params, **options)
            self.last.append((table, _settings(len(table), objective, seed, params), fitted))
            return fitted

        return run

    def _keep(self, model: Any) -> None:
        import numpy as np

        started = time.perf_counter()
        texts = model.texts if hasattr(model, "texts") else {model.name: model.text}
        for name, text in texts.items():
            if text is None:
                continue
            kept = [fit for fit in self.last if fit[2].text == text]
            if not kept:
                raise RuntimeError(
                    f"{name} is not among the last {MOST_BOOSTERS} boosters fitted for its model"
                )
            table, settings, fitted = kept[-1]
            np.savez(
                self.matrices / f"{len(self.shapes)}.npz", x=table.x, y=table.y, w=table.weights(), trees=fitted.best_iteration,
                categorical=[table.names.index(column) for column in table.categorical], settings=json.dumps(settings),
            )  # fmt: skip
            self.shapes.append(f"{name} {table.x.shape[0]:,} × {table.x.shape[1]}")
            self.customers = max(self.customers, len(np.unique(table.customer)))
        self.last.clear()
        self.writing += time.perf_counter() - started


def _settings(n: int, objective: str, seed: int, params: Any) -> dict[str, Any]:
    from nbatool.models import fit

    settings = fit._settings(n, objective, seed, None)  # noqa: SLF001 - the same settings on both sides
    return {key: value for key, value in {**settings, **(params or {})}.items() if key != "num_iterations"}


def ours(folder: str) -> dict[str, Any]:
    """Train a version; keep each booster's matrix, settings and number of trees for the bare side."""
    from nbatool.models.training import train_workspace
    from nbatool.store.workspace import open_workspace

    matrices = Path(folder) / MATRICES
    shutil.rmtree(matrices, ignore_errors=True)
    matrices.mkdir()
    watch, result = Watch(matrices), dict[str, Any]()
    watch.begin()
    workspace = open_workspace(Path(folder))
    with timed(result):
        train_workspace(workspace, as_of_us=None, seed=0, say=lambda _: None)
    result["seconds"] -= watch.writing
    return {**result, "fitting": watch.fitting, "shapes": watch.shapes, "customers": watch.customers}


def bare(folder: str) -> dict[str, Any]:
    import lightgbm
    import numpy as np

    result: dict[str, Any] = {}
    tables = []
    for path in sorted((Path(folder) / MATRICES).glob("*.npz")):
        with np.load(path) as stored:
            tables.append({name: stored[name] for name in stored.files})
    if not tables:
        raise RuntimeError(f"no model of {folder} was trained: too few rows")
    with timed(result):
        for table in tables:
            settings = json.loads(str(table["settings"]))
            data = lightgbm.Dataset(
                table["x"], table["y"], weight=table["w"], categorical_feature=table["categorical"].tolist(),
                params=settings,
            )  # fmt: skip
            lightgbm.train(settings, data, int(table["trees"]))
    return result
