"""Records several stages share."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

NOTHING = "nothing"
"""Id of the candidate that does nothing; every catalogue has it unless it says ``allow_nothing = false``."""


LIFETIME_VALUE = "lifetime_value"
"""The measure of an objective that counts what a customer is worth, not only what they spend now."""


@dataclass(frozen=True, slots=True)
class Action:
    """One entry of the catalogue.

    Parameters
    ----------
    id, name
        What files and people call it.
    channels
        Ways it can go out, in the order of the catalogue.
    tags
        Groups it belongs to.
    cost
        Money per contact.
    cost_per_conversion
        Money per conversion it causes.
    target, value_per_response
        Propensity target and money per response, used while no contact was ever logged.
    attributes
        Numbers, texts and booleans the models and expressions see.
    eligible_when
        Expression over the customer, the action and the request: who may ever have it; None for everybody.
    starts_us, ends_us
        First instant it may go out, and first instant it no longer may (µs since 1970 UTC).
    stock
        How many contacts it may get in all, from the first on; None for no limit.
    lever
        Factor on the uplift, set by people.
    applicable_when
        As ``eligible_when``: whether it makes sense at this moment; None for always.
    """

    id: str
    name: str
    channels: tuple[str, ...]
    tags: tuple[str, ...] = ()
    cost: float = 0.0
    cost_per_conversion: float = 0.0
    target: str | None = None
    value_per_response: float | None = None
    attributes: dict[str, float | str | bool | None] = field(default_factory=dict)
    eligible_when: str | None = None
    starts_us: int | None = None
    ends_us: int | None = None
    stock: int | None = None
    lever: float = 1.0
    applicable_when: str | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Action:
        return cls(**{**data, "channels": tuple(data["channels"]), "tags": tuple(data["tags"])})
