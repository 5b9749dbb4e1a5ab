"""The outcome model of too little data."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from nbatool.models.card import canonical_json
from nbatool.models.learners import NoLearner
from nbatool.models.logged import Logged
from nbatool.models.outcome import OutcomeModel, bounds_of
from nbatool.models.outcome_parts import Design
from nbatool.models.shrinkage import Shrinkage
from nbatool.models.spread import ONE
from nbatool.models.table import Table
from nbatool.models.uplift_error import UNKNOWN
from nbatool.models.uplift_map import UNMAPPED

MIN_ROWS = 200
MIN_NONZERO = 30


def varied(table: Table) -> int:
    """Return how many rows differ from the commonest outcome."""
    _, counts = np.unique(table.y, return_counts=True)
    return len(table) - int(counts.max(initial=0))


def constant_outcome(
    logged: Logged, design: Design, shrinkage: Shrinkage, card: dict[str, Any]
) -> OutcomeModel:
    """Return the model of too little data: everybody brings the mean."""
    table, weight = logged.table, logged.table.weights()
    mean = float(np.average(table.y, weights=weight)) if weight.sum() > 0 else 0.0
    why = f"not trained: {len(table)} rows, {varied(table)} of them with another outcome than the commonest"
    needed = f"at least {MIN_ROWS} and {MIN_NONZERO} are needed"
    warning = f"{why} ({needed}); every candidate gets {mean:.4f}"
    card |= {
        "learner": NoLearner.name,
        "form": "constant",
        "split": "none",
        "evaluation": None,
        "half_life": None,
    }
    card["warnings"] = [warning]
    return OutcomeModel(
        kind="constant",
        baseline_text=None,
        baseline_columns=(),
        effect=None,
        nothing=design.nothing,
        spread=ONE,
        money=None,
        uplift_map=UNMAPPED,
        error=UNKNOWN,
        bounds=bounds_of(table.y),
        mean=mean,
        n_features=table.x.shape[1],
        shrinkage=shrinkage,
        card=json.loads(canonical_json(card)),
        baseline=None,
    )
