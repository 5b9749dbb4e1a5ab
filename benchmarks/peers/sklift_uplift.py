"""scikit-uplift on the splits of `benchmarks.uplift`: ``PYTHON benchmarks/peers/sklift_uplift.py FOLDER``.

Reads FOLDER/splits.npz and FOLDER/ours.npz, fits SoloModel on LightGBM (100 trees × 15 leaves, learning rate .05) on each
split, and writes Qini and uplift at 30 % of both sides, by scikit-uplift's own metrics, to FOLDER/scores.json. Runs in an
interpreter that has scikit-uplift; it knows nothing of nbatool.
"""

from __future__ import annotations

import json
import sys
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np


def main(folder: Path) -> None:
    warnings.simplefilter("ignore")
    import pandas as pd
    from lightgbm import LGBMClassifier

    metrics, models = import_module("sklift.metrics"), import_module("sklift.models")

    data, ours = np.load(folder / "splits.npz"), np.load(folder / "ours.npz")
    names, categorical = data["names"].tolist(), data["categorical"].tolist()
    rows = pd.DataFrame(data["x"], columns=names)
    for name in categorical:
        rows[name] = rows[name].astype(int).astype("category")

    def scores(y: Any, uplift: Any, treated: Any) -> list[float]:
        share = metrics.uplift_at_k(y, uplift, treated, strategy="overall", k=0.3)
        return [float(metrics.qini_auc_score(y, uplift, treated)), float(share)]

    found: dict[str, Any] = {}
    for key in ours.files:
        rows_of, treated = data[f"{key}/rows"], data[f"{key}/treated"]
        x, y = rows.iloc[rows_of], data["visit"][rows_of]
        fit = data[f"{key}/fit"]
        solo = models.SoloModel(
            LGBMClassifier(n_estimators=100, num_leaves=15, learning_rate=0.05, verbose=-1, n_jobs=1)
        )
        solo.fit(x[fit], y[fit], treated[fit])
        later = ~fit
        found[key] = {
            "ours": scores(y[later], ours[key], treated[later]),
            "peer": scores(y[later], np.asarray(solo.predict(x[later])), treated[later]),
        }
    (folder / "scores.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
