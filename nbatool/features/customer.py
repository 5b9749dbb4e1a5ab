"""Everything known about customers at moments: features, attributes, pair features; batch and live alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbatool.features.kinds import Floats
from nbatool.features.pairs import PairFeatures, PairPlan
from nbatool.features.plan import FeaturePlan
from nbatool.profile.attributes import Attribute


@dataclass(frozen=True)
class FeatureSet:
    """What is computed for a moment: the plan, the customer's attributes, the pair features.

    Saved with the models and published for live decisions as JSON.
    """

    plan: FeaturePlan
    attributes: tuple[Attribute, ...]
    pairs: PairPlan

    def to_json(self) -> dict[str, Any]:
        return {
            "plan": self.plan.to_json(),
            "attributes": [[a.name, a.type] for a in self.attributes],
            "pairs": self.pairs.to_json(),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> FeatureSet:
        attributes = tuple(Attribute(name, kind) for name, kind in data["attributes"])
        return cls(FeaturePlan.from_json(data["plan"]), attributes, PairPlan.from_json(data["pairs"]))

    @property
    def longest_window_s(self) -> int:
        return max(self.plan.longest_window_s, self.pairs.long_s)


@dataclass(frozen=True)
class CustomerFeatures:
    """What is known at n moments.

    Parameters
    ----------
    as_of_us
        (n,) the moments, µs since 1970 UTC.
    numbers
        (n, n_features) in the order of the plan; NaN is null.
    attributes
        (n,) per attribute: float64 with NaN, or objects with None.
    pairs
        Pair features per action, tag and channel.
    """

    as_of_us: NDArray[np.int64]
    numbers: Floats
    attributes: dict[str, NDArray[Any]]
    pairs: PairFeatures

    def __len__(self) -> int:
        return len(self.as_of_us)

    def of_rows(self, rows: slice) -> CustomerFeatures:
        """Return those of some of the moments."""
        pairs = self.pairs
        return CustomerFeatures(
            self.as_of_us[rows],
            self.numbers[rows],
            {name: values[rows] for name, values in self.attributes.items()},
            PairFeatures(pairs.action[rows], pairs.tag[rows], pairs.channel[rows]),
        )
