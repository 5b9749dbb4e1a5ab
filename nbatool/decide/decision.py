"""What a decision is: the money of every candidate, what was ruled out, the chances, and what was chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nbatool.features.kinds import Floats

STEPS = (
    "dates", "stock", "channel", "reach", "consent", "eligible", "applicable", "suppressed", "cap", "gap", "quiet", "limit",
    "review",
)  # fmt: skip
"""Steps that remove offers, in order; "channel" is the request's own wish."""


Context = Mapping[str, float | str | None]


@dataclass(frozen=True)
class Wishes:
    """What a request adds to the decision; the night asks for nothing special.

    Parameters
    ----------
    actions
        Only these actions; None for all.
    channel
        Only what goes out on this channel, alone or with others; None for any.
    context
        Values of ``context.*`` names: one request's, or those of each row.
    """

    actions: frozenset[str] | None = None
    channel: str | None = None
    context: Context | Sequence[Context] | None = None


NO_WISHES = Wishes()


@dataclass(frozen=True)
class Decision:
    """The decision for n customers over the offers of the catalogue.

    Parameters
    ----------
    expected, uplift, net_value
        (n, n_offers) in currency.
    nothing
        (n,) expected outcome of doing nothing.
    conversion
        (n, n_offers) P(convert).
    removed
        (n, n_offers) 0 where the offer is possible, else 1 + the index in `STEPS` of what removed it.
    order
        (n, n_offers) offers by net value, best first, impossible ones last; ties by action id, then channel.
    chosen
        (n,) index of the offer chosen, -1 for nothing.
    arm
        (n,) index in `arms.ARMS` of the customer's experiment group.
    probability_in_arm, probability
        (n, n_offers + 1) chance of each candidate, `nothing` last: within the customer's arm, and over all arms. The
        second is what estimators use.
    phi
        (n, d) the context the fast learner sees; d = 0 where the version has none.
    modelled
        (n, n_offers + 1) expected outcome by the models alone, `nothing` last: what a lesson is the difference to.
    charge
        (n, n_offers) what the prices of limits take off a net value, in currency; no money is paid for it.
    """

    expected: Floats
    nothing: Floats
    uplift: Floats
    net_value: Floats
    conversion: Floats
    removed: NDArray[np.int8]
    order: NDArray[np.int64]
    chosen: NDArray[np.int64]
    arm: NDArray[np.int8]
    probability_in_arm: Floats
    probability: Floats
    phi: Floats
    modelled: Floats
    charge: Floats

    def of_row(self, row: int) -> Decision:
        """Return the decision of one customer."""
        at = slice(row, row + 1)
        return Decision(
            self.expected[at], self.nothing[at], self.uplift[at], self.net_value[at], self.conversion[at],
            self.removed[at], self.order[at], self.chosen[at], self.arm[at], self.probability_in_arm[at],
            self.probability[at], self.phi[at], self.modelled[at], self.charge[at],
        )  # fmt: skip

    def possible(self, row: int) -> list[int]:
        """Offers that survived every step for one customer, best first."""
        return [int(j) for j in self.order[row] if self.removed[row, j] == 0]

    @property
    def money(self) -> Floats:
        """(n, n_offers) net value in currency as it is earned: without the prices of limits, which only rank."""
        return self.net_value + self.charge
