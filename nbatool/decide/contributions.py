"""What each feature adds to the uplift of an offer, in money.

TreeSHAP (Lundberg et al. 2018) splits the learner's effect of an offer among the features; times the deviation of outcomes
like theirs and the slope of the uplift map, that is what each feature makes the offer worth more than nothing. What comes
from the customer's usual outcome (a column of the effect boosters, and a correction of the map) is shared out among the
features that make it, in proportion to their part in it. The offset of an action belongs to the action. Shrinkage is linear
and applies to the parts as it does to their sum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbatool.decide.expected import Expectation
from nbatool.features.customer import CustomerFeatures
from nbatool.features.kinds import Floats
from nbatool.models.learners import Asked
from nbatool.models.outcome import OutcomeModel
from nbatool.models.propensity import PropensityModel
from nbatool.models.shrinkage import shrink

ALMOST_EQUAL = 1e-9


@dataclass(frozen=True)
class Contributions:
    """Parts of an uplift.

    Parameters
    ----------
    names
        Model columns.
    money
        (n_columns,) what each adds, in currency.
    base
        What anybody brings, in currency; `base` and `money` sum to the uplift.
    x
        (n_columns,) the model's input for the offer.
    """

    names: tuple[str, ...]
    money: Floats
    base: float
    x: Floats


def uplift_contributions(
    expectation: Expectation, customers: CustomerFeatures, encoded: Floats, offer: int
) -> Contributions:
    """Split one customer's uplift of an offer; ``customers`` and ``encoded`` have one row."""
    bundle = expectation.bundle
    if bundle.outcome is None:
        return _of_propensity(expectation, encoded, offer)
    assert bundle.decision is not None
    x = bundle.decision.of_candidates(customers, encoded, expectation.columns, expectation.catalogue.actions)
    own = against_last(bundle.outcome, x)[:-1]
    money = shrink(np.ascontiguousarray(own.T), *expectation.weights)[:, offer]
    return Contributions(bundle.decision.names, money, 0.0, x[offer])


def against_last(model: OutcomeModel, x: Floats) -> Floats:
    """Return (n, d): what each feature adds to the uplift of each row over the last, `nothing` of the same customer."""
    parts = np.zeros(x.shape)
    if model.effect is None or model.baseline is None:
        return parts
    read = model.baseline_input(x)[-1:]
    baseline = model.baseline.predict_raw(read)
    usual = np.abs(model.baseline.contributions(read)[0, :-1])
    total = float(usual.sum())
    share = usual / total if total > 0 else np.full(len(usual), 1.0 / len(usual))
    unit = model.uplift_map.slope * float(model.spread.apply(baseline)[0])
    gain = unit * model.effect.contributions(Asked(x, baseline, len(x), model.candidate_from))
    nothing, _ = model.expected(x, len(x))
    action = x[:-1, model.candidate_from]
    offset = model.uplift_map.offsets(action)
    level = model.uplift_map.apply(np.zeros(1), action[:1], nothing)[0] - offset[0] if len(action) else 0.0
    parts[:-1] = gain[:-1, :-1]
    parts[:-1, model.candidate_from] += offset
    parts[:-1, list(model.baseline_columns)] += (gain[:-1, -1] + level)[:, None] * share
    return parts


def _secant(y: Floats, x: Floats) -> Floats:
    """(n, 1): slope of y over x between each row and the last; 0 where x is the same."""
    step = x - x[-1]
    same = np.abs(step) < ALMOST_EQUAL
    return np.asarray(np.where(same, 0.0, (y - y[-1]) / np.where(same, 1.0, step)))[:, None]


def _of_propensity(expectation: Expectation, encoded: Floats, offer: int) -> Contributions:
    """Without logged contacts: the chance's parts against the average customer's, times the value of a response."""
    bundle, action = expectation.bundle, expectation.catalogue.offers[offer].action
    names = bundle.customer.names
    nothing = Contributions(names, np.zeros(len(names)), 0.0, encoded[0])
    if action.target is None or action.value_per_response is None:
        return nothing
    chance, base = chance_parts(bundle.propensities[action.target], encoded)
    return Contributions(
        names, chance * action.value_per_response, base * action.value_per_response, encoded[0]
    )


def chance_parts(model: PropensityModel, encoded: Floats) -> tuple[Floats, float]:
    """Return what each feature adds to a customer's probability (d,), and the average customer's probability."""
    if model.booster is None:
        return np.zeros(encoded.shape[1]), model.base_rate
    found = model.booster.contributions(encoded)[0]
    raw = np.array([model.booster.predict_raw(encoded)[0], found[-1]])
    p = model.calibrator.apply(raw)
    return np.asarray(_secant(p, raw)[0] * found[:-1]), float(p[-1])
