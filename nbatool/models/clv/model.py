"""The lifetime value model: fit it, keep it as JSON, predict with it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from nbatool.base.errors import ConfigError, DataError
from nbatool.models.clv.bg_nbd import Parameters
from nbatool.models.clv.discounting import discounted_total
from nbatool.models.clv.families import FAMILIES
from nbatool.models.clv.purchases import Floats, Purchases, Rows, collapse
from nbatool.models.clv.scores import ClvScores, mid_rank_quantile
from nbatool.models.clv.settings import ClvSettings
from nbatool.models.clv.spend import SpendModel

FORMAT = "nbatool clv 1"


@dataclass(frozen=True)
class ClvModel:
    """Fitted lifetime value, all numbers plain floats.

    Attributes
    ----------
    settings
        What it was fitted for; `predict` uses its horizon, discount and margin.
    family
        "bg_nbd", "mbg_nbd", "pareto_nbd", or "none" where nothing at all is known.
    parameters
        Of the family, in weeks; empty for "none".
    spend
        Expected spend per purchase.
    fallback
        True: the data could not carry a fit and `parameters` are the pooled prior's.
    card
        What to show a reader: candidates, checks, warnings.
    """

    settings: ClvSettings
    family: str
    parameters: tuple[float, ...]
    spend: SpendModel
    fallback: bool
    card: dict[str, Any] = field(default_factory=dict)

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(self.card.get("warnings", ()))

    def with_card(self, **entries: Any) -> ClvModel:
        """Return the model with these entries added to its card."""
        return replace(self, card={**self.card, **entries})

    def predict(self, purchases: Purchases, settings: ClvSettings | None = None) -> ClvScores:
        """Predict for customers from the last day observed on.

        Parameters
        ----------
        purchases
            The customers; need not be those fitted on.
        settings
            Horizon, discount and margin other than the model's own.
        """
        settings = settings or self.settings
        rows, index = collapse(purchases)
        p_alive, expected, discounted = self._predict_rows(rows, settings)
        spend = self.spend.expected(purchases.paid, purchases.mean_spend)
        clv = settings.margin * spend * discounted[index]
        return ClvScores(clv, mid_rank_quantile(clv), p_alive[index], expected[index], spend)

    def expected_purchases(self, purchases: Purchases, horizon_days: float) -> Floats:
        """Return the expected purchases in the next `horizon_days`, shape ``(n_customers,)``."""
        rows, index = collapse(purchases)
        settings = replace(self.settings, horizon_s=round(horizon_days * 86_400), discount_per_year=0.0)
        return self._predict_rows(rows, settings)[1][index]

    def _predict_rows(self, rows: Rows, settings: ClvSettings) -> tuple[Floats, Floats, Floats]:
        if self.family == "none":
            unknown = np.full(len(rows.x), np.nan)
            return unknown, unknown, unknown
        family, parameters = FAMILIES[self.family], self._four()
        p_alive = family.alive_probability(parameters, rows.x, rows.t_x, rows.age)
        # Expectations of somebody alive depend on (x, age) alone: twenty times fewer pairs than rows.
        pairs, index = np.unique(np.stack([rows.x, rows.age]), axis=1, return_inverse=True)
        plain, discounted = discounted_total(
            lambda weeks: family.expected_if_alive(parameters, np.asarray(weeks), pairs[0], pairs[1]),
            settings.horizon_weeks,
            settings.discount_per_year,
        )
        index = index.reshape(-1)
        return p_alive, p_alive * plain[index], p_alive * discounted[index]

    def _four(self) -> Parameters:
        first, second, third, fourth = self.parameters
        return first, second, third, fourth

    def to_json(self) -> str:
        """Return the model as JSON text; `from_json` gives back the same bits."""
        content = {"format": FORMAT, "unit": "week", **asdict(self)}
        return json.dumps(content, sort_keys=True, allow_nan=False, indent=1)

    @classmethod
    def from_json(cls, text: str) -> ClvModel:
        """Read a model written by `to_json`; DataError if it is not one."""
        try:
            content = json.loads(text, parse_constant=_no_constant)
            found = content.pop("format"), content.pop("unit")
            content["settings"] = ClvSettings(**content["settings"])
            content["spend"] = SpendModel(**content["spend"])
            content["parameters"] = tuple(float(value) for value in content["parameters"])
            model = cls(**content)
        except (ConfigError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise _refused(f"it cannot be read ({error!r})") from None
        if found != (FORMAT, "week"):
            raise _refused(f"it says {found}")
        usable = model.family in FAMILIES and len(model.parameters) == 4 and min(model.parameters) > 0
        if model.family != "none" and not usable:
            raise _refused(f'it has the family "{model.family}" with the parameters {model.parameters}')
        return model


def _refused(why: str) -> DataError:
    return DataError(
        f'lifetime value model: {why}; needed are the format "{FORMAT}", the unit "week" and four positive '
        f'parameters of {", ".join(FAMILIES)}; run "nbatool train" again'
    )


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number of a model")
