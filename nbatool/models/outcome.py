"""The expected outcome of one candidate at one moment: the loaded model, as the night and a live decision use it.

    expected(c, nothing) = money(baseline(c) + effect(c, nothing))
    uplift(c, a)         = slope · (effect(c, a) − effect(c, nothing)) + offset(a)

The baseline booster predicts what a customer brings whatever is done; the effect booster (an S-learner on what the
baseline leaves unexplained) what an action changes. Learned together in one booster, the effects, small beside the
differences between customers, would hardly be found.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbatool.base.errors import DataError
from nbatool.models.booster import Booster
from nbatool.models.calibration import PiecewiseLinear
from nbatool.models.card import canonical_json
from nbatool.models.shrinkage import Shrinkage
from nbatool.models.table import BoolArray, FloatArray
from nbatool.models.uplift_map import UpliftMap

KINDS = ("constant", "effect")
PARTS = ("baseline", "effect")
BASELINE = "expected anyway"
"""Name of the effect booster's last column: the baseline booster's score."""


@dataclass(frozen=True, slots=True)
class OutcomeModel:
    """E[outcome | features of customer, action, pair and context].

    Parameters
    ----------
    kind
        "constant" (too little data), or "effect".
    texts
        LightGBM texts of "baseline" and "effect".
    columns
        Positions in x that each booster reads.
    nothing
        float64[n_candidate_columns]: the candidate columns of `nothing`. They are the last ones of x, the first of them
        is the action's code.
    money
        Scores of `nothing` → what it brings, strictly increasing.
    uplift_map
        Scores of an action → its uplift.
    bounds
        Least and greatest outcome possible (0 and 1 for "any"), or None.
    mean
        Mean outcome of all rows; the answer of a constant model.
    shrinkage
        How far to trust each action's own uplift while it is young (`shrinkage.shrink`).
    card
        The model card, plain JSON values.
    """

    kind: str
    texts: Mapping[str, str]
    columns: Mapping[str, tuple[int, ...]]
    nothing: FloatArray
    money: PiecewiseLinear | None
    uplift_map: UpliftMap
    bounds: tuple[float, float] | None
    mean: float
    n_features: int
    shrinkage: Shrinkage
    card: Mapping[str, Any]
    boosters: Mapping[str, Booster]

    @property
    def candidate_from(self) -> int:
        """Position of the first candidate column, the action's code."""
        return self.n_features - len(self.nothing)

    def baseline_input(self, x: FloatArray) -> FloatArray:
        """Return what the baseline booster reads of x."""
        return np.ascontiguousarray(x[:, list(self.columns["baseline"])])

    def effect_input(self, x: FloatArray, baseline: FloatArray) -> FloatArray:
        """Return what the effect booster reads of x and the rows' baseline."""
        return effect_input(x, self.columns["effect"], baseline)

    def expected(self, x: FloatArray, n_candidates: int, threads: int = 1) -> tuple[FloatArray, FloatArray]:
        """Return what `nothing` brings (n,) and each candidate's uplift over it (n, n_candidates − 1).

        Parameters
        ----------
        x
            float64[n · n_candidates, d]: the candidates of customer 0, the last of them `nothing`, those of customer 1, …
        """
        n = x.shape[0] // n_candidates
        if self.kind == "constant":
            return np.full(n, self.mean), np.zeros((n, n_candidates - 1))
        assert self.money is not None
        last = x[n_candidates - 1 :: n_candidates]
        baseline = self.boosters["baseline"].predict_raw(self.baseline_input(last), threads)
        read = self.effect_input(x, np.repeat(baseline, n_candidates))
        effect = self.boosters["effect"].predict_raw(read, threads).reshape(n, n_candidates)
        action = x[:, self.candidate_from].reshape(n, n_candidates)[:, :-1]
        nothing = self.bounded(self.money.apply(baseline + effect[:, -1]))
        score = effect[:, :-1] - effect[:, -1:]
        uplift = self.uplift_map.apply(score.ravel(), action.ravel(), np.repeat(nothing, n_candidates - 1))
        return nothing, uplift.reshape(score.shape)

    def predict(self, x: FloatArray, threads: int = 1) -> FloatArray:
        """Return expected outcomes float64[n] of single rows, same bits for any n and any number of threads."""
        if self.kind == "constant":
            return np.full(x.shape[0], self.mean)
        pairs = np.empty((x.shape[0], 2, x.shape[1]))
        pairs[:, 0] = x
        pairs[:, 1] = with_candidate(x, self.nothing)
        nothing, uplift = self.expected(pairs.reshape(-1, x.shape[1]), 2, threads)
        return self.bounded(nothing + np.where(self.is_nothing(x), 0.0, uplift[:, 0]))

    def is_nothing(self, x: FloatArray) -> BoolArray:
        """Return bool[n]: rows whose candidate is `nothing`."""
        action, code = x[:, self.candidate_from], self.nothing[0]
        return np.asarray(np.isnan(action) if np.isnan(code) else action == code)

    def bounded(self, outcome: FloatArray) -> FloatArray:
        """Return outcomes within what is possible."""
        return outcome if self.bounds is None else np.clip(outcome, *self.bounds)

    def to_files(self) -> dict[str, bytes]:
        """Return the files of this model: name → content."""
        stored = {
            "kind": self.kind,
            "columns": {part: list(columns) for part, columns in self.columns.items()},
            "nothing": [None if np.isnan(v) else v for v in self.nothing.tolist()],
            "money": None if self.money is None else self.money.to_json(),
            "uplift_map": self.uplift_map.to_json(),
            "bounds": self.bounds,
            "mean": self.mean,
            "n_features": self.n_features,
            "shrinkage": self.shrinkage.to_json(),
            "card": self.card,
        }
        texts = {f"outcome-{part}.txt": text.encode() for part, text in self.texts.items()}
        return {"outcome.json": canonical_json(stored), **texts}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> OutcomeModel:
        """Load what `to_files` gave; the bytes must have passed the registry's hash check."""
        if "outcome.json" not in files:
            raise DataError("the model version has no outcome model; train it (nbatool train)")
        stored = json.loads(files["outcome.json"])
        if stored["kind"] not in KINDS or "uplift_map" not in stored:
            raise DataError(f"outcome.json: kind {stored['kind']!r} is unknown; train again (nbatool train)")
        parts = PARTS if stored["kind"] == "effect" else ()
        texts = {part: files[f"outcome-{part}.txt"].decode() for part in parts}
        return cls(
            kind=stored["kind"],
            texts=texts,
            columns={part: tuple(columns) for part, columns in stored["columns"].items()},
            nothing=np.array([np.nan if v is None else v for v in stored["nothing"]], dtype=np.float64),
            money=None if stored["money"] is None else PiecewiseLinear.from_json(stored["money"]),
            uplift_map=UpliftMap.from_json(stored["uplift_map"]),
            bounds=None if stored["bounds"] is None else (stored["bounds"][0], stored["bounds"][1]),
            mean=float(stored["mean"]),
            n_features=int(stored["n_features"]),
            shrinkage=Shrinkage.from_json(stored["shrinkage"]),
            card=stored["card"],
            boosters={part: Booster.from_text(text) for part, text in texts.items()},
        )


def with_candidate(x: FloatArray, candidate: FloatArray) -> FloatArray:
    """Return a copy of x with the last columns replaced by a candidate's."""
    changed = x.copy()
    changed[:, x.shape[1] - len(candidate) :] = candidate
    return changed


def effect_input(x: FloatArray, columns: tuple[int, ...], baseline: FloatArray) -> FloatArray:
    """Return some columns of x with the rows' baseline (n,) as the last, C order."""
    read = np.empty((x.shape[0], len(columns) + 1))
    read[:, :-1] = x[:, list(columns)]
    read[:, -1] = baseline
    return read
