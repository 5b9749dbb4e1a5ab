"""Write scikit-learn's data sets: ``python scikit_sets.py FOLDER NAME…``; run by the interpreter that has it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np


def main(folder: str, *names: str) -> None:
    from sklearn import datasets  # type: ignore[import-not-found, import-untyped, unused-ignore]

    for name in names:
        x, label = getattr(datasets, f"load_{name}")(return_X_y=True)
        np.savez(Path(folder) / f"{name}.raw.npz", numbers=x.astype(float), label=label.astype(np.int64))


if __name__ == "__main__":
    main(*sys.argv[1:])
