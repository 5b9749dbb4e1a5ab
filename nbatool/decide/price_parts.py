"""What the prices of limits take off the net value of an offer, limit by limit."""

from __future__ import annotations

from dataclasses import dataclass

from nbatool.decide.guardrails import Circumstances
from nbatool.decide.policy import Policy


@dataclass(frozen=True, slots=True)
class PricePart:
    """What one limit takes off.

    Parameters
    ----------
    limit
        As reports call it.
    price
        What one more unit would earn, in currency; below 0: what one unit less would, of a least share.
    use
        What a contact uses, in the limit's unit.
    """

    limit: str
    price: float
    use: float

    @property
    def money(self) -> float:
        """What it adds to the net value."""
        return -self.price * self.use

    @property
    def name(self) -> str:
        return f"price of {self.limit}"

    @property
    def words(self) -> str:
        """Return it with the two numbers behind it.

        >>> PricePart("budget 150 in 7d", 3.333, 0.3).words
        'price of budget 150 in 7d: one more earns 3.33, it uses 0.3'
        >>> PricePart("at least 5 % tagged advice", -0.4, 0.95).words
        'price of at least 5 % tagged advice: one less earns 0.40, it gives 0.95'
        """
        side, does = ("less", "gives") if self.price < 0.0 else ("more", "uses")
        return f"{self.name}: one {side} earns {abs(self.price):,.2f}, it {does} {self.use:.6g}"


def price_parts(policy: Policy, told: Circumstances | None, offer: int) -> list[PricePart]:
    """Return the limits whose price an offer pays or is paid, in the order of the limits."""
    if told is None or not len(told.prices):
        return []
    limits = policy.guardrails.limits
    parts = [
        PricePart(limit.title, price, float(use))
        for limit, price, use in zip(limits.limits, told.prices, limits.uses[:, offer], strict=True)
    ]
    return [part for part in parts if part.money != 0.0]
