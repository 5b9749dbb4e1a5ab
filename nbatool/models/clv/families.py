"""The purchase models that can be chosen, as one table of the same functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nbatool.models.clv import bg_nbd, mbg_nbd, pareto_nbd
from nbatool.models.clv.bg_nbd import Parameters
from nbatool.models.clv.purchases import Floats, Rows


@dataclass(frozen=True)
class Family:
    """A model of who buys again and who is gone; all times in weeks, all arrays broadcast.

    Given (x, age), what is expected of somebody alive does not depend on when the last purchase was, so
    E[purchases | x, t_x, age] = alive_probability(x, t_x, age) · expected_if_alive(t, x, age).
    """

    name: str
    title: str
    fitter: str
    parameter_names: tuple[str, str, str, str]
    time_parameters: tuple[int, ...]
    log_likelihood: Callable[[Parameters, Floats, Floats, Floats], Floats]
    alive_probability: Callable[[Parameters, Floats, Floats, Floats], Floats]
    expected_if_alive: Callable[[Parameters, Floats, Floats, Floats], Floats]
    simulate: Callable[[Parameters, Floats, np.random.Generator], Floats]

    def expected_of_new(self, parameters: Parameters, t: Floats) -> Floats:
        """Return the expected repeat purchases within t of somebody who has just bought for the first time."""
        zero = np.zeros_like(t)
        alive = self.alive_probability(parameters, zero, zero, zero)
        return alive * self.expected_if_alive(parameters, t, zero, zero)

    def total_expected(self, parameters: Parameters, rows: Rows) -> float:
        """Return the repeat purchases the model expects of all customers since their first."""
        age, index = np.unique(rows.age, return_inverse=True)
        customers = np.bincount(index, weights=rows.customers)
        return float((customers * self.expected_of_new(parameters, age)).sum())


BG_NBD = Family(
    "bg_nbd",
    "BG/NBD",
    "BetaGeoFitter",
    ("r", "alpha", "a", "b"),
    (1,),
    bg_nbd.log_likelihood,
    bg_nbd.alive_probability,
    bg_nbd.expected_if_alive,
    bg_nbd.simulate,
)
MBG_NBD = Family(
    "mbg_nbd",
    "MBG/NBD",
    "ModifiedBetaGeoFitter",
    ("r", "alpha", "a", "b"),
    (1,),
    mbg_nbd.log_likelihood,
    mbg_nbd.alive_probability,
    mbg_nbd.expected_if_alive,
    mbg_nbd.simulate,
)
PARETO_NBD = Family(
    "pareto_nbd",
    "Pareto/NBD",
    "ParetoNBDFitter",
    ("r", "alpha", "s", "beta"),
    (1, 3),
    pareto_nbd.log_likelihood,
    pareto_nbd.alive_probability,
    pareto_nbd.expected_if_alive,
    pareto_nbd.simulate,
)
FAMILIES = {family.name: family for family in (BG_NBD, MBG_NBD, PARETO_NBD)}
"""In the order of preference where held-out log-likelihoods tie."""
