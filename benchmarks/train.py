"""A model version, against LightGBM's own fit on the same matrices.

nbatool fits each model several times: to stop early, to calibrate on rows a model had not seen, to judge it, and for
good. The bare side fits each of the same matrices once, with the same settings and the number of trees nbatool kept.
Training takes minutes, so each side is run once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.child import timed
from benchmarks.runs import Runs, child
from benchmarks.scale import Bench
from benchmarks.table import Row, compared, seconds

MATRICES = "matrices"


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


def ours(folder: str) -> dict[str, Any]:
    """Train a version; keep each model's matrix and its number of trees for the bare side."""
    import time

    import numpy as np

    from nbatool.models import train
    from nbatool.models.training import train_workspace
    from nbatool.store.workspace import open_workspace

    matrices = Path(folder) / MATRICES
    matrices.mkdir(exist_ok=True)
    result: dict[str, Any] = {"fitting": 0.0, "shapes": [], "customers": 0}
    kept = []

    def watched(fit: Any) -> Any:
        def run(*arguments: Any, **options: Any) -> Any:
            table = next(a for a in arguments if hasattr(a, "x"))
            started = time.perf_counter()
            model = fit(*arguments, **options)
            result["fitting"] += time.perf_counter() - started
            kept.append((table, model))
            return model

        return run

    train.fit_propensity, train.fit_outcome = watched(train.fit_propensity), watched(train.fit_outcome)
    workspace = open_workspace(Path(folder))
    with timed(result):
        train_workspace(workspace, as_of_us=None, seed=0, say=lambda _: None)
    for k, (table, model) in enumerate(kept):
        texts = getattr(model, "texts", None) or {"": model.text}
        trees = [text.count("\nTree=") for text in texts.values() if text]
        categorical = [table.names.index(name) for name in table.categorical]
        np.savez(
            matrices / f"{k}.npz",
            x=table.x,
            y=table.y,
            w=table.weights(),
            trees=trees,
            categorical=categorical,
        )
        result["shapes"].append(f"{table.x.shape[0]:,} × {table.x.shape[1]}")
        result["customers"] = max(result["customers"], len(set(table.customer.tolist())))
    return result


def bare(folder: str) -> dict[str, Any]:
    import lightgbm
    import numpy as np

    result: dict[str, Any] = {}
    tables = []
    for path in sorted((Path(folder) / MATRICES).glob("*.npz")):
        with np.load(path) as stored:
            tables.append({name: stored[name] for name in stored.files})
    with timed(result):
        for table in tables:
            for trees in table["trees"].tolist():
                settings = _settings(table)
                data = lightgbm.Dataset(
                    table["x"], table["y"], weight=table["w"], categorical_feature=table["categorical"].tolist(),
                    params=settings,
                )  # fmt: skip
                lightgbm.train(settings, data, trees)
    return result


def _settings(table: dict[str, Any]) -> dict[str, Any]:
    import numpy as np

    from nbatool.models import fit

    objective = "binary" if len(np.unique(table["y"][:100_000])) == 2 else "regression"
    return fit._settings(len(table["x"]), objective, 0, None)  # noqa: SLF001 - the same settings on both sides
