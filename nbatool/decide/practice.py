"""How much a policy explores and who is kept apart, fixed once a night from the settings and what was learned."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from nbatool.base.errors import ConfigError
from nbatool.decide.arms import ArmShares
from nbatool.decide.exploration import data_driven_gamma, spread_of
from nbatool.decide.exploration_terms import BY_DRAWS, GREEDY, ExplorationTerms
from nbatool.decide.policy import Policy
from nbatool.decide.selection import Practice
from nbatool.features.kinds import Floats
from nbatool.models.bundle import Bundle
from nbatool.models.posterior import Posterior

if TYPE_CHECKING:
    from nbatool.base.config import Config
    from nbatool.decide.batch import Population
    from nbatool.decide.circumstances import NightCircumstances

SAMPLED = 20_000
"""Customers from whom the unit of gaps is taken."""
BLOCKS = 8
"""Places among the customers, in the order of their ids, at which the sample is read."""


def practice_of(
    config: Config,
    policy: Policy,
    people: Population,
    posterior: Posterior | None,
    told: NightCircumstances | None = None,
    *,
    threads: int = 1,
) -> Practice:
    """Return how the policy is put into practice from this night on.

    The unit of gaps is that of the customers of the night; live decisions use the same one until the next.

    Raises
    ------
    ConfigError
        Thompson sampling is asked for, and the version has nothing to draw from.
    """
    experiment = ArmShares(
        config.experiment.name, config.experiment.control, config.experiment.component_arms
    )
    asked = config.exploration
    if asked is None or asked.method == "greedy":
        return Practice(GREEDY, experiment, asked is not None and asked.apprentice)
    if asked.method in BY_DRAWS and posterior is None:
        said = "[exploration] method needs models of this version of nbatool: train again (nbatool train)"
        raise ConfigError([config.problem(said, "exploration", "method")])
    spread, believed = _seen(policy, people, posterior, told, asked.max_loss, threads)
    n_outcomes, error = learned_from(policy.bundle, posterior, believed)
    gamma = data_driven_gamma(n_outcomes, len(policy.catalogue.offers) + 1, error, spread)
    terms = ExplorationTerms(
        method=asked.method, share=asked.share, min_probability=asked.min_probability, max_loss=asked.max_loss,
        gamma=gamma, spread=spread, draws=asked.draws,
    )  # fmt: skip
    return Practice(terms, experiment, asked.apprentice)


def learned_from(bundle: Bundle, posterior: Posterior | None, believed: float) -> tuple[float, float]:
    """Return how many outcomes were learned from, and the typical standard error of an uplift.

    Two parts make up the error, in currency: that of the model's uplift, the root mean square over actions of that of
    the measured one, and how unsure the fast learner is of its correction. It is infinite where neither has learned.

    Parameters
    ----------
    believed
        Typical standard deviation of a correction to an uplift, as `typical_error` gives it.
    """
    measured: dict[str, dict[str, float]] = {}
    contacts = 0
    if bundle.outcome is not None:
        card = bundle.outcome.card
        measured, contacts = card.get("uplift_by_action") or {}, sum(card["n_per_action"].values())
    errors = [found["se"] for found in measured.values() if math.isfinite(found["se"])]
    seen = 0.0 if posterior is None else posterior.count
    if not errors and seen == 0:
        return 0.0, math.inf
    of_model = sum(error * error for error in errors) / max(len(errors), 1)
    return max(float(contacts) if errors else 0.0, seen), math.sqrt(of_model + believed * believed)


def typical_error(posterior: Posterior | None, phi: Floats) -> float:
    """Return the root mean square, over customers (n, d) and candidates, of how unsure a correction to an uplift is."""
    if posterior is None or posterior.m < 2 or not len(phi):
        return 0.0
    return math.sqrt(float(posterior.uplift_variances(phi).mean()))


def practice_to_json(practice: Practice) -> dict[str, Any]:
    """Plain values, as they go with the state."""
    return {
        "terms": practice.terms.to_json(),
        "experiment": practice.experiment.to_json(),
        "apprentice": practice.apprentice,
    }


def practice_from_json(data: dict[str, Any]) -> Practice:
    terms, experiment = ExplorationTerms.from_json(data["terms"]), ArmShares.from_json(data["experiment"])
    return Practice(terms, experiment, bool(data["apprentice"]))


def _seen(
    policy: Policy,
    people: Population,
    posterior: Posterior | None,
    told: NightCircumstances | None,
    max_loss: float,
    threads: int,
) -> tuple[float, float]:
    """The unit of gaps and the typical error of a correction, of a sample of customers: all, or some in several places."""
    net_values, possible, phi = [], [], []
    for first, last in _blocks(len(people)):
        customers = people.prepared.read(first, last)
        encoded = policy.bundle.customer.encode(customers)
        scores: dict[str, Any] = {
            name: model.predict(encoded, threads) for name, model in policy.bundle.propensities.items()
        }
        scores |= {name: values[first:last] for name, values in people.value_scores.items()}
        seen = None if told is None else told.of_rows(first, last)
        decision = policy.decide(customers, scores, threads=threads, posterior=posterior, told=seen)
        worth = policy.worth(decision)
        net_values.append(worth.net_value)
        possible.append(worth.possible)
        phi.append(decision.phi)
    if not net_values:
        return 0.0, 0.0
    among = np.concatenate(possible)
    chooses = among.sum(axis=1) > 1
    spread = spread_of(np.concatenate(net_values), among, max_loss)
    return spread, typical_error(posterior, np.concatenate(phi)[chooses])


def _blocks(n: int) -> list[tuple[int, int]]:
    if n <= SAMPLED:
        return [(0, n)] if n else []
    size = SAMPLED // BLOCKS
    starts = [k * (n - size) // (BLOCKS - 1) for k in range(BLOCKS)]
    return [(start, start + size) for start in starts]
