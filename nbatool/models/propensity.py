"""The chance that a customer does something within a window, whatever we do: booster, calibration, card."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbatool.base.errors import DataError
from nbatool.models.booster import Booster
from nbatool.models.calibration import Calibrator, fit_calibrator
from nbatool.models.card import canonical_json, data_window, versions
from nbatool.models.fit import FittedBooster, fit_booster
from nbatool.models.propensity_card import evaluation, health_warnings
from nbatool.models.splits import Fold, Split, customer_part, split_table
from nbatool.models.table import FloatArray, Table, row_order

MIN_ROWS = 100
MIN_CASES = 10  # of each class
_MORE_TREES = 1.25  # most that the final fit may add to the trees found on fewer rows


@dataclass(frozen=True, slots=True)
class PropensityModel:
    """A calibrated probability.

    Parameters
    ----------
    name
        The target's name; names the files.
    text
        LightGBM text, or None: everybody has the chance `base_rate`.
    calibrator
        Raw score → probability; fitted on scores of models that had not seen the rows.
    base_rate
        Share of positives among all rows (smoothed by half a case); 0 without any row.
    n_features
        Columns of x.
    card
        The model card, plain JSON values.
    """

    name: str
    text: str | None
    calibrator: Calibrator
    base_rate: float
    n_features: int
    card: Mapping[str, Any]
    booster: Booster | None

    def predict(self, x: FloatArray, threads: int = 1) -> FloatArray:
        """Return probabilities float64[n] for features float64[n, d]; same bits for any n and any threads."""
        if self.booster is None:
            return np.full(x.shape[0], self.base_rate)
        return self.calibrator.apply(self.booster.predict_raw(x, threads))

    def to_files(self) -> dict[str, bytes]:
        """Return the files of this model: name → content."""
        stored = {
            "name": self.name,
            "calibrator": self.calibrator.to_json(),
            "base_rate": self.base_rate,
            "n_features": self.n_features,
            "card": self.card,
        }
        files = {f"propensity-{self.name}.json": canonical_json(stored)}
        if self.text is not None:
            files[f"propensity-{self.name}.txt"] = self.text.encode()
        return files

    @classmethod
    def from_files(cls, name: str, files: Mapping[str, bytes]) -> PropensityModel:
        """Load what `to_files` gave; the bytes must have passed the registry's hash check."""
        raw = files.get(f"propensity-{name}.json")
        if raw is None:
            raise DataError(f"the model version has no propensity model {name!r}; train it (nbatool train)")
        stored = json.loads(raw)
        text = files[f"propensity-{name}.txt"].decode() if f"propensity-{name}.txt" in files else None
        return cls(
            name=name,
            text=text,
            calibrator=Calibrator.from_json(stored["calibrator"]),
            base_rate=float(stored["base_rate"]),
            n_features=int(stored["n_features"]),
            card=stored["card"],
            booster=None if text is None else Booster.from_text(text),
        )


def fit_propensity(
    name: str,
    table: Table,
    *,
    window_s: int,
    recency: FloatArray | None = None,
    seed: int = 0,
    threads: int | None = None,
) -> PropensityModel:
    """Train, judge on the last moments, then train again on everything.

    Parameters
    ----------
    table
        y is 0 or 1: did it happen within the window. Any row order.
    window_s
        Length of the label window, seconds.
    recency
        float64[n], days since the last event of the target's kind (NaN: never), aligned with the table: the one-number
        rule a marketer would use, as baseline.

    Returns
    -------
    A model; with one class or too few rows the constant base rate, never an error. `card["warnings"]` says what is odd
    in plain words.
    """
    if not np.isin(table.y, (0.0, 1.0)).all():
        raise ValueError("the outcome of a propensity must be 0 or 1")
    order = row_order(table)
    table = table.take(order)
    recency = None if recency is None else np.asarray(recency, dtype=np.float64)[order]
    lack = _lack(table)
    split = split_table(table, window_s=window_s, seed=seed) if lack is None else None
    if split is not None:
        lack = _lack(table.take(split.stop.fit)) and "the rows before the test hold too few cases"
    if split is None or lack is not None:
        return _constant(name, table, lack or "", seed)
    return _trained(name, table, split, recency, seed=seed, threads=threads)


def _lack(table: Table) -> str | None:
    positives = int(table.y.sum())
    if len(table) < MIN_ROWS:
        return f"only {len(table)} rows (at least {MIN_ROWS} are needed)"
    if min(positives, len(table) - positives) < MIN_CASES:
        return f"{positives} positives of {len(table)} rows (at least {MIN_CASES} of each kind are needed)"
    return None


def _trained(
    name: str, table: Table, split: Split, recency: FloatArray | None, *, seed: int, threads: int | None
) -> PropensityModel:
    def fit(rows: Table, rounds: int | None, valid: Table | None = None) -> FittedBooster:
        params = {} if rounds is None else {"num_iterations": rounds}
        return fit_booster(rows, "binary", valid=valid, params=params, seed=seed, threads=threads)

    stopped = fit(table.take(split.stop.fit), None, table.take(split.stop.predict))
    rounds = stopped.best_iteration

    def scores(fold: Fold) -> FloatArray:
        rows = table.take(fold.fit)
        if min(rows.y.sum(), len(rows) - rows.y.sum()) == 0:
            return np.zeros(len(fold.predict))
        return Booster.from_text(fit(rows, rounds).text).predict_raw(table.x[fold.predict])

    seen = np.concatenate([fold.predict for fold in split.calibration])
    raw_seen = np.concatenate([scores(fold) for fold in split.calibration])
    raw_test = scores(split.test)
    judged = _calibrated(table, seen, raw_seen, seed)
    card = {
        "kind": "propensity",
        "target": name,
        **data_window(table),
        "n_positives": int(table.y.sum()),
        "split": split.description,
        "seed": seed,
        "versions": versions("lightgbm", "numpy"),
        "evaluation": evaluation(table, split.test, judged.apply(raw_test), recency, seed),
    }
    more = min(_MORE_TREES, len(table) / len(split.stop.fit))
    final = fit(table, max(1, round(rounds * more)))
    everything = np.concatenate([seen, split.test.predict])
    shipped = _calibrated(table, everything, np.concatenate([raw_seen, raw_test]), seed)
    card |= {
        "trees": final.best_iteration,
        "calibration": shipped.kind,
        "calibration_log_loss": dict(shipped.log_loss or {}),
        "importance": [{"feature": feature, "share": share} for feature, share in final.gain[:30]],
    }
    card["warnings"] = health_warnings(card)
    return PropensityModel(
        name=name,
        text=final.text,
        calibrator=shipped,
        base_rate=_base_rate(table),
        n_features=table.x.shape[1],
        card=json.loads(canonical_json(card)),
        booster=Booster.from_text(final.text),
    )


def _calibrated(
    table: Table, rows: np.ndarray[Any, np.dtype[np.int64]], raw: FloatArray, seed: int
) -> Calibrator:
    y, weight = table.y[rows], table.weights()[rows]
    if min(y.sum(), len(y) - y.sum()) == 0:
        return Calibrator(1.0, 0.0)
    halves = customer_part(table.customer[rows], seed, "calibrator", 2)
    return fit_calibrator(raw, y, weight, halves)


def _base_rate(table: Table) -> float:
    if not len(table):
        return 0.0  # nothing was seen: no action may live on a chance nobody has measured
    weight = table.weights()
    return float(((weight * table.y).sum() + 0.5) / (weight.sum() + 1.0))


def _constant(name: str, table: Table, lack: str, seed: int) -> PropensityModel:
    card = {
        "kind": "propensity",
        "target": name,
        **data_window(table),
        "n_positives": int(table.y.sum()),
        "split": "none",
        "seed": seed,
        "versions": versions("lightgbm", "numpy"),
        "evaluation": None,
        "trees": 0,
        "calibration": "constant",
        "importance": [],
        "warnings": [f"not trained: {lack}; everybody gets the base rate {_base_rate(table):.4f}"],
    }
    return PropensityModel(
        name=name,
        text=None,
        calibrator=Calibrator(0.0, 0.0),
        base_rate=_base_rate(table),
        n_features=table.x.shape[1],
        card=json.loads(canonical_json(card)),
        booster=None,
    )
