"""What lifetime value is to mean: horizon, discount, margin, grain and model."""

from __future__ import annotations

from dataclasses import dataclass

from nbatool.base.errors import ConfigError, Problem, did_you_mean
from nbatool.models.clv.families import FAMILIES

DAY_S = 86_400
MODELS = ("auto", *FAMILIES)


@dataclass(frozen=True)
class ClvSettings:
    """The `[clv]` table.

    Attributes
    ----------
    horizon_s
        How far ahead purchases count, in seconds.
    discount_per_year
        What a purchase in a year is worth less, as a rate (0.10: 1/1.10 of one today).
    margin
        Share of spend that is value.
    grain_s
        Purchases within this time are one; whole days, in seconds.
    model
        "auto" chooses by held-out log-likelihood; else the name of the model.

    >>> ClvSettings(horizon_s=30 * DAY_S).horizon_weeks
    4.285714285714286
    """

    horizon_s: int = 365 * DAY_S
    discount_per_year: float = 0.10
    margin: float = 1.0
    grain_s: int = DAY_S
    model: str = "auto"

    def __post_init__(self) -> None:
        problems = []
        if self.horizon_s <= 0:
            problems.append(f"clv.horizon is {self.horizon_s} seconds; it must be longer than 0")
        if not 0 <= self.discount_per_year < float("inf"):
            problems.append(f"clv.discount_per_year is {self.discount_per_year}; it must be 0 or more")
        if not 0 < self.margin < float("inf"):
            problems.append(f"clv.margin is {self.margin}; it must be more than 0")
        if self.grain_s < DAY_S or self.grain_s % DAY_S:
            problems.append(f"clv.grain is {self.grain_s} seconds; it must be whole days, such as 1d or 7d")
        if self.model not in MODELS:
            hint = did_you_mean(self.model, MODELS)
            problems.append(f'clv.model is "{self.model}"; allowed are {", ".join(MODELS)}{hint}')
        if problems:
            raise ConfigError(Problem(problem) for problem in problems)

    @property
    def horizon_weeks(self) -> float:
        return self.horizon_s / (7 * DAY_S)

    @property
    def grain_days(self) -> int:
        return self.grain_s // DAY_S
