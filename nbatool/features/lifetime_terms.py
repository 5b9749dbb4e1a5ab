"""What an objective that is lifetime value counts within its window.

    outcome  =  Σ margin · value of the purchases  +  κ · (what they add to the value after it)  −  cost of unsubscribing

What purchases add to the value after the window takes a model of it, and is added by whoever has one
(`models.lifetime_outcome`); κ is 0 until experiments have shown that it is real.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbatool.base.config import Config
    from nbatool.base.settings import Objective


@dataclass(frozen=True, slots=True)
class LifetimeTerms:
    """Parameters
    ----------
    purchases
        Event types whose values count.
    margin
        Share of a purchase that is value.
    unsubscribes
        Event types that unsubscribe.
    unsubscribe_cost
        Of each such event, in currency.
    """

    purchases: tuple[str, ...]
    margin: float
    unsubscribes: tuple[str, ...] = ()
    unsubscribe_cost: float = 0.0

    @classmethod
    def of(cls, objective: Objective, config: Config) -> LifetimeTerms:
        """Return the terms of an objective; without an event of its own every purchase counts."""
        purchases = config.roles.purchase if objective.event is None else (objective.event,)
        lost = config.roles.unsubscribe if objective.unsubscribe_cost else ()
        return cls(purchases, config.clv.margin, lost, objective.unsubscribe_cost)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LifetimeTerms:
        return cls(
            tuple(data["purchases"]), data["margin"], tuple(data["unsubscribes"]), data["unsubscribe_cost"]
        )
