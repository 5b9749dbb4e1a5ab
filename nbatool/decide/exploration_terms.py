"""How much is explored, and by which method: the settings and two published figures, as they go with the state."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast, get_args

Method = Literal["inverse_gap", "thompson", "optimistic", "epsilon", "greedy"]
BY_DRAWS = ("thompson", "optimistic")
"""Methods that count how often a candidate comes out best among values that may be true."""


@dataclass(frozen=True)
class ExplorationTerms:
    """What a policy's exploration depends on, beside the net values.

    Parameters
    ----------
    method
        ``inverse_gap``, ``thompson``, ``optimistic``, ``epsilon`` or ``greedy``.
    share
        Most probability mass off the best candidate, 0 to 1.
    min_probability
        Least probability of every explored candidate, as far as `share` allows it.
    max_loss
        A candidate worth less than minus this is never explored, in currency; infinite: every one is.
    gamma
        How strongly a gap counts against a candidate; a pure number (see `exploration_rate.data_driven_gamma`).
    spread
        The unit gaps are measured in, in currency (see `exploration_rate.spread_of`); 0: no gap counts.
    draws
        Draws from which Thompson sampling counts its probabilities, or levels of optimism.

    Raises
    ------
    ValueError
        A figure is NaN or outside its range.

    Examples
    --------
    >>> terms = ExplorationTerms("epsilon", share=0.1, min_probability=0.01, max_loss=1.0)
    >>> ExplorationTerms.from_json(terms.to_json()) == terms
    True
    """

    method: Method = "greedy"
    share: float = 0.0
    min_probability: float = 0.0
    max_loss: float = 0.0
    gamma: float = 0.0
    spread: float = 0.0
    draws: int = 256

    def __post_init__(self) -> None:
        if self.method not in get_args(Method):
            raise ValueError(f"method {self.method!r} is none of {', '.join(get_args(Method))}")
        for name in ("share", "min_probability"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} {getattr(self, name)} is not between 0 and 1")
        for name in ("gamma", "spread"):
            if not 0.0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} {getattr(self, name)} is not a finite number from 0 on")
        if not self.max_loss >= 0.0:
            raise ValueError(f"max_loss {self.max_loss} is below 0")
        if self.draws < 1:
            raise ValueError(f"draws {self.draws} is below 1")

    def limits(self, k: int) -> tuple[float, float]:
        """Return (most mass off the best, least probability of each) among `k` candidates.

        The best keeps at least an equal share 1/k, so a `share` above (k−1)/k counts as that; and what `share` cannot
        give everybody is given equally: f = min(min_probability, share / (k−1)).

        >>> ExplorationTerms("epsilon", share=0.1, min_probability=0.03).limits(6)
        (0.1, 0.02)
        """
        if k < 2 or self.method == "greedy":
            return 0.0, 0.0
        off = min(self.share, (k - 1) / k)
        return off, min(self.min_probability, off / (k - 1))

    def to_json(self) -> dict[str, Any]:
        """Plain values; an infinite `max_loss`, which JSON cannot say, is None."""
        return asdict(self) | {"max_loss": None if math.isinf(self.max_loss) else self.max_loss}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ExplorationTerms:
        return cls(
            method=cast("Method", data["method"]),
            share=float(data["share"]),
            min_probability=float(data["min_probability"]),
            max_loss=math.inf if data["max_loss"] is None else float(data["max_loss"]),
            gamma=float(data["gamma"]),
            spread=float(data["spread"]),
            draws=int(data["draws"]),
        )


GREEDY = ExplorationTerms()
"""The best candidate, always: without ``[exploration]`` nothing is tried."""
