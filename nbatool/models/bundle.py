"""A trained version as one thing: features, encoders, models; written to files and loaded from them.

Loading needs numpy and LightGBM's C library only, so that a live decision starts fast.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nbatool.features.customer import FeatureSet
from nbatool.features.model_input import CustomerInput
from nbatool.models.candidates import DecisionInput
from nbatool.models.card import canonical_json
from nbatool.models.context_encoder import ContextEncoder
from nbatool.models.conversion import NAME as CONVERSION
from nbatool.models.outcome import OutcomeModel
from nbatool.models.propensity import PropensityModel

FEATURES_FILE = "features.json"
CARD_FILE = "card.json"
CLV_FILE = "clv.json"


@dataclass(frozen=True)
class Bundle:
    """Everything one model version knows.

    Parameters
    ----------
    features
        What is computed for a moment.
    customer
        Columns of the propensity models.
    propensities
        One per target.
    decision
        Columns of the outcome model; None when nothing was ever contacted.
    outcome, conversion
        The outcome model of logged contacts, and the conversion model where a cost per conversion asks for it.
    clv
        JSON text of the lifetime value model; None without purchases configured.
    card
        What was measured while training.
    context
        What the fast learner sees of a customer and a request; None in versions made before it.
    """

    features: FeatureSet
    customer: CustomerInput
    propensities: Mapping[str, PropensityModel]
    decision: DecisionInput | None
    outcome: OutcomeModel | None
    conversion: PropensityModel | None
    clv: str | None
    card: Mapping[str, Any]
    context: ContextEncoder | None = None

    def to_files(self) -> dict[str, bytes]:
        stored = {
            "features": self.features.to_json(),
            "customer": self.customer.to_json(),
            "decision": self.decision.to_json() if self.decision else None,
            "targets": list(self.propensities),
            "conversion": self.conversion is not None,
            "context": self.context.to_json() if self.context else None,
        }
        files = {FEATURES_FILE: canonical_json(stored), CARD_FILE: canonical_json(dict(self.card))}
        for model in (*self.propensities.values(), self.outcome, self.conversion):
            if model is not None:
                files |= model.to_files()
        if self.clv is not None:
            files[CLV_FILE] = self.clv.encode()
        return files

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Bundle:
        """Load a version; the bytes must have passed the registry's hash check."""
        stored = json.loads(files[FEATURES_FILE])
        features = FeatureSet.from_json(stored["features"])
        decision = stored["decision"]
        return cls(
            features=features,
            customer=CustomerInput.from_json(features, stored["customer"]),
            propensities={name: PropensityModel.from_files(name, files) for name in stored["targets"]},
            decision=DecisionInput.from_json(features, decision) if decision else None,
            outcome=OutcomeModel.from_files(files) if decision else None,
            conversion=PropensityModel.from_files(CONVERSION, files) if stored["conversion"] else None,
            clv=files[CLV_FILE].decode() if CLV_FILE in files else None,
            card=json.loads(files[CARD_FILE]),
            context=ContextEncoder.from_json(stored["context"]) if stored.get("context") else None,
        )
