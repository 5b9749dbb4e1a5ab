"""The expected outcome of one candidate at one moment: the loaded model, as the night and a live decision use it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbatool.base.errors import DataError
from nbatool.models.booster import Booster
from nbatool.models.calibration import Calibrator, PiecewiseLinear, logistic
from nbatool.models.card import canonical_json
from nbatool.models.shrinkage import Shrinkage
from nbatool.models.table import FloatArray

KINDS = ("constant", "binary", "single", "two_part")
AMOUNTS = ("regression", "gamma")


@dataclass(frozen=True, slots=True)
class OutcomeModel:
    """E[outcome | features of customer, action, pair and context].

    Parameters
    ----------
    kind
        "constant"; "binary" (outcomes 0 and 1: one booster and Platt); "single" (one squared-error booster and a
        strictly monotone map); "two_part" (P(not 0) times the amount where not 0, the product mapped).
    texts
        LightGBM texts: "chance" and/or "amount".
    amount
        Objective of the amount booster: "regression", or "gamma" whose raw score is a logarithm.
    calibrator
        Of a binary model.
    money
        Uncalibrated → calibrated money, of a single or two-part model.
    mean
        Mean outcome of all rows; the answer of a constant model.
    shrinkage
        How far to trust each action's own uplift while it is young (`shrinkage.shrink`).
    card
        The model card, plain JSON values.
    """

    kind: str
    texts: Mapping[str, str]
    amount: str
    calibrator: Calibrator
    money: PiecewiseLinear | None
    mean: float
    n_features: int
    shrinkage: Shrinkage
    card: Mapping[str, Any]
    boosters: Mapping[str, Booster]

    def predict(self, x: FloatArray, threads: int = 1) -> FloatArray:
        """Return expected outcomes float64[n], same bits for any n and any number of threads."""
        if self.kind == "constant":
            return np.full(x.shape[0], self.mean)
        if self.kind == "binary":
            return self.calibrator.apply(self.boosters["chance"].predict_raw(x, threads))
        amount = amounts(self.boosters["amount"].predict_raw(x, threads), self.amount)
        if self.kind == "two_part":
            amount = logistic(self.boosters["chance"].predict_raw(x, threads)) * amount
        assert self.money is not None
        return self.money.apply(amount)

    def to_files(self) -> dict[str, bytes]:
        """Return the files of this model: name → content."""
        stored = {
            "kind": self.kind,
            "amount": self.amount,
            "calibrator": self.calibrator.to_json(),
            "money": None if self.money is None else self.money.to_json(),
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
        if stored["kind"] not in KINDS or stored["amount"] not in AMOUNTS:
            raise DataError(
                f"outcome.json: kind {stored['kind']!r} or amount {stored['amount']!r} is unknown"
            )
        parts = {
            "constant": (),
            "binary": ("chance",),
            "single": ("amount",),
            "two_part": ("chance", "amount"),
        }
        texts = {part: files[f"outcome-{part}.txt"].decode() for part in parts[stored["kind"]]}
        return cls(
            kind=stored["kind"],
            texts=texts,
            amount=stored["amount"],
            calibrator=Calibrator.from_json(stored["calibrator"]),
            money=None if stored["money"] is None else PiecewiseLinear.from_json(stored["money"]),
            mean=float(stored["mean"]),
            n_features=int(stored["n_features"]),
            shrinkage=Shrinkage.from_json(stored["shrinkage"]),
            card=stored["card"],
            boosters={part: Booster.from_text(text) for part, text in texts.items()},
        )


def amounts(raw: FloatArray, objective: str) -> FloatArray:
    """Return money from raw scores: themselves, or exp of them for "gamma" (math.exp per element)."""
    if objective != "gamma":
        return raw
    exp = math.exp
    return np.array([exp(v) for v in np.clip(raw, -700.0, 700.0).tolist()], dtype=np.float64)
