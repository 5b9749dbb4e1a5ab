"""What a lifetime value counts of the time after its window: κ · (CLV at its end − CLV there without the purchases inside).

A purchase model takes every sale for a sign of character, a sale we caused as well. How much of that comes true only an
experiment can tell: κ is the share that did (`models.kappa`), and without one the term is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbatool.base.records import LIFETIME_VALUE
from nbatool.features.outcome_terms import ObjectiveTerms, OutcomeTerms
from nbatool.models.clv.model import ClvModel
from nbatool.models.clv.purchases import Floats
from nbatool.models.clv.windowed import at_window_end

if TYPE_CHECKING:
    import duckdb

    from nbatool.base.config import Config


@dataclass(frozen=True)
class LaterValue:
    """Parameters
    ----------
    model
        Of the training run in force; nothing after its present is in it.
    kappa
        Share of what the model credits to a purchase that is real, above 0 and at most 1.
    purchases
        Event types of the purchase role, all of them.
    counted
        Those whose purchases inside the window count.
    within_s
        The window in seconds.
    weight
        Of the objective.
    zone
        Of customers whose own is not known.
    """

    model: ClvModel
    kappa: float
    purchases: tuple[str, ...]
    counted: tuple[str, ...]
    within_s: int
    weight: float
    zone: str

    def value(self, con: duckdb.DuckDBPyConnection, n_moments: int) -> Floats:
        """Return what the purchases after each of ``moments`` add to the value after the window, (n_moments,).

        In currency, with κ and the objective's weight.
        """
        found = at_window_end(
            con, self.purchases, within_s=self.within_s, zone=self.zone, counted=self.counted,
            grain_days=self.model.settings.grain_days, only_buyers=True,
        )  # fmt: skip
        with_them, without = found.values(self.model, self.model.settings, n_moments)
        return self.weight * self.kappa * (with_them - without)


def lifetime_objective(config: Config) -> ObjectiveTerms | None:
    """Return the objective that is lifetime value; None where there is none."""
    return next((o for o in OutcomeTerms.of(config).objectives if o.measure == LIFETIME_VALUE), None)


def later_value(config: Config, clv: str | None, card: Mapping[str, Any]) -> LaterValue | None:
    """Return what a version counts of the time after the window; None where nothing is known to be real.

    Parameters
    ----------
    clv
        The version's lifetime value model (`Bundle.clv`).
    card
        Its card, with "kappa" where it was looked for.
    """
    objective = lifetime_objective(config)
    kappa = (card.get("kappa") or {}).get("value", 0.0)
    if objective is None or objective.lifetime is None or clv is None or not kappa:
        return None
    return LaterValue(
        ClvModel.from_json(clv), float(kappa), config.roles.purchase, objective.lifetime.purchases,
        objective.within, objective.weight, config.workspace.timezone,
    )  # fmt: skip
