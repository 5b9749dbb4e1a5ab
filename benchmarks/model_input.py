"""Ready-made input of a shop's boosters, for the bare sides: no features are computed, no rules looked at."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nbatool.models.learners import with_baseline_column

if TYPE_CHECKING:
    from nbatool.decide.policy import Policy
    from nbatool.features.customer import CustomerFeatures


@dataclass(frozen=True)
class BoosterInput:
    """One booster's LightGBM text, and what it reads of some customers.

    ``x`` is float64[n_customers · per_customer, n_columns]: all rows of customer 0, those of customer 1, …
    """

    text: str
    x: NDArray[np.float64]
    per_customer: int

    def of(self, customer: int) -> NDArray[np.float64]:
        """Return the rows of one customer; beyond the last one it begins anew."""
        first = self.per_customer * customer % len(self.x)
        return self.x[first : first + self.per_customer]

    def of_first(self, customers: int) -> NDArray[np.float64]:
        return self.x[: self.per_customer * customers]


@dataclass(frozen=True)
class ModelInput:
    """What everything the champion asks of its boosters comes to, for ``customers`` of all ``everybody``."""

    propensities: tuple[BoosterInput, ...]
    outcome: tuple[BoosterInput, ...]
    customers: int
    everybody: int


def model_input(folder: str, most: int) -> ModelInput:
    """Return the input for at most ``most`` customers of a trained shop."""
    from nbatool.decide.assemble import champion_policy
    from nbatool.decide.batch import population
    from nbatool.ingest.catalogue import load_catalogue
    from nbatool.profile.present import present_us
    from nbatool.store.warehouse import open_warehouse
    from nbatool.store.workspace import open_workspace

    workspace = open_workspace(Path(folder))
    _, policy = champion_policy(workspace, load_catalogue(workspace.config))
    with open_warehouse(workspace) as warehouse:
        as_of = present_us(warehouse.con, workspace.config, None)
        people = population(warehouse.con, workspace.config, policy, as_of_us=as_of, most=most)
        features = people.prepared.read(0, len(people))
        everybody = warehouse.con.execute("select count(distinct source_id) from customers").fetchall()[0][0]
    encoded = policy.bundle.customer.encode(features)
    propensities = tuple(
        BoosterInput(model.text, encoded, 1)
        for model in policy.bundle.propensities.values()
        if model.text is not None
    )
    return ModelInput(propensities, outcome_input(policy, features, encoded), len(people), everybody)


def outcome_input(
    policy: Policy, features: CustomerFeatures, encoded: NDArray[np.float64]
) -> tuple[BoosterInput, ...]:
    """Return the input of the boosters of outcome: baseline and `nothing` read a customer, a shared effect its candidates."""
    bundle = policy.bundle
    if bundle.decision is None or bundle.outcome is None or not bundle.outcome.texts:
        raise RuntimeError(f"the shop has no trained outcome model: {json.dumps(dict(bundle.card))[:200]}")
    offers = [(offer.action.id, offer.channel) for offer in policy.catalogue.offers]
    candidates = [*offers, ("nothing", None)]
    x = bundle.decision.of_candidates(features, encoded, candidates, policy.catalogue.actions)
    model, k = bundle.outcome, len(candidates)
    reads = model.baseline_input(x[k - 1 :: k])
    assert model.baseline is not None
    assert model.effect is not None
    baseline = model.baseline.predict_raw(reads)
    inputs = [BoosterInput(model.texts["baseline"], reads, 1)]
    for part, columns in model.effect.columns.items():
        if part == "effect":
            inputs.append(
                BoosterInput(model.texts[part], with_baseline_column(x, columns, np.repeat(baseline, k)), k)
            )
        else:
            inputs.append(
                BoosterInput(model.texts[part], with_baseline_column(x[k - 1 :: k], columns, baseline), 1)
            )
    return tuple(inputs)


def boosters(inputs: tuple[BoosterInput, ...], **params: Any) -> list[tuple[Any, BoosterInput]]:
    """Return LightGBM's own boosters beside their input."""
    import lightgbm

    return [(lightgbm.Booster(model_str=each.text, params=params), each) for each in inputs]
