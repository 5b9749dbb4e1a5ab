"""The expected outcome of one candidate at one moment: the loaded model, as the night and a live decision use it.

    expected(c, nothing) = money(baseline(c) + deviation(c) · score(c, nothing))
    uplift(c, a)         = slope · deviation(c) · effect(c, a) + offset(a) + level(expected(c, nothing))

The baseline booster predicts what a customer brings whatever is done; the learner (`learners`) what an action changes, in
standard deviations of outcomes like theirs (`spread`). Learned together in one booster, the effects, small beside the
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
from nbatool.models.learners import LEARNERS, Asked, Effect, learner_of
from nbatool.models.shrinkage import Shrinkage
from nbatool.models.spread import Spread
from nbatool.models.table import BoolArray, FloatArray
from nbatool.models.uplift_error import UpliftError
from nbatool.models.uplift_map import UpliftMap

KINDS = ("constant", "effect")
BASELINE_PART = "baseline"
BASELINE = "expected anyway"
"""Name of the effect boosters' last column: the baseline booster's score."""


@dataclass(frozen=True, slots=True)
class OutcomeModel:
    """E[outcome | features of customer, action, pair and context].

    Parameters
    ----------
    kind
        "constant" (too little data), or "effect".
    baseline
        The booster of what a customer brings whatever is done; None for a constant model.
    baseline_columns
        Positions in x that it reads.
    effect
        The learner of what an action changes; None for a constant model.
    spread
        Its unit, by the baseline.
    nothing
        float64[n_candidate_columns]: the candidate columns of `nothing`. They are the last ones of x, the first of them
        is the action's code.
    money
        Scores of `nothing` → what it brings, strictly increasing.
    uplift_map
        Effect of an action → its uplift.
    error
        Standard errors of uplifts.
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
    baseline_text: str | None
    baseline_columns: tuple[int, ...]
    effect: Effect | None
    nothing: FloatArray
    spread: Spread
    money: PiecewiseLinear | None
    uplift_map: UpliftMap
    error: UpliftError
    bounds: tuple[float, float] | None
    mean: float
    n_features: int
    shrinkage: Shrinkage
    card: Mapping[str, Any]
    baseline: Booster | None

    @property
    def candidate_from(self) -> int:
        """Position of the first candidate column, the action's code."""
        return self.n_features - len(self.nothing)

    @property
    def learner(self) -> str:
        """Name of the learner."""
        return "constant" if self.effect is None else self.effect.name

    @property
    def texts(self) -> dict[str, str]:
        """LightGBM's texts by part."""
        if self.baseline_text is None or self.effect is None:
            return {}
        return {BASELINE_PART: self.baseline_text, **self.effect.texts}

    def baseline_input(self, x: FloatArray) -> FloatArray:
        """Return what the baseline booster reads of x."""
        return np.ascontiguousarray(x[:, list(self.baseline_columns)])

    def expected(self, x: FloatArray, n_candidates: int, threads: int = 1) -> tuple[FloatArray, FloatArray]:
        """Return what `nothing` brings (n,) and each candidate's uplift over it (n, n_candidates − 1).

        Parameters
        ----------
        x
            float64[n · n_candidates, d]: the candidates of customer 0, the last of them `nothing`, those of customer 1, …
        """
        n = x.shape[0] // n_candidates
        if self.effect is None or self.baseline is None or self.money is None:
            return np.full(n, self.mean), np.zeros((n, n_candidates - 1))
        baseline = self.baseline.predict_raw(
            self.baseline_input(x[n_candidates - 1 :: n_candidates]), threads
        )
        unit = self.spread.apply(baseline)
        of_nothing, effect = self.effect.scores(
            Asked(x, baseline, n_candidates, self.candidate_from, threads)
        )
        nothing = self.bounded(self.money.apply(baseline + unit * of_nothing))
        score = unit[:, None] * effect
        uplift = self.uplift_map.apply(
            score.ravel(), self.actions(x, n_candidates).ravel(), np.repeat(nothing, n_candidates - 1)
        )
        return nothing, uplift.reshape(score.shape)

    def uplift_se(self, x: FloatArray, n_candidates: int, nothing: FloatArray) -> FloatArray:
        """Return the standard errors of the uplifts of `expected`, (n, n_candidates − 1).

        Parameters
        ----------
        x
            As `expected` takes it.
        nothing
            float64[n]: as `expected` returned it.
        """
        action = self.actions(x, n_candidates)
        return self.error.apply(action.ravel(), np.repeat(nothing, n_candidates - 1)).reshape(action.shape)

    def actions(self, x: FloatArray, n_candidates: int) -> FloatArray:
        """Return the codes of the candidates but the last, (n, n_candidates − 1)."""
        return x[:, self.candidate_from].reshape(-1, n_candidates)[:, :-1]

    def predict(self, x: FloatArray, threads: int = 1) -> FloatArray:
        """Return expected outcomes float64[n] of single rows, same bits for any n and any number of threads."""
        if self.effect is None:
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
            "learner": self.learner,
            "baseline_columns": list(self.baseline_columns),
            "columns": {} if self.effect is None else {p: list(c) for p, c in self.effect.columns.items()},
            "nothing": [None if np.isnan(v) else v for v in self.nothing.tolist()],
            "spread": self.spread.to_json(),
            "money": None if self.money is None else self.money.to_json(),
            "uplift_map": self.uplift_map.to_json(),
            "error": self.error.to_json(),
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
        if stored["kind"] not in KINDS or stored.get("learner") not in LEARNERS:
            raise DataError(f"outcome.json: kind {stored['kind']!r} is unknown; train again (nbatool train)")
        learned = stored["kind"] == "effect"
        columns = {part: tuple(found) for part, found in stored["columns"].items()}
        texts = {part: files[f"outcome-{part}.txt"].decode() for part in columns}
        baseline = files[f"outcome-{BASELINE_PART}.txt"].decode() if learned else None
        return cls(
            kind=stored["kind"],
            baseline_text=baseline,
            baseline_columns=tuple(stored["baseline_columns"]),
            effect=learner_of(stored["learner"], texts, columns) if learned else None,
            nothing=np.array([np.nan if v is None else v for v in stored["nothing"]], dtype=np.float64),
            spread=Spread.from_json(stored["spread"]),
            money=None if stored["money"] is None else PiecewiseLinear.from_json(stored["money"]),
            uplift_map=UpliftMap.from_json(stored["uplift_map"]),
            error=UpliftError.from_json(stored["error"]),
            bounds=None if stored["bounds"] is None else (stored["bounds"][0], stored["bounds"][1]),
            mean=float(stored["mean"]),
            n_features=int(stored["n_features"]),
            shrinkage=Shrinkage.from_json(stored["shrinkage"]),
            card=stored["card"],
            baseline=None if baseline is None else Booster.from_text(baseline),
        )


def bounds_of(outcome: FloatArray) -> tuple[float, float] | None:
    """Return the least and the greatest outcome possible: of outcomes that are all 0 or 1, else None.

    >>> bounds_of(np.array([0.0, 1.0])), bounds_of(np.array([0.0, 2.0]))
    ((0.0, 1.0), None)
    """
    return (0.0, 1.0) if np.isin(outcome, (0.0, 1.0)).all() else None


def with_candidate(x: FloatArray, candidate: FloatArray) -> FloatArray:
    """Return a copy of x with the last columns replaced by a candidate's."""
    changed = x.copy()
    changed[:, x.shape[1] - len(candidate) :] = candidate
    return changed
