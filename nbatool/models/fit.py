"""Training one LightGBM booster, the same to the last bit on every run and any number of threads."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbatool.base.seeds import stream_seed
from nbatool.models.table import Table

MAX_ROUNDS = 500
_PATIENCE = 30
_METRICS = {"binary": "binary_logloss", "regression": "l2", "gamma": "gamma"}


@dataclass(frozen=True, slots=True)
class FittedBooster:
    """A trained booster.

    Parameters
    ----------
    text
        LightGBM's text format, best iterations only; equal for equal data, whatever the threads.
    best_iteration
        Number of trees kept.
    gain
        (feature name, share of all gain), largest first, features that were used only.
    """

    text: str
    best_iteration: int
    gain: tuple[tuple[str, float], ...]


def fit_booster(
    table: Table,
    objective: str,
    *,
    valid: Table | None = None,
    params: Mapping[str, Any] | None = None,
    seed: int = 0,
    threads: int | None = None,
) -> FittedBooster:
    """Train on rows in the order of `table.row_order`.

    Parameters
    ----------
    objective
        "binary", "regression" (squared error) or "gamma" (positive outcomes; raw score = log of the mean).
    valid
        Rows that stop the training once they no longer improve; without them all rounds are trained.
    params
        LightGBM parameters that replace the defaults, such as `num_iterations`.
    seed
        Seeds the draws of features; part of the result.
    threads
        Default: up to two. No influence on the result.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import lightgbm

    settings = _settings(len(table), objective, seed, threads) | dict(params or {})
    rounds = int(settings.pop("num_iterations", MAX_ROUNDS))
    data = _dataset(lightgbm, table, settings)
    callbacks: list[Any] = []
    valid_sets = []
    if valid is not None and len(valid):
        valid_sets = [_dataset(lightgbm, valid, settings, reference=data)]
        callbacks = [lightgbm.early_stopping(_PATIENCE, verbose=False)]
    booster = lightgbm.train(settings, data, rounds, valid_sets=valid_sets, callbacks=callbacks)
    best = booster.best_iteration if booster.best_iteration > 0 else booster.current_iteration()
    text = booster.model_to_string(num_iteration=best)
    gains = np.asarray(booster.feature_importance("gain", iteration=best), dtype=np.float64)
    return FittedBooster(_without_threads(text), int(best), _shares(table.names, gains))


def _settings(n: int, objective: str, seed: int, threads: int | None) -> dict[str, Any]:
    """Defaults for small and noisy data: shallow trees, leaves that grow with the table, some shrinkage."""
    return {
        "objective": objective,
        "metric": _METRICS[objective],
        "learning_rate": 0.1,
        "num_leaves": 31 if n >= 20_000 else 15,
        "min_data_in_leaf": int(np.clip(n // 200, 5, 200)),
        "min_data_in_bin": 3 if n >= 1_000 else 1,
        "max_bin": 63 if n >= 20_000 else 127,
        "feature_fraction": 0.8,
        "lambda_l2": 5.0,
        "cat_smooth": 20.0,
        "cat_l2": 10.0,
        "max_cat_threshold": 16,
        "min_data_per_group": int(np.clip(n // 50, 5, 100)),
        "deterministic": True,
        "force_col_wise": True,  # row-wise histograms are merged thread by thread, which moves the last bit
        "seed": stream_seed(seed, f"lightgbm/{objective}"),
        "num_threads": threads or min(2, os.cpu_count() or 1),
        "verbosity": -1,
    }


def _dataset(lightgbm: Any, table: Table, settings: Mapping[str, Any], reference: Any = None) -> Any:
    # Features are passed by position: LightGBM refuses names with JSON characters in them.
    categorical = [table.names.index(name) for name in table.categorical]
    return lightgbm.Dataset(
        table.x,
        label=table.y,
        weight=table.weight,
        reference=reference,
        categorical_feature=categorical,
        params={key: settings[key] for key in _DATASET_KEYS if key in settings},
        free_raw_data=True,
    )


_DATASET_KEYS = (
    "max_bin",
    "min_data_in_bin",
    "min_data_in_leaf",
    "num_threads",
    "seed",
    "verbosity",
    "force_col_wise",
    "feature_contri",
)


def _without_threads(text: str) -> str:
    """Make the text independent of the machine: it records the number of threads."""
    return re.sub(r"\[num_threads: \d+\]", "[num_threads: 1]", text)


def _shares(
    names: tuple[str, ...], gains: np.ndarray[Any, np.dtype[np.float64]]
) -> tuple[tuple[str, float], ...]:
    total = float(gains.sum())
    pairs = [(name, float(gain) / total) for name, gain in zip(names, gains, strict=True) if gain > 0]
    return tuple(sorted(pairs, key=lambda pair: (-pair[1], pair[0])))
