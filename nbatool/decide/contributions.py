"""What each feature adds to the uplift of an offer, in money.

TreeSHAP (Lundberg et al. 2018) splits a booster's raw score among the features. The difference between the offer's
row and the row of `nothing` is what each feature makes the offer worth more than nothing. Raw scores become money in
steps (logistic, product of chance and amount, the monotone map): each step is replaced by its secant between the two
rows, so that the parts still sum to the uplift. Of a product the chance is exchanged at the mean amount and the
amount at the mean chance, which is the average of exchanging either first. Shrinkage is linear and applies to the
parts as it does to their sum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbatool.decide.expected import Expectation
from nbatool.features.customer import CustomerFeatures
from nbatool.features.kinds import Floats
from nbatool.models.calibration import logistic
from nbatool.models.outcome import OutcomeModel, amounts
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
    """Return (n, d): what each feature adds to each row's expected outcome against the last row's."""
    if model.kind == "constant":
        return np.zeros(x.shape)
    parts = {name: booster.contributions(x)[:, :-1] for name, booster in model.boosters.items()}
    raw = {name: booster.predict_raw(x) for name, booster in model.boosters.items()}
    gain = {name: part - part[-1] for name, part in parts.items()}
    if model.kind == "binary":
        return np.asarray(_secant(model.calibrator.apply(raw["chance"]), raw["chance"]) * gain["chance"])
    amount = amounts(raw["amount"], model.amount)
    product, money = amount, _secant(amount, raw["amount"]) * gain["amount"]
    if model.kind == "two_part":
        chance = logistic(raw["chance"])
        product = chance * amount
        by_chance = _secant(chance, raw["chance"]) * gain["chance"] * _mean_with_last(amount)
        money = by_chance + money * _mean_with_last(chance)
    assert model.money is not None
    return np.asarray(_secant(model.money.apply(product), product) * money)


def _secant(y: Floats, x: Floats) -> Floats:
    """(n, 1): slope of y over x between each row and the last; 0 where x is the same."""
    step = x - x[-1]
    same = np.abs(step) < ALMOST_EQUAL
    return np.asarray(np.where(same, 0.0, (y - y[-1]) / np.where(same, 1.0, step)))[:, None]


def _mean_with_last(values: Floats) -> Floats:
    return np.asarray((values + values[-1]) / 2.0)[:, None]


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
